import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { WeirError } from '@weir/kernel'
import { z } from 'zod'

/** How people log in for one control plane. */
const loginSettingsSchema = z.object({ issuer: z.url(), clientId: z.string(), audience: z.string() })
export type LoginSettings = z.infer<typeof loginSettingsSchema>

const tokensSchema = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  /** Unix milliseconds; absent when the issuer did not say. */
  expiresAtMs: z.int().optional(),
})
export type Tokens = z.infer<typeof tokensSchema>

const configSchema = z.object({
  /** Where to ask when nothing else is said: the control plane of the last login. */
  controlPlane: z.url().optional(),
  logins: z.record(z.string(), loginSettingsSchema).default({}),
})
type Config = z.infer<typeof configSchema>
const tokenFileSchema = z.record(z.string(), tokensSchema)

/**
 * Logins of this user, by control plane, so that a token is only ever sent to the one it was got for.
 * Two files in `${XDG_CONFIG_HOME:-~/.config}/weir`: config.json (no secrets) and tokens.json (mode 0600).
 */
export class LoginStore {
  readonly folder: string
  readonly #configPath: string
  readonly #tokensPath: string

  constructor(env: Readonly<Record<string, string | undefined>>) {
    const base = env['XDG_CONFIG_HOME']
    // A relative path is to be ignored (XDG Base Directory Specification).
    this.folder = join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.config'), 'weir')
    this.#configPath = join(this.folder, 'config.json')
    this.#tokensPath = join(this.folder, 'tokens.json')
  }

  get controlPlane(): string | undefined {
    return this.#config().controlPlane
  }

  settings(controlPlane: string): LoginSettings | undefined {
    const { logins } = this.#config()
    return Object.hasOwn(logins, controlPlane) ? logins[controlPlane] : undefined
  }

  saveSettings(controlPlane: string, settings: LoginSettings): void {
    const { logins } = this.#config()
    const config: Config = { controlPlane, logins: { ...logins, [controlPlane]: settings } }
    this.#write(this.#configPath, config, 0o644)
  }

  tokens(controlPlane: string): Tokens | undefined {
    const all = this.#allTokens()
    return Object.hasOwn(all, controlPlane) ? all[controlPlane] : undefined
  }

  saveTokens(controlPlane: string, tokens: Tokens): void {
    this.#write(this.#tokensPath, { ...this.#allTokens(), [controlPlane]: tokens }, 0o600)
  }

  removeTokens(controlPlane: string): void {
    const { [controlPlane]: removed, ...others } = this.#allTokens()
    if (removed !== undefined) this.#write(this.#tokensPath, others, 0o600)
  }

  #config(): Config {
    return read(this.#configPath, configSchema) ?? { logins: {} }
  }

  #allTokens(): z.infer<typeof tokenFileSchema> {
    return read(this.#tokensPath, tokenFileSchema) ?? {}
  }

  /** Whole or not at all: another command may be reading. */
  #write(path: string, value: unknown, mode: number): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode })
    // A draft left by a process that was killed keeps its own mode.
    chmodSync(draft, mode)
    renameSync(draft, path)
  }
}

function read<T>(path: string, schema: z.ZodType<T>): T | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    const message = `${path} is not what weir login writes; remove it and log in again.`
    throw new WeirError('WEIR_CONFIG_INVALID', message, { cause })
  }
}
