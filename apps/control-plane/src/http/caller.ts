import type { Principal, Refusal } from '@weir/contracts'
import { principalKey } from '@weir/contracts'
import type { Authenticator } from '@weir/identity'
import type { FastifyRequest } from 'fastify'
import { TLSSocket } from 'node:tls'
import type { ControlPlaneConfig, GatewayBinding, Right } from '../config.ts'
import { rights } from '../config.ts'

export type PersonCaller = {
  readonly kind: 'person'
  readonly principal: Principal
  readonly rights: ReadonlySet<Right>
}

export type GatewayCaller = {
  readonly kind: 'gateway'
  /** The gateways that this identity may speak for. */
  readonly ids: ReadonlySet<string>
  /** Injective; what an enrolled gateway is bound to. */
  readonly identity: string
  /** The same for people's eyes. */
  readonly subject: string
}

export type Caller = PersonCaller | GatewayCaller

/**
 * Two authenticators, one server: a bearer token (RFC 6750) is a person's or a gateway's, a verified client certificate is a
 * gateway's. A token that comes with a certificate counts alone.
 */
export function createCallerAuthentication(options: {
  authenticator: Authenticator
  gateways: readonly GatewayBinding[]
  rights: ControlPlaneConfig['rights']
}): (request: FastifyRequest) => Promise<Caller | Refusal> {
  const bindings = new Map<string, Set<string>>()
  for (const binding of options.gateways) {
    const identity = 'certificate' in binding ? certificateIdentity(binding.certificate) : principalKey(binding)
    bindings.set(identity, new Set([...(bindings.get(identity) ?? []), ...binding.ids]))
  }
  const names = options.gateways.flatMap((binding) => ('certificate' in binding ? [binding.certificate] : []))

  return async (request) => {
    const { authorization } = request.headers
    if (authorization === undefined) return byCertificate(request, names, bindings)
    const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1]
    if (token === undefined) return refuse('The Authorization header is not `Bearer <token>`.')
    const { authenticator } = options
    const principal = authenticator.known(token) ?? (await authenticator.verify(token))
    if ('refused' in principal) return principal
    // A Weir key opens sessions at gateways; here it could make further keys, and so outlive its own end.
    if (principal.method !== 'jwt') return refuse('A Weir key is for gateways; come with a token of the issuer.')
    const ids = principal.actors.length === 0 ? bindings.get(principalKey(principal)) : undefined
    if (ids !== undefined) {
      return { kind: 'gateway', ids, identity: principalKey(principal), subject: principal.subject }
    }
    return { kind: 'person', principal, rights: rightsOf(principal, options.rights) }
  }
}

function byCertificate(
  request: FastifyRequest,
  names: readonly string[],
  bindings: ReadonlyMap<string, ReadonlySet<string>>,
): GatewayCaller | Refusal {
  const { socket } = request.raw
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (!(socket instanceof TLSSocket) || certificate === undefined) {
    return refuse('No credential came with the request; send `Authorization: Bearer <token>`.')
  }
  if (!socket.authorized) return refuse('The client certificate is not one of the authority that is trusted here.')
  const commonName = socket.getPeerCertificate().subject.CN
  const name = names.find(
    (known) =>
      known === commonName || certificate.checkHost(known, { subject: 'never', wildcards: false }) !== undefined,
  )
  const ids = name === undefined ? undefined : bindings.get(certificateIdentity(name))
  if (name === undefined || ids === undefined) {
    return refuse('The name in the client certificate is not that of a gateway known here.')
  }
  return { kind: 'gateway', ids, identity: certificateIdentity(name), subject: `CN=${name}` }
}

/** Whoever acts for somebody has only what both may. */
function rightsOf(principal: Principal, config: ControlPlaneConfig['rights']): ReadonlySet<Right> {
  const parties = [principal, ...principal.actors]
  return new Set(
    rights.filter((right) =>
      parties.every((party) =>
        config[right].some((holder) =>
          typeof holder === 'string'
            ? party.groups.includes(holder)
            : party.issuer === holder.issuer && party.groups.includes(holder.group),
        ),
      ),
    ),
  )
}

/** Cannot be mistaken for that of a token, which starts with a number. */
function certificateIdentity(name: string): string {
  return `certificate:${name}`
}

function refuse(reason: string): Refusal {
  return { refused: true, code: 'WEIR_UNAUTHENTICATED', reason }
}
