// Bundles one app: `node tools/build/src/main.ts apps/control-plane`.
import { statSync } from 'node:fs'
import { bundleApp } from './bundle.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Usage: node tools/build/src/main.ts <folder of an app>')
  process.exitCode = 2
} else {
  const file = await bundleApp(folder)
  console.log(`${file}  ${(statSync(file).size / 1_000_000).toFixed(1)} MB`)
}
