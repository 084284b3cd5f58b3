/** Appends to the spool in argv[2] until it is killed; says on stdout up to which offset `written` was reported. */
import { createPrivateKey } from 'node:crypto'
import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '@weir/kernel'
import { openSpool } from '../src/index.ts'
import { publishOf, startOf } from './events.ts'

const [, , dir, key, from] = process.argv
const spool = await openSpool({
  dir: dir!,
  gatewayId: 'gw-1',
  signingKey: createPrivateKey(Buffer.from(key!, 'base64').toString()),
  clock: systemClock,
  sealAfterMs: 15,
  sealAfterEvents: 200,
  quotaBytes: 2 * 1024 * 1024,
})
void spool.append(startOf('ses_1'), 'buffered')
for (let offset = Number(from); ;) {
  const turn = []
  for (let n = offset % 7; n >= 0; n--)
    turn.push(spool.append(publishOf('ses_1', offset++), n === 3 ? 'strict' : 'buffered'))
  await Promise.all(turn.map((recorded) => recorded.written))
  writeSync(1, `${offset - 1}\n`)
  await nextTurn()
}
