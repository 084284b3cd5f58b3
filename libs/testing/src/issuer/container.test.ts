import { get } from 'node:http'
import { expect, test } from 'vitest'
import { startDevIssuer } from './dev-issuer.ts'

test.runIf(process.platform === 'linux')(
  'in a container it keeps its name while it is reached at another address',
  async () => {
    const issuer = await startDevIssuer({ everyAddress: true })
    try {
      const statusAs = (host: string) =>
        new Promise((resolve, reject) => {
          // All of 127/8 is this machine on Linux; who listens on 127.0.0.1 alone does not answer here.
          get({ host: '127.0.0.2', port: issuer.port, path: '/jwks', headers: { host } }, (response) => {
            response.resume()
            resolve(response.statusCode)
          }).on('error', reject)
        })
      expect(issuer.issuer).toBe(`http://127.0.0.1:${issuer.port}`)
      expect(await statusAs(`127.0.0.1:${issuer.port}`)).toBe(200)
      expect(await statusAs('rebound.example')).toBe(421)
    } finally {
      await issuer.stop()
    }
  },
)
