import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { defineOperation } from '../../../src/fhir/operation.ts'
import { createApp, listen } from '../../../src/http/app.ts'
import type { HttpLimits } from '../../../src/http/limits/http-limits.ts'
import type { ListenOptions } from '../../../src/http/wire/running-server.ts'
import { openStorage } from '../../../src/storage/open.ts'

const wide: NonNullable<ListenOptions['limits']> = { headerSeconds: 60, bodySeconds: 60, replySeconds: 60 }

/** A server that listens, with an operation that answers as much as is asked for, and one that answers when it is told. */
async function serve(limits: NonNullable<ListenOptions['limits']> = wide, requestLimits: Partial<HttpLimits> = {}) {
  const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
  const begun: string[] = []
  const answer: (() => void)[] = []
  const app = createApp<undefined>({
    storage,
    operations: [
      defineOperation<undefined>({
        name: 'much',
        title: 'Much',
        description: 'Answers as many bytes as are asked for.',
        system: true,
        get: true,
        parameters: [{ name: 'bytes', use: 'in', min: 1, max: '1', type: 'integer', documentation: 'How many' }],
        handle: async ({ parameters }) => ({
          raw: { contentType: 'text/plain', body: 'x'.repeat(Number(parameters.parameter?.[0]?.valueInteger)) },
        }),
      }),
      defineOperation<undefined>({
        name: 'wait',
        title: 'Wait',
        description: 'Answers when it is told.',
        system: true,
        get: true,
        parameters: [{ name: 'id', use: 'in', min: 1, max: '1', type: 'string', documentation: 'Which' }],
        handle: ({ parameters }) =>
          new Promise((resolve) => {
            begun.push(String(parameters.parameter?.[0]?.valueString))
            answer.push(() => resolve({ raw: { contentType: 'text/plain', body: 'done' } }))
          }),
      }),
    ],
    context: undefined,
    settings: { baseUrl: 'http://vidimus.test/fhir', bodyLimitBytes: 1_000_000, production: false },
    limits: requestLimits,
    hooks: {
      parseMap: () => assert.fail(),
      readMap: (map) => map,
      printMap: () => '',
      checkWrite: async () => [],
      mayWrite: (bytes) => running.connections.mayWrite(bytes),
      forms: new Map([['/form', async ({ text }) => formReply(`form of ${text.length}`)]]),
    },
    errorLog: ({ error }) => assert.fail(String(error)),
    now: () => new Date(),
    uuid: () => 'id',
    software: { name: 'vidimus', version: '0', releaseDate: '2026-01-01' },
  })
  const running = await listen(app.handler, { host: '127.0.0.1', port: 0, limits })
  const sockets: Socket[] = []
  after(async () => {
    for (const socket of sockets) socket.destroy()
    await running.close(0)
    await storage.close()
  })
  return {
    begun,
    answer,
    connections: running.connections,
    open() {
      const socket = connect(running.port ?? 0, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      return client(socket)
    },
  }
}

const formReply = (text: string) => ({ contentType: 'text/plain', body: Buffer.from(text) })

/** An event, whatever else happens: a connection that is cut off is no fault here. */
const event = (socket: Socket, name: string) => new Promise<void>((resolve) => socket.once(name, () => resolve()))

/** One end of a connection, with what came in so far. */
function client(socket: Socket) {
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  return {
    socket,
    received: () => received,
    send: (text: string) => socket.write(text),
    /** Resolves when so much came that it fits. */
    async until(pattern: RegExp): Promise<string> {
      while (!pattern.test(received)) {
        if (socket.closed) assert.fail(`closed before ${pattern} came: ${received.slice(0, 300)}`)
        await Promise.race([event(socket, 'data'), event(socket, 'close')])
      }
      return received
    },
    closed: () => (socket.closed ? Promise.resolve() : event(socket, 'close')),
  }
}

const post = (length: number, more = '') =>
  `POST /fhir/$much HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: ${length}\r\n${more}\r\n`
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

describe('connections', () => {
  it('are closed when the head of a request does not come in time', async () => {
    const server = await serve({ ...wide, headerSeconds: 1 })
    const halfSent = Array.from({ length: 200 }, () => server.open())
    for (const each of halfSent) each.send('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const silent = server.open()
    await Promise.all([...halfSent, silent].map((each) => each.closed()))
    assert.match(halfSent[0]?.received() ?? '', /^HTTP\/1.1 408 /)
  })

  it('are closed when a body does not come in time, whether or not the client listens', async () => {
    const server = await serve({ ...wide, headerSeconds: 1, bodySeconds: 1 })
    const slow = server.open()
    slow.send(`${post(1000)}{"a`)
    const deaf = server.open()
    deaf.socket.pause()
    deaf.send(`${post(1000)}{"a`)
    await slow.closed()
    deaf.socket.resume()
    await deaf.closed()
  })

  it('are closed when there are too many, of one client and of all', async () => {
    const server = await serve({ ...wide, connectionsOfOne: 5 })
    const some = Array.from({ length: 5 }, () => server.open())
    for (const each of some) each.send(get('/health'))
    await Promise.all(some.map((each) => each.until(/200 OK/)))
    const more = server.open()
    await more.closed()
    assert.equal(more.received(), '')
    some[0]?.socket.destroy()
    await some[0]?.closed()
    // The server hears of it a little later than the client.
    for (;;) {
      const again = server.open()
      again.send(get('/health'))
      await Promise.race([again.until(/200 OK/).catch(() => {}), again.closed()])
      if (again.received() !== '') break
    }
    const few = await serve({ ...wide, connections: 3 })
    const all = Array.from({ length: 6 }, () => few.open())
    for (const each of all) each.send(get('/health'))
    await Promise.all(all.map((each) => Promise.race([each.until(/200 OK/).catch(() => {}), each.closed()])))
    assert.equal(all.filter((each) => each.received() !== '').length, 3)
  })

  it('are closed when a client does not take what was written', async () => {
    const server = await serve({ ...wide, replySeconds: 1 })
    const deaf = server.open()
    deaf.socket.pause()
    deaf.send(get('/fhir/$much?bytes=19000000'))
    const listening = server.open()
    listening.send(get('/fhir/$much?bytes=19000000'))
    await listening.until(/x{1000}/)
    await new Promise((resolve) => setTimeout(resolve, 100))
    // Nobody reads, so that only the close can end this.
    const closed = deaf.closed()
    await new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (server.connections.mayWrite(99_000_000)) {
          clearInterval(look)
          resolve()
        }
      }, 50)
    })
    deaf.socket.resume()
    await closed
    assert.ok(deaf.received().length < 19_000_000)
  })

  it('get 503 in place of a long reply while clients have much to take', async () => {
    const server = await serve({ ...wide, replyBytes: 25_000_000 })
    const deaf = Array.from({ length: 3 }, () => server.open())
    for (const each of deaf) {
      each.socket.pause()
      each.send(get('/fhir/$much?bytes=9000000'))
    }
    while (server.connections.mayWrite(9_000_000)) await new Promise((resolve) => setTimeout(resolve, 5))
    const late = server.open()
    late.send(get('/fhir/$much?bytes=9000000'))
    assert.match(await late.until(/\r\n\r\n/), /^HTTP\/1.1 503 [\s\S]*Retry-After: \d/)
    const short = server.open()
    short.send(get('/health'))
    await short.until(/200 OK/)
  })

  it('have their requests answered one after the other, and may not send many ahead', async () => {
    const server = await serve()
    const eager = server.open()
    eager.send(['a', 'b', 'c'].map((id) => get(`/fhir/$wait?id=${id}`)).join(''))
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      while (server.begun.length < expected.length) await new Promise((resolve) => setTimeout(resolve, 5))
      assert.deepEqual(server.begun, expected)
      server.answer.shift()?.()
    }
    await eager.until(/done[\s\S]*done[\s\S]*done/)
    const greedy = server.open()
    greedy.send(get('/fhir/$wait?id=d').repeat(200))
    await greedy.closed()
    assert.equal(server.begun.length, 4)
    server.answer.shift()?.()
  })
})

