import { needs } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { quiet, storeKinds } from '../../test/stores.ts'
import { faultOf } from './faults.ts'
import { openStore } from './open-store.ts'

describe.skipIf(!needs('postgres'))('a database', () => {
  test('that is not there is said so, without its password', async () => {
    const location = { url: 'postgres://weir:open-sesame@127.0.0.1:1/weir', connections: 2 }
    const opened = openStore(location, quiet)
    await expect(opened).rejects.toMatchObject({
      code: 'WEIR_STORE_UNAVAILABLE',
      message: expect.stringMatching(/^The database does not answer .*ECONNREFUSED(?!.*open-sesame)/),
    })
  })

  test('that goes away is a fault of its own kind', async () => {
    const at = await storeKinds[0]!.place()
    const store = await openStore(at.location, quiet)
    const unstorable = await store.sessions.find('a\0b').catch(faultOf)
    expect(unstorable).toMatchObject({ kind: 'unstorable', summary: expect.not.stringContaining('select') })
    await at.remove()
    expect(await store.bundleRevision().catch(faultOf)).toMatchObject({ kind: 'unavailable' })
    await store.close()
  })
})

test('the parameters of a failed query are not repeated', () => {
  const failed = new Error('Failed query: select $1\nparams: secret', { cause: new Error('syntax error') })
  expect(faultOf(failed)).toMatchObject({ kind: 'other', summary: 'syntax error' })
  expect(JSON.stringify(faultOf(failed))).not.toContain('secret')
})
