// Fetches what tests and the sandbox need besides npm packages: `npm run servers`.
// With --present it only prints what is here, for the cache of Nx.
import { installServers, presentServers } from '@weir/testing'
import { describeMissing } from './missing.ts'

if (process.argv.includes('--present')) {
  console.log(presentServers().join('\n'))
} else {
  const missing = await installServers(console.log)
  console.log(missing.length === 0 ? 'Everything that tests and the sandbox need is here.' : describeMissing(missing))
  process.exitCode = missing.length === 0 ? 0 : 1
}
