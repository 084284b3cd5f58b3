/** Who the dev issuer knows: people, who log in with their name alone, and machines, which have a secret. */

/** Groups of each person, by subject. */
export type People = Readonly<Record<string, readonly string[]>>

export type Machine = {
  readonly groups: readonly string[]
  /** Default: the name with `-secret` behind it. */
  readonly secret?: string
  /** People and machines that it may get a delegated token for (RFC 8693). */
  readonly actsFor?: readonly string[]
}
/** Machines by client id, which is also the subject of their tokens. */
export type Machines = Readonly<Record<string, Machine>>

export const defaultPeople: People = {
  alice: ['payments'],
  bob: ['analysts'],
  carol: ['platform-leads'],
  erin: ['platform-leads'],
  dave: [],
}

export const defaultMachines: Machines = {
  etl: { groups: ['etl'] },
  agent: { groups: [], actsFor: ['alice'] },
  'kafka-gateway': { groups: ['gateways'] },
  'control-plane': { groups: [] },
}

/** RFC 8693 §4.1, with the actor's groups beside its subject. */
export type Act = { readonly sub: string; readonly groups: readonly string[]; readonly act?: Act }

export class Identities {
  readonly people: People
  readonly machines: Machines

  constructor(people: People, machines: Machines) {
    for (const name of Object.keys(people)) {
      if (Object.hasOwn(machines, name)) throw new TypeError(`${name} is both a person and a machine`)
    }
    this.people = people
    this.machines = machines
  }

  isPerson(subject: string): boolean {
    return Object.hasOwn(this.people, subject)
  }

  /** The groups of a person or machine; undefined when there is none of that name. */
  groupsOf(subject: string): readonly string[] | undefined {
    if (this.isPerson(subject)) return this.people[subject]
    return Object.hasOwn(this.machines, subject) ? this.machines[subject]?.groups : undefined
  }

  secretOf(machine: string): string {
    const known = Object.hasOwn(this.machines, machine) ? this.machines[machine] : undefined
    if (known === undefined) throw new TypeError(`the dev issuer has no machine ${machine}`)
    return known.secret ?? `${machine}-secret`
  }

  mayActFor(actor: string, subject: string): boolean {
    return (Object.hasOwn(this.machines, actor) && this.machines[actor]?.actsFor?.includes(subject)) === true
  }

  /** A chain from names, outermost actor first; undefined for none. */
  chain(actors: readonly string[]): Act | undefined {
    return actors.reduceRight<Act | undefined>((inner, sub) => this.link(sub, inner), undefined)
  }

  link(sub: string, inner: Act | undefined): Act {
    return { sub, groups: this.groupsOf(sub) ?? [], ...(inner === undefined ? {} : { act: inner }) }
  }
}
