import type { Logger } from '@weir/kernel'
import pg from 'pg'

const reconnectAfterMs = 1_000

/**
 * LISTEN on a connection of its own (one of a pool could be taken away), for as long as it takes.
 * A lost connection is replaced, and `onNotice` called, because notices may have passed meanwhile.
 */
export async function listenPostgres(options: {
  url: string
  channel: string
  onNotice: () => void
  logger: Logger
}): Promise<() => Promise<void>> {
  let stopped = false
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: 'weir-control-plane-listen',
      keepAlive: true,
      connectionTimeoutMillis: 10_000,
    })
    next.on('notification', options.onNotice)
    next.on('error', (error) => {
      options.logger.warn({ reason: error.message }, 'database connection lost')
    })
    next.on('end', () => {
      if (next === client) reconnect()
    })
    await next.connect()
    await next.query(`listen ${pg.escapeIdentifier(options.channel)}`)
    client = next
  }

  const reconnect = (): void => {
    if (stopped) return
    timer = setTimeout(() => {
      connect().then(options.onNotice, (error: unknown) => {
        options.logger.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'database connection lost')
        reconnect()
      })
    }, reconnectAfterMs)
  }

  await connect()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await client?.end()
  }
}
