import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../command.ts'
import type { Context } from '../command.ts'
import { duration } from '../options.ts'
import { findSandbox, requireSandbox } from '../sandbox.ts'
import type { Sandbox } from '../sandbox.ts'
import { fields } from '../table.ts'

const pollMs = 250
const requestTimeoutMs = 2_000

export const sandboxReady = command({
  name: 'sandbox ready',
  summary: 'return when all of the sandbox answers, and print the addresses',
  details: 'The sandbox is the one of this folder or of one above it; WEIR_SANDBOX names its data folder otherwise.',
  options: { wait: duration('TIME', 'how long to wait for it: 120s; default: not at all') },
  no: 'some of it does not answer',
  async run({ wait = 0 }, context) {
    const deadline = performance.now() + wait
    let said = ''
    for (;;) {
      const sandbox = findSandbox(context)
      const silent = sandbox === undefined ? undefined : await silentServices(sandbox)
      if (sandbox !== undefined && silent?.length === 0) return readyAnswer(sandbox)
      if (performance.now() >= deadline) return late(context, silent)
      const waitingFor = silent === undefined ? 'the sandbox to start' : silent.join(', ')
      if (waitingFor !== said) context.say(`Waiting for ${waitingFor} …`)
      said = waitingFor
      await sleep(pollMs)
    }
  },
})

function readyAnswer(sandbox: Sandbox) {
  const { pid: _, ...value } = sandbox
  const services = sandbox.services.map(({ name, address }): [string, string] => [name, address])
  return { value, text: fields({ ...Object.fromEntries(services), 'Client files': sandbox.clients }) }
}

function late(context: Context, silent: readonly string[] | undefined) {
  const sandbox = requireSandbox(context)
  return {
    value: { ...readyAnswer(sandbox).value, ready: false },
    text: `Not ready: ${(silent ?? []).join(', ')}.`,
    no: true,
  }
}

async function silentServices({ ready, services }: Sandbox): Promise<string[]> {
  const answers = await Promise.all(services.map((service) => answers200(service.ready)))
  const silent = services.filter((_, index) => answers[index] === false).map(({ name }) => name)
  return ready || silent.length > 0 ? silent : ['the sandbox']
}

async function answers200(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(requestTimeoutMs) })
    await response.body?.cancel()
    return response.status === 200
  } catch {
    // Not up yet, or gone: that is the answer here.
    return false
  }
}
