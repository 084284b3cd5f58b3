import type { Operation, Principal } from '@weir/contracts'
import type { Verdict } from './verdict.ts'

/** `"agent" acting for "alice"`: everybody whose rights are asked. */
export function partiesText(principal: Principal): string {
  return [...principal.actors, principal].map(({ subject }) => quoted(subject)).join(' acting for ')
}

/**
 * Names come from clients and tokens: in quotes, with every character that is not printable, or not plainly so, as an escape.
 * Else a name could forge a line of a log or of an answer.
 */
export function quoted(name: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(name)) return `"${name}"`
  return JSON.stringify(name).replaceAll(/[^\P{C} ]|[\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

/** Why the operation is refused or held, for the person who asked for it. */
export function reasonText(parties: string, operation: Operation, because: string): string {
  return `${parties} may not ${operation.action} ${quoted(operation.resource)}: ${because}`
}

/** The clause for {@link reasonText} of a deny or a hold. The party is the one whose rights decided, 0 being the subject. */
export function clauseOf({ effect, rule }: Verdict, principal: Principal, party: number): string {
  const decisive = party === 0 ? principal.subject : (principal.actors[party - 1]?.subject ?? '')
  const whose =
    principal.actors.length === 0 ? '' : effect === 'hold' ? ` of ${quoted(decisive)}` : ` to ${quoted(decisive)}`
  if (rule === undefined) return `no rule allows it${whose}`
  const why = rule.description === undefined ? '' : ` (${rule.description})`
  return effect === 'deny'
    ? `rule ${rule.id} denies it${whose}${why}`
    : `rule ${rule.id} demands an approval${whose}${why}`
}
