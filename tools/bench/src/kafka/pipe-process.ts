// What a relay costs in Node at the least effort: two sockets and `pipe`. Arguments: port to listen on, port of the broker.
import { connect, createServer } from 'node:net'

const [listenPort, brokerPort] = process.argv.slice(2).map(Number)
const host = '127.0.0.1'

createServer({ noDelay: true }, (client) => {
  const broker = connect({ host, port: brokerPort!, noDelay: true })
  for (const [from, to] of [
    [client, broker],
    [broker, client],
  ] as const) {
    from.pipe(to)
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}).listen(listenPort, host, () => process.stdout.write('listening\n'))
