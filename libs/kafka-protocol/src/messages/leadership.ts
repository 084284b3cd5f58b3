import { int32, string } from '../schema.ts'

/** The leader that a broker knows of; -1 says nothing (KIP-951). */
export const leaderIdAndEpoch = { leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) }

/** Where the leaders named in the same response are reached (KIP-951). */
export const nodeEndpoint = {
  nodeId: int32(),
  host: string(),
  port: int32(),
  rack: string({ nullable: 0, default: null }),
}
