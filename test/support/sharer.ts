/** A sharer of health links: a https server of the tests with the files that it is given. */
import { createHash, createPublicKey, type KeyObject, randomBytes, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { JsonObject } from '../../src/base/json-value.ts'
import { type FileSeal, sealFile } from '../../src/demo/issue-health-link.ts'
import { type HttpsPeer, startHttpsPeer } from './https-peer.ts'

/** A request as it came. */
export interface Received {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: string
}

/** What is answered. */
export interface Answer {
  status?: number
  headers?: Record<string, string>
  body?: string | Buffer | JsonObject
}

/** A sharer with what he has on offer. */
export interface Sharer {
  peer: HttpsPeer
  /** What he answers, by method and path. */
  offers: Map<string, (received: Received) => Answer | Promise<Answer>>
  received: Received[]
  /** The key of his links. */
  key: Buffer
  /** Seals a file under it. */
  seal(content: Uint8Array | JsonObject, contentType: string, other?: Partial<FileSeal>): string
  /** Forgets what he had and heard. */
  reset(): void
}

/** Starts a sharer; without an offer he answers 404. */
export async function startSharer(name = 'sharer.example'): Promise<Sharer> {
  const offers: Sharer['offers'] = new Map()
  const received: Received[] = []
  const key = randomBytes(32)
  const peer = await startHttpsPeer(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    const { method = '', url = '/', headers } = request
    const seen = { method, url: new URL(url, `https://${headers.host}`), headers, body }
    received.push(seen)
    const answer = (await offers.get(`${method} ${seen.url.pathname}`)?.(seen)) ?? { status: 404 }
    const isJson = typeof answer.body === 'object' && !Buffer.isBuffer(answer.body)
    response.writeHead(answer.status ?? 200, {
      'Content-Type': isJson ? 'application/json' : 'application/jose',
      ...answer.headers,
    })
    response.end(isJson ? JSON.stringify(answer.body) : answer.body)
  }, name)
  return {
    peer,
    offers,
    received,
    key,
    seal(content, contentType, other) {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content))
      return sealFile(bytes, { key, nonce: randomBytes(12), contentType, ...other })
    },
    reset() {
      offers.clear()
      received.length = 0
    },
  }
}

/** The public key of a server, and its name, out of its data folder. */
export function serverKey(dataDir: string): { keyId: string; publicKey: KeyObject } {
  const jwk = JSON.parse(readFileSync(join(dataDir, 'keys/message-signing.jwk.json'), 'utf8'))
  return { keyId: jwk.kid, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) }
}

/**
 * What is wrong with the message signature of a request (RFC 9421), checked by the text of the request alone; undefined when it is good
 * and covers what it must.
 */
export function signatureFault(received: Received, { keyId, publicKey }: ReturnType<typeof serverKey>) {
  const { method, url, headers, body } = received
  const [, parameters = '', names = ''] = /^sig1=(\(([^)]*)\);.*)$/.exec(String(headers['signature-input'])) ?? []
  const [, signature = ''] = /^sig1=:([^:]*):$/.exec(String(headers.signature)) ?? []
  const covered = names.split(' ').map((name) => name.replaceAll('"', ''))
  const needed = ['@method', '@path', '@authority', ...(method === 'POST' ? ['content-type', 'content-digest'] : [])]
  if (method === 'GET' && url.search) needed.push('@query')
  if (covered.join() !== needed.join()) return `covers ${covered}`
  const derived: Record<string, string> = {
    '@method': method,
    '@path': url.pathname,
    '@authority': String(headers.host),
    '@query': url.search,
  }
  const lines = covered.map((name) => `"${name}": ${derived[name] ?? headers[name]}`)
  const base = Buffer.from([...lines, `"@signature-params": ${parameters}`].join('\n'))
  if (!parameters.includes(`;keyid="${keyId}";alg="ecdsa-p256-sha256"`)) return 'names another key'
  const created = Number(/;created=(\d+)/.exec(parameters)?.[1])
  if (Math.abs(created - Date.now() / 1000) > 60) return 'was made at another time'
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
  if (method === 'POST' && headers['content-digest'] !== digest) return 'has the digest of another content'
  const options = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  return verify('sha256', base, options, Buffer.from(signature, 'base64')) ? undefined : 'does not match'
}
