import { api, array, bytes, int16, int32, int64, string } from '../schema.ts'

const principal = { principalType: string(), principalName: string() }

/** CreateDelegationToken (KIP-48; owner other than the requester since v3, KIP-373). */
export const createDelegationToken = api(
  38,
  'CreateDelegationToken',
  { versions: [1, 3], flexible: 2 },
  {
    request: {
      ownerPrincipalType: string({ since: 3, nullable: 3 }),
      ownerPrincipalName: string({ since: 3, nullable: 3 }),
      renewers: array(principal),
      maxLifetimeMs: int64(),
    },
    response: {
      errorCode: int16(),
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ since: 3 }),
      tokenRequesterPrincipalName: string({ since: 3 }),
      issueTimestampMs: int64(),
      expiryTimestampMs: int64(),
      maxTimestampMs: int64(),
      tokenId: string(),
      hmac: bytes(),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)

/** RenewDelegationToken (KIP-48). */
export const renewDelegationToken = api(
  39,
  'RenewDelegationToken',
  { versions: [1, 2], flexible: 2 },
  {
    request: { hmac: bytes(), renewPeriodMs: int64() },
    response: { errorCode: int16(), expiryTimestampMs: int64(), throttleTimeMs: int32({ default: 0 }) },
  },
)

/** ExpireDelegationToken (KIP-48). */
export const expireDelegationToken = api(
  40,
  'ExpireDelegationToken',
  { versions: [1, 2], flexible: 2 },
  {
    request: { hmac: bytes(), expiryTimePeriodMs: int64() },
    response: { errorCode: int16(), expiryTimestampMs: int64(), throttleTimeMs: int32({ default: 0 }) },
  },
)

/** DescribeDelegationToken (KIP-48). `owners` null asks for every token; each `hmac` in the answer is a secret. */
export const describeDelegationToken = api(
  41,
  'DescribeDelegationToken',
  { versions: [1, 3], flexible: 2 },
  {
    request: { owners: array(principal, { nullable: 0 }) },
    response: {
      errorCode: int16(),
      tokens: array({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string({ since: 3 }),
        tokenRequesterPrincipalName: string({ since: 3 }),
        issueTimestamp: int64(),
        expiryTimestamp: int64(),
        maxTimestamp: int64(),
        tokenId: string(),
        hmac: bytes(),
        renewers: array(principal),
      }),
      throttleTimeMs: int32({ default: 0 }),
    },
  },
)
