import { readFileSync } from 'node:fs'
import { routes } from '@weir/contracts'
import { expect, test } from 'vitest'
import { openApiDocument } from './openapi.ts'

test('docs/reference/openapi.json is what the routes say; else run `npm run openapi -w @weir/control-plane`', () => {
  const committed: unknown = JSON.parse(
    readFileSync(new URL('../../../docs/reference/openapi.json', import.meta.url), 'utf8'),
  )
  expect(committed).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
})

test('every route is there, with what it takes and who may call it', () => {
  const { paths } = openApiDocument() as { paths: Record<string, Record<string, { operationId: string }>> }
  const named = Object.values(paths).flatMap((methods) => Object.values(methods).map((method) => method.operationId))
  expect(named.toSorted()).toEqual(Object.keys(routes).toSorted())
  expect(paths['/v1/evidence/access']!['get']).toMatchObject({
    security: [{ token: [] }],
    parameters: expect.arrayContaining([
      { name: 'offset', in: 'query', required: true, schema: expect.objectContaining({ type: 'integer', minimum: 0 }) },
      { name: 'protocol', in: 'query', required: false, schema: expect.objectContaining({ default: 'kafka' }) },
    ]),
  })
  expect(paths['/v1/evidence/{gatewayId}/{epoch}']!['post']).toMatchObject({
    security: [{ token: [] }, { certificate: [] }],
    requestBody: { content: { 'application/octet-stream': {} } },
  })
})
