import type { Route } from '@weir/contracts'
import { errorBodySchema, routes } from '@weir/contracts'
import { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }

type Json = { [name: string]: unknown }

const whoMay: Readonly<Record<Route['by'], string>> = {
  gateway: 'a gateway, for the ids that its identity is bound to',
  person: 'any person with a valid token',
  evidence: 'people with the right `evidence`; each call is itself put on record',
  policy: 'people with the right `policy`',
  keys: 'people with the right `keys`',
  gateways: 'people with the right `gateways`',
  public: 'anybody',
}

/** The API as OpenAPI 3.1, made of the routes table alone. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {}
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weir control plane',
      version: manifest.version,
      description:
        'Inside /v1 changes are additive: ignore fields that you do not know, and take an unknown value as a no.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Error: schemaOf(errorBodySchema, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        certificate: { type: 'mutualTLS' },
      },
    },
  }
}

function operationOf(name: string, route: Route): Json {
  const isBinary = route.body === 'octet-stream'
  return {
    operationId: name,
    summary: route.summary,
    description: `For ${whoMay[route.by]}.`,
    security: securityOf(route),
    parameters: [
      ...parametersOf(route.params, 'path'),
      ...parametersOf(route.query, 'query'),
      ...(isBinary ? ['weir-segment-header', 'weir-segment-signature'].map(headerParameter) : []),
    ],
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: contentOf(route.body) } }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(route.response, 'output') } } },
      ...(name === 'currentBundle' ? { 304: { description: 'There is no newer one.' } } : {}),
      default: {
        description: ['Not done.', ...codesOf(route)].join(' '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function codesOf(route: Route): string[] {
  const codes = [
    ...(route.by === 'public' ? [] : ['WEIR_UNAUTHENTICATED', 'WEIR_FORBIDDEN', 'WEIR_ISSUER_UNAVAILABLE']),
    'WEIR_INVALID_REQUEST',
    'WEIR_LIMIT_EXCEEDED',
    'WEIR_STORE_UNAVAILABLE',
    ...(route.errors ?? []),
  ]
  return [`Codes: ${[...new Set(codes)].join(', ')}.`]
}

function securityOf({ by }: Route): Json[] {
  if (by === 'public') return []
  return by === 'gateway' ? [{ token: [] }, { certificate: [] }] : [{ token: [] }]
}

function contentOf(body: NonNullable<Route['body']>): Json {
  if (body === 'octet-stream') return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
  return { 'application/json': { schema: schemaOf(body, 'input') } }
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function headerParameter(name: string): Json {
  return { name, in: 'header', required: true, schema: { type: 'string' } }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json
  return rest
}
