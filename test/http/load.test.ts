import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { corpora } from '../rules/environment.ts'
import { type HostileRequest, hostileArtefacts, hostileRequests } from '../support/hostile-requests.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { overShared } from '../support/shared.ts'

/** A reply as far as it matters here; the body is read to its end and thrown away but for the beginning. */
interface Reply {
  status: number
  bytes: number
  text: string
  headers: Record<string, unknown>
}

interface Sent {
  method?: string
  /** Address of the client, as a proxy in front of the server tells it. */
  client?: string
  contentType?: string
  accept?: string
  body?: string
  token?: string
}

function send(url: string, { method, client, contentType, accept, body, token }: Sent = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {}
    if (body !== undefined) headers['Content-Type'] = contentType ?? 'application/fhir+json'
    if (accept !== undefined) headers.Accept = accept
    if (client !== undefined) headers['X-Forwarded-For'] = client
    if (token !== undefined) headers.Authorization = `Bearer ${token}`
    const chosen = method ?? (body === undefined ? 'GET' : 'POST')
    const asked = request(url, { method: chosen, headers, agent: false }, (response) => {
      let bytes = 0
      let text = ''
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (text.length < 2000) text += chunk.toString('utf8', 0, 2000)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes, text, headers: response.headers }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const isLinux = process.platform === 'linux'
/** JavaScript's heap in the server: its own content, and 64 MB for a request. With more it would not survive. */
const heapMegabytes = 256
/** What one request may add to the resident memory: its 64 MB, buffers, and what the garbage collector leaves lying meanwhile. */
const mostMegabytes = 256

/** Peak of the resident memory in megabytes, since it was last set back. */
const memory = {
  peak: (pid: number) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
  reset: (pid: number) => writeFileSync(`/proc/${pid}/clear_refs`, '5'),
}

describe('what anybody may send', () => {
  let server: ServerProcess
  let dataDir = ''
  before(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'vidimus-load-'))
    server = await startServerProcess({
      DATA_DIR: dataDir,
      STORAGE_URL: 'sqlite::memory:',
      DEVELOPMENT_TOKEN: 'test',
      ACCESS_LOG: 'off',
      TRUSTED_PROXIES: '127.0.0.1',
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
    })
    for (const resource of hostileArtefacts()) {
      const url = `${server.url}/fhir/${resource.resourceType}/${resource.id}`
      const reply = await send(url, { method: 'PUT', body: JSON.stringify(resource), token: 'test' })
      assert.equal(reply.status, 201, reply.text)
    }
    // What is worked out once for all who ask is no part of a single request.
    const warm = 'ValueSet/$expand?url=http://example.org/hostile/vs&count=1&filter=concept'
    assert.equal((await send(`${server.url}/fhir/${warm}`)).status, 200)
  })
  after(async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function attack(hostile: Pick<HostileRequest, 'path' | 'body' | 'contentType' | 'accept' | 'slow'>) {
    const { path, body, contentType, accept, slow } = hostile
    const pid = server.process.pid ?? 0
    if (isLinux) memory.reset(pid)
    const memoryBefore = isLinux ? memory.peak(pid) : 0
    const order: string[] = []
    const url = path.startsWith('/') ? `${server.url}${path}` : `${server.url}/fhir/${path}`
    const answer = send(url, {
      ...(body ? { body: body() } : {}),
      ...(contentType ? { contentType } : {}),
      ...(accept ? { accept } : {}),
    }).then((reply) => {
      order.push('hostile')
      return reply
    })
    const health = send(`${server.url}/health`).then((reply) => {
      order.push('health')
      return reply
    })
    const [reply, healthy] = await Promise.all([answer, health])
    assert.equal(healthy.status, 200)
    if (slow) assert.equal(order[0], 'health', 'who asks meanwhile is answered meanwhile')
    assert.equal(server.process.exitCode, null)
    assert.ok(reply.bytes <= 20_000_000, `${reply.bytes} bytes`)
    if (isLinux) {
      const more = memory.peak(pid) - memoryBefore
      assert.ok(more < mostMegabytes, `${more.toFixed(0)} MB more`)
    }
    return reply
  }

  for (const hostile of hostileRequests) {
    it(`${hostile.operation}: ${hostile.name}`, async () => {
      const reply = await attack(hostile)
      assert.ok(hostile.statuses.includes(reply.status), `${reply.status} ${reply.text}`)
      if (reply.status >= 400) assert.match(reply.text, /OperationOutcome/)
      assert.doesNotMatch(reply.text, /\bat .*\.ts:\d/, 'no stack')
    })
  }

  for (const name of ['transform-crosses-lists', 'transform-nested-where']) {
    overShared.it(`corpus: ${name}`, async () => {
      const body = readFileSync(new URL(`reports/load/${name}.json`, corpora), 'utf8')
      const reply = await attack({ path: 'StructureMap/$transform', body: () => body, slow: true })
      assert.equal(reply.status, 422)
      assert.match(reply.text, /too-costly/)
    })
  }

  it('answers one client while another keeps job processes busy', async () => {
    const loop = hostileRequests.find(({ name }) => name === 'a map that nests loops')?.body?.() ?? ''
    const url = `${server.url}/fhir/StructureMap/$transform`
    const order: string[] = []
    const ask = async (client: string, body: string) => {
      const { status } = await send(url, { client, body })
      order.push(client)
      return status
    }
    const greedy = Array.from({ length: 5 }, () => ask('192.0.2.1', loop))
    const other = await ask('192.0.2.2', loop.replace(/s\.a\.where.*?count\(\)/, '1'))
    assert.equal(other, 200)
    assert.deepEqual(await Promise.all(greedy), Array(5).fill(422))
    assert.ok(order.indexOf('192.0.2.2') <= 2, order.join())
  })

  it('is still the same server, with its processes ended or idle', async () => {
    assert.equal((await send(`${server.url}/health`)).status, 200)
    const { status, text } = await send(`${server.url}/fhir/$cql`, {
      body: JSON.stringify({
        resourceType: 'Parameters',
        parameter: [{ name: 'expression', valueString: '1 + 1' }],
      }),
    })
    assert.equal(status, 200, text)
    assert.doesNotMatch(server.output(), /RangeError|FATAL|heap out of memory/)
  })
})
