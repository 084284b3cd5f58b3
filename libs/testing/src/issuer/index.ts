export { startDevIssuer } from './dev-issuer.ts'
export type { DevIssuer, DevIssuerOptions, DevTokenOptions } from './dev-issuer.ts'
export type { Machine, Person } from './identities.ts'
export { logInAs } from './scripted-login.ts'
