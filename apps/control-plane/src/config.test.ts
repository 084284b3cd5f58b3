import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeConfig, loadConfig } from '@weir/config'
import { temporaryFolder } from '@weir/testing'
import { afterAll, expect, test } from 'vitest'
import { controlPlaneSchema } from './config.ts'

const folder = temporaryFolder()
afterAll(() => folder.remove())

const smallest = `listen: 127.0.0.1:8080
dataDir: data
identity: { issuers: [{ issuer: https://issuer.example, audiences: [weir-control-plane] }] }
admin: { bind: 127.0.0.1:9080 }
`

function load(more: string, env = {}) {
  const path = join(folder.path, 'control-plane.yaml')
  writeFileSync(path, smallest + more)
  return loadConfig({ path, schema: controlPlaneSchema, env })
}

test('the smallest file is enough, and gives nobody a right', () => {
  expect(load('')).toMatchObject({
    rights: { evidence: [], policy: [], keys: [], gateways: [] },
    gateways: [],
    limits: { bodyBytes: 1_048_576, segmentBytes: 8_388_608, requestTime: 30_000 },
  })
})

test('secrets come from outside and are hidden when the configuration is printed', () => {
  const env = { DATABASE_URL: 'postgres://weir:open-sesame@127.0.0.1/weir' }
  const config = load('database: { url: "${DATABASE_URL}" }', env)
  expect(config.database?.url.reveal()).toBe(env.DATABASE_URL)
  const printed = describeConfig(config, controlPlaneSchema)
  expect(printed).toContain('***')
  expect(printed).not.toContain('open-sesame')
})

test.each([
  ['limits: { bodyByte: 1MiB }', /:5:\d+: .*did you mean "bodyBytes"/],
  ['rights: { evidense: [a] }', /:5:\d+: .*did you mean "evidence"/],
  ['gateways: [{ ids: [Kafka_1], certificate: a }]', /:5:\d+: /],
  ['gateways: [{ ids: [kafka-1] }]', /:5:\d+: /],
  ['database: { url: "${DATABASE_URL}" }', /DATABASE_URL/],
])('a mistake is told with its place: %s', (text, told) => {
  expect(() => load(text)).toThrow(
    expect.objectContaining({ code: 'WEIR_CONFIG_INVALID', message: expect.stringMatching(told) }),
  )
})
