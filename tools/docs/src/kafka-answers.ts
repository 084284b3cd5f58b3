/** What a Kafka client is answered for each refusal of the gateway. The error numbers are Kafka's own. */
export type KafkaAnswer = {
  readonly situation: string
  readonly answer: string
  /** What a person sees in a Java client, whose words other clients follow. */
  readonly shown: string
}

export const kafkaAnswers: readonly KafkaAnswer[] = [
  {
    situation:
      'a credential is refused (any `WEIR_TOKEN_*`, `WEIR_KEY_*`, `WEIR_GROUPS_OVERAGE`, `WEIR_ISSUER_UNAVAILABLE`)',
    answer: '58 SASL_AUTHENTICATION_FAILED with the reason, after 100 ms; then the connection ends',
    shown: '`SaslAuthenticationException` with the reason',
  },
  {
    situation: 'another principal at re-authentication (`WEIR_PRINCIPAL_CHANGED`)',
    answer: '58 SASL_AUTHENTICATION_FAILED, then the connection ends; another mechanism: 34 ILLEGAL_SASL_STATE',
    shown: '`SaslAuthenticationException`',
  },
  {
    situation: 'a mechanism that is not served',
    answer: '33 UNSUPPORTED_SASL_MECHANISM with the list of those that are',
    shown: '`UnsupportedSaslMechanismException`',
  },
  {
    situation: 'no credential, a request out of turn, bytes that are no request (`WEIR_PROTOCOL_ERROR`)',
    answer: 'the connection ends',
    shown: 'a disconnect; the log of the gateway says why',
  },
  {
    situation: 'an API or version that is not served',
    answer:
      'not in the ApiVersions answer; sent all the same: the connection ends. ApiVersions itself: 35 UNSUPPORTED_VERSION in version 0',
    shown: '`UnsupportedVersionException`, raised by the client itself',
  },
  {
    situation: 'a topic that the policy does not allow (`WEIR_POLICY_DENIED`)',
    answer: '29 TOPIC_AUTHORIZATION_FAILED for that topic, whether it exists or not; other topics go on',
    shown: '`TopicAuthorizationException`',
  },
  {
    situation: 'a topic that the policy hides, in a list of all topics',
    answer: 'left out',
    shown: 'nothing',
  },
  {
    situation: 'a group that the policy does not allow',
    answer: '30 GROUP_AUTHORIZATION_FAILED',
    shown: '`GroupAuthorizationException`',
  },
  {
    situation: 'something on the cluster that the policy does not allow',
    answer: '31 CLUSTER_AUTHORIZATION_FAILED',
    shown: '`ClusterAuthorizationException`',
  },
  {
    situation:
      'the rule demands an approval (`WEIR_APPROVAL_REQUIRED`), in CreateTopics, DeleteTopics, CreatePartitions, DescribeConfigs',
    answer: '44 POLICY_VIOLATION with the rule and its reason',
    shown: '`PolicyViolationException` with that text',
  },
  {
    situation: 'the rule demands an approval, in any other request',
    answer: 'as if it were not allowed',
    shown: 'the authorization exception of the resource',
  },
  {
    situation: 'a topic id that no topic has',
    answer: '100 UNKNOWN_TOPIC_ID',
    shown: '`UnknownTopicIdException`, mostly retried',
  },
  {
    situation: 'a transactional id',
    answer: '53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    shown: '`TransactionalIdAuthorizationException`',
  },
  {
    situation: 'a topic pattern of the consumer protocol of KIP-848',
    answer: '128 INVALID_REGULAR_EXPRESSION with what to do instead',
    shown: '`InvalidRegularExpression`',
  },
  {
    situation: 'a fetch session of another connection',
    answer: '70 FETCH_SESSION_ID_NOT_FOUND',
    shown: 'nothing: the client starts a new session',
  },
  {
    situation: 'records whose offsets cannot be told',
    answer: '2 CORRUPT_MESSAGE for that partition',
    shown: '`CorruptRecordException`',
  },
  {
    situation: 'a publish with acks=0 that is refused',
    answer: 'the connection ends, as there is no answer that could say so',
    shown: 'a disconnect',
  },
  {
    situation:
      'the evidence cannot be written (`WEIR_EVIDENCE_UNRECORDABLE`), the broker is away (`WEIR_UPSTREAM_UNAVAILABLE`)',
    answer: 'the connection ends',
    shown: 'a disconnect, retried; `/readyz` and the log of the gateway say why',
  },
  {
    situation: 'the credential ends or is revoked during a session (`WEIR_SESSION_EXPIRED`)',
    answer: 'the connection ends; Java clients and librdkafka re-authenticate before (KIP-368)',
    shown: 'a disconnect, then a login with what the client has now',
  },
]
