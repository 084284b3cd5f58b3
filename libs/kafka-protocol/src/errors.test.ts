import { expect, it } from 'vitest'
import { errorCode, errorName } from './errors.ts'

it('numbers the errors from -1 to 136 without a gap', () => {
  const codes = Object.values(errorCode).toSorted((a, b) => a - b)
  expect(codes).toEqual(Array.from({ length: 138 }, (_, index) => index - 1))
})

it('gives the numbers that clients act on', () => {
  expect(errorCode).toMatchObject({
    UNKNOWN_SERVER_ERROR: -1,
    NONE: 0,
    UNKNOWN_TOPIC_OR_PARTITION: 3,
    NOT_LEADER_OR_FOLLOWER: 6,
    TOPIC_AUTHORIZATION_FAILED: 29,
    GROUP_AUTHORIZATION_FAILED: 30,
    CLUSTER_AUTHORIZATION_FAILED: 31,
    UNSUPPORTED_VERSION: 35,
    INVALID_REQUEST: 42,
    TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
    SASL_AUTHENTICATION_FAILED: 58,
    UNKNOWN_TOPIC_ID: 100,
    REBOOTSTRAP_REQUIRED: 129,
  })
})

it('names a code, and does not guess a name for an unknown one', () => {
  expect(errorName(29)).toBe('TOPIC_AUTHORIZATION_FAILED')
  expect(errorName(137)).toBeUndefined()
})
