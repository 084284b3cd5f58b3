/** From the claims of a token whose signature holds, to a Principal. What has the wrong form is refused, never repaired. */
import type { Actor, Principal, Refusal } from '@weir/contracts'
import { refuse } from './refusal.ts'

export type Claims = Readonly<Record<string, unknown>>

/** RFC 8693 §4.1 sets no bound; a chain longer than this is a loop or an attack. */
const maxActors = 3

/** The last moment that a Date can hold (ECMA-262 §21.4.1.1). */
const lastMomentMs = 8.64e15

/** A claim that cannot be used as it is; caught in `principalOf`, so that readers stay plain functions. */
class ClaimProblem extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.reason)
    this.refusal = refusal
  }
}

/**
 * Reads who a verified token speaks for. `fallbackId` stands in for a missing `jti`.
 * Refuses with WEIR_TOKEN_CLAIMS or WEIR_GROUPS_OVERAGE.
 */
export function principalOf(
  claims: Claims,
  settings: { issuer: string; groupsClaim: string; fallbackId: string },
): Principal | Refusal {
  try {
    // A bound token presented without its proof is a stolen one, as far as anybody here can tell (RFC 7800 §3).
    if (claims['cnf'] !== undefined) wrong('The token is bound to a key (`cnf`), and that cannot be checked here.')
    return {
      issuer: settings.issuer,
      subject: requiredText(claims, 'sub', 'The token'),
      displayName: firstText(claims, ['preferred_username', 'name', 'email']),
      groups: groupsOf(claims, settings.groupsClaim),
      clientId: firstText(claims, ['client_id', 'azp']),
      actors: actorsOf(claims, settings.issuer, settings.groupsClaim),
      method: 'jwt',
      credentialId: firstText(claims, ['jti']) ?? settings.fallbackId,
      expiresAtMs: expiryOf(claims),
    }
  } catch (error) {
    if (error instanceof ClaimProblem) return error.refusal
    throw error
  }
}

function expiryOf(claims: Claims): number {
  const expiresAtMs = Math.floor(Number(claims['exp']) * 1000)
  if (!(expiresAtMs > 0 && expiresAtMs <= lastMomentMs)) wrong('The claim `exp` is not a moment in time.')
  return expiresAtMs
}

function groupsOf(claims: Claims, name: string): string[] {
  refuseOverage(claims, name)
  const value = claimAt(claims, name)
  if (value === undefined) return []
  const groups = typeof value === 'string' ? [value] : value
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string' && group !== '')) {
    wrong(`The groups claim \`${name}\` must be a text or a list of texts.`)
  }
  return [...new Set(groups as string[])]
}

/** The claim of exactly that name (`https://example.org/groups`), else the path through objects (`realm_access.roles`). */
function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  if (!name.includes('.')) return undefined
  let value: unknown = claims
  for (const part of name.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined
    value = value[part]
  }
  return value
}

/**
 * Somebody in very many groups gets a token without them, with a pointer in their place (a distributed claim, OpenID Connect
 * Core §5.6.2; Entra ID's `hasgroups`). Reading that as "no groups" would lift a deny that is written for a group.
 */
function refuseOverage(claims: Claims, name: string): void {
  const names = claims['_claim_names']
  const sources = claims['_claim_sources']
  const value = claims[name]
  const elsewhere =
    (isObject(names) && (Object.hasOwn(names, name) || Object.hasOwn(names, name.split('.')[0] as string))) ||
    (isObject(sources) && typeof value === 'string' && Object.hasOwn(sources, value)) ||
    // `hasgroups` speaks of the claim `groups` only: with app roles as the groups claim it changes nothing.
    (name === 'groups' && (claims['hasgroups'] === true || claims['hasgroups'] === 'true')) ||
    Object.keys(claims).some((claim) => claim.startsWith(`${name}:src`))
  if (!elsewhere) return
  const advice = 'have it emit app roles, or only groups assigned to the application'
  throw new ClaimProblem(
    refuse('WEIR_GROUPS_OVERAGE', `The issuer left \`${name}\` out of the token, as there are too many; ${advice}.`),
  )
}

/** RFC 8693 §4.1: `act` is the party that acts now; an `act` in it acted before. Outermost first. */
function actorsOf(claims: Claims, issuer: string, groupsClaim: string): Actor[] {
  const actors: Actor[] = []
  for (let act = claims['act']; act !== undefined; act = act['act']) {
    if (!isObject(act)) wrong('The claim `act` must be an object.')
    if (actors.length === maxActors) wrong(`The delegation chain (\`act\`) has more than ${maxActors} links.`)
    actors.push({
      issuer: act['iss'] === undefined ? issuer : requiredText(act, 'iss', 'A link of `act`'),
      subject: requiredText(act, 'sub', 'A link of `act`'),
      groups: groupsOf(act, groupsClaim),
    })
  }
  return actors
}

function requiredText(claims: Claims, name: string, where: string): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '') wrong(`${where} needs \`${name}\` as a text that is not empty.`)
  return value
}

function firstText(claims: Claims, names: readonly string[]): string | undefined {
  const values = names.map((name) => claims[name])
  return values.find((value): value is string => typeof value === 'string' && value !== '')
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(reason: string): never {
  throw new ClaimProblem(refuse('WEIR_TOKEN_CLAIMS', reason))
}
