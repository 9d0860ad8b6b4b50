/** A server of several processes, and connections to it that stay with one of them. */
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { baseContentPresence } from '../../src/publish/base-content/load.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

/** What was answered. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

/** What is asked. */
export interface Asked {
  method?: string
  body?: string | undefined
  headers?: Record<string, string>
}

/** A connection that is kept open: everything is asked of the one process that has it. */
export interface Connection {
  ask(path: string, asked?: Asked): Promise<Answer>
  close(): void
}

/** Opens a connection with its first request. */
export function connectTo(url: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: (path, asked) => ask(`${url}${path}`, { agent, ...asked }),
    close: () => agent.destroy(),
  }
}

/** Asks once. Rejects when the connection breaks off. */
export async function ask(url: string, { agent, body, ...asked }: Asked & { agent?: Agent } = {}): Promise<Answer> {
  const sent = request(url, { method: 'GET', ...asked, ...(agent ? { agent } : {}) })
  sent.end(body)
  const [response] = await once(sent, 'response')
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode ?? 0, headers: response.headers, text }
}

/** A store that has the base content by its stamp: nothing is loaded beside, and nothing of it is there. */
export async function withoutBaseContent(dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true })
  const storage = openSqlite(join(dataDir, 'vidimus.db'))
  const { stamp } = await baseContentPresence(storage)
  await storage.derived.set('base-content', 'stamp', stamp)
  await storage.close()
}

/** Starts it, and waits until all workers answer. */
export async function startWorkers(
  workers: number,
  environment: Record<string, string> & { DATA_DIR: string },
): Promise<ServerProcess> {
  await withoutBaseContent(environment.DATA_DIR)
  const server = await startServerProcess({
    WORKERS: String(workers),
    ACCESS_LOG: 'off',
    DEVELOPMENT_TOKEN: 'test',
    ...environment,
  })
  await strength(server, `${workers} of ${workers} answer`)
  return server
}

/** Waits until `/ready` says so of the workers. */
export async function strength(server: ServerProcess, text: string): Promise<void> {
  await until(async () => {
    const { text: ready } = await ask(`${server.url}/ready`, {}).catch(() => ({ text: '' }))
    return ready.includes(text)
  }, `${text}\n${server.output()}`)
}

/** Asks until it is so. */
export async function until(holds: () => Promise<boolean>, what: string, seconds = 30): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise((next) => setTimeout(next, 25))
  }
}

/** Ids of the processes of the workers. */
export async function workersOf(server: ServerProcess): Promise<number[]> {
  const { readFileSync } = await import('node:fs')
  const pid = server.process.pid ?? 0
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map(Number)
  const commandOf = (child: number) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8')
    } catch {
      // It has ended in between.
      return ''
    }
  }
  return children.filter((each) => commandOf(each).includes('--as-worker'))
}

/** A client with a key of its own, as CLIENTS names it, and what it asks for a token with. */
export async function clientSettings(at: string): Promise<{ file: string; assertion(url: string): string }> {
  const { generateKeyPairSync, randomUUID, sign } = await import('node:crypto')
  const { writeFileSync } = await import('node:fs')
  mkdirSync(at, { recursive: true })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'key-1' }]
  writeFileSync(join(at, 'client.jwks.json'), JSON.stringify({ keys }))
  const file = join(at, 'clients.json')
  const client = {
    id: 'client',
    jwksFile: 'client.jwks.json',
    scopes: 'system/*.cruds',
    canonicalPrefixes: ['http://example.org/'],
  }
  writeFileSync(file, JSON.stringify([client]))
  return {
    file,
    assertion(url) {
      const now = Math.floor(Date.now() / 1000)
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const claims = { iss: 'client', sub: 'client', aud: `${url}/token`, jti: randomUUID(), iat: now, exp: now + 120 }
      const text = `${part({ alg: 'ES384', typ: 'JWT', kid: 'key-1' })}.${part(claims)}`
      const signature = sign('sha384', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'system/ValueSet.cruds',
        client_assertion: `${text}.${signature.toString('base64url')}`,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }).toString()
    },
  }
}
