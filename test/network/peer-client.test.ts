import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { ServerOptions } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import { NetworkError, type NetworkFault } from '../../src/network/network-error.ts'
import { createPeerClient, type PeerClientOptions } from '../../src/network/peer-client.ts'
import { type TestSigner, testSigner } from '../support/cms-signer.ts'
import { hostileAnswers, shortLimits } from '../support/hostile-answers.ts'
import { hostCertificate, startHttpsPeer } from '../support/https-peer.ts'
import { strictTlsServer, withOpenssl } from '../support/openssl.ts'

const participant = testSigner('P-256', 'TLS of XA')
const stranger = testSigner('P-256', 'TLS of nobody')
const versions = ['TLSv1.2', 'TLSv1.3'] as const

/** A gateway that knows the participant alone, with a client of it; both end with the test. */
async function gatewayAndClient(
  t: TestContext,
  listener: RequestListener,
  { own = participant, server = {}, client: changes = {} }: Options = {},
) {
  const known = { requestCert: true, rejectUnauthorized: true, ca: participant.cert }
  const peer = await startHttpsPeer(listener, 'gateway.example', { ...known, ...server })
  let connections = 0
  peer.server.on('secureConnection', () => connections++)
  const { ca, ...listed } = peer.listed
  const client = createPeerClient({
    url: peer.origin,
    certificate: own.cert,
    privateKey: own.key,
    ca,
    isOn: true,
    hosts: [listed],
    limits: shortLimits,
    ...changes,
  })
  t.after(async () => {
    client.close()
    await peer.close()
  })
  return { peer, client, connections: () => connections }
}
interface Options {
  own?: TestSigner
  server?: ServerOptions
  client?: Partial<PeerClientOptions>
}

const get = { method: 'GET', path: '/countrylist' } as const
const failsWith = (promise: Promise<unknown>, fault: NetworkFault) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof NetworkError, String(error))
    assert.equal(error.fault, fault)
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /gateway\.|127\.0|countrylist|PRIVATE/)
    assert.equal(error.cause, undefined)
    return true
  })
const text = async (request: IncomingMessage) => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe('a gateway', () => {
  for (const version of versions) {
    const server = { minVersion: version, maxVersion: version }
    it(`knows this server by its certificate over ${version}, on one connection`, async (t) => {
      const seen: unknown[] = []
      const { client, peer, connections } = await gatewayAndClient(
        t,
        async (request, response) => {
          const { socket, method, url } = request as IncomingMessage & { socket: import('node:tls').TLSSocket }
          seen.push([socket.getPeerX509Certificate()?.subject, method, url, await text(request)])
          response.writeHead(method === 'DELETE' ? 204 : 200).end()
        },
        { server },
      )
      const body = Buffer.from('{}')
      const replies = [
        await client.request({ method: 'GET', path: '/trustList/references?country=XA' }),
        await client.request({ method: 'POST', path: '/trust/reference', body }),
        await client.request({ method: 'DELETE', path: '/trust/reference', body }),
        await client.request({ method: 'HEAD', path: '/countrylist' }),
      ]
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200, 204, 200],
      )
      assert.ok(replies.every(({ peer: certificate }) => certificate?.equals(peer.certificate)))
      const subject = participant.certificate.subject
      assert.deepEqual(seen, [
        [subject, 'GET', '/trustList/references?country=XA', ''],
        [subject, 'POST', '/trust/reference', '{}'],
        [subject, 'DELETE', '/trust/reference', '{}'],
        [subject, 'HEAD', '/countrylist', ''],
      ])
      assert.equal(connections(), 1)
    })
  }

  it('must have a certificate for its name', async (t) => {
    const { ca } = hostCertificate('gateway.example')
    const { client } = await gatewayAndClient(t, () => {}, { client: { ca } })
    await failsWith(client.request(get), 'certificate')
  })

  it('that ends idle connections is asked again over another', async (t) => {
    const { client, peer, connections } = await gatewayAndClient(t, (_, response) => void response.end('x'))
    await client.request(get)
    // The client learns of it only when it has written its next request, or not at all.
    peer.server.closeAllConnections()
    assert.equal((await client.request(get)).status, 200)
    assert.equal(connections(), 2)
  })

  it('that ends a kept connection during a request is asked again only for what changes nothing', async (t) => {
    const seen: (string | undefined)[] = []
    const { client } = await gatewayAndClient(t, (request, response) => {
      seen.push(request.method)
      // The first and what follows it within the same connection.
      if (seen.length === 1 || seen.length === 3 || seen.length === 5) response.end('x')
      else request.socket.destroy()
    })
    await client.request(get)
    assert.equal((await client.request(get)).status, 200)
    await failsWith(client.request({ method: 'POST', path: '/trust/reference', body: Buffer.from('x') }), 'connection')
    assert.deepEqual(seen, ['GET', 'GET', 'GET', 'POST'])
  })

  it('cannot put an answer to the next question behind that to this one', async (t) => {
    const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled'
    const { client } = await gatewayAndClient(t, (_, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood${smuggled}`)
      setTimeout(() => response.socket?.destroyed || response.socket?.write(smuggled), 20)
    })
    for (let time = 0; time < 5; time++) {
      const answer = await client.request(get).catch((error) => error.fault)
      assert.ok(
        answer === 'response' || answer === 'connection' || answer.body.toString() === 'good',
        String(answer?.body),
      )
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })
})

withOpenssl('a gateway that does not know the certificate', () => {
  for (const version of versions)
    it(`says so over ${version}, whatever is sent`, async (t) => {
      const { key, cert, ca } = hostCertificate('gateway.example')
      const { port, close } = await strictTlsServer({ key, cert, known: participant.cert, version })
      t.after(close)
      const clientOf = (own: TestSigner) => {
        const client = createPeerClient({
          url: `https://gateway.example:${port}`,
          certificate: own.cert,
          privateKey: own.key,
          ca,
          isOn: true,
          hosts: [{ host: 'gateway.example', port, address: '127.0.0.1' }],
        })
        t.after(() => client.close())
        return client
      }
      assert.equal((await clientOf(participant).request(get)).status, 200)
      const client = clientOf(stranger)
      for (let time = 0; time < 5; time++) {
        const body = Buffer.alloc(time * 100_000, 'x')
        await failsWith(client.request(get), 'client-certificate')
        await failsWith(client.request({ method: 'POST', path: '/trust/reference', body }), 'client-certificate')
      }
    })
})

