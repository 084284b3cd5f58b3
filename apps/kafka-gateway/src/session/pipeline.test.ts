import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pipeline } from './pipeline.ts'

test('answers leave in the order of their requests, in whatever order they become ready', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 40 }), (order) => {
      const written: number[] = []
      const released: number[] = []
      const pipeline = new Pipeline((buffers, done) => {
        for (const buffer of buffers) written.push(buffer[0] as number)
        done()
      })
      const ranks = order.toSorted((a, b) => a - b)
      const places = order.map(() => pipeline.open())
      for (const value of order) {
        const at = ranks.indexOf(value)
        const place = places[at]
        if (place === undefined) throw new Error('no place')
        pipeline.fill(place, [Buffer.from([at])], () => released.push(at))
      }
      const inOrder = order.map((_, index) => index)
      expect(written).toEqual(inOrder)
      expect(released).toEqual(inOrder)
      expect(pipeline.size).toBe(0)
    }),
  )
})

test('an answer that is not sent keeps its place and gives its bytes back', () => {
  const written: string[] = []
  let released = false
  const pipeline = new Pipeline((buffers, done) => {
    written.push(buffers.map(String).join('+'))
    done()
  })
  const first = pipeline.open()
  const silent = pipeline.open()
  const last = pipeline.open()
  pipeline.fill(last, [Buffer.from('c')])
  pipeline.fill(silent, [], () => {
    released = true
  })
  expect(written).toEqual([])
  pipeline.fill(first, [Buffer.from('a')])
  expect(written).toEqual(['a+c'])
  expect(released).toBe(true)
})

test('what was never written is given back when the connection ends', () => {
  const released: string[] = []
  const pipeline = new Pipeline(() => {
    throw new Error('nothing may be written')
  })
  pipeline.open()
  const ready = pipeline.open()
  pipeline.fill(ready, [Buffer.from('x')], () => released.push('x'))
  pipeline.abandon()
  expect(released).toEqual(['x'])
  expect(pipeline.size).toBe(0)
})
