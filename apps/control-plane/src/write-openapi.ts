/** Writes docs/reference/openapi.json anew: `npm run openapi -w @weir/control-plane`. */
import { writeFileSync } from 'node:fs'
import { openApiDocument } from './openapi.ts'

const target = new URL('../../../docs/reference/openapi.json', import.meta.url)
writeFileSync(target, `${JSON.stringify(openApiDocument(), undefined, 2)}\n`)
