import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProjects } from './projects.ts'
import type { Violation } from './walls.ts'

type Graph = {
  graph: {
    nodes: Record<string, { data: { root: string; tags?: string[] } }>
    dependencies: Record<string, { target: string }[]>
  }
}

/**
 * Compares the graph by which Nx picks what is affected with the packages and what they declare. An edge that Nx does
 * not know of would leave a dependent untested. Takes 2–3 s, nearly all of it Nx starting.
 */
export function checkGraph(root: string): Violation[] {
  const { nodes, dependencies } = readGraph(root).graph
  const projects = readProjects(root)
  const names = new Set(projects.map((project) => project.name))
  return projects.flatMap((project) => {
    const report = (message: string): Violation => ({
      rule: 'graph',
      file: `${project.folder}/package.json`,
      line: 0,
      message,
    })
    const node = nodes[project.name]
    if (node === undefined) return [report(`Nx does not know ${project.name}`)]
    const declared = [...project.dependencies, ...project.devDependencies, ...project.starts].filter((name) =>
      names.has(name),
    )
    const edges = (dependencies[project.name] ?? []).map((edge) => edge.target)
    return [
      ...declared
        .filter((name) => !edges.includes(name))
        .map((name) => report(`Nx has no edge to ${name}, which is declared`)),
      ...edges
        .filter((name) => names.has(name) && !declared.includes(name))
        .map((name) => report(`Nx has an edge to ${name}, which is not declared`)),
    ]
  })
}

function readGraph(root: string): Graph {
  const folder = mkdtempSync(join(tmpdir(), 'weir-graph-'))
  try {
    const file = join(folder, 'graph.json')
    // The daemon would outlive this check, and a plain run takes no longer.
    const env = { ...process.env, NX_DAEMON: 'false' }
    execFileSync(join(root, 'node_modules', '.bin', 'nx'), ['graph', `--file=${file}`], {
      cwd: root,
      env,
      stdio: 'pipe',
    })
    return JSON.parse(readFileSync(file, 'utf8')) as Graph
  } finally {
    rmSync(folder, { recursive: true })
  }
}
