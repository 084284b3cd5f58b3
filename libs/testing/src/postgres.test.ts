import { expect, test } from 'vitest'
import { startPostgres } from './postgres.ts'
import { runProcess } from './process.ts'
import { needs } from './servers.ts'

test.skipIf(!needs('postgres'))('PostgreSQL starts, demands its password, answers, and ends', async () => {
  const postgres = await startPostgres()
  const psql = (url: string) => runProcess('psql', ['-Atc', 'select 6 * 7', url])
  expect((await psql(postgres.url)).stdout).toBe('42\n')
  expect((await psql(postgres.url.replace(':weir@', ':wrong@'))).stderr).toContain('password authentication failed')
  await postgres.stop()
  expect((await psql(postgres.url)).stderr).toContain('Connection refused')
})
