import { expect, test } from 'vitest'
import type { Denial } from './enforcement.ts'
import { FetchSessions, WantedPartitions, asTopics } from './fetch-session.ts'
import type { Wanted } from './fetch-session.ts'

function wanted(topic: string, partition: number, fetchOffset = 0n): Wanted {
  return {
    topic,
    topicId: '',
    denial: undefined,
    partition: {
      partition,
      fetchOffset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      logStartOffset: -1n,
      partitionMaxBytes: 1024,
      replicaDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAA',
      highWatermark: 0n,
    },
  }
}

function partitionsOf(...all: Wanted[]): WantedPartitions {
  const partitions = new WantedPartitions()
  for (const one of all) partitions.set(one)
  return partitions
}

test('a partition named again replaces the earlier one; a forgotten one is gone', () => {
  const partitions = partitionsOf(wanted('a', 0, 5n), wanted('a', 1), wanted('b', 0), wanted('a', 0, 9n))
  expect(partitions.size).toBe(3)
  expect(partitions.get('a', '', 0)?.partition.fetchOffset).toBe(9n)
  partitions.delete('a', '', 1)
  partitions.delete('a', '', 7)
  partitions.delete('b', '', 0)
  expect(partitions.size).toBe(1)
  expect(asTopics(partitions).map((t) => [t.topic, t.partitions.map((p) => p.partition)])).toEqual([['a', [0]]])
})

test('the refused ones are those whose last word was a refusal', () => {
  const denial: Denial = {
    operation: { action: 'consume', resource: 'kafka:topic:a', attributes: {} },
    decision: {
      effect: 'deny',
      ruleId: 'r',
      reason: undefined,
      policyRevision: '',
      obligations: { mask: [], record: 'meta', durability: 'buffered' },
    },
  }
  const refused = (topic: string, partition: number): Wanted => ({ ...wanted(topic, partition), denial })
  const partitions = partitionsOf(refused('a', 0), wanted('a', 1), refused('a', 2), refused('b', 0))
  partitions.set(wanted('a', 0))
  partitions.set(refused('a', 1))
  partitions.set(refused('a', 1))
  partitions.delete('b', '', 0)
  partitions.delete('b', '', 0)
  expect([...partitions.refused()].map((w) => [w.topic, w.partition.partition])).toEqual([
    ['a', 2],
    ['a', 1],
  ])
})

test('above the limit a session is not kept', () => {
  const sessions = new FetchSessions(3)
  expect(sessions.keep({ id: 1, partitions: partitionsOf(wanted('a', 0), wanted('a', 1)), policyRevision: '' })).toBe(
    true,
  )
  expect(sessions.keep({ id: 2, partitions: partitionsOf(wanted('b', 0), wanted('b', 1)), policyRevision: '' })).toBe(
    false,
  )
  expect(sessions.get(2)).toBeUndefined()
  sessions.forget(1)
  expect(sessions.keep({ id: 2, partitions: partitionsOf(wanted('b', 0), wanted('b', 1)), policyRevision: '' })).toBe(
    true,
  )
})
