import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { advise } from './advice.mjs'

const neededMajor = 24

/**
 * The Node that can run TypeScript sources: this one if it is new enough, else the packaged one.
 * @param {string} root
 */
export function findRuntime(root) {
  if (Number(process.versions.node.split('.')[0]) >= neededMajor) return process.execPath
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const packageName = `node-${platform}-${process.arch}`
  const packaged = join(root, 'node_modules', packageName, 'bin', platform === 'win' ? 'node.exe' : 'node')
  if (existsSync(packaged)) return packaged
  const needed = `Node ${neededMajor} or later is needed, and this is Node ${process.versions.node}.`
  if (!isPackaged(root, packageName)) {
    throw advise(
      `${needed} There is no package of it for ${process.platform}-${process.arch}: install Node ${neededMajor} and try again.`,
    )
  }
  throw advise(
    [
      `${needed} The locked packages bring it, but ${packageName} is not installed,`,
      `because npm was told to omit optional packages (omit=optional, --omit=optional or --no-optional).`,
      `Install them with: npm ci --include=optional`,
    ].join('\n'),
  )
}

/**
 * @param {string} root
 * @param {string} packageName
 */
function isPackaged(root, packageName) {
  return packageName in JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies
}
