/** Where everything of the sandbox is: ports counted from one base, and folders under `.sandbox`. */
import { join, resolve } from 'node:path'

export type Ports = {
  readonly kafka: number
  /** Broker n is on this + n. */
  readonly kafkaBrokers: number
  readonly controlPlane: number
  readonly issuer: number
  readonly broker: number
  readonly controlPlaneAdmin: number
  readonly kafkaAdmin: number
}

/** The addresses that the documentation names; `--port-base` moves all of them together. */
export function choosePorts(base: number | undefined): Ports {
  if (base === undefined) {
    return {
      kafka: 9092,
      kafkaBrokers: 9093,
      controlPlane: 8080,
      issuer: 8081,
      broker: 19_092,
      controlPlaneAdmin: 8090,
      kafkaAdmin: 8091,
    }
  }
  return {
    kafka: base,
    kafkaBrokers: base + 1,
    controlPlane: base + 10,
    issuer: base + 11,
    broker: base + 12,
    controlPlaneAdmin: base + 13,
    kafkaAdmin: base + 14,
  }
}

/** Ports and what they are for, to tell a person which one is taken. Broker 1 of the sandbox is the only one. */
export function namedPorts(ports: Ports): readonly (readonly [what: string, port: number])[] {
  return [
    ['Kafka gateway', ports.kafka],
    ['Kafka gateway, broker 1', ports.kafkaBrokers + 1],
    ['control plane', ports.controlPlane],
    ['dev issuer', ports.issuer],
    ['Apache Kafka', ports.broker],
    ['control plane, admin', ports.controlPlaneAdmin],
    ['Kafka gateway, admin', ports.kafkaAdmin],
  ]
}

export type Folders = {
  readonly root: string
  readonly config: string
  readonly clients: string
  readonly secrets: string
  readonly data: string
  readonly logs: string
  readonly policy: string
  /** Written when all of it answers; read by `weir sandbox ready` and `--as`. */
  readonly state: string
}

export function foldersIn(root: string): Folders {
  const at = (name: string) => join(resolve(root), name)
  return {
    root: resolve(root),
    config: at('config'),
    clients: at('clients'),
    secrets: at('secrets'),
    data: at('data'),
    logs: at('logs'),
    policy: at('policy.yaml'),
    state: at('sandbox.json'),
  }
}
