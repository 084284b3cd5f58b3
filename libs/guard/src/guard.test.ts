import { beforeEach, describe, expect, test } from 'vitest'
import { admission, guardWorld, hourMs, principal, unrecordable } from '../test/guard-world.ts'
import { Session } from './session.ts'

let world: ReturnType<typeof guardWorld>
beforeEach(() => {
  world = guardWorld()
  world.authenticator.credentials.set('bob-1', principal('bob'))
})

describe('admit', () => {
  test('opens a session for who the credential proves, with its start on record', async () => {
    const session = await world.admit('bob-1')
    expect(session.principal.subject).toBe('bob')
    expect(world.guard.sessionCount).toBe(1)
    expect(world.recorder.events).toEqual([
      {
        type: 'session.start',
        sessionId: session.id,
        protocol: 'kafka',
        principal: session.principal,
        peerAddress: '192.0.2.7',
        peerPort: 40_123,
        mechanism: 'PLAIN',
        clientId: 'billing-1',
        clientSoftware: 'librdkafka 2.11.0',
      },
    ])
  })

  test('does not verify a known credential again', async () => {
    world.authenticator.cached.set('bob-1', principal('bob'))
    await world.admit('bob-1')
    expect(world.authenticator.verified).toBe(0)
  })

  test('refuses what the authenticator refuses, on record, and without the credential', async () => {
    const refusal = await world.guard.admit('a-secret', admission)
    expect(refusal).toEqual({
      refused: true,
      code: 'WEIR_TOKEN_SIGNATURE',
      reason: 'The signature does not verify.',
    })
    expect(world.guard.sessionCount).toBe(0)
    expect(world.recorder.events).toEqual([
      {
        type: 'authentication.refused',
        protocol: 'kafka',
        peerAddress: '192.0.2.7',
        peerPort: 40_123,
        mechanism: 'PLAIN',
        code: 'WEIR_TOKEN_SIGNATURE',
        reason: 'The signature does not verify.',
      },
    ])
  })

  test('lets nobody in before the start of the session is written', async () => {
    let written!: () => void
    world.recorder.write = () => new Promise((resolve) => (written = resolve))
    let admitted = false
    const admitting = world.guard.admit('bob-1', admission).finally(() => (admitted = true))
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.recorder.types).toEqual(['session.start'])
    expect([admitted, world.guard.sessionCount]).toEqual([false, 0])
    written()
    expect(await admitting).toBeInstanceOf(Session)
    expect(world.guard.sessionCount).toBe(1)
  })

  test.each(['bob-1', 'unknown'])(
    'refuses %s when the record cannot be kept, and tells nothing of the disk',
    async (credential) => {
      world.recorder.write = unrecordable
      const refusal = await world.guard.admit(credential, admission)
      expect(refusal).toMatchObject({ refused: true, code: 'WEIR_EVIDENCE_UNRECORDABLE' })
      expect(JSON.stringify(refusal)).not.toContain('/secret/place')
      expect(world.guard.sessionCount).toBe(0)
    },
  )

  test('a fault that the recorder does not announce stays a fault', async () => {
    world.recorder.write = () => Promise.reject(new TypeError('a bug'))
    await expect(world.guard.admit('bob-1', admission)).rejects.toThrow('a bug')
  })

  test('refuses a credential that was revoked while the start was being written', async () => {
    world.recorder.write = async (event) => {
      if (event.type !== 'session.start') return
      world.authenticator.revoked.add('token-of-bob')
      world.guard.policyChanged()
    }
    expect(await world.guard.admit('bob-1', admission)).toMatchObject({ refused: true, code: 'WEIR_UNAUTHENTICATED' })
    expect(world.recorder.types).toEqual(['session.start', 'session.end', 'authentication.refused'])
    expect(world.guard.sessionCount).toBe(0)
  })

  test('counts what came out', async () => {
    const session = await world.admit('bob-1')
    await world.guard.admit('unknown', admission)
    await world.guard.renew(session, 'bob-1')
    world.recorder.write = unrecordable
    await world.guard.admit('bob-1', admission)
    const { body } = await world.metrics.expose()
    for (const outcome of ['admitted', 'renewed', 'WEIR_TOKEN_SIGNATURE', 'WEIR_EVIDENCE_UNRECORDABLE']) {
      expect(body).toContain(`weir_guard_authentications_total{outcome="${outcome}"} 1`)
    }
    expect(body).toContain('weir_guard_sessions_count 1')
  })
})

describe('renew', () => {
  const agent = { issuer: 'https://issuer.example', subject: 'agent', groups: [] }

  test('the same principal takes over what the new credential says', async () => {
    const session = await world.admit('bob-1')
    const later = principal('bob', { groups: ['analysts'], expiresAtMs: Date.now() + 2 * hourMs })
    world.authenticator.credentials.set('bob-2', later)
    expect(await world.guard.renew(session, 'bob-2')).toBe(later)
    expect(session.principal).toBe(later)
    expect(session.remainingMs()).toBeGreaterThan(1.9 * hourMs)
    expect(world.recorder.types).toEqual(['session.start'])
  })

  test.each([
    ['another subject', principal('bob'), principal('alice')],
    ['another issuer', principal('bob'), principal('bob', { issuer: 'https://other.example' })],
    ['somebody who now acts for it', principal('bob'), principal('bob', { actors: [agent] })],
    ['nobody who acts for it any more', principal('bob', { actors: [agent] }), principal('bob')],
    [
      'another chain of the same parties',
      principal('bob', { actors: [agent, { ...agent, subject: 'robot' }] }),
      principal('bob', { actors: [{ ...agent, subject: 'robot' }, agent] }),
    ],
    [
      'a subject that reads like a chain',
      principal('bob', { actors: [agent] }),
      principal(`bob|22:https://issuer.exampleagent`),
    ],
  ])('refuses %s, on record, and the session stays as it was', async (_, before, after) => {
    world.authenticator.credentials.set('before', before).set('after', after)
    const session = await world.admit('before')
    const refusal = await world.guard.renew(session, 'after')
    expect(refusal).toMatchObject({ refused: true, code: 'WEIR_PRINCIPAL_CHANGED' })
    expect(world.recorder.events.at(-1)).toMatchObject({
      type: 'authentication.refused',
      code: 'WEIR_PRINCIPAL_CHANGED',
    })
    expect(session.principal).toBe(before)
  })

  test('the same chain is the same principal', async () => {
    const before = principal('bob', { actors: [agent] })
    const after = principal('bob', { actors: [agent], credentialId: 'next' })
    world.authenticator.credentials.set('before', before).set('after', after)
    expect(await world.guard.renew(await world.admit('before'), 'after')).toBe(after)
  })

  test('refuses a credential that does not verify', async () => {
    const session = await world.admit('bob-1')
    expect(await world.guard.renew(session, 'unknown')).toMatchObject({ code: 'WEIR_TOKEN_SIGNATURE' })
    expect(world.recorder.types).toEqual(['session.start', 'authentication.refused'])
  })

  test('an ended session is not renewed', async () => {
    const session = await world.admit('bob-1')
    world.guard.end(session, 'closed')
    expect(await world.guard.renew(session, 'bob-1')).toMatchObject({ code: 'WEIR_SESSION_EXPIRED' })
  })
})
