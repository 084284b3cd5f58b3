import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { routes } from './routes.ts'
import type { Route } from './routes.ts'

const table: readonly [string, Route][] = Object.entries(routes)

test('no two routes have the same method and path, whatever their parameters are called', () => {
  const places = table.map(([, { method, path }]) => `${method} ${path.replaceAll(/:\w+/g, ':')}`)
  expect(new Set(places).size).toBe(places.length)
})

describe.each(table)('%s', (_, route) => {
  test('answers by a schema that OpenAPI can show', () => {
    expect(route.response).toBeInstanceOf(z.ZodType)
    expect(() => z.toJSONSchema(route.response)).not.toThrow()
  })

  test('takes the parameters that are in its path, and no others', () => {
    const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    expect(Object.keys(route.params?.shape ?? {})).toEqual(inPath)
  })

  test('is under /v1 and reads without a body', () => {
    expect(route.path).toMatch(/^\/v1\/[a-z/:A-Z]+$/)
    if (route.method === 'GET') expect(route.body).toBeUndefined()
  })

  test('says what it is for, and names its errors by their codes', () => {
    expect(route.summary).toMatch(/^[A-Z].*\.$/)
    for (const code of route.errors ?? []) expect(code).toMatch(/^WEIR_[A-Z_]+$/)
  })
})

test.each([
  ['sessions', { open: 'false' }, { open: false, limit: 100 }],
  ['evidence', { limit: '5' }, { limit: 5 }],
  ['access', { action: 'publish', topic: 't', partition: '0', offset: '12' }, { protocol: 'kafka', offset: 12 }],
  ['currentBundle', { after: '3' }, { after: 3, waitMs: 0 }],
] as const)('the query of %s is read from text', (name, query, expected) => {
  expect(routes[name].query.parse(query)).toMatchObject(expected)
})

test.each([
  ['evidence', { limit: '0' }],
  ['evidence', { limit: '1001' }],
  ['access', { action: 'delete', topic: 't', partition: '0', offset: '0' }],
  ['access', { action: 'publish', topic: 't', partition: '-1', offset: '0' }],
  ['currentBundle', { waitMs: '60001' }],
] as const)('the query of %s refuses %o', (name, query) => {
  expect(routes[name].query.safeParse(query).success).toBe(false)
})