describe('bodies', () => {
  it('are at most so many unfinished ones of a client: 429; finished ones count no more', async () => {
    const server = await serve(wide, { bodiesOfOne: 3 })
    const unfinished = Array.from({ length: 3 }, () => server.open())
    for (const each of unfinished) each.send(`${post(100)}{`)
    await settled()
    const more = server.open()
    more.send(`${post(100)}{`)
    assert.match(await more.until(/\r\n\r\n/), /^HTTP\/1.1 429 [\s\S]*Retry-After: \d/)
    await more.closed()
    unfinished[0]?.send(`${' '.repeat(98)}}`)
    await unfinished[0]?.until(/HTTP/)
    const next = server.open()
    next.send(`${post(2)}{}`)
    assert.match(await next.until(/HTTP/), /^HTTP\/1.1 400 /)
  })

  it('of clients that went away count no more', async () => {
    const server = await serve(wide, { bodiesOfOne: 2 })
    for (let i = 0; i < 10; i++) {
      const gone = server.open()
      gone.send(`${post(100)}{`)
      await settled()
      gone.socket.destroy()
      await gone.closed()
      await settled()
    }
    const next = server.open()
    next.send(`${post(2)}{}`)
    assert.match(await next.until(/HTTP/), /^HTTP\/1.1 400 /)
  })

  it('are at most so many bytes in all: 503', async () => {
    const server = await serve(wide, { bytes: 500_000 })
    const first = server.open()
    first.send(`${post(400_000)}${' '.repeat(300_000)}`)
    await settled()
    const second = server.open()
    second.send(`${post(400_000)}${' '.repeat(300_000)}`)
    assert.match(await second.until(/HTTP/), /^HTTP\/1.1 503 [\s\S]*Retry-After: \d/)
    first.send(`${' '.repeat(99_998)}{}`)
    assert.match(await first.until(/HTTP/), /^HTTP\/1.1 400 /)
  })

  it('are asked for when nothing speaks against them (Expect: 100-continue)', async () => {
    const server = await serve(wide, { openBodyBytes: 10_000 })
    const polite = server.open()
    polite.send(post(2, 'Expect: 100-continue\r\n'))
    await polite.until(/^HTTP\/1.1 100 Continue/)
    polite.send('{}')
    await polite.until(/HTTP\/1.1 400 /)
    const tooLarge = server.open()
    tooLarge.send(post(20_000, 'Expect: 100-continue\r\n'))
    assert.match(await tooLarge.until(/\r\n\r\n/), /^HTTP\/1.1 413 /)
    await tooLarge.closed()
    assert.doesNotMatch(tooLarge.received(), /100 Continue/)
  })

  it('that are not announced are not there: nobody waits for one, and what follows is the next request', async () => {
    const server = await serve()
    const client = server.open()
    const bare = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    for (const [method, path, answer] of [
      ['POST', '/fhir/$much', /^HTTP\/1.1 200 [\s\S]*Content-Length: 0[\s\S]*\r\n\r\n$/],
      ['POST', '/fhir/ValueSet', /^HTTP\/1.1 401 /],
      ['POST', '/form', /^HTTP\/1.1 200 [\s\S]*form of 0$/],
      ['PUT', '/health', /^HTTP\/1.1 405 /],
      ['DELETE', '/fhir/ValueSet/a', /^HTTP\/1.1 401 /],
      ['GET', '/fhir/$much?bytes=3', /^HTTP\/1.1 200 [\s\S]*xxx$/],
    ] as const) {
      const before = client.received().length
      client.send(bare(method, path))
      while (!answer.test(client.received().slice(before))) {
        if (client.socket.closed) assert.fail(`${method} ${path}: ${client.received().slice(before)}`)
        await Promise.race([event(client.socket, 'data'), client.closed()])
      }
    }
    // Bytes that nobody announced are no body of the request before them.
    client.send(`${bare('POST', '/form')}a=b`)
    await client.closed()
    assert.match(client.received(), /form of 0[\s\S]*HTTP\/1.1 400 /)
  })

  it('are smaller without a token than with one', async () => {
    const server = await serve(wide, { openBodyBytes: 1000 })
    const open = server.open()
    open.send(`${post(2000)}${' '.repeat(2000)}`)
    assert.match(await open.until(/HTTP/), /^HTTP\/1.1 413 /)
    const forged = server.open()
    forged.send(`${post(2000, 'Authorization: Bearer made-up\r\n')}${' '.repeat(2000)}`)
    assert.match(await forged.until(/HTTP/), /^HTTP\/1.1 413 /)
  })
})

/** What was sent has come to the server: two rounds of its event loop, which is ours as well. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 4))
}
