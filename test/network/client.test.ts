import assert from 'node:assert/strict'
import type { IncomingMessage, RequestListener } from 'node:http'
import { createServer as createPlainServer, Socket, type TcpNetConnectOpts } from 'node:net'
import { after, describe, it, type TestContext } from 'node:test'
import { createNetworkClient, type NetworkClientOptions } from '../../src/network/network-client.ts'
import { NetworkError, type NetworkFault } from '../../src/network/network-error.ts'
import { hostileAnswers, shortLimits } from '../support/hostile-answers.ts'
import { hostCertificate, startHttpsPeer } from '../support/https-peer.ts'

const limits = shortLimits

/** A peer with a client that may reach it; both end with the test. */
async function peerAndClient(t: TestContext, listener: RequestListener, options: Partial<NetworkClientOptions> = {}) {
  const peer = await startHttpsPeer(listener)
  const client = createNetworkClient({ isOn: true, hosts: [peer.listed], limits, ...options })
  t.after(async () => {
    client.close()
    await peer.close()
  })
  return { peer, client, url: `${peer.origin}/file` }
}

const failsWith = (promise: Promise<unknown>, fault: NetworkFault) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof NetworkError, String(error))
    assert.equal(error.fault, fault)
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /peer|127\.0|file|secret/)
    assert.equal(error.cause, undefined)
    return true
  })

const text = (request: IncomingMessage) =>
  new Promise<string>((resolve) => {
    let all = ''
    request.on('data', (part) => {
      all += part
    })
    request.on('end', () => resolve(all))
  })

describe('a request', () => {
  it('sends what it is given, and nothing of its own that would tell on anybody', async (t) => {
    const seen: { headers: IncomingMessage['headers']; method?: string; url?: string; body: string }[] = []
    const { client, peer, url } = await peerAndClient(t, async (request, response) => {
      const { headers, method = '', url: path = '' } = request
      seen.push({ headers, method, url: path, body: await text(request) })
      response.setHeader('Set-Cookie', 'session=1')
      response.writeHead(201, { 'Content-Type': 'text/plain' }).end('made')
    })
    const body = Buffer.from('{"a":1}')
    const headers = { 'Content-Type': 'application/json', Accept: 'text/plain' }
    const reply = await client.request({ url: `${url}?x=1`, method: 'POST', headers, body })
    assert.deepEqual([reply.status, reply.body.toString(), reply.headers['content-type']], [201, 'made', 'text/plain'])
    assert.equal(reply.headers['set-cookie'], undefined)
    await client.request({ url })
    assert.deepEqual([seen[0]?.method, seen[0]?.url, seen[0]?.body], ['POST', '/file?x=1', '{"a":1}'])
    assert.deepEqual(seen[0]?.headers, {
      host: peer.origin.slice('https://'.length),
      'accept-encoding': 'identity',
      'content-type': 'application/json',
      accept: 'text/plain',
      'content-length': '7',
      connection: 'close',
    })
    assert.equal(seen[1]?.method, 'GET')
    assert.equal(seen[1]?.headers.cookie, undefined)
  })

  it('may be of every method that servers of the network know', async (t) => {
    const seen: (string | undefined)[][] = []
    const { client, url } = await peerAndClient(t, async (request, response) => {
      seen.push([request.method, request.headers['content-length'], await text(request)])
      response.end('long enough')
    })
    const body = Buffer.from('body')
    for (const method of ['HEAD', 'PUT', 'DELETE', 'DELETE'] as const)
      await client.request({ url, method, ...(seen.length === 2 || method === 'PUT' ? { body } : {}) })
    assert.deepEqual(seen, [
      ['HEAD', undefined, ''],
      ['PUT', '4', 'body'],
      ['DELETE', '4', 'body'],
      ['DELETE', undefined, ''],
    ])
  })

  it('for the head alone may announce any length, and brings no body', async (t) => {
    const { client, url } = await peerAndClient(t, (_, response) => {
      response.writeHead(200, { 'Content-Length': '200001', ETag: '"1"' }).end()
    })
    const reply = await client.request({ url, method: 'HEAD' })
    assert.deepEqual([reply.status, reply.headers.etag, reply.body.length], [200, '"1"', 0])
  })

  it('that is conditional may be answered with "not modified", and another one not', async (t) => {
    const { client, url } = await peerAndClient(t, (_, response) => void response.writeHead(304, { ETag: '"1"' }).end())
    for (const headers of [{ 'If-None-Match': '"1"' }, { 'if-modified-since': 'Sun, 29 Nov 2026 12:00:00 GMT' }])
      assert.deepEqual((await client.request({ url, headers })).status, 304)
    await failsWith(client.request({ url, headers: { 'If-Match': '"1"' } }), 'redirect')
    await failsWith(client.request({ url }), 'redirect')
  })

  it('tells which certificate the other server has', async (t) => {
    const { client, peer, url } = await peerAndClient(t, (_, response) => void response.end('x'))
    const { peer: certificate } = await client.request({ url })
    assert.ok(certificate?.equals(peer.certificate))
  })

  it('gives a body of just as many bytes as are allowed', async (t) => {
    const { client, url } = await peerAndClient(t, (_, response) => void response.end('x'.repeat(1_000)))
    assert.equal((await client.request({ url, maxBytes: 1_000 })).body.length, 1_000)
    await failsWith(client.request({ url, maxBytes: 999 }), 'too-large')
  })
})

