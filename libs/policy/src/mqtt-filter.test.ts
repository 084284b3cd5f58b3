import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { covers, filterProblem, overlaps } from './mqtt-filter.ts'

const levelsOf = (filter: string): string[] => filter.split('/')

describe('a filter meets a topic as MQTT 5.0 §4.7 says', () => {
  test.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['#', 'sport', true],
    ['#', '/', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['#', '$SYS/monitor/Clients', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor/Clients', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['a/+', 'a/$x', true],
    ['ACCOUNTS', 'Accounts', false],
    ['a//b', 'a/b', false],
    ['a', 'a/', false],
    ['é', 'e\u0301', false],
  ])('%s and %s: %s', (filter, topic, expected) => {
    expect(covers(levelsOf(filter), levelsOf(topic))).toBe(expected)
    expect(overlaps(levelsOf(filter), levelsOf(topic))).toBe(expected)
    expect(overlaps(levelsOf(topic), levelsOf(filter))).toBe(expected)
  })
})

test.each([
  ['a/#/b', '# must be the last level'],
  ['a#', '+ and # must be a whole level each'],
  ['a/+b', '+ and # must be a whole level each'],
  ['', 'an MQTT topic must not be empty'],
  ['a\0', 'an MQTT topic cannot hold a NUL'],
  ['$share/g/a', 'write the filter that stands inside of $share/<group>/'],
  ['a/+/#', undefined],
  ['#', undefined],
  ['/', undefined],
])('%j is %s', (filter, problem) => {
  expect(filterProblem(filter)).toBe(problem)
})

describe('two filters, against all topics of a small world', () => {
  const level = fc.constantFrom('a', 'b', '', '$s', '+')
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([levels, open]) => (open ? [...levels.slice(0, -1), '#'] : levels))
  const words = ['a', 'b', '', '$s', 'fresh']
  const rows = words.map((word) => [word])
  const topics = [1, 2, 3].reduce(
    (all) => [...all, ...all.flatMap((topic) => words.map((word) => [...topic, word]))],
    rows,
  )

  test('covers and overlaps', () => {
    fc.assert(
      fc.property(filter, filter, (a, b) => {
        const inA = topics.filter((topic) => covers(a, topic))
        const inB = topics.filter((topic) => covers(b, topic))
        expect(overlaps(a, b)).toBe(inA.some((topic) => inB.includes(topic)))
        // The other way round it may say no: +/# is all that # is, but not level by level.
        if (covers(a, b)) expect(inB.every((topic) => inA.includes(topic))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('a filter covers itself', () => {
    fc.assert(fc.property(filter, (a) => covers(a, a)))
  })
})
