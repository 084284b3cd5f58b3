import { command } from '../command.ts'
import { table } from '../table.ts'
import { roughDuration, roughSize } from '../wording.ts'

export const gatewaysList = command({
  name: 'gateways list',
  summary: 'gateways that were heard of: state, policy, and evidence not yet delivered',
  no: 'you may not see them',
  async run(_, context) {
    const answer = await context.api().call('gateways')
    const list = table(
      answer.gateways,
      {
        gateway: ({ gatewayId }) => gatewayId,
        protocol: ({ protocol }) => protocol,
        state: ({ state }) => state,
        'last seen': ({ lastSeenAt }) => lastSeenAt,
        version: ({ version }) => version,
        sessions: ({ sessions }) => sessions,
        policy: ({ policyRevision }) => policyRevision,
        bundle: ({ bundleRevision }) => bundleRevision,
        undelivered: ({ spoolBytes, oldestUnshippedMs }) =>
          oldestUnshippedMs === 0
            ? undefined
            : `${roughSize(spoolBytes)}, up to ${roughDuration(oldestUnshippedMs)} old`,
      },
      context.bold,
    )
    return { value: answer, text: answer.gateways.length === 0 ? 'No gateway was heard of yet.' : list }
  },
})
