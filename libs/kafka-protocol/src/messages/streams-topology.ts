import { api, array, int16, int32, int8, string, struct } from '../schema.ts'

const node = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array(string()),
  sinkTopic: string({ nullable: 0, default: null }),
  stores: array(string()),
  successors: array(string()),
}

/** The processing graph of a Streams application as a person would read it (KIP-1331). */
export const topologyDescription = {
  subtopologies: array({ subtopologyId: string(), nodes: array(node) }),
  globalStores: array({ source: struct(node), processor: struct(node) }),
}

/** StreamsGroupTopologyDescriptionUpdate (KIP-1331, since Kafka 4.4). */
export const streamsGroupTopologyDescriptionUpdate = api(
  93,
  'StreamsGroupTopologyDescriptionUpdate',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      groupId: string(),
      memberId: string(),
      topologyEpoch: int32(),
      topologyDescription: struct(topologyDescription),
    },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      errorMessage: string({ nullable: 0, default: null }),
    },
  },
)
