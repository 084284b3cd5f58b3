// Checks the types of one package: `node tools/nx/src/typecheck.ts libs/policy`.
// The repository is one TypeScript program (`npm run typecheck`), and no package has a tsconfig.json of its own that
// would have to be kept the same; this writes the one that is needed where nobody edits it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = process.cwd()
const project = process.argv[2]
if (project === undefined) {
  console.error('Usage: node tools/nx/src/typecheck.ts <folder of a package>')
  process.exit(2)
}
const folder = join(root, 'node_modules', '.cache', 'weir')
mkdirSync(folder, { recursive: true })
const file = join(folder, `tsconfig.${project.replaceAll('/', '-')}.json`)
// A lib that declares the types of a package without any does so for those that import the lib too.
const ambient = join(root, 'libs', '*', 'src', '**', '*.d.ts')
const include = [...['src', 'test', '*.config.ts'].map((part) => join(resolve(root, project), part)), ambient]
writeFileSync(file, JSON.stringify({ extends: join(root, 'tsconfig.base.json'), include }))
const { status } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['--project', file], { stdio: 'inherit' })
process.exitCode = status ?? 1
