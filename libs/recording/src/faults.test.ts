import { cpSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { publishOf, startOf } from '../test/events.ts'
import { FaultyDisk } from '../test/faulty-disk.ts'
import { folder, next, offsetsOf, open, ship } from '../test/spool-folder.ts'
import { decodeSegment } from './index.ts'

const unrecordable = { code: 'WEIR_EVIDENCE_UNRECORDABLE' }
const forever = 3_600_000

describe('a disk that fails', () => {
  test.each(['ENOSPC', 'EIO', 'EDQUOT'])('%s refuses, and what was refused is not on record', async (failure) => {
    const disk = new FaultyDisk()
    const spool = await open({ dir: folder(), fileSystem: disk, sealAfterMs: 30 })
    await spool.append(publishOf('ses_1', 1), 'buffered').written
    disk.failing = { write: failure }
    const refused = [spool.append(startOf('ses_2'), 'strict'), spool.append(publishOf('ses_2', 2), 'buffered')]
    for (const { written, durable } of refused) {
      await expect(written).rejects.toMatchObject(unrecordable)
      await expect(durable).rejects.toMatchObject(unrecordable)
    }
    await expect(spool.append(publishOf('ses_1', 3), 'buffered').written).rejects.toMatchObject(unrecordable)
    expect(spool.faults.filter((fault) => fault.message.includes('cannot be recorded'))).toHaveLength(1)
    disk.failing = {}
    await spool.append(publishOf('ses_2', 4), 'strict').durable
    const events = await ship(spool, 500)
    expect(offsetsOf(events)).toEqual([1, 4])
    expect([...events.values()].flat().map((each) => each.seq)).toEqual([1, 2])
    await spool.close()
  })

  test.each([0, 1, 7, 8, 20, 40])('a write that stops after %i bytes is cut back', async (roomBytes) => {
    const dir = folder()
    const disk = new FaultyDisk()
    const spool = await open({ dir, fileSystem: disk, sealAfterMs: forever })
    await spool.append(publishOf('ses_1', 1), 'buffered').written
    const before = spool.bytes()
    disk.roomBytes = roomBytes
    await expect(spool.append(publishOf('ses_1', 2), 'buffered').written).rejects.toMatchObject(unrecordable)
    expect(spool.bytes()).toBe(before)
    disk.roomBytes = Number.POSITIVE_INFINITY
    await spool.append(publishOf('ses_1', 3), 'buffered').written
    const { offsets, faults } = await recovered(dir)
    expect(offsets).toEqual([1, 3])
    expect(faults).toEqual([])
    await spool.close()
  })

  test('a file that cannot even be cut back is left, and the next one goes on', async () => {
    const dir = folder()
    const disk = new FaultyDisk()
    const spool = await open({ dir, fileSystem: disk, sealAfterMs: forever })
    await spool.append(publishOf('ses_1', 1), 'buffered').written
    disk.roomBytes = 20
    disk.failing = { truncate: 'EIO' }
    await expect(spool.append(publishOf('ses_1', 2), 'buffered').written).rejects.toMatchObject(unrecordable)
    disk.roomBytes = Number.POSITIVE_INFINITY
    await spool.append(publishOf('ses_1', 3), 'buffered').written
    const { offsets, faults } = await recovered(dir)
    expect(offsets).toEqual([1, 3])
    expect(faults).toEqual([])
    await spool.close()
  })

  test('a sync that fails refuses what waits for it and keeps what was written', async () => {
    const disk = new FaultyDisk()
    const spool = await open({ dir: folder(), fileSystem: disk, sealAfterMs: 20 })
    disk.failing = { sync: 'EIO' }
    disk.only = '.journal'
    const { written, durable } = spool.append(publishOf('ses_1', 1), 'strict')
    await written
    await expect(durable).rejects.toMatchObject(unrecordable)
    disk.failing = {}
    await spool.append(publishOf('ses_1', 2), 'strict').durable
    expect(offsetsOf(await ship(spool, 500))).toEqual([1, 2])
    await spool.close()
  })

  test.each([{ write: 'ENOSPC' }, { sync: 'EIO' }, { write: 'EIO', truncate: 'EIO' }])(
    'segments that cannot be sealed (%o) wait, and are sealed once when it works again',
    async (failing) => {
      const disk = new FaultyDisk()
      const spool = await open({ dir: folder(), fileSystem: disk, sealAfterEvents: 2 })
      disk.only = '.segments'
      disk.failing = failing
      for (let offset = 1; offset <= 4; offset++) await spool.append(publishOf('ses_1', offset), 'buffered').written
      await expect(next(spool, 100)).rejects.toThrow('timeout')
      expect(spool.faults).toMatchObject([unrecordable])
      expect(spool.oldestUnshippedMs()).toBeGreaterThan(50)
      disk.failing = {}
      expect(offsetsOf(await ship(spool, 1_000))).toEqual([1, 2, 3, 4])
      await spool.close()
      expect(spool.bytes()).toBe(0)
    },
  )

  test('what could not be sealed at the end is sealed by the next process', async () => {
    const dir = folder()
    const disk = new FaultyDisk()
    const spool = await open({ dir, fileSystem: disk })
    await spool.append(publishOf('ses_1', 1), 'buffered').written
    disk.failing = { write: 'ENOSPC' }
    await spool.close()
    const after = await open({ dir })
    expect(offsetsOf(await ship(after))).toEqual([1])
    await after.close()
  })

  test('the quota refuses until shipped evidence has made room', async () => {
    const spool = await open({ dir: folder(), quotaBytes: 128 * 1024, sealAfterEvents: 50 })
    const event = (offset: number) => ({
      ...publishOf('ses_1', offset),
      clientId: `client-${'x'.repeat(400)}-${offset}`,
    })
    let accepted = 0
    for (let full = false; !full;) {
      await spool.append(event(accepted), 'buffered').written.then(
        () => accepted++,
        (error: unknown) => {
          expect(error).toMatchObject(unrecordable)
          full = true
        },
      )
    }
    expect(spool.bytes()).toBeLessThanOrEqual(140 * 1024)
    expect(offsetsOf(await ship(spool, 1_100))).toHaveLength(accepted)
    await spool.append(event(accepted), 'buffered').written
    await spool.close()
  })

  test('a folder that cannot be written does not open', async () => {
    const disk = new FaultyDisk()
    disk.failing = { write: 'ENOSPC' }
    const dir = folder()
    await expect(open({ dir, fileSystem: disk })).rejects.toMatchObject(unrecordable)
    await (await open({ dir })).close()
  })
})

/** A spool whose process is gone at this moment: opens a copy of its folder. */
async function recovered(dir: string, change?: (copy: string) => void) {
  const copy = folder()
  cpSync(dir, copy, { recursive: true })
  change?.(copy)
  const spool = await open({ dir: copy })
  const events = await ship(spool, 10)
  await spool.close()
  return { offsets: offsetsOf(events), faults: spool.faults.map((fault) => fault.code), files: readdirSync(copy) }
}

/** One event per block. */
async function journalOf(dir: string, count: number) {
  const spool = await open({ dir, sealAfterMs: forever })
  const ends: number[] = []
  let path = ''
  for (let offset = 1; offset <= count; offset++) {
    await spool.append(publishOf('ses_1', offset), 'buffered').written
    path = readdirSync(dir).find((name) => name.endsWith('.journal'))!
    ends.push(readFileSync(join(dir, path)).length)
  }
  return { spool, name: path, ends }
}

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const spool of opened.splice(0)) await spool.close()
})

