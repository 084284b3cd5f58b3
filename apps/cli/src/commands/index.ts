import type { Command } from '../command.ts'
import { evidenceList, evidenceWhoRead, evidenceWhoWrote } from './evidence.ts'
import { gatewaysList } from './gateways.ts'
import { keysCreate, keysList, keysRevoke } from './keys.ts'
import { login, logout, whoami } from './login.ts'
import { policyApply, policyCheck, policyExplain, policyShow } from './policy.ts'
import { sandboxReady } from './sandbox.ts'
import { sessionsList, sessionsShow } from './sessions.ts'

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  login,
  logout,
  whoami,
  policyCheck,
  policyExplain,
  policyApply,
  policyShow,
  evidenceList,
  evidenceWhoWrote,
  evidenceWhoRead,
  sessionsList,
  sessionsShow,
  gatewaysList,
  keysCreate,
  keysList,
  keysRevoke,
  sandboxReady,
]
