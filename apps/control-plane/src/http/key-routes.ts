import type { NewKey } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Clock, Logger } from '@weir/kernel'
import { mintKey } from '@weir/identity'
import type { BundlePublisher } from '../policy/bundle-publisher.ts'
import type { Author, Store, StoredKey } from '../store/store.ts'
import type { PersonCaller } from './caller.ts'
import type { Handlers } from './handlers.ts'
import { nameOf } from './policy-routes.ts'

const longestLifeMs = 365 * 24 * 60 * 60 * 1_000

/** Weir keys: everybody's own, and with the right `keys` those of others. */
export function keyRoutes(parts: {
  store: Store
  bundles: BundlePublisher
  clock: Clock
  logger: Logger
}): Pick<Handlers, 'createKey' | 'keys' | 'revokeKey' | 'whoami'> {
  const { store, bundles, clock, logger } = parts
  return {
    async whoami({ caller: { principal, rights } }) {
      const { issuer, subject, displayName, groups } = principal
      return {
        issuer,
        subject,
        ...(displayName === undefined ? {} : { displayName }),
        groups: [...groups],
        rights: [...rights],
      }
    },

    async createKey({ caller, body }) {
      const { principal } = caller
      if (principal.actors.length > 0) {
        // The key would prove the subject alone: more than the two may together.
        throw new WeirError('WEIR_FORBIDDEN', 'A key is made by the person itself, not by whoever acts for it.')
      }
      if (body.expiresInMs > longestLifeMs) {
        throw new WeirError('WEIR_INVALID_REQUEST', 'A key lives for a year at most; set `expiresInMs` accordingly.')
      }
      const { id, secret, ...verifiers } = mintKey()
      const now = clock.now()
      const key: StoredKey = {
        id,
        ...ownerOf(caller, body),
        description: body.description,
        createdAtMs: now,
        createdBy: { issuer: principal.issuer, subject: principal.subject },
        expiresAtMs: now + body.expiresInMs,
        revokedAtMs: undefined,
      }
      await store.keys.create(key, verifiers)
      await bundles.catchUp()
      logger.info({ code: id, principal: principal.subject, resource: key.subject }, 'key created')
      return { ...viewOf(key), secret }
    },

    async keys({ caller }) {
      const keys = await store.keys.list(caller.rights.has('keys') ? undefined : caller.principal)
      return { keys: keys.map(viewOf) }
    },

    async revokeKey({ caller, params }) {
      const known = await store.keys.find(params.id)
      const isOwn = known !== undefined && caller.principal.actors.length === 0 && isSame(known, caller.principal)
      const revoked =
        isOwn || caller.rights.has('keys')
          ? await store.keys.revoke(params.id, caller.principal, clock.now())
          : undefined
      if (revoked === undefined) {
        throw new WeirError('WEIR_NOT_FOUND', `There is no key ${params.id}, or it is not yours to revoke.`)
      }
      await bundles.catchUp()
      logger.info({ code: params.id, principal: caller.principal.subject }, 'key revoked')
      return viewOf(revoked)
    },
  }
}

type Owner = Pick<StoredKey, 'issuer' | 'subject' | 'displayName' | 'groups'>

/** For oneself with one's groups or fewer; for anybody, with any groups, by right only. */
function ownerOf({ principal, rights }: PersonCaller, asked: NewKey): Owner {
  const owner: Author = { issuer: asked.issuer ?? principal.issuer, subject: asked.subject ?? principal.subject }
  const forOneself = isSame(owner, principal)
  const groups = asked.groups ?? (forOneself ? principal.groups : [])
  const gained = groups.filter((group) => !principal.groups.includes(group))
  if (!rights.has('keys') && (!forOneself || gained.length > 0)) {
    const what = forOneself ? `with groups that are not yours (${gained.join(', ')})` : `for ${owner.subject}`
    throw new WeirError('WEIR_FORBIDDEN', `A key ${what} needs the right \`keys\`.`)
  }
  const displayName = asked.displayName ?? (forOneself ? principal.displayName : undefined)
  return { ...owner, groups: [...groups], ...(displayName === undefined ? {} : { displayName }) }
}

function isSame(a: Author, b: Author): boolean {
  return a.issuer === b.issuer && a.subject === b.subject
}

function viewOf({ createdAtMs, createdBy, expiresAtMs, revokedAtMs, description, ...key }: StoredKey) {
  return {
    ...key,
    groups: [...key.groups],
    ...(description === undefined ? {} : { description }),
    createdAt: new Date(createdAtMs).toISOString(),
    createdBy: nameOf(createdBy),
    expiresAt: new Date(expiresAtMs).toISOString(),
    ...(revokedAtMs === undefined ? {} : { revokedAt: new Date(revokedAtMs).toISOString() }),
  }
}
