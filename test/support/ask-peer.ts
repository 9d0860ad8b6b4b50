/** Asks a server of the tests under the name that no resolver knows, as NETWORK_HOSTS would name it. */
import type { OutgoingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import type { NetworkHost } from '../../src/network/network-hosts.ts'

/** A request. */
export interface PeerQuestion {
  method?: string
  path: string
  headers?: OutgoingHttpHeaders
  body?: string
}

/** What came back. */
export interface PeerAnswer {
  status: number
  headers: NodeJS.Dict<string | string[]>
  body: Buffer
}

/** Asks once, over a connection of its own. */
export function askPeer(
  { host, port, address, ca }: NetworkHost,
  { method = 'GET', path, headers = {}, body }: PeerQuestion,
): Promise<PeerAnswer> {
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const asked = request({
      host: address,
      port,
      path,
      method,
      headers: { Host: `${host}:${port}`, ...length, ...headers },
      ca,
      servername: host,
      agent: false,
    })
    asked.on('error', reject)
    asked.on('response', (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks) }),
      )
    })
    asked.end(body)
  })
}
