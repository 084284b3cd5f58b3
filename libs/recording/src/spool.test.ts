import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { publishOf, startOf } from '../test/events.ts'
import { folder, next, offsetsOf, open, ship } from '../test/spool-folder.ts'
import { decodeSegment, installationKey, segmentHeaderHash } from './index.ts'

describe('a spool', () => {
  test('shares one outcome among the events of a turn, written before it is durable', async () => {
    const spool = await open({ dir: folder() })
    const first = spool.append(publishOf('ses_1', 1), 'buffered')
    const second = spool.append(publishOf('ses_1', 2), 'strict')
    expect(second).toBe(first)
    const order: string[] = []
    await Promise.all([
      first.durable.then(() => order.push('durable')),
      first.written.then(() => order.push('written')),
    ])
    expect(order).toEqual(['written', 'durable'])
    expect(spool.append(publishOf('ses_1', 3), 'buffered')).not.toBe(first)
    await spool.close()
  })

  test('seals by count and by time, and chains the headers', async () => {
    const spool = await open({ dir: folder(), sealAfterEvents: 3, sealAfterMs: 20 })
    void spool.append(startOf('ses_1'), 'buffered')
    for (let offset = 0; offset < 3; offset++) void spool.append(publishOf('ses_1', offset), 'buffered')
    const first = await next(spool)
    expect(first.header).toMatchObject({ gatewayId: 'gw-1', epoch: spool.epoch, firstSeq: 1, lastSeq: 3, events: 3 })
    expect(await next(spool)).toBe(first)
    await spool.acknowledge(first.header)
    const second = await next(spool)
    expect(second.header).toMatchObject({ firstSeq: 4, lastSeq: 4, previousSha256: segmentHeaderHash(first.header) })
    expect(decodeSegment(second.body).sessions.get('ses_1')?.session).toEqual(startOf('ses_1'))
    await spool.close()
  })

  test('hands out what was there and waits for what comes; ends with the signal', async () => {
    const spool = await open({ dir: folder(), sealAfterMs: 5 })
    const waiting = next(spool)
    void spool.append(publishOf('ses_1', 1), 'buffered')
    const { header } = await waiting
    await spool.acknowledge(header)
    const stop = new AbortController()
    const reason = new Error('enough')
    const idle = spool.next(stop.signal)
    stop.abort(reason)
    await expect(idle).rejects.toBe(reason)
    await expect(spool.next(stop.signal)).rejects.toBe(reason)
    await spool.close()
  })

  test('goes back when asked to, as far as the segments are still here', async () => {
    const spool = await open({ dir: folder(), sealAfterEvents: 2 })
    for (let offset = 1; offset <= 6; offset++) void spool.append(publishOf('ses_1', offset), 'buffered')
    const first = await next(spool)
    await spool.acknowledge(first.header)
    await spool.acknowledge((await next(spool)).header)
    expect(await spool.rewind(spool.epoch, 2)).toBe(false)
    expect(await spool.rewind(spool.epoch, 9)).toBe(false)
    expect(await spool.rewind('epo_other', 1)).toBe(false)
    expect((await next(spool)).header.firstSeq).toBe(5)
    expect(await spool.rewind(spool.epoch, 1)).toBe(true)
    const again = await next(spool)
    expect(again).toEqual(first)
    await spool.acknowledge({ ...again.header, firstSeq: 3 })
    expect(await next(spool)).toBe(again)
    expect(offsetsOf(await ship(spool))).toEqual([1, 2, 3, 4, 5, 6])
    await spool.close()
  })

  test('keeps and does not hand out what is set aside', async () => {
    const dir = folder()
    const spool = await open({ dir, sealAfterEvents: 2 })
    for (let offset = 1; offset <= 4; offset++) void spool.append(publishOf('ses_1', offset), 'buffered')
    await next(spool)
    spool.setAside(spool.epoch)
    void spool.append(publishOf('ses_1', 5), 'buffered')
    void spool.append(publishOf('ses_1', 6), 'buffered')
    await expect(next(spool, 60)).rejects.toThrow('timeout')
    expect(spool.oldestUnshippedMs()).toBeGreaterThan(0)
    await spool.close()
    const after = await open({ dir })
    expect(offsetsOf(await ship(after))).toEqual([1, 2, 3, 4, 5, 6])
    await after.close()
  })

  test('ships what an earlier process left before its own, and leaves no file behind', async () => {
    const dir = folder()
    for (const offset of [1, 2]) {
      const spool = await open({ dir })
      void spool.append(publishOf('ses_1', offset), 'buffered')
      await spool.close()
    }
    const spool = await open({ dir, sealAfterMs: 5 })
    void spool.append(publishOf('ses_1', 3), 'buffered')
    await delay(40)
    expect(spool.oldestUnshippedMs()).toBeGreaterThan(30)
    const events = await ship(spool)
    expect(events.size).toBe(3)
    expect(offsetsOf(events)).toEqual([1, 2, 3])
    expect(spool.oldestUnshippedMs()).toBe(0)
    await spool.close()
    expect(spool.bytes()).toBe(0)
    expect(readdirSync(dir)).toEqual(['lock'])
  })

  test('frees its disk while it runs: files go when all of them is shipped', async () => {
    const dir = folder()
    const spool = await open({ dir, sealAfterEvents: 100, quotaBytes: 512 * 1024 })
    let most = 0
    let offset = 0
    const seen: number[] = []
    for (let round = 0; round < 40; round++) {
      for (let turn = 0; turn < 5; turn++) {
        const turnEvents = Array.from({ length: 100 }, () => ({
          ...publishOf('ses_1', offset++),
          clientId: `c${Math.random()}`,
        }))
        await Promise.all(turnEvents.map((event) => spool.append(event, 'buffered').written))
      }
      seen.push(...offsetsOf(await shipFrom(spool, 5)))
      most = Math.max(most, readdirSync(dir).length)
    }
    expect(seen).toEqual(Array.from({ length: offset }, (_, index) => index))
    expect(most).toBeLessThan(8)
    await spool.close()
    expect(readdirSync(dir)).toEqual(['lock'])
  })

  test('is one process’s alone until it is closed', async () => {
    const dir = folder()
    const spool = await open({ dir })
    await expect(open({ dir })).rejects.toMatchObject({ code: 'WEIR_SPOOL_IN_USE' })
    await spool.close()
    await (await open({ dir })).close()
  })

  test('refuses events after its end', async () => {
    const spool = await open({ dir: folder() })
    await spool.close()
    await expect(spool.append(publishOf('ses_1', 1), 'buffered').written).rejects.toMatchObject({
      code: 'WEIR_EVIDENCE_UNRECORDABLE',
    })
  })

  test('an event that cannot be encoded is refused alone', async () => {
    const spool = await open({ dir: folder() })
    const bad = spool.append({ ...publishOf('ses_1', 1), bytes: 0.5 }, 'strict')
    const good = spool.append(publishOf('ses_1', 2), 'strict')
    await expect(bad.written).rejects.toMatchObject({ code: 'WEIR_EVIDENCE_UNRECORDABLE' })
    await good.durable
    const huge = { ...startOf('ses_1'), peerAddress: 'x'.repeat(9 * 1024 * 1024) }
    await expect(spool.append(huge, 'strict').written).rejects.toThrow('larger than')
    await spool.close()
    const after = await open({ dir: folder() })
    await after.close()
  })
})

/** Ships `count` segments. */
async function shipFrom(spool: Awaited<ReturnType<typeof open>>, count: number) {
  const events = []
  for (let n = 0; n < count; n++) {
    const { header, body } = await next(spool)
    events.push(...decodeSegment(body, header).events)
    await spool.acknowledge(header)
  }
  return new Map([['', events]])
}

describe('the installation key', () => {
  test('is made once, whoever asks first, and is readable by its owner only', async () => {
    const dir = folder()
    const keys = await Promise.all([installationKey(dir), installationKey(dir), installationKey(dir)])
    const again = await installationKey(dir)
    for (const key of keys) expect(key.equals(again)).toBe(true)
    expect(readdirSync(dir)).toEqual(['installation.key'])
    expect(statSync(`${dir}/installation.key`).mode & 0o777).toBe(0o600)
    writeFileSync(`${dir}/installation.key`, 'nonsense')
    await expect(installationKey(dir)).rejects.toMatchObject({ code: 'WEIR_CONFIG_INVALID' })
  })
})