describe('an answer', { concurrency: 8 }, () => {
  for (const [what, fault, answer] of hostileAnswers)
    it(`${what} is ${fault}`, async (t) => {
      const { client, url } = await peerAndClient(t, (_, response) => answer(response))
      await failsWith(client.request({ url }), fault)
    })
})

describe('the certificate of the other server', () => {
  const ask = async (t: TestContext, change: { host?: string; ca?: string | undefined }) => {
    const peer = await startHttpsPeer((_, response) => void response.end('secret'))
    const { ca: _, ...listed } = peer.listed
    const host = change.host ?? listed.host
    const ca = 'ca' in change ? change.ca : peer.listed.ca
    const client = createNetworkClient({ isOn: true, hosts: [{ ...listed, host, ...(ca ? { ca } : {}) }], limits })
    t.after(async () => {
      client.close()
      await peer.close()
    })
    return client.request({ url: `https://${host}:${listed.port}/file` })
  }
  it('must be for its name', (t) => failsWith(ask(t, { host: 'other.example' }), 'certificate'))
  it('must be of its own authority', (t) => failsWith(ask(t, { ca: hostCertificate('x.example').ca }), 'certificate'))
  it('must be of a public authority where none is named', (t) => failsWith(ask(t, { ca: undefined }), 'certificate'))
  it('is looked at whatever the environment says', async (t) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    t.after(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED)
    await failsWith(ask(t, { ca: undefined }), 'certificate')
  })
  it('is missing where the other does not speak TLS', async (t) => {
    const plain = createPlainServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    t.after(() => void plain.close())
    const address = plain.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const listed = { host: 'peer.example', port, address: '127.0.0.1' }
    const client = createNetworkClient({ isOn: true, hosts: [listed], limits })
    t.after(() => client.close())
    await failsWith(client.request({ url: `https://peer.example:${port}/file` }), 'connection')
  })
})

