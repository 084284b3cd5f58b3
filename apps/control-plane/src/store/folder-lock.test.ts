import { join } from 'node:path'
import { startProcess, temporaryFolder } from '@weir/testing'
import { expect, test } from 'vitest'
import { lockFolder } from './folder-lock.ts'

const holder = join(import.meta.dirname, '../../test/hold-folder.ts')

test('a folder has one process at a time, and is free when that was killed', async () => {
  const temporary = temporaryFolder()
  const folder = join(temporary.path, 'pglite')
  const other = await startProcess(process.execPath, [holder, folder])
  await other.waitFor(/held/)
  expect(() => lockFolder(folder)).toThrow(/pglite is in use by another process \(process \d+\)\. .*database\.url/)
  await other.stop('SIGKILL')
  const lock = lockFolder(folder)
  expect(() => lockFolder(folder)).toThrow('in use by another process')
  lock.release()
  lockFolder(folder).release()
  temporary.remove()
})
