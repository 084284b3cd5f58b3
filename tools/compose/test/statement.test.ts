/** What can be said of the compose file, the Dockerfile and deploy/ without starting anything. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { dependenciesOf, mountsOf } from '../src/compose-file.ts'
import { kafkaProperties } from '../src/kafka-properties.ts'
import { Places } from '../src/places.ts'
import { compose, ownServices, readText, root, stages } from './files.ts'

const services = Object.entries(compose.services)
const configs = ['control-plane', 'kafka-gateway'].map((name) => [name, readText(`deploy/${name}.yaml`)] as const)

test('each service of ours is a stage of the Dockerfile that has a command and is not root', () => {
  expect(ownServices.map(([name]) => name).toSorted()).toEqual(['control-plane', 'dev-issuer', 'kafka-gateway'])
  for (const [name, { build }] of ownServices) {
    const stage = stages.get(build?.target ?? '')
    expect({ name, program: stage?.entrypoint?.[0], user: stage?.user }).toEqual({
      name,
      program: 'node',
      user: 'node',
    })
    expect(statSync(join(root, build?.context ?? '-')).isDirectory()).toBe(true)
  }
})

test('what a stage copies is what the build stage makes of a folder that exists', () => {
  const builds = [...readText('Dockerfile').matchAll(/node tools\/build\/src\/main\.ts (\S+)/g)].map(
    (match) => match[1]!,
  )
  expect(builds.filter((folder) => !existsSync(join(root, folder, 'src', 'main.ts')))).toEqual([])
  for (const [name] of ownServices) {
    const copies = stages.get(name)?.copies ?? []
    expect([name, copies.length]).toEqual([name, 1])
    for (const { stage, source, target } of copies) {
      expect(stage).toBe('build')
      expect(builds.map((folder) => `/src/${folder}/dist`)).toContain(source)
      expect(stages.get(name)?.entrypoint).toContain(`${target}/main.js`)
    }
  }
})

test('every file, volume and service that is named exists, and no volume is left over', () => {
  const mounts = services.flatMap(([, service]) => mountsOf(service))
  expect(mounts.filter(({ source, isPath }) => isPath && !existsSync(join(root, source)))).toEqual([])
  const volumes = new Set(mounts.filter(({ isPath }) => !isPath).map(({ source }) => source))
  expect([...volumes].toSorted()).toEqual(Object.keys(compose.volumes).toSorted())
  for (const [, service] of services) {
    const named = [
      ...dependenciesOf(service),
      ...(service.network_mode === undefined ? [] : [service.network_mode.replace('service:', '')]),
    ]
    for (const name of named) expect(Object.keys(compose.services)).toContain(name)
  }
})

test('every path of a command or a configuration is in a mount or in the image', () => {
  for (const [name, service] of ownServices) {
    const text = [
      JSON.stringify(service.command ?? []),
      ...configs.filter(([of]) => of === name).map(([, config]) => config),
    ].join('\n')
    for (const [path] of text.replaceAll(/^\s*#.*$/gm, '').matchAll(/\/(?:etc|var)\/[\w./-]+/g)) {
      const mount = mountsOf(service).find(({ target }) => path === target || path.startsWith(`${target}/`))
      const exists = mount?.isPath !== true || existsSync(join(root, mount.source, path.slice(mount.target.length)))
      expect({ name, path, isMounted: mount !== undefined, exists }).toEqual({
        name,
        path,
        isMounted: true,
        exists: true,
      })
    }
  }
})

test('every variable of a configuration is in the environment of its service', () => {
  for (const [name, config] of configs) {
    const used = [...config.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]!)
    expect(Object.keys(compose.services[name]?.environment ?? {}).toSorted()).toEqual([...new Set(used)].toSorted())
  }
})

test('every published port is one that a service of that network listens on, and only loopback publishes', () => {
  const gateway = parse(readText('deploy/kafka-gateway.yaml')) as { listener: { bind: string; brokerPortBase: number } }
  const controlPlane = parse(readText('deploy/control-plane.yaml')) as { listen: string }
  const portOf = (address: string) => Number(address.split(':').at(-1))
  const issuerPort = Number(compose.services['dev-issuer']?.command?.[1])
  const node = Number(compose.services['kafka']?.environment?.['KAFKA_NODE_ID'])
  const listening = [
    portOf(controlPlane.listen),
    issuerPort,
    portOf(gateway.listener.bind),
    gateway.listener.brokerPortBase + node,
  ]
  const published = services.flatMap(([, { ports = [] }]) => ports)
  expect(published.map((port) => `127.0.0.1:${portOf(port)}:${portOf(port)}`)).toEqual(published)
  expect(new Set(published.map(portOf))).toEqual(new Set(listening))
  for (const [name, stage] of stages) {
    const strange = stage.exposed.filter((port) => ![...listening, 8090, 8091].includes(port))
    expect({ name, strange }).toEqual({ name, strange: [] })
  }
})

test('the broker demands a credential on the only listener that others reach, and publishes no port', () => {
  const { environment = {}, ports } = compose.services['kafka'] ?? {}
  const properties = kafkaProperties(
    Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, String(value)])),
  )
  const protocols = Object.fromEntries(
    (properties['listener.security.protocol.map'] ?? '').split(',').map((pair) => pair.split(':')),
  )
  const reachable = (properties['listeners'] ?? '').split(',').filter((listener) => !listener.includes('//127.0.0.1:'))
  expect(ports).toBeUndefined()
  expect(reachable.map((listener) => protocols[listener.split('://')[0]!] as string)).toEqual(['SASL_PLAINTEXT'])
})

test('the name of a setting is read out of the environment as the image does it', () => {
  expect(kafkaProperties({ KAFKA_LOG_DIRS: 'a', KAFKA_A__B_C___D: 'b ', OTHER: 'c' })).toEqual({
    'log.dirs': 'a',
    'a_b.c-d': 'b',
  })
})

test('addresses are translated by network, and an unknown port is an error', () => {
  const places = new Places({ networks: { db: { 5432: 1 }, pod: { 80: 2, 5432: 3 } }, texts: [['/etc/weir', '/here']] })
  expect(places.translate('postgres://u:p@db:5432/x 0.0.0.0:80 localhost:5432 other:80 /etc/weir/y', 'pod')).toBe(
    'postgres://u:p@127.0.0.1:1/x 127.0.0.1:2 127.0.0.1:3 other:80 /here/y',
  )
  expect(places.translateCommand(['--port', '80', '80'], 'pod')).toEqual(['--port', '2', '80'])
  expect(() => places.translate('db:80', 'pod')).toThrow('db:80')
})
