/** A server that ends in the middle of what it does: what runs is finished or broken off, what comes is told so, nobody sees a fault. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import { defineOperation } from '../../src/fhir/operation.ts'
import { makeApp } from './support.ts'

/** An app whose operation waits until it is let go, then asks the store. */
async function openApp() {
  const gate = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<unknown>()
  const operation = defineOperation<undefined>({
    name: 'wait',
    title: 'Wait',
    description: 'Waits.',
    system: true,
    parameters: [],
    async handle() {
      begun.resolve()
      await gate.promise
      try {
        await app.storage.read('ValueSet', 'a')
        ended.resolve('done')
      } catch (error) {
        ended.resolve(error)
        throw error
      }
      return { resource: { resourceType: 'Parameters' } }
    },
  })
  const app = await makeApp([operation])
  const server = createServer(app.handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/fhir`
  return { ...app, server, url, gate, begun: begun.promise, ended: ended.promise }
}

const told = async (response: Response) => [
  response.status,
  response.headers.get('retry-after'),
  ((await response.json()) as { issue?: { details: { text: string } }[] }).issue?.[0]?.details.text,
]

const post = {
  method: 'POST',
  body: '{"resourceType":"Parameters"}',
  headers: { 'Content-Type': 'application/fhir+json' },
}
const later = { ...post, headers: { ...post.headers, Prefer: 'respond-async' } }

const shutDown = [503, '5', 'This server is shutting down; try again.']

test('a request under way is answered, one that comes is told to come again, and no fault is logged', async () => {
  const { url, gate, begun, close, errors } = await openApp()
  const asked = fetch(`${url}/$wait`, post)
  await begun
  let isClosed = false
  const closing = close().then(() => {
    isClosed = true
  })
  for (const path of ['/ValueSet/a', '/metadata', '/$wait', '/nothing/$such'])
    assert.deepEqual(await told(await fetch(url + path)), shutDown, path)
  assert.equal(isClosed, false)
  gate.resolve()
  assert.equal((await asked).status, 200)
  await closing
  assert.deepEqual(await told(await fetch(`${url}/ValueSet/a`)), shutDown)
  assert.deepEqual(errors, [])
})

test('requests that a client has sent ahead are told, too', async () => {
  const { server, url, gate, begun, close, errors } = await openApp()
  const address = server.address()
  const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  const { host } = new URL(url)
  const wait = `POST /fhir/$wait HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/fhir+json\r\nContent-Length: ${post.body.length}\r\n\r\n${post.body}`
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  socket.write(`${wait}GET /fhir/metadata HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  await begun
  const closing = close()
  gate.resolve()
  await closing
  await new Promise((resolve) => socket.once('close', resolve))
  assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 503'])
  assert.deepEqual(errors, [])
})

test('what goes on for somebody who has gone is broken off at the store', async () => {
  const { server, url, gate, begun, ended, close, errors, log } = await openApp()
  const asked = fetch(`${url}/$wait`, post).catch((error: Error) => error)
  await begun
  server.closeAllConnections()
  assert.ok((await asked) instanceof Error)
  await close()
  gate.resolve()
  const error = await ended
  assert.ok(error instanceof FhirError, String(error))
  assert.deepEqual([error.status, error.headers['Retry-After']], [503, '5'])
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([errors, log.map(({ status }) => status)], [[], [503]])
})

test('a job is ended, and none begins', async () => {
  const { url, gate, begun, ended, close, errors } = await openApp()
  const asked = fetch(`${url}/$wait`, later)
  await begun
  const closing = close()
  assert.deepEqual(await told(await fetch(`${url}/$wait`, later)), shutDown)
  gate.resolve()
  assert.equal((await asked).status, 200)
  assert.equal(await ended, 'done')
  await closing
  assert.deepEqual(errors, [])
})
