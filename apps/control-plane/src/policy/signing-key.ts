import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { WeirError } from '@weir/kernel'

export type SigningKey = { readonly key: KeyObject; readonly keyId: string; readonly publicPem: string }

/**
 * The key that policy bundles are signed with: read from `path`, made there (readable by the owner alone) when missing.
 * Its public half is written to `publicPath`, for gateways to be configured with. Throws WEIR_CONFIG_INVALID for another kind of key.
 */
export function loadSigningKey(path: string, publicPath: string): SigningKey {
  const key = createPrivateKey(read(path) ?? create(path))
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path} holds no Ed25519 key; bundles are signed with nothing else.`)
  }
  const publicKey = createPublicKey(key)
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  mkdirSync(dirname(publicPath), { recursive: true })
  if (read(publicPath) !== publicPem) writeFileSync(publicPath, publicPem, { mode: 0o644 })
  return { key, keyId: keyIdOf(publicKey), publicPem }
}

/** Hex SHA-256 of the key's SPKI form, first 16 digits. */
export function keyIdOf(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' })).slice(0, 16)
}

/** Appears whole or not at all; when another process was first, its key is the one. */
function create(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}`
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(path, 'utf8')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
