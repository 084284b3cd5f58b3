/** The gateway's own login at a broker, as messages: SaslHandshake v1, then SaslAuthenticate v1 until the mechanism is done. */
import { scramClient } from '@weir/identity'
import {
  decodeResponse,
  encodeRequest,
  errorCode,
  errorName,
  saslAuthenticate,
  saslHandshake,
} from '@weir/kafka-protocol'
import { WeirError } from '@weir/kernel'
import type { KafkaGatewayConfig } from '../config.ts'

export type UpstreamCredential = NonNullable<KafkaGatewayConfig['upstream']['sasl']>

/** Sends one request and resolves with the response frame's bytes behind its size. */
export type Exchange = (request: Buffer) => Promise<Buffer>

const clientId = 'weir-gateway'

/** Logs in. Resolves with the session's lifetime in milliseconds, 0 for no end. Throws WEIR_UPSTREAM_AUTHENTICATION. */
export async function authenticateUpstream(credential: UpstreamCredential, exchange: Exchange): Promise<number> {
  const handshake = decodeResponse(
    saslHandshake,
    1,
    await exchange(
      encodeRequest(saslHandshake, 1, { correlationId: 0, clientId }, { mechanism: credential.mechanism }),
    ),
  ).body
  if (handshake.errorCode !== errorCode.NONE) {
    throw refused(`it offers ${handshake.mechanisms.join(', ')}, not ${credential.mechanism}`)
  }
  const send = async (authBytes: Buffer) => {
    const request = encodeRequest(saslAuthenticate, 1, { correlationId: 0, clientId }, { authBytes })
    const { body } = decodeResponse(saslAuthenticate, 1, await exchange(request))
    if (body.errorCode !== errorCode.NONE)
      throw refused(body.errorMessage ?? errorName(body.errorCode) ?? `error ${body.errorCode}`)
    return body
  }
  const password = credential.password.reveal()
  if (credential.mechanism === 'PLAIN') {
    const answer = await send(Buffer.from(`\0${credential.username}\0${password}`))
    return Number(answer.sessionLifetimeMs)
  }
  const scram = scramClient(credential.mechanism, credential.username, password)
  const first = await send(Buffer.from(scram.clientFirst()))
  const final = await send(Buffer.from(scram.clientFinal(first.authBytes.toString('utf8'))))
  scram.verifyServerFinal(final.authBytes.toString('utf8'))
  return Number(final.sessionLifetimeMs)
}

function refused(why: string): WeirError {
  return new WeirError(
    'WEIR_UPSTREAM_AUTHENTICATION',
    `The broker refused the gateway's credential: ${why}. Check \`upstream.sasl\`.`,
  )
}
