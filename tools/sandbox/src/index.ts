export { startSandbox } from './sandbox.ts'
export type { Sandbox, SandboxOptions, Service } from './sandbox.ts'
export type { Program } from './program.ts'
