import { runApp } from '@weir/config'
import { controlPlaneSchema } from './config.ts'
import { startControlPlane } from './control-plane.ts'

await runApp({
  name: 'control-plane',
  summary: 'Keeps policies, keys, the gateway registry and the evidence, and serves them over HTTP.',
  schema: controlPlaneSchema,
  logLevel: (config) => config.logLevel,
  drainMs: (config) => config.drain,
  async start(config, context) {
    await startControlPlane(config, context)
  },
})
