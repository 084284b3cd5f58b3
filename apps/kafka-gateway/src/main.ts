import { runApp } from '@weir/config'
import { startGateway } from '@weir/guard'
import { kafkaGatewaySchema } from './config.ts'
import { KafkaGateway } from './gateway.ts'

const version = '0.1.0'

await runApp({
  name: 'kafka-gateway',
  summary: 'Stands between Kafka clients and the brokers: identity, policy and evidence for every request.',
  schema: kafkaGatewaySchema,
  logLevel: (config) => config.logLevel,
  drainMs: (config) => config.drain,
  async start(config, { logger, metrics, lifecycle }) {
    const frame = await startGateway({ settings: config, protocol: 'kafka', version, logger, metrics, lifecycle })
    const gateway = new KafkaGateway({ config, frame, logger, metrics })
    lifecycle.add({ name: 'kafka gateway', stop: () => gateway.stop() })
    await gateway.start()
  },
})
