import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readComposeFile } from '../src/compose-file.ts'
import { readDockerfile } from '../src/dockerfile.ts'

export const root = join(import.meta.dirname, '..', '..', '..')
export const compose = readComposeFile(join(root, 'docker-compose.yml'))
export const stages = readDockerfile(join(root, 'Dockerfile'))

/** The services that are ours: those that are built here. */
export const ownServices = Object.entries(compose.services).filter(([, service]) => service.build !== undefined)

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
