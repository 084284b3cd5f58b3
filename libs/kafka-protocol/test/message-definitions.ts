/**
 * Apache Kafka's own message definitions, as the kafka-clients jar carries them (`common/message/*.json`: JSON with
 * `//` comments), read into the shape that the conformance test compares with our tables.
 */
import { readJar } from './jar-archive.ts'

export interface VersionRange {
  readonly from: number
  /** Inclusive; Infinity for `3+`. A range that holds no version has `to` below `from`. */
  readonly to: number
}

export interface FieldDefinition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly fields?: readonly FieldDefinition[]
}

export interface MessageDefinition {
  readonly apiKey: number
  readonly type: 'request' | 'response'
  readonly name: string
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions: string
  /** The highest version is offered only by a broker that has unstable API versions enabled. */
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

export interface ApiDefinition {
  readonly key: number
  readonly name: string
  readonly listeners: readonly string[]
  readonly request: MessageDefinition
  readonly response: MessageDefinition
}

/** Every API of the jar that still has a valid version, by key. */
export function readApiDefinitions(jar: Buffer): Map<number, ApiDefinition> {
  const files = readJar(jar, (name) => /^common\/message\/\w+(Request|Response)\.json$/.test(name))
  const messages = [...files.values()].map((text) => parseDefinition(text.toString('utf8')))
  const apis = new Map<number, ApiDefinition>()
  for (const request of messages) {
    if (request.type !== 'request' || request.validVersions === 'none') continue
    const response = messages.find((other) => other.type === 'response' && other.apiKey === request.apiKey)
    if (response === undefined) throw new Error(`${request.name} has no response`)
    const name = request.name.replace(/Request$/, '')
    apis.set(request.apiKey, { key: request.apiKey, name, listeners: request.listeners ?? [], request, response })
  }
  return apis
}

/** JSON with line comments; a `//` inside a string is kept. */
export function parseDefinition(text: string): MessageDefinition {
  return JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*/g, (_, string?: string) => string ?? ''))
}

/** `none`, `7`, `3-5` or `3+`. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return { from: 0, to: -1 }
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text.trim())
  if (match === null) throw new Error(`not a version range: ${text}`)
  const from = Number(match[1])
  if (match[2] !== undefined) return { from, to: Number.POSITIVE_INFINITY }
  return { from, to: match[3] === undefined ? from : Number(match[3]) }
}

export function includes(range: VersionRange, version: number): boolean {
  return version >= range.from && version <= range.to
}
