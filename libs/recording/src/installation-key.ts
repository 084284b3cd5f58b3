import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { WeirError } from '@weir/kernel'

const fileName = 'installation.key'

/**
 * The Ed25519 key that an installation signs its evidence with: made once, kept in `dir` (PKCS #8 PEM, mode 0600).
 * All processes of one installation share it, so that one can seal what another left behind.
 * Throws WEIR_CONFIG_INVALID when the file holds something else.
 */
export async function installationKey(dir: string): Promise<KeyObject> {
  const path = join(dir, fileName)
  const pem = (await readIfThere(path)) ?? (await make(dir, path))
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (error) {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path} holds no private key; restore it from a backup.`, {
      cause: error,
    })
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new WeirError('WEIR_CONFIG_INVALID', `${path} holds a ${key.asymmetricKeyType} key; it must be Ed25519.`)
  }
  return key
}

/** Whoever links first wins; the file is whole and on disk before it has its name, because a key half written would be lost evidence. */
async function make(dir: string, path: string): Promise<string> {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })
  const draft = join(dir, `${fileName}.${randomUUID()}`)
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(pem)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return readFile(path, 'utf8')
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
