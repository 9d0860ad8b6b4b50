/** A whole server over a store in memory, asked over HTTP. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { createServer } from '../../src/server.ts'

/** What it answers. */
export interface Reply {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** What goes with a request. */
interface Asked {
  body?: object
  provenance?: string
  headers?: Record<string, string>
  /** Nothing says who asks. */
  anonymous?: true
}

/** Starts a server with settings; it ends with the test file. */
export async function askServer(settings: Record<string, string> = {}) {
  const opened = await openAskedServer(settings)
  after(opened.close)
  return opened
}

/** The same, ended by whoever started it. */
export async function openAskedServer(settings: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-asked-'))
  const token = 'a-token-for-tests'
  const server = await createServer(
    readConfig({
      DATA_DIR: folder,
      STORAGE_URL: 'sqlite::memory:',
      ACCESS_LOG: 'off',
      BASE_URL: 'https://health.example',
      DEVELOPMENT_TOKEN: token,
      ...settings,
    }),
  )
  const listener = createHttpServer({ maxHeaderSize: 80 * 1024 }, server.handler)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const close = async () => {
    listener.closeAllConnections()
    await new Promise((resolve) => listener.close(resolve))
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const ask = (
    method: string,
    path: string,
    { body, provenance, headers = {}, anonymous }: Asked = {},
  ): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const all: Record<string, string> = {
        ...(anonymous ? {} : { Authorization: `Bearer ${token}` }),
        'Content-Type': 'application/fhir+json',
        ...(provenance === undefined ? {} : { 'X-Provenance': Buffer.from(provenance).toString('latin1') }),
        ...headers,
      }
      const sent = request(
        { host: '127.0.0.1', port, method, path: path.startsWith('/') ? path : `/fhir/${path}`, headers: all },
        (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          const { statusCode: status = 0, headers: told } = response
          response.on('end', () => resolve({ status, headers: told, body: Buffer.concat(pieces) }))
        },
      )
      sent.on('error', reject)
      sent.end(body && JSON.stringify(body))
    })
  /** All Provenances, or those about a resource, as they are stored. */
  // biome-ignore lint/suspicious/noExplicitAny: what is stored is judged by the assertions
  const provenances = async (target?: string): Promise<any[]> => {
    const query = target === undefined ? '' : `?target=${target}`
    const found = JSON.parse((await ask('GET', `Provenance${query}`)).body.toString())
    return (found.entry ?? []).map(({ resource }: { resource: unknown }) => resource)
  }
  const site = (path: string) => ask('GET', path)
  return { server, ask, site, provenances, close }
}
