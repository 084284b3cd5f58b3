import { describe, expect, test } from 'vitest'
import { memoryLog } from '../test/memory-log.ts'
import { WeirError } from './errors.ts'
import { createLogger } from './logger.ts'

test('a line is JSON with the app, the level by name, the time and a message', () => {
  const { destination, lines } = memoryLog()
  createLogger({ app: 'kafka-gateway', destination }).warn({ peer: '192.0.2.1', count: 3 }, 'connection closed')
  expect(lines).toEqual([
    {
      level: 'warn',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      app: 'kafka-gateway',
      peer: '192.0.2.1',
      count: 3,
      message: 'connection closed',
    },
  ])
})

test('the level is info unless another is asked for', () => {
  const { destination, lines } = memoryLog()
  createLogger({ app: 'a', destination }).debug('hidden')
  createLogger({ app: 'a', destination, level: 'debug' }).debug('shown')
  createLogger({ app: 'a', destination, level: 'error' }).warn('hidden')
  expect(lines.map((line) => line['message'])).toEqual(['shown'])
})

describe('an error', () => {
  function logged(error: unknown): Record<string, unknown> {
    const { destination, lines } = memoryLog()
    createLogger({ app: 'a', destination }).error({ err: error }, 'failed')
    expect(lines).toHaveLength(1)
    return lines[0]?.['err'] as Record<string, unknown>
  }

  test('is told with type, code, message and stack', () => {
    const error = new WeirError('WEIR_BUNDLE_INVALID', 'The bundle is refused.')
    expect(logged(error)).toEqual({
      type: 'WeirError',
      code: 'WEIR_BUNDLE_INVALID',
      message: 'The bundle is refused.',
      stack: error.stack,
    })
  })

  test('its causes are told by type and code alone, since their texts may quote what came in', () => {
    let quoting: unknown
    try {
      JSON.parse('hunter2 is the password')
    } catch (error) {
      quoting = error
    }
    expect((quoting as Error).message).toContain('hunter2')
    const refused = Object.assign(new Error('to hunter2:9092', { cause: quoting }), { code: 'ECONNREFUSED' })
    const error = new WeirError('WEIR_CONTROL_PLANE_UNREACHABLE', 'No answer.', { cause: refused })
    const line = logged(error)
    expect(JSON.stringify(line)).not.toContain('hunter2')
    expect(line['causes']).toEqual([{ type: 'Error', code: 'ECONNREFUSED' }, { type: 'SyntaxError' }])
  })

  test('what libraries put on their errors is left out', () => {
    const error = Object.assign(new Error('refused'), {
      payload: { card: 'hunter2' },
      detail: 'Key (secret)=(hunter2) already exists.',
      response: new Error('hunter2'),
      errors: [new Error('hunter2')],
      code: 'hunter2 is no code',
    })
    const all = new AggregateError([new Error('hunter2')], 'all of them')
    for (const each of [error, all]) expect(JSON.stringify(logged(each))).not.toContain('hunter2')
  })

  test('a chain of causes that does not end is cut', () => {
    const error = new Error('round')
    error.cause = error
    expect(logged(error)['causes']).toHaveLength(5)
  })

  test('what is thrown and is no error is named by its type', () => {
    expect(logged('hunter2')).toEqual({ type: 'string' })
    expect(logged({ password: 'hunter2' })).toEqual({ type: 'object' })
  })

  test('a logger made from another one tells no more', () => {
    const { destination, lines } = memoryLog()
    const error = Object.assign(new Error('refused'), { payload: 'hunter2' })
    createLogger({ app: 'a', destination }).child({ area: 'b' }).error(error)
    expect(lines[0]).toMatchObject({ area: 'b', message: 'refused' })
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })
})
