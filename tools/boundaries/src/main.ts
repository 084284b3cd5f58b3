// Checks the walls between the packages of this repository: `node tools/boundaries/src/main.ts`.
import { checkGraph } from './graph.ts'
import { checkWalls } from './walls.ts'

const root = process.cwd()
const violations = [...checkWalls(root), ...checkGraph(root)]
for (const { rule, file, line, message } of violations) {
  console.log(`${file}${line > 0 ? `:${line}` : ''}  ${rule}: ${message}`)
}
console.log(
  violations.length === 0 ? 'All walls stand.' : `${violations.length} walls are broken (tools/boundaries/README.md).`,
)
process.exitCode = violations.length === 0 ? 0 : 1
