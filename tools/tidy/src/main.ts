// Checks the form of every file that git knows or would add: `node tools/tidy/src/main.ts`.
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync } from 'node:fs'
import { inspectFile } from './rules.ts'

const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
const files = listed.split('\0').filter((file) => file !== '' && existsSync(file) && lstatSync(file).isFile())
const findings = files.flatMap((file) => {
  const bytes = readFileSync(file)
  return bytes.includes(0) ? [] : inspectFile(file, bytes.toString())
})
for (const { file, line, message } of findings) console.log(`${file}${line > 0 ? `:${line}` : ''}  ${message}`)
console.log(findings.length === 0 ? `${files.length} files are tidy.` : `${findings.length} findings.`)
process.exitCode = findings.length === 0 ? 0 : 1
