import { runApp } from '@weir/config'
import { controlPlaneSchema } from './config.ts'
import { startControlPlane } from './control-plane.ts'
import { runIndexRebuild } from './rebuild-index.ts'

// The one thing that this process can do beside what all of ours can: the rest of the line is theirs.
const flag = process.argv.indexOf('--rebuild-index', 2)
if (flag !== -1) process.argv.splice(flag, 1)

await runApp({
  name: 'control-plane',
  summary:
    'Keeps policies, keys, the gateway registry and the evidence, and serves them over HTTP.\n' +
    'With --rebuild-index it derives the index anew from the stored evidence instead, and ends.',
  schema: controlPlaneSchema,
  logLevel: (config) => config.logLevel,
  drainMs: (config) => config.drain,
  async start(config, context) {
    await (flag === -1 ? startControlPlane(config, context) : runIndexRebuild(config, context))
  },
})
