/** Who the dev issuer knows: people, who log in with their name alone, and machines, which have a secret. */

/** Somebody who logs in with a name alone. */
export type Person = { readonly subject: string; readonly groups: readonly string[] }

/** A client that gets tokens by its secret. */
export type Machine = {
  /** Also the subject of its tokens. */
  readonly clientId: string
  readonly clientSecret: string
  readonly groups: readonly string[]
  /** Subjects that it may get a delegated token for (RFC 8693). Default: none. */
  readonly actsFor?: readonly string[]
}

export const defaultPeople: readonly Person[] = [
  { subject: 'alice', groups: ['payments'] },
  { subject: 'bob', groups: ['analysts'] },
  { subject: 'carol', groups: ['platform-leads'] },
  { subject: 'erin', groups: ['platform-leads'] },
  { subject: 'dave', groups: [] },
]

export const defaultMachines: readonly Machine[] = [
  { clientId: 'etl', clientSecret: 'etl-secret', groups: ['etl'] },
  { clientId: 'agent', clientSecret: 'agent-secret', groups: [], actsFor: ['alice'] },
  { clientId: 'kafka-gateway', clientSecret: 'kafka-gateway-secret', groups: ['gateways'] },
  { clientId: 'control-plane', clientSecret: 'control-plane-secret', groups: [] },
]

/** RFC 8693 §4.1, with the actor's groups beside its subject. */
export type Act = { readonly sub: string; readonly groups: readonly string[]; readonly act?: Act }

export class Identities {
  readonly people: readonly Person[]
  readonly machines: readonly Machine[]
  readonly #groups = new Map<string, readonly string[]>()

  constructor(people: readonly Person[], machines: readonly Machine[]) {
    this.people = people
    this.machines = machines
    for (const [name, groups] of [
      ...people.map((person) => [person.subject, person.groups] as const),
      ...machines.map((machine) => [machine.clientId, machine.groups] as const),
    ]) {
      if (this.#groups.has(name)) throw new TypeError(`the dev issuer was given ${name} twice`)
      this.#groups.set(name, groups)
    }
  }

  isPerson(subject: string): boolean {
    return this.people.some((person) => person.subject === subject)
  }

  /** The groups of a person or machine; undefined when there is none of that name. */
  groupsOf(subject: string): readonly string[] | undefined {
    return this.#groups.get(subject)
  }

  mayActFor(actor: string, subject: string): boolean {
    return this.machines.some(({ clientId, actsFor }) => clientId === actor && actsFor?.includes(subject) === true)
  }

  /** A chain from names, outermost actor first; undefined for none. */
  chain(actors: readonly string[]): Act | undefined {
    return actors.reduceRight<Act | undefined>((inner, sub) => this.link(sub, inner), undefined)
  }

  link(sub: string, inner: Act | undefined): Act {
    return { sub, groups: this.groupsOf(sub) ?? [], ...(inner === undefined ? {} : { act: inner }) }
  }
}
