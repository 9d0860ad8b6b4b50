/** A client of the stand-in that knows nothing: node:https with a certificate. */
import { request as httpsRequest } from 'node:https'
import type { PkiKey } from '../pki/pki.ts'
import type { StandIn } from './gateway.ts'

/** A request. */
export interface AskOptions {
  method?: string
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
  /** Client certificate. */
  as?: PkiKey
}

/** What came back. */
export interface Told {
  status: number
  headers: NodeJS.Dict<string | string[]>
  text: string
}

/** Asks once, over a connection of its own. */
export function ask({ url, ca }: Pick<StandIn, 'url' | 'ca'>, options: AskOptions): Promise<Told> {
  const { method = 'GET', path, headers = {}, body, as } = options
  const identity = as ? { cert: as.pem, key: as.keyPem } : {}
  const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(`${url}${path}`, {
      method,
      headers: { ...length, ...headers },
      ca,
      agent: false,
      ...identity,
    })
    sent.on('error', reject)
    sent.on('response', (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text: Buffer.concat(chunks).toString() }),
      )
    })
    sent.end(body)
  })
}
