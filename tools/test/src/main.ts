// `npm test`: every check and every test, whatever failed before; then what failed and what could not run, and why.
// `npm test -- <filter>` runs only the tests whose file matches, and passes any flag on to vitest.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installServers, temporaryFolder } from '@weir/testing'
import { checks, runChecks, testCheck } from './checks.ts'
import { describeMissing } from './missing.ts'
import { closingLine } from './report.ts'
import type { TestReport } from './report.ts'

const filters = process.argv.slice(2)
const missing = await installServers(console.log)
const folder = temporaryFolder()
const reportFile = join(folder.path, 'report.json')

const failed = await runChecks([...(filters.length === 0 ? checks : []), testCheck(filters, reportFile)])

if (missing.length > 0) console.log(`\n${describeMissing(missing)}`)
if (failed.length > 0) console.log(`\nFailed: ${failed.join(', ')}`)
const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport) : undefined
folder.remove()
console.log(`\n${report === undefined ? '0 passed, 1 failed, 0 skipped' : closingLine(report)}`)
process.exitCode = failed.length + missing.length === 0 ? 0 : 1
