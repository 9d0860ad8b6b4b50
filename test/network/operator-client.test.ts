import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { createOperatorClient, isOperatorAddress, OperatorError } from '../../src/network/operator-client.ts'
import { requestAlgorithms, signRequest } from '../../src/network/operator-signature.ts'
import { baseUrl, clock, messageOf, openBed } from '../authority/support/bed.ts'
import { testKey } from '../provenance/support.ts'
import { hostCertificate } from '../support/https-peer.ts'

describe('an operator’s own requests', () => {
  const addresses: [address: string, isGood: boolean][] = [
    ['https://server.example/fhir', true],
    ['https://10.0.0.5:8443/fhir', true],
    ['http://127.0.0.1:8080/fhir', true],
    ['http://localhost:8080/fhir', true],
    ['http://[::1]:8080/fhir', true],
    ['http://server.example/fhir', false],
    ['http://127.0.0.1.example/fhir', false],
    ['http://localhost.example/fhir', false],
    ['http://10.0.0.5/fhir', false],
    ['https://user:word@server.example/fhir', false],
    ['https://@server.example/fhir', false],
    ['https://server.example\\@other.example/', false],
    ['ftp://127.0.0.1/', false],
    ['file:///etc/passwd', false],
    ['', false],
  ]
  for (const [address, isGood] of addresses)
    it(`${isGood ? 'go to' : 'do not go to'} ${address || 'nowhere'}`, async () => {
      assert.equal(isOperatorAddress(address), isGood)
      if (isGood) return
      const send = createOperatorClient()
      await assert.rejects(send({ method: 'GET', url: address, headers: {} }), OperatorError)
    })

  it('follow no redirect, and end where an answer is too large or does not come', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/moved') response.writeHead(302, { Location: 'https://other.example/' }).end()
      else if (request.url === '/large') response.end('x'.repeat(2000))
      else if (request.url === '/broken') response.destroy()
      else if (request.url !== '/silent') response.end('ok')
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    after(() => {
      server.closeAllConnections()
      server.close()
    })
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const get = (path: string, options: { bytes?: number; milliseconds?: number } = {}) =>
      createOperatorClient(options)({ method: 'GET', url: `${origin}${path}`, headers: {} })
    assert.equal((await get('/moved')).status, 302)
    assert.equal((await get('/')).body.toString(), 'ok')
    await assert.rejects(get('/large', { bytes: 1000 }), { message: /larger than/ })
    await assert.rejects(get('/broken'), { message: /^no answer came/ })
    await assert.rejects(get('/silent', { milliseconds: 50 }), { message: 'no answer came in time' })
  })

  it('show a client certificate over TLS, and hold the server’s against the authorities that are named', async () => {
    const own = hostCertificate('localhost')
    const client = hostCertificate('client.example')
    const server = createTlsServer(
      { key: own.key, cert: own.cert, ca: client.ca, requestCert: true, rejectUnauthorized: true },
      (request, response) => {
        const chunks: Buffer[] = []
        request.on('data', (chunk: Buffer) => chunks.push(chunk))
        const { subject } = (request.socket as TLSSocket).getPeerCertificate()
        request.on('end', () => response.end(`${subject.CN} sent ${Buffer.concat(chunks)}`))
      },
    )
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    after(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`
    const post = (tls: { cert?: string; key?: string; ca?: string }) =>
      createOperatorClient({ tls })({ method: 'POST', url, headers: {}, body: Buffer.from('it') })
    const good = await post({ cert: client.cert, key: client.key, ca: own.ca })
    assert.equal(good.body.toString(), 'a host of the tests sent it')
    await assert.rejects(post({ cert: client.cert, key: client.key }), {
      message:
        /^no answer came \([A-Z_]+\): no authority that is known here vouches for its certificate \(--ca names one\)$/,
    })
    await assert.rejects(post({ ca: own.ca }), { message: /^no answer came/ })
  })

  it('say what is wrong with a server that has a certificate for another name, or is not there', async () => {
    const { key, cert, ca } = hostCertificate('other.example')
    const server = createTlsServer({ key, cert }, (_, response) => response.end())
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`
    const get = () => createOperatorClient({ tls: { ca } })({ method: 'GET', url, headers: {} })
    await assert.rejects(get(), { message: /ALTNAME_INVALID\): its certificate is for another name/ })
    await new Promise((closed) => server.close(closed))
    await assert.rejects(get(), { message: 'no answer came (ECONNREFUSED): nothing listens at its host and port' })
  })
})

describe('a request that is signed with a key of the network', () => {
  for (const kind of ['P-256', 'P-384'])
    it(`is that of its participant, once and as it was sent (${kind})`, async () => {
      const key = testKey(kind)
      const listed = { participant: 'AUT', publicKey: key.publicKey }
      const participants = [{ participant: 'AUT', canonicalPrefixes: ['http://a.org'], networkKeys: true }]
      const bed = await openBed({ participants, parts: { networkKeys: (id) => (id === key.keyId ? [listed] : []) } })
      after(() => bed.close())
      const signer = {
        keyId: key.keyId,
        algorithm: requestAlgorithms[key.algorithm] ?? '',
        sign: (bytes: Uint8Array) => key.sign(bytes),
        created: clock,
        nonce: randomUUID(),
      }
      const body = Buffer.from('{"resourceType":"Bundle"}')
      const sent = await signRequest({ method: 'POST', url: `${baseUrl}/fhir`, headers: {}, body }, signer)
      const headers = Object.fromEntries(
        Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
      )
      headers['content-length'] = String(body.length)
      const message = (url = '/fhir') => messageOf({ method: 'POST', url, headers })
      const principal = await bed.authority.authenticate(message())
      assert.equal(principal?.participant, 'AUT')
      principal?.checkBody?.(body)
      assert.throws(() => principal?.checkBody?.(Buffer.from('{}')), { status: 401 })
      await assert.rejects(async () => bed.authority.authenticate(message()), { status: 401 })
      await assert.rejects(async () => bed.authority.authenticate(message('/fhir/ValueSet')), { status: 401 })
    })
})
