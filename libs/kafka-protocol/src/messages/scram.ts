import { api, array, bytes, int16, int32, int8, string } from '../schema.ts'

/** DescribeUserScramCredentials (KIP-554). `users` null or empty asks for every user. */
export const describeUserScramCredentials = api(
  50,
  'DescribeUserScramCredentials',
  { versions: [0, 0], flexible: 0 },
  {
    request: { users: array({ name: string() }, { nullable: 0 }) },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      results: array({
        user: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: 0 }),
        credentialInfos: array({ mechanism: int8(), iterations: int32() }),
      }),
    },
  },
)

/** AlterUserScramCredentials (KIP-554). `saltedPassword` is a secret. */
export const alterUserScramCredentials = api(
  51,
  'AlterUserScramCredentials',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      deletions: array({ name: string(), mechanism: int8() }),
      upsertions: array({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      results: array({ user: string(), errorCode: int16(), errorMessage: string({ nullable: 0 }) }),
    },
  },
)
