import type { Heartbeat } from '@weir/contracts'
import { WeirError } from '@weir/kernel'
import type { Logger, Stoppable } from '@weir/kernel'
import { setTimeout as delay } from 'node:timers/promises'
import type { ApiClient } from './api-client.ts'
import { BackOff } from './back-off.ts'

const defaultIntervalMs = 5_000

/** Tells the control plane every 5 s how this gateway is, at once first: the first one enrols the key that its evidence is signed with. */
export function startHeartbeat(options: {
  api: ApiClient
  logger: Logger
  describe: () => Heartbeat
  intervalMs?: number
}): Stoppable {
  const stopping = new AbortController()
  const running = beat(options, stopping.signal)
  return {
    name: 'heartbeat',
    async stop() {
      stopping.abort()
      await running
    },
  }
}

async function beat(
  { api, logger, describe, intervalMs = defaultIntervalMs }: Parameters<typeof startHeartbeat>[0],
  signal: AbortSignal,
): Promise<void> {
  const backOff = new BackOff()
  let failing: string | undefined
  while (!signal.aborted) {
    try {
      await api.call('heartbeat', { body: describe(), signal })
      if (failing !== undefined) logger.info({ code: failing }, 'heartbeat works again')
      failing = undefined
      backOff.reset()
      await delay(intervalMs, undefined, { signal })
    } catch (error) {
      if (signal.aborted) return
      const code = error instanceof WeirError ? error.code : 'WEIR_INTERNAL'
      if (code !== failing) logger.warn({ err: error, code }, 'heartbeat failed')
      failing = code
      await backOff.wait(signal)
    }
  }
}
