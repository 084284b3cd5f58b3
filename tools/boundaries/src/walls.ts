import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { packageOf, readSurroundings } from './imports.ts'
import type { Import, Surroundings } from './imports.ts'
import { readProjects, readRootDevDependencies } from './projects.ts'
import type { Project } from './projects.ts'
import { codecGlobals, codecNames, codecNodeModules, layerReach, ownPackages } from './rules.ts'
import type { Rule } from './rules.ts'

/** A wall that is broken: where, and what to do about it. `line` is 0 where it is about the whole file. */
export type Violation = { readonly rule: Rule; readonly file: string; readonly line: number; readonly message: string }

type Place = { readonly project: Project; readonly file: string; readonly isTest: boolean }
type Report = (rule: Rule, line: number, message: string) => void

/** Checks every package and every import of a repository. An empty answer means that all walls stand. */
export function checkWalls(root: string): Violation[] {
  const projects = readProjects(root)
  const byName = new Map(projects.map((project) => [project.name, project]))
  const rootDevDependencies = readRootDevDependencies(root)
  const violations: Violation[] = []
  for (const project of projects) {
    const reportManifest: Report = (rule, line, message) =>
      violations.push({ rule, file: `${project.folder}/package.json`, line, message })
    checkTags(project, reportManifest)
    const mentioned = new Set<string>()
    for (const file of project.files) {
      const report: Report = (rule, line, message) => violations.push({ rule, file, line, message })
      const place = { project, file, isTest: isTest(project, file) }
      const surroundings = readSurroundings(file, readFileSync(join(root, file), 'utf8'))
      for (const text of surroundings.strings) mentioned.add(packageOf(text) ?? '')
      for (const one of surroundings.imports) checkImport(place, one, byName, rootDevDependencies, report)
      checkPurity(place, surroundings, report)
    }
    for (const name of [...project.dependencies, ...project.devDependencies]) {
      if (!mentioned.has(name) && !name.startsWith('@types/')) {
        reportManifest('undeclared', 0, `${name} is declared and nothing uses it`)
      }
    }
  }
  return violations
}

function isTest(project: Project, file: string): boolean {
  return file.startsWith(`${project.folder}/test/`) || /\.test\.[cm]?[jt]sx?$/.test(file)
}

function checkTags(project: Project, report: Report): void {
  const [layer, ...others] = project.layers
  if (layer === undefined || others.length > 0 || !layerReach.has(layer)) {
    report(
      'layer',
      0,
      `${project.name} needs exactly one tag of ${[...layerReach.keys()].map((name) => `layer:${name}`).join(', ')}`,
    )
  }
}

function checkImport(
  place: Place,
  one: Import,
  byName: ReadonlyMap<string, Project>,
  rootDevDependencies: ReadonlySet<string>,
  report: Report,
): void {
  const { project, file } = place
  if (one.specifier.startsWith('.') || one.specifier.startsWith('/')) {
    const target = normalize(join(dirname(file), one.specifier)).replaceAll('\\', '/')
    if (one.specifier.startsWith('/') || !target.startsWith(`${project.folder}/`)) {
      report('relative', one.line, `${one.specifier} leaves ${project.name}; import the package by its name`)
    }
    return
  }
  const name = packageOf(one.specifier)
  if (name === undefined) return
  const target = byName.get(name)
  if (target !== undefined && target !== project) {
    checkEdge(place, target, one.line, report)
    if (one.specifier !== name) report('deep', one.line, `${one.specifier} reaches past the index of ${name}`)
  }
  const owner = ownPackages.get(name)
  if (owner !== undefined && owner !== project.name) report('owned', one.line, `${name} belongs to ${owner} alone`)
  checkDeclaration(place, one, name, rootDevDependencies, report)
}

function checkEdge({ project, isTest }: Place, target: Project, line: number, report: Report): void {
  const [from = ''] = project.layers
  const [to = ''] = target.layers
  if (to === 'app') return report('app', line, `${target.name} is an app; nobody imports an app`)
  if (to === 'domain' && from === 'domain') {
    return report(
      'domain',
      line,
      `${project.name} and ${target.name} are both domain; they meet in contracts or in guard`,
    )
  }
  const mayTest = isTest && to === 'testing'
  if (!mayTest && layerReach.has(to) && !layerReach.get(from)?.includes(to)) {
    report('upward', line, `a ${from} must not import ${target.name}, which is ${to}`)
  }
  const shared = target.protocols.every((protocol) => project.protocols.includes(protocol))
  if (!shared && from !== 'tool') {
    report('protocol', line, `${target.name} is for ${target.protocols.join(', ')} only, and ${project.name} is not`)
  }
}

function checkDeclaration(
  { project, isTest }: Place,
  one: Import,
  name: string,
  rootDevDependencies: ReadonlySet<string>,
  report: Report,
): void {
  if (name === project.name || project.dependencies.has(name)) return
  const isTool = project.layers.includes('tool')
  if (isTest || isTool || one.typeOnly) {
    if (project.devDependencies.has(name) || rootDevDependencies.has(name)) return
  }
  // Settings of a build tool (drizzle.config.ts) run where development dependencies are installed.
  const place = project.devDependencies.has(name)
    ? 'devDependencies, where a running program must not take from'
    : 'no package.json'
  report('undeclared', one.line, `${name} is declared in ${place}; declare it in ${project.folder}/package.json`)
}

function checkPurity({ project, isTest }: Place, { imports, globals }: Surroundings, report: Report): void {
  const isCodec = project.layers.includes('foundation') && project.protocols.length > 0
  if (!isCodec || isTest) return
  for (const { specifier, line, names, typeOnly } of imports) {
    if (typeOnly) continue
    if (specifier.startsWith('node:') && !codecNodeModules.has(specifier)) {
      report('codec', line, `a codec turns bytes into values and has no use for ${specifier}`)
    }
    for (const name of names.filter((taken) => codecNames.has(taken))) {
      report('codec', line, `a codec turns bytes into values and has no use for ${name}`)
    }
  }
  for (const [name, line] of globals) {
    if (codecGlobals.has(name)) report('codec', line, `a codec turns bytes into values and has no use for ${name}`)
  }
}
