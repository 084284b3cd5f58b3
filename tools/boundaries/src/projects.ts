import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** A package of this repository, as the walls see it. */
export type Project = {
  readonly name: string
  /** Relative to the root, with slashes. */
  readonly folder: string
  readonly layers: readonly string[]
  readonly protocols: readonly string[]
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
  /** Packages that it starts as programs, so that a change in them concerns it, without importing them. */
  readonly starts: ReadonlySet<string>
  /** Its program files, relative to the root. */
  readonly files: readonly string[]
}

type Manifest = {
  name: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  nx?: { tags?: string[]; implicitDependencies?: string[] }
}

const notOurs = new Set(['node_modules', 'dist', '.nx', '.git'])

/** All packages under apps, libs and tools, in the order of their folders. */
export function readProjects(root: string): Project[] {
  return ['apps', 'libs', 'tools']
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .toSorted()
    .map((folder) => {
      const manifest = readManifest(join(root, folder))
      const tags = manifest.nx?.tags ?? []
      return {
        name: manifest.name,
        folder,
        layers: tagged(tags, 'layer:'),
        protocols: tagged(tags, 'protocol:'),
        dependencies: new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })),
        devDependencies: new Set(Object.keys(manifest.devDependencies ?? {})),
        starts: new Set(manifest.nx?.implicitDependencies ?? []),
        files: [...programFiles(root, join(root, folder))],
      }
    })
}

/** What the root package.json installs for everybody's tests and for the tools. */
export function readRootDevDependencies(root: string): ReadonlySet<string> {
  return new Set(Object.keys(readManifest(root).devDependencies ?? {}))
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function tagged(tags: readonly string[], prefix: string): string[] {
  return tags.filter((tag) => tag.startsWith(prefix)).map((tag) => tag.slice(prefix.length))
}

function* programFiles(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory() && !notOurs.has(entry.name)) yield* programFiles(root, path)
    if (entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name)) yield relative(root, path).replaceAll('\\', '/')
  }
}
