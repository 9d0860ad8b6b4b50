/** The client of measurements over HTTP: what it asks, of whom, and that it counts nothing that failed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { ask, startSupport } from '../../bench/support/processes.ts'
import type { Loaded } from '../../bench/support/raw-load.ts'

const servers: ReturnType<typeof createServer>[] = []
after(() => {
  for (const each of servers) {
    each.closeAllConnections()
    each.close()
  }
})

/** A server that counts what it is asked, by address and by connection. */
async function counting() {
  const asked = new Map<string, number>()
  const connections = new Set<object>()
  const server = createServer((message, response) => {
    connections.add(message.socket)
    asked.set(message.url ?? '', (asked.get(message.url ?? '') ?? 0) + 1)
    response.writeHead(message.url === '/missing' ? 404 : 200, { 'Content-Length': '4' })
    response.end('text')
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { asked, connections, url: `http://127.0.0.1:${port}` }
}

describe('the client of measurements', () => {
  it('asks each address once, of the server that it names, on as many connections for each', async () => {
    const [one, other] = [await counting(), await counting()]
    const client = startSupport('raw-load.ts', '4')
    try {
      const addresses = Array.from({ length: 40 }, (_, at) => `${(at % 2 === 0 ? one : other).url}/${at}`)
      const { bytes } = await ask<Loaded>(client, { addresses, wanted: 'text' })
      assert.equal(bytes, 4 * addresses.length)
      for (const [at, server] of [one, other].entries()) {
        assert.equal(server.connections.size, 2)
        const own = addresses.flatMap((_, number) => (number % 2 === at ? [`/${number}`] : []))
        assert.deepEqual([...server.asked.keys()].sort(), own.sort())
        assert.ok([...server.asked.values()].every((times) => times === 1))
      }
    } finally {
      client.kill()
    }
  })

  it('leaves no server out for want of connections', async () => {
    const [one, other] = [await counting(), await counting()]
    const client = startSupport('raw-load.ts', '1')
    await assert.rejects(ask(client, { addresses: [`${one.url}/a`, `${other.url}/b`] }), /ended with 1/)
  })

  it('fails when one answer is not what is wanted', async () => {
    const { url } = await counting()
    const client = startSupport('raw-load.ts', '2')
    await assert.rejects(ask(client, { addresses: [`${url}/there`, `${url}/missing`] }), /ended with 1/)
  })
})
