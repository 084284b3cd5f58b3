import { api, array, bool, bytes, int16, int32, int8, string, uuid } from '../schema.ts'

/** GetTelemetrySubscriptions (KIP-714). */
export const getTelemetrySubscriptions = api(
  71,
  'GetTelemetrySubscriptions',
  { versions: [0, 0], flexible: 0 },
  {
    request: { clientInstanceId: uuid() },
    response: {
      throttleTimeMs: int32({ default: 0 }),
      errorCode: int16(),
      clientInstanceId: uuid(),
      subscriptionId: int32(),
      acceptedCompressionTypes: array(int8()),
      pushIntervalMs: int32(),
      telemetryMaxBytes: int32(),
      deltaTemporality: bool(),
      requestedMetrics: array(string()),
    },
  },
)

/** PushTelemetry (KIP-714). `metrics` is OTLP, compressed as `compressionType` says. */
export const pushTelemetry = api(
  72,
  'PushTelemetry',
  { versions: [0, 0], flexible: 0 },
  {
    request: {
      clientInstanceId: uuid(),
      subscriptionId: int32(),
      terminating: bool(),
      compressionType: int8(),
      metrics: bytes(),
    },
    response: { throttleTimeMs: int32({ default: 0 }), errorCode: int16() },
  },
)
