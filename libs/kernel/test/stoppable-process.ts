/** `node stoppable-process.ts <drainMs> <part>…`: a process with these parts; one named `stuck` never stops, `broken` fails to. */
import { Lifecycle, createLogger } from '../src/index.ts'

const [drainMs, ...parts] = process.argv.slice(2)
const lifecycle = new Lifecycle({ logger: createLogger({ app: 'test' }), drainMs: Number(drainMs) })
for (const name of parts) {
  lifecycle.add({
    name,
    stop: async () => {
      if (name === 'stuck') await new Promise(() => {})
      if (name === 'broken') throw new Error('cannot stop')
      console.log(`stopped ${name}`)
    },
  })
}
lifecycle.onSignals()
setInterval(() => {}, 60_000)
console.log('ready')
