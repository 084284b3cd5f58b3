import { systemClock } from '@weir/kernel'
import type { Lifecycle, Logger } from '@weir/kernel'
import type { ControlPlaneConfig } from './config.ts'
import { openConfiguredStore } from './control-plane.ts'

/** `--rebuild-index`: derives the index anew from the segments that are stored, and ends. */
export async function runIndexRebuild(
  config: ControlPlaneConfig,
  { logger, lifecycle }: { readonly logger: Logger; readonly lifecycle: Lifecycle },
): Promise<void> {
  const store = await openConfiguredStore(config, logger)
  lifecycle.add({ name: 'store', stop: () => store.close() })
  await store.ensurePartitions(systemClock.now())
  const { segments, quarantined } = await store.evidence.rebuildIndex()
  const reason = `${quarantined} of the segments could not be read and stay in quarantine`
  logger.info({ count: segments, ...(quarantined === 0 ? {} : { reason }) }, 'index rebuilt')
  await lifecycle.stop()
}
