import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

type Target = {
  command: string
  cache: true
  inputs: readonly (string | { runtime: string } | { externalDependencies: readonly string[] })[]
  outputs: readonly string[]
  metadata: { description: string }
}

const bin = 'node_modules/.bin'

/**
 * What every package can do, for Nx: no package repeats it in a file of its own. Kept free of Nx's own plugin kit, which
 * would bring a second compiler; the shape is that of its `CreateNodes`.
 */
export const createNodes = [
  '{apps,libs,tools}/*/package.json',
  (files: readonly string[], _options: unknown, { workspaceRoot }: { workspaceRoot: string }) =>
    files.map((file) => {
      const root = dirname(file)
      return [file, { projects: { [root]: { root, targets: targetsOf(workspaceRoot, root) } } }] as const
    }),
] as const

function targetsOf(workspaceRoot: string, root: string): Record<string, Target> {
  const { name } = JSON.parse(readFileSync(join(workspaceRoot, root, 'package.json'), 'utf8')) as { name: string }
  const targets: Record<string, Target> = {
    test: {
      command: `${bin}/vitest run --project ${name} --passWithNoTests`,
      cache: true,
      // A test without its server is skipped: that answer must not be taken for the one with it.
      inputs: [
        'default',
        '^production',
        '{workspaceRoot}/vitest.config.ts',
        '{workspaceRoot}/tools/kafka/**/*',
        { runtime: `${bin}/node tools/test/src/servers.ts --present` },
      ],
      outputs: [],
      metadata: { description: 'Runs the tests of this package' },
    },
    typecheck: {
      command: `${bin}/node tools/nx/src/typecheck.ts ${root}`,
      cache: true,
      inputs: ['default', '^production'],
      outputs: [],
      metadata: { description: 'Checks the types of this package and of what it imports' },
    },
    lint: {
      command: `${bin}/oxfmt --check ${root} && ${bin}/oxlint --type-aware --deny-warnings ${root}`,
      cache: true,
      inputs: ['default', '^production', '{workspaceRoot}/.oxlintrc.json', '{workspaceRoot}/.oxfmtrc.json'],
      outputs: [],
      metadata: { description: 'Checks form and lint of this package' },
    },
  }
  if (root.startsWith('apps/') && existsSync(join(workspaceRoot, root, 'src', 'main.ts'))) {
    targets['build'] = {
      command: `${bin}/node tools/build/src/main.ts ${root}`,
      cache: true,
      inputs: ['production', '^production', '{workspaceRoot}/tools/build/src/**/*'],
      outputs: ['{projectRoot}/dist'],
      metadata: { description: 'Bundles this app into one file that Node 24 runs without node_modules' },
    }
  }
  return targets
}
