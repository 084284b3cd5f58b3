import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK, JWTPayload } from 'jose'

const algorithm = 'ES256'

/** ES256 keys of an issuer, the one that signs first. Key ids are thumbprints: a restarted issuer never reuses one. */
export class SigningKeys {
  #keys: readonly JWK[] = []

  static async create(): Promise<SigningKeys> {
    const keys = new SigningKeys()
    await keys.rotate({ withdraw: true })
    return keys
  }

  /** A new key signs from now on; the older ones stay published unless they are withdrawn. Resolves with its id. */
  async rotate(options: { withdraw: boolean }): Promise<string> {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
    const jwk = await exportJWK(privateKey)
    const kid = await calculateJwkThumbprint(jwk)
    const fresh = { ...jwk, kid, alg: algorithm, use: 'sig' }
    this.#keys = options.withdraw ? [fresh] : [fresh, ...this.#keys]
    return kid
  }

  get signing(): { readonly algorithm: string; readonly kid: string } {
    return { algorithm, kid: this.#first.kid as string }
  }

  get private(): { keys: JWK[] } {
    return { keys: [...this.#keys] }
  }

  get public(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ kty, crv, x, y, kid, alg, use }) => ({ kty, crv, x, y, kid, alg, use }) as JWK) }
  }

  /** An access token as RFC 9068 has it; the claims are taken as they are. */
  sign(claims: JWTPayload): Promise<string> {
    const { kid } = this.signing
    return new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid, typ: 'at+jwt' }).sign(this.#first)
  }

  get #first(): JWK {
    const [first] = this.#keys
    if (first === undefined) throw new TypeError('rotate comes before the first use')
    return first
  }
}
