import { createServer, type Server } from 'node:http'
import { after } from 'node:test'
import type { Operation } from '../../src/fhir/operation.ts'
import { type AccessLogEntry, type AppOptions, createApp } from '../../src/http/app.ts'
import { openStorage } from '../../src/storage/open.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** Bearer token that opens writes in the tests. */
export const token = 'test-token-of-the-suite'
/** `Authorization` of a request that may write. */
export const bearer = `Bearer ${token}`
/** Public address in the tests: links show it, whatever port the test listens on. */
export const baseUrl = 'http://vidimus.test/fhir'

/** A running app over a store in memory, closed after the tests of the file. */
export interface TestApp {
  server: Server
  storage: Storage
  log: AccessLogEntry[]
  errors: unknown[]
}

/** An app over a store in memory, and what it said. */
export async function makeApp(operations: Operation<undefined>[] = [], change: Partial<AppOptions<undefined>> = {}) {
  const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
  const log: AccessLogEntry[] = []
  const errors: unknown[] = []
  let count = 0
  const app = createApp<undefined>({
    storage,
    operations,
    context: undefined,
    settings: { baseUrl, developmentToken: token, bodyLimitBytes: 1_000_000, production: false },
    hooks: {
      parseMap: (text) => ({
        map: {
          resourceType: 'StructureMap',
          url: text.trim(),
          name: 'm',
          status: 'draft',
          group: [
            {
              name: 'g',
              typeMode: 'none',
              input: [{ name: 'a', mode: 'source' }],
              rule: [{ name: 'r', source: [{ context: 'a' }] }],
            },
          ],
        },
        warnings: [],
      }),
      readMap: (map) => map,
      printMap: (map) => `map "${map.url}" = "${map.name}"\n`,
      checkWrite: async () => [],
    },
    accessLog: (entry) => log.push(entry),
    errorLog: ({ error }) => errors.push(error),
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
    software: { name: 'vidimus', version: '0.1.0', releaseDate: '2026-01-01' },
    ...change,
  })
  const close = async () => {
    await app.close()
    await storage.close()
  }
  return { handler: app.handler, storage, log, errors, close }
}

/** Starts an app; `change` replaces options. */
export async function startApp(
  operations: Operation<undefined>[] = [],
  change: Partial<AppOptions<undefined>> = {},
): Promise<TestApp> {
  const { handler, storage, log, errors, close } = await makeApp(operations, change)
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await close()
  })
  return { server, storage, log, errors }
}

/** A small value set of that id. */
export const valueSet = (id: string, more: object = {}) => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/ValueSet/${id}`,
  version: '1.0',
  name: 'Vaccines',
  title: `Vaccines ${id}`,
  status: 'active',
  compose: { include: [{ system: 'http://example.org/codes', concept: [{ code: 'a' }, { code: 'b' }] }] },
  ...more,
})
