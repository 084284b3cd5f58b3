import { pino } from 'pino'
import type { DestinationStream, Logger as Pino } from 'pino'
import { recordOf } from './error-record.ts'

/** Writes lines; see {@link createLogger} for what they hold. */
export type Logger = Pino

/** From the most to the least that is told. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/**
 * JSON lines: a constant message and fields. Never a payload, never a credential.
 * Field names in use: app, area, sessionId, principal, peer, listener, broker, api, version, resource, code, reason, err, durationMs, count, bytes, path, address.
 */
export function createLogger(options: { app: string; level?: LogLevel; destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: { app: options.app },
    messageKey: 'message',
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    serializers: { err: recordOf },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}