describe('what a crash leaves', () => {
  test('a torn tail is cut at every byte of the last block', { timeout: 60_000 }, async () => {
    const dir = folder()
    const { spool, name, ends } = await journalOf(dir, 3)
    opened.push(spool)
    for (let length = ends[1]!; length < ends[2]!; length++) {
      const torn = await recovered(dir, (copy) => truncateSync(join(copy, name), length))
      expect(torn).toEqual({ offsets: [1, 2], faults: [], files: ['lock'] })
    }
    expect(await recovered(dir)).toEqual({ offsets: [1, 2, 3], faults: [], files: ['lock'] })
  })

  test('a last block of zeros or rubbish is a torn tail too', async () => {
    const dir = folder()
    const { spool, name, ends } = await journalOf(dir, 3)
    opened.push(spool)
    for (const fill of [0, 255]) {
      const torn = await recovered(dir, (copy) => {
        const bytes = readFileSync(join(copy, name))
        writeFileSync(join(copy, name), bytes.fill(fill, ends[1]))
      })
      expect(torn).toEqual({ offsets: [1, 2], faults: [], files: ['lock'] })
    }
  })

  test('a flipped byte in the middle of a journal is quarantined and reported', { timeout: 60_000 }, async () => {
    const dir = folder()
    const { spool, name, ends } = await journalOf(dir, 4)
    opened.push(spool)
    for (let at = ends[0]!; at < ends[1]!; at++) {
      const damaged = await recovered(dir, (copy) => flip(join(copy, name), at))
      expect(damaged).toEqual({
        offsets: [1],
        faults: ['WEIR_EVIDENCE_DAMAGED'],
        files: [`${name}.quarantined`, 'lock'],
      })
    }
  })

  test('a flipped byte in the head of a journal is quarantined and reported', { timeout: 60_000 }, async () => {
    const dir = folder()
    const { spool, name, ends } = await journalOf(dir, 2)
    opened.push(spool)
    const headEnd = ends[0]! - (ends[1]! - ends[0]!) - 30
    for (let at = 0; at < headEnd; at += 9) {
      const damaged = await recovered(dir, (copy) => flip(join(copy, name), at))
      expect(damaged).toEqual({
        offsets: [],
        faults: ['WEIR_EVIDENCE_DAMAGED'],
        files: [`${name}.quarantined`, 'lock'],
      })
    }
  })

  test(
    'a flipped byte in sealed segments ships what is before it and quarantines the rest',
    { timeout: 60_000 },
    async () => {
      const dir = folder()
      const spool = await open({ dir, sealAfterEvents: 1 })
      opened.push(spool)
      for (let offset = 1; offset <= 3; offset++) await spool.append(publishOf('ses_1', offset), 'strict').durable
      await delay(100)
      const name = readdirSync(dir).find((each) => each.endsWith('.segments'))!
      const bytes = readFileSync(join(dir, name))
      const starts = [...bytes.toString('latin1').matchAll(/s[^]{4}\{"epoch"/g)].map((match) => match.index - 8)
      expect(starts).toHaveLength(3)
      for (let at = starts[1]!; at < starts[2]!; at += 11) {
        const damaged = await recovered(dir, (copy) => flip(join(copy, name), at))
        expect(damaged.offsets).toEqual([1])
        expect(new Set(damaged.faults)).toEqual(new Set(['WEIR_EVIDENCE_DAMAGED']))
        expect(damaged.files).toContain(`${name}.quarantined`)
      }
      for (let length = starts[2]!; length < bytes.length; length += 7) {
        // The journal is still there, so a torn seal is sealed again.
        const torn = await recovered(dir, (copy) => truncateSync(join(copy, name), length))
        expect(torn).toEqual({ offsets: [1, 2, 3], faults: [], files: ['lock'] })
      }
    },
  )

  test('sealing again after a crash gives the same bytes', async () => {
    const dir = folder()
    const { spool } = await journalOf(dir, 3)
    opened.push(spool)
    const copies = [folder(), folder()]
    const bodies = []
    for (const copy of copies) {
      cpSync(dir, copy, { recursive: true })
      const each = await open({ dir: copy })
      bodies.push(await next(each))
      await each.close()
    }
    expect(bodies[0]).toEqual(bodies[1])
    expect(decodeSegment(bodies[0]!.body).events).toHaveLength(3)
  })

  test('a journal that is missing among others is reported, and nothing is shipped over the gap', async () => {
    const dir = folder()
    const disk = new FaultyDisk()
    const spool = await open({ dir, fileSystem: disk, quotaBytes: 128 * 1024, sealAfterEvents: 50 })
    opened.push(spool)
    disk.only = '.segments'
    disk.failing = { write: 'ENOSPC' }
    for (let offset = 0; offset < 3_000; offset++) void spool.append(publishOf('ses_1', offset), 'buffered')
    await spool.append(publishOf('ses_1', 3_000), 'strict').durable
    const journals = readdirSync(dir).filter((name) => name.endsWith('.journal'))
    expect(journals.length).toBeGreaterThan(2)
    const whole = await recovered(dir)
    expect(whole).toMatchObject({ faults: [], files: ['lock'] })
    expect(whole.offsets).toEqual(Array.from({ length: 3_001 }, (_, index) => index))

    const damaged = await recovered(dir, (copy) => rmSync(join(copy, journals[1]!)))
    expect(damaged.offsets.length).toBeGreaterThan(0)
    expect(damaged.offsets).toEqual(whole.offsets.slice(0, damaged.offsets.length))
    expect(damaged.faults).toEqual(journals.slice(2).map(() => 'WEIR_EVIDENCE_DAMAGED'))
    expect(damaged.files).toEqual([...journals.slice(2).map((name) => `${name}.quarantined`), 'lock'])
  })
})

function flip(path: string, at: number): void {
  const bytes = readFileSync(path)
  bytes[at]! ^= 0x10
  writeFileSync(path, bytes)
}