describe('the name of a host', () => {
  const url = 'https://peer.example/file'
  /** Says what it is asked; nothing of these tests may go out. */
  const clientWith = (lookup: (name: string) => Promise<string[]>) =>
    createNetworkClient({ isOn: true, lookup, limits: { ...limits, firstByteMilliseconds: 150, milliseconds: 200 } })

  it('is refused when it leads to a private address', () =>
    failsWith(clientWith(async () => ['10.0.0.1']).request({ url }), 'private'))
  it('is refused when one of several addresses is private', () =>
    failsWith(clientWith(async () => ['93.184.215.14', '::ffff:127.0.0.1']).request({ url }), 'private'))
  it('is refused when it leads nowhere', () => failsWith(clientWith(async () => []).request({ url }), 'name'))
  it('is refused when it is not known', () =>
    failsWith(clientWith(() => Promise.reject(new Error('ENOTFOUND peer.example'))).request({ url }), 'name'))
  it('is not waited for without end', () =>
    failsWith(clientWith(() => new Promise(() => {})).request({ url }), 'timeout'))
  it('that is looked up without end keeps its turn, so that such names do not pile up', async () => {
    const turns = { ofHost: 1, ofClient: 1, inAll: 9, waitingOfHost: 0, waitingOfClient: 0, waiting: 0 }
    const found: (() => void)[] = []
    const lookup = () => new Promise<string[]>((resolve) => found.push(() => resolve([])))
    const quick = { ...limits, firstByteMilliseconds: 50 }
    const client = createNetworkClient({ isOn: true, lookup, limits: quick, turns })
    await failsWith(client.request({ url }), 'timeout')
    await failsWith(client.request({ url: 'https://another.example/' }), 'busy')
    found.pop()?.()
    await new Promise((resolve) => setImmediate(resolve))
    await failsWith(client.request({ url }), 'timeout')
    client.close()
  })
  it('that is listed may lead to a private address, and is looked up once', async (t) => {
    let asked = 0
    const peer = await startHttpsPeer((_, response) => void response.end('here'))
    const { host, port, ca } = peer.listed
    const lookup = async () => {
      asked++
      // Whoever asked a second time would be sent elsewhere.
      return [asked === 1 ? '127.0.0.1' : '127.0.0.2']
    }
    const client = createNetworkClient({ isOn: true, hosts: [{ host, port, ca }], lookup, limits })
    t.after(async () => {
      client.close()
      await peer.close()
    })
    assert.equal((await client.request({ url: `${peer.origin}/file` })).body.toString(), 'here')
    assert.equal(asked, 1)
  })
  it('is connected to at just the addresses that were checked', async (t) => {
    // Every socket of this process that connects is seen; TEST-NET is nowhere, so the attempt is called off.
    const connected: unknown[] = []
    t.mock.method(Socket.prototype, 'connect', function (this: Socket, args: [TcpNetConnectOpts] | TcpNetConnectOpts) {
      const [options] = Array.isArray(args) ? args : [args]
      options.lookup?.('peer.example', { all: true }, (_, addresses) => connected.push(addresses))
      queueMicrotask(() => this.destroy(new Error('no way out of the tests')))
      return this
    })
    let asked = 0
    const lookup = async () => {
      asked++
      return asked === 1 ? ['93.184.215.14'] : ['127.0.0.1']
    }
    await failsWith(clientWith(lookup).request({ url }), 'connection')
    assert.equal(asked, 1)
    assert.deepEqual(connected, [[{ address: '93.184.215.14', family: 4 }]])
  })
})

describe('turns', () => {
  it('are two at a time for one host', async (t) => {
    let underWay = 0
    let most = 0
    const { client, url } = await peerAndClient(t, (_, response) => {
      underWay++
      most = Math.max(most, underWay)
      setTimeout(() => {
        underWay--
        response.end('x')
      }, 30)
    })
    await Promise.all(Array.from({ length: 7 }, () => client.request({ url })))
    assert.equal(most, 2)
  })

  it('are waited for by few, and what waits too long is called off', async (t) => {
    const turns = { ofHost: 1, ofClient: 9, inAll: 9, waitingOfHost: 1, waitingOfClient: 9, waiting: 9 }
    const { client, url } = await peerAndClient(t, () => {}, { turns })
    const signal = AbortSignal.timeout(100)
    const first = client.request({ url })
    const waiting = client.request({ url, signal })
    await failsWith(client.request({ url }), 'busy')
    await failsWith(waiting, 'timeout')
    await failsWith(first, 'timeout')
  })

  it('are taken from nobody by another client', async (t) => {
    const turns = { ofHost: 9, ofClient: 1, inAll: 9, waitingOfHost: 9, waitingOfClient: 1, waiting: 9 }
    const answer: (() => void)[] = []
    const { client, url } = await peerAndClient(
      t,
      ({ url: path }, response) => {
        if (path === '/file') answer.push(() => response.end('late'))
        else response.end('soon')
      },
      { turns },
    )
    const slow = client.request({ url, client: 'a' })
    const behind = client.request({ url, client: 'a' })
    await failsWith(client.request({ url, client: 'a' }), 'busy')
    assert.equal((await client.request({ url: `${url}/other`, client: 'b' })).body.toString(), 'soon')
    for (let at = 0; at < 2; at++) {
      while (answer.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      answer.pop()?.()
    }
    assert.equal((await slow).body.toString(), 'late')
    assert.equal((await behind).body.toString(), 'late')
  })

  it('end with the client', async (t) => {
    const { client, url } = await peerAndClient(t, () => {})
    const waiting = Promise.all([url, url, url].map((each) => failsWith(client.request({ url: each }), 'closed')))
    setTimeout(() => client.close(), 30)
    await waiting
    await failsWith(client.request({ url }), 'closed')
  })
})

describe('a host that is listed', () => {
  const client = createNetworkClient({ isOn: true, hosts: [{ host: 'peer.example', port: 8443 }] })
  after(() => client.close())
  it('is known by its host and port', () => {
    assert.equal(client.isListed('https://peer.example:8443/x'), true)
    assert.equal(client.isListed('https://peer.example/x'), false)
    assert.equal(client.isListed('https://a.peer.example:8443/x'), false)
    assert.equal(client.isListed('no address'), false)
  })
})
