/**
 * Nanoseconds of CPU on the deciding thread per decision for policies of 10 to 10,000 rules: `first` includes the tables of a new principal, `miss` asks about a
 * name for the first time, `hit` asks again. Run: `node libs/policy/bench/decide.ts`.
 */
import type { Operation, Principal } from '@weir/contracts'
import { compilePolicy, parsePolicy } from '../src/index.ts'

const sizes = [10, 100, 1_000, 10_000]
const effects = ['allow', 'allow', 'allow', 'require_approval', 'deny']

/** Teams with topics of their own, as policies mostly are, and every tenth rule about everybody. */
function policyText(ruleCount: number): string {
  const rules = Array.from({ length: ruleCount }, (_, index) => {
    const effect = effects[index % effects.length]
    const team = `team${index % 200}`
    return {
      id: `rule-${index}`,
      subjects: index % 10 === 0 ? [{ anyone: true }] : [{ group: team }, { subject: `service-${index}` }],
      actions: index % 2 === 0 ? ['consume'] : ['publish', 'consume'],
      resources: [`kafka:topic:${team}.area${index}.*`, `kafka:topic:${team}.exact${index}`, 'kafka:group:*'],
      effect,
      ...(effect === 'require_approval' && { approval: { approvers: [{ group: 'leads' }] } }),
    }
  })
  return JSON.stringify({ version: 1, rules })
}

function principal(index: number): Principal {
  return {
    issuer: 'https://login.example',
    subject: `person-${index}`,
    displayName: undefined,
    groups: [`team${index % 200}`, 'everybody', 'staff', 'berlin'],
    clientId: undefined,
    actors: [],
    method: 'jwt',
    credentialId: 'c',
    expiresAtMs: 0,
  }
}

function measure(count: number, work: (index: number) => void): number {
  const start = process.threadCpuUsage()
  for (let index = 0; index < count; index++) work(index)
  const { user, system } = process.threadCpuUsage(start)
  return ((user + system) * 1_000) / count
}

for (const size of sizes) {
  const { policy, revision, problems } = parsePolicy(policyText(size))
  if (policy === undefined) throw new Error(problems[0]?.message)
  const compileStart = performance.now()
  const compiled = compilePolicy(policy, revision)
  const compileMs = performance.now() - compileStart

  const topics = Array.from({ length: 40_000 }, (_, index): Operation => ({
    action: 'consume',
    resource: `kafka:topic:team${index % 200}.area${index % size}.orders${index}`,
    attributes: {},
  }))
  const first = topics[0] as Operation
  const newcomers = Array.from({ length: 200 }, (_, index) => principal(index))
  const firstNs = measure(newcomers.length, (index) => compiled.decide(newcomers[index] as Principal, first))

  // More names than the cache holds, so that none is found again.
  const people = Array.from({ length: 10 }, (_, index) => principal(index))
  for (const who of people) compiled.decide(who, first)
  const missNs = measure(people.length * topics.length, (index) =>
    compiled.decide(people[Math.floor(index / topics.length)] as Principal, topics[index % topics.length] as Operation),
  )
  const someone = people[1] as Principal
  const hitNs = measure(4_000_000, (index) => compiled.decide(someone, topics[index & 63] as Operation))
  const round = (ns: number): string => ns.toFixed(0).padStart(7)
  process.stdout.write(
    `${String(size).padStart(6)} rules: compile ${compileMs.toFixed(1).padStart(6)} ms` +
      `  first ${round(firstNs)} ns  miss ${round(missNs)} ns  hit ${round(hitNs)} ns\n`,
  )
}