describe('an answer of a gateway', { concurrency: 8 }, () => {
  for (const [what, fault, answer] of hostileAnswers)
    it(`${what} is ${fault}`, async (t) => {
      const { client } = await gatewayAndClient(t, (_, response) => answer(response))
      await failsWith(client.request(get), fault)
    })
})

describe('the guard of a peer client', () => {
  const made = (changes: Partial<PeerClientOptions>) =>
    createPeerClient({
      url: 'https://gateway.example',
      certificate: participant.cert,
      privateKey: participant.key,
      isOn: true,
      hosts: [],
      lookup: async () => ['10.0.0.1'],
      limits: shortLimits,
      ...changes,
    })
  it('refuses everything with NETWORK=off', async () => {
    const lookup = () => assert.fail('a name was looked up')
    await failsWith(made({ isOn: false, lookup }).request(get), 'off')
  })
  it('refuses a private address', () => failsWith(made({}).request(get), 'private'))
  for (const url of [
    'http://gateway.example',
    'https://10.0.0.1',
    'https://u:p@gateway.example',
    'https://gateway.example:8443',
  ])
    it(`refuses ${url}`, () => failsWith(made({ url }).request(get), 'address'))
  for (const path of [
    'countrylist',
    '//other.example/x',
    '/\\other.example',
    '@other.example/',
    '.other.example/',
    ':8443/',
    '/a b',
    '/a\r\nX: y',
    '',
  ])
    it(`refuses the path ${JSON.stringify(path)}`, () => failsWith(made({}).request({ ...get, path }), 'address'))
  it('keeps a path of the address before that of the request', async (t) => {
    const { peer } = await gatewayAndClient(t, (request, response) => void response.end(request.url))
    const { ca, ...listed } = peer.listed
    const client = made({ url: `${peer.origin}/api/`, ca, hosts: [listed] })
    t.after(() => client.close())
    assert.equal((await client.request(get)).body.toString(), '/api/countrylist')
  })
  it('has two requests under way', async (t) => {
    let underWay = 0
    let most = 0
    const { client } = await gatewayAndClient(t, (_, response) => {
      most = Math.max(most, ++underWay)
      setTimeout(() => response.end(String(underWay--)), 20)
    })
    await Promise.all(Array.from({ length: 6 }, () => client.request(get)))
    assert.equal(most, 2)
  })
  it('ends what is under way when it is closed', async (t) => {
    const { client } = await gatewayAndClient(t, () => {})
    const asked = failsWith(client.request(get), 'closed')
    setTimeout(() => client.close(), 30)
    await asked
    await failsWith(client.request(get), 'closed')
  })
  it('does not wait longer than its asker', async (t) => {
    const { client } = await gatewayAndClient(t, () => {})
    await failsWith(client.request({ ...get, signal: AbortSignal.timeout(30) }), 'timeout')
  })
})
