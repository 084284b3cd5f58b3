import { startDevIssuer } from '@weir/testing'
import { afterAll, beforeEach } from 'vitest'
import { yaml } from './fixed-answers.ts'
import { startStandIn } from './stand-in.ts'
import { makeHome } from './weir.ts'

/** A running sandbox for the tests of a file: a real issuer, and a control plane of fixed answers. */
export async function useSandbox() {
  const issuer = await startDevIssuer()
  const controlPlane = await startStandIn()
  const home = makeHome()
  home.sandbox({ controlPlane: controlPlane.url, issuer: issuer.issuer })
  home.write('policy.yaml', yaml)
  beforeEach(() => {
    controlPlane.asked.length = 0
    controlPlane.broken = false
  })
  afterAll(async () => {
    await controlPlane.stop()
    await issuer.stop()
    home.remove()
  })
  return { issuer, controlPlane, home, weir: (line: string) => home.weir(...line.split(' ')) }
}
