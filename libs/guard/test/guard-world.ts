import type { EvidenceEvent, Principal, Recorder, Refusal } from '@weir/contracts'
import type { Authenticator } from '@weir/identity'
import { WeirError, createMetrics } from '@weir/kernel'
import type { Clock } from '@weir/kernel'
import { compilePolicy, parsePolicy } from '@weir/policy'
import type { CompiledPolicy } from '@weir/policy'
import { Guard } from '../src/guard.ts'
import type { Admission } from '../src/guard.ts'
import { Session } from '../src/session.ts'

/** Follows the fake timers of vitest. */
const clock: Clock = { now: () => Date.now(), monotonicMs: () => performance.now() }

export const hourMs = 3_600_000

export const admission: Admission = {
  protocol: 'kafka',
  mechanism: 'PLAIN',
  peer: { address: '192.0.2.7', port: 40_123, tls: false },
  clientId: 'billing-1',
  clientSoftware: 'librdkafka 2.11.0',
}

export function principal(subject: string, changes: Partial<Principal> = {}): Principal {
  return {
    issuer: 'https://issuer.example',
    subject,
    displayName: undefined,
    groups: [],
    clientId: undefined,
    actors: [],
    method: 'jwt',
    credentialId: `token-of-${subject}`,
    expiresAtMs: Date.now() + hourMs,
    ...changes,
  }
}

/** Credentials are names in `credentials`; those in `known` need no verification. */
class TestAuthenticator implements Authenticator {
  readonly credentials = new Map<string, Principal>()
  readonly cached = new Map<string, Principal>()
  readonly revoked = new Set<string>()
  verified = 0

  known(credential: string): Principal | undefined {
    return this.cached.get(credential)
  }

  async verify(credential: string): Promise<Principal | Refusal> {
    this.verified++
    const found = this.credentials.get(credential)
    return found ?? { refused: true, code: 'WEIR_TOKEN_SIGNATURE', reason: 'The signature does not verify.' }
  }

  stillValid(candidate: Principal): boolean {
    return !this.revoked.has(candidate.credentialId)
  }

  forget(): void {}
}

/** Keeps the events; `write` decides when, and whether, one counts as written. */
class TestRecorder implements Recorder {
  readonly events: EvidenceEvent[] = []
  readonly durabilities: string[] = []
  write: (event: EvidenceEvent) => Promise<void> = () => Promise.resolve()

  append(event: EvidenceEvent, durability: string) {
    this.events.push(event)
    this.durabilities.push(durability)
    const written = this.write(event)
    return { written, durable: written }
  }

  get types(): string[] {
    return this.events.map((event) => event.type)
  }
}

/** A full disk, as the spool tells of it. */
export function unrecordable(): Promise<never> {
  return Promise.reject(new WeirError('WEIR_EVIDENCE_UNRECORDABLE', 'The spool /secret/place is full.'))
}

export function compiled(yaml: string): CompiledPolicy {
  const { policy, revision, problems } = parsePolicy(yaml)
  if (policy === undefined) throw new Error(JSON.stringify(problems))
  return compilePolicy(policy, revision)
}

/** A guard with parts that a test sets. */
export function guardWorld() {
  const authenticator = new TestAuthenticator()
  const recorder = new TestRecorder()
  const metrics = createMetrics()
  const inForce: { policy: CompiledPolicy | undefined } = { policy: undefined }
  const guard = new Guard({ authenticator, policy: { current: () => inForce.policy }, recorder, clock, metrics })
  const admit = async (credential: string): Promise<Session> => {
    const session = await guard.admit(credential, admission)
    if (!(session instanceof Session)) throw new Error(`refused: ${session.code}`)
    return session
  }
  return { guard, authenticator, recorder, metrics, inForce, admit }
}
