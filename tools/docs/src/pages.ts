import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { errorPage } from './error-page.ts'
import { settingsPage } from './settings-page.ts'
import type { JsonSchema } from './settings-page.ts'

/** A file of docs/reference that is made from the code. `path` is relative to the root of the repository. */
export type GeneratedPage = { readonly path: string; readonly text: string }

const services = [
  { name: 'kafka-gateway', title: 'Kafka gateway' },
  { name: 'control-plane', title: 'Control plane' },
]

/** Every generated page as it should be now. Asks each service for its schema, as a person would: `--schema`. */
export async function generatedPages(root: string): Promise<GeneratedPage[]> {
  const settings = await Promise.all(services.map((service) => settingsPagesOf(root, service)))
  return [{ path: 'docs/reference/errors.md', text: errorPage() }, ...settings.flat()]
}

async function settingsPagesOf(root: string, service: { name: string; title: string }): Promise<GeneratedPage[]> {
  const main = join(root, 'apps', service.name, 'src', 'main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--schema'])
  const schemaPath = `docs/reference/config/${service.name}.schema.json`
  return [
    { path: schemaPath, text: stdout },
    {
      path: `docs/reference/${service.name}.md`,
      text: settingsPage({ ...service, schema: JSON.parse(stdout) as JsonSchema }),
    },
  ]
}
