/** The walls by name: each has a planted violation in the tests. */
export type Rule =
  | 'layer'
  | 'upward'
  | 'domain'
  | 'protocol'
  | 'undeclared'
  | 'relative'
  | 'deep'
  | 'owned'
  | 'codec'
  | 'app'
  | 'graph'

/** Which layers a layer may import. Imports point down; only tests and tools see `testing`. */
export const layerReach: ReadonlyMap<string, readonly string[]> = new Map([
  ['foundation', ['foundation']],
  ['domain', ['foundation']],
  ['edge', ['edge', 'domain', 'foundation']],
  ['app', ['edge', 'domain', 'foundation']],
  ['testing', ['testing', 'edge', 'domain', 'foundation']],
  ['tool', ['tool', 'testing', 'edge', 'domain', 'foundation']],
])

/** Packages that one project alone may use: the database is the control plane's, behind its API for everyone else. */
export const ownPackages: ReadonlyMap<string, string> = new Map([
  ['pg', '@weir/control-plane'],
  ['drizzle-orm', '@weir/control-plane'],
])

/** What a codec (a foundation of one protocol) may take from Node: pure functions over bytes. */
export const codecNodeModules: ReadonlySet<string> = new Set([
  'node:assert',
  'node:buffer',
  'node:crypto',
  'node:string_decoder',
  'node:util',
  'node:zlib',
])

/** Imports by which a clock, a log or a measurement would enter a codec. */
export const codecNames: ReadonlySet<string> = new Set([
  'createLogger',
  'createMetrics',
  'systemClock',
  'Lifecycle',
  'startAdminServer',
])

/** The same, and the world outside, through names that need no import. */
export const codecGlobals: ReadonlySet<string> = new Set([
  'Date',
  'console',
  'fetch',
  'performance',
  'process',
  'setImmediate',
  'setInterval',
  'setTimeout',
])
