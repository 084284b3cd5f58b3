import type { Clock } from '@weir/kernel'
import { createLocalJWKSet, errors } from 'jose'
import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose'
import type { AuthenticatorLimits } from './limits.ts'

/** The keys of an issuer cannot be had, or are too old to be used. */
export class KeysUnavailable extends Error {}

/** With nothing to fall back on, waiting longer would only delay the recovery. */
const coldRetryMs = 1_000

type KeySet = ReturnType<typeof createLocalJWKSet>

/**
 * The public keys of one issuer, fetched when first needed, kept while the issuer is away, and fetched again when a token
 * names a key that is not there. One fetch at a time and at most one per cooldown, so that tokens with invented key ids
 * cannot make this process hammer the issuer.
 */
export class IssuerKeys {
  #set: KeySet | undefined
  #fetchedAtMs = 0
  #attemptedAtMs = Number.NEGATIVE_INFINITY
  #failure: string | undefined
  #pending: Promise<void> | undefined
  readonly #source: { readonly issuer: string; readonly jwksUri: string | undefined }
  readonly #clock: Clock
  readonly #limits: AuthenticatorLimits
  readonly #fetch: typeof fetch

  constructor(options: {
    issuer: string
    jwksUri: string | undefined
    clock: Clock
    limits: AuthenticatorLimits
    fetch: typeof fetch
  }) {
    this.#source = options
    this.#clock = options.clock
    this.#limits = options.limits
    this.#fetch = options.fetch
  }

  /** The key a token's header names. Throws KeysUnavailable, or jose's JWKSNoMatchingKey when the issuer has no such key. */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    if (this.#ageMs() >= this.#limits.keysMaxAgeMs) await this.#refresh()
    const set = this.#set
    if (set === undefined || this.#ageMs() >= this.#limits.keysMaxStaleMs) throw this.#unavailable()
    try {
      return await set(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await this.#refresh()
      if (this.#set !== undefined && this.#set !== set) return this.#set(header, token)
      throw this.#failure === undefined ? error : this.#unavailable()
    }
  }

  #ageMs(): number {
    return this.#set === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - this.#fetchedAtMs
  }

  #unavailable(): KeysUnavailable {
    return new KeysUnavailable(
      `The keys of ${this.#source.issuer} cannot be fetched (${this.#failure ?? 'not tried'}).`,
    )
  }

  /** Joins a fetch under way; does nothing within the cooldown. Never rejects: the outcome is in the fields. */
  async #refresh(): Promise<void> {
    if (this.#pending === undefined) {
      const cooldownMs = Math.min(this.#limits.keysCooldownMs, this.#set === undefined ? coldRetryMs : Infinity)
      if (this.#clock.monotonicMs() - this.#attemptedAtMs < cooldownMs) return
      this.#attemptedAtMs = this.#clock.monotonicMs()
      this.#pending = this.#load().finally(() => {
        this.#pending = undefined
      })
    }
    await this.#pending
  }

  async #load(): Promise<void> {
    try {
      const uri = this.#source.jwksUri ?? (await this.#discover(this.#source.issuer))
      // createLocalJWKSet checks the form itself.
      this.#set = createLocalJWKSet((await this.#fetchJson(uri)) as JSONWebKeySet)
      this.#fetchedAtMs = this.#clock.monotonicMs()
      this.#failure = undefined
    } catch (error) {
      this.#failure = causeOf(error)
    }
  }

  /** OpenID Connect Discovery 1.0 §4: the document must name the very issuer that was asked, else it speaks for another. */
  async #discover(issuer: string): Promise<string> {
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const document = (await this.#fetchJson(url)) as { issuer?: unknown; jwks_uri?: unknown } | null
    if (document?.issuer !== issuer) throw new Error('its discovery document names another issuer')
    const uri = typeof document.jwks_uri === 'string' ? URL.parse(document.jwks_uri) : null
    if (uri === null || (uri.protocol !== 'https:' && uri.protocol !== 'http:')) {
      throw new Error('its discovery document has no usable jwks_uri')
    }
    if (issuer.startsWith('https:') && uri.protocol !== 'https:') {
      throw new Error('its discovery document has a jwks_uri without TLS')
    }
    return uri.href
  }

  async #fetchJson(url: string): Promise<unknown> {
    const { issuerTimeoutMs, issuerResponseBytes } = this.#limits
    const response = await this.#fetch(url, {
      headers: { accept: 'application/json, application/jwk-set+json' },
      // A redirect would let the answer come from somewhere that nobody configured.
      redirect: 'error',
      signal: AbortSignal.timeout(issuerTimeoutMs),
    })
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel()
      throw new Error(`HTTP status ${response.status}`)
    }
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body) {
      bytes += chunk.byteLength
      if (bytes > issuerResponseBytes) throw new Error(`answer longer than ${issuerResponseBytes} bytes`)
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  }
}

/** Short and without addresses: the text reaches clients that have not proven who they are. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown cause'
  if (error.name === 'TimeoutError') return 'no answer in time'
  if (error instanceof SyntaxError) return 'the answer is not JSON'
  const cause = error.cause as { code?: unknown } | undefined
  return typeof cause?.code === 'string' ? cause.code : error.message
}
