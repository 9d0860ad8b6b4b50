/** A reply whose head was made ready is, byte for byte, the reply that Node would have written by itself. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { send } from '../../../src/http/message/reply.ts'
import { ready } from '../../../src/http/wire/ready-head.ts'

const given = () => ({ 'Cache-Control': 'no-cache', 'Content-Type': 'text/plain; charset=utf-8', ETag: 'W/"1"' })
const own = { 'X-Request-Id': 'one', RateLimit: '"client";r=9;t=60' }

/** What is done to a reply before it is sent. */
type Before = (response: ServerResponse, message: IncomingMessage) => void

interface Way {
  server: Server
  /** Whether each reply went without `writeHead`, which alone says OK. */
  wasReady: boolean[]
}

const servers: Server[] = []
after(() => servers.map((server) => server.close()))

async function serve(headers: Record<string, string>, body: string | Uint8Array, before: Before): Promise<Way> {
  const wasReady: boolean[] = []
  const server = createServer((message, response) => {
    before(response, message)
    const sent = send(message, response, { status: 200, headers, body }, own)
    void Promise.resolve(sent).then(() => wasReady.push(response.headersSent && response.statusMessage === undefined))
  })
  // Who asks may say at once that nothing else comes.
  Object.assign(server, { httpAllowHalfOpen: true })
  servers.push(server.listen(0, '127.0.0.1'))
  await once(server, 'listening')
  return { server, wasReady }
}

/** All that comes back for what is written, without the second of it. */
async function answerTo({ server }: Way, text: string): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.end(text)
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece)
  return Buffer.concat(pieces)
    .toString('latin1')
    .replace(/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r$/gm, 'Date: now\r')
}

interface Case {
  name: string
  asks: string
  isReady: boolean
  body?: string | Uint8Array
  headers?: Record<string, string>
  before?: Before
  settings?: Partial<Server>
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const packable = get.replace('a\r\n', 'a\r\nAccept-Encoding: gzip\r\n')
const cases: Case[] = [
  { name: 'a usual one', asks: get, isReady: true },
  { name: 'several of one connection', asks: get + get + get, isReady: true },
  { name: 'text beyond ASCII', asks: get, isReady: true, body: 'é€\u{1f600}' },
  { name: 'another time of waiting', asks: get, isReady: true, settings: { keepAliveTimeout: 61_500 } },
  { name: 'a body that could be packed', asks: get.replace('a\r\n', 'a\r\nAccept-Encoding: gzip\r\n'), isReady: true },
  { name: 'the last of its connection', asks: get.replace('a\r\n', 'a\r\nConnection: close\r\n'), isReady: false },
  { name: 'one of HTTP/1.0', asks: get.replace('1.1', '1.0'), isReady: false },
  { name: 'HEAD', asks: get.replace('GET', 'HEAD'), isReady: false },
  { name: 'POST', asks: get.replace('GET', 'POST').replace('a\r\n', 'a\r\nContent-Length: 0\r\n'), isReady: false },
  { name: 'one that waits', asks: get.replace('a\r\n', 'a\r\nExpect: 100-continue\r\n'), isReady: false },
  { name: 'no time of waiting', asks: get, isReady: false, settings: { keepAliveTimeout: 0 } },
  { name: 'a limit of requests', asks: get + get + get, isReady: false, settings: { maxRequestsPerSocket: 2 } },
  { name: 'no body', asks: get, isReady: false, body: '' },
  { name: 'a long body', asks: get, isReady: true, body: 'a'.repeat(1400) },
  { name: 'bytes', asks: get, isReady: true, body: Buffer.from('text') },
  { name: 'bytes that are none', asks: get, isReady: true, body: Buffer.alloc(0) },
  { name: 'a long body that is packed', asks: packable, isReady: true, body: 'a'.repeat(1400) },
  {
    name: 'a server that ends',
    asks: get,
    isReady: false,
    before: (response) => {
      response.shouldKeepAlive = false
    },
  },
  {
    name: 'no date',
    asks: get,
    isReady: false,
    before: (response) => {
      response.sendDate = false
    },
  },
  {
    name: 'a header of somebody else',
    asks: get,
    isReady: false,
    before: (response) => response.setHeader('X-Other', '1'),
  },
  {
    name: 'headers in which somebody has a say',
    asks: get,
    isReady: false,
    before: (response) => {
      const plain = response.writeHead.bind(response)
      Object.assign(response, {
        writeHead: (status: number, headers: Record<string, string>) => plain(status, { ...headers, Vary: 'Origin' }),
      })
    },
  },
  { name: 'a header of every reply', asks: get, isReady: false, headers: { ...given(), vary: 'Accept' } },
  { name: 'a header of Node', asks: get, isReady: false, headers: { ...given(), Connection: 'close' } },
]

describe('a ready head', () => {
  for (const { name, asks, isReady, body = 'text', headers = given(), before = () => {}, settings = {} } of cases)
    it(`is what Node writes: ${name}`, async () => {
      const [plain, made] = await Promise.all([
        serve(headers, body, before),
        serve(ready({ ...headers }), body, before),
      ])
      for (const { server } of [plain, made]) Object.assign(server, settings)
      const expected = await answerTo(plain, asks)
      assert.match(expected, /^HTTP\/1\.1 /)
      assert.equal(await answerTo(made, asks), expected)
      assert.ok(plain.wasReady.length > 0 && plain.wasReady.every((each) => !each))
      assert.deepEqual(
        made.wasReady,
        plain.wasReady.map(() => isReady),
      )
    })

  it('belongs to its headers, which stay as they are: no copy with others has it', async () => {
    const headers = ready(given())
    assert.throws(() => Object.assign(headers, { ETag: 'W/"2"' }), TypeError)
    assert.deepEqual(headers, given())
    const way = await serve({ ...headers, ETag: 'W/"2"' }, 'text', () => {})
    assert.match(await answerTo(way, get), /^ETag: W\/"2"\r$/m)
    assert.deepEqual(way.wasReady, [false])
  })

  it('has no header that ends before it should', async () => {
    const broken = fc
      .tuple(fc.string(), fc.constantFrom('\r\n', '\r', '\n', '\0', '\u{100}'), fc.string())
      .map((each) => each.join(''))
    fc.assert(fc.property(broken, (text) => assert.throws(() => ready({ 'X-Own': text }), TypeError)))
    fc.assert(fc.property(broken, (text) => assert.throws(() => ready({ [text]: 'own' }), TypeError)))
    const way = await serve(ready(given()), 'text', (response, message) => {
      assert.throws(
        () =>
          send(message, response, { status: 200, headers: ready(given()), body: 'text' }, { 'X-Own': 'a\r\nX-B: c' }),
        TypeError,
      )
      assert.equal(response.headersSent, false)
    })
    assert.doesNotMatch(await answerTo(way, get), /X-B/)
  })
})
