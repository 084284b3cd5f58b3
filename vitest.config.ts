import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

const root = import.meta.dirname

/** Every package is a project named after it: `vitest run --project @weir/policy`. */
const packages = ['apps', 'libs', 'tools']
  .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
  .filter((folder) => existsSync(join(root, folder, 'package.json')))

export default defineConfig({
  test: {
    // A process per file: tests start servers, and what one leaves behind must not reach the next.
    pool: 'forks',
    // A broker and its client beside each test already fill a small machine.
    maxWorkers: 2,
    projects: packages.map((folder) => ({
      extends: true as const,
      test: {
        name: (JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string }).name,
        root: join(root, folder),
        include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
        // Tools and end-to-end tests run whole programs; a hook may have to start a broker on a busy machine.
        testTimeout: folder.startsWith('tools/') || folder === 'libs/testing' ? 120_000 : 15_000,
        hookTimeout: 120_000,
      },
    })),
  },
})
