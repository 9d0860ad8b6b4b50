/** A port that another program has taken since it was tried. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { createFirstProcess } from '../../../src/server/workers/first-process.ts'

it('a port that is taken in between is told, and the start ends in order', { timeout: 30_000 }, async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const address = other.address()
  const port = typeof address === 'object' ? Number(address?.port) : 0
  const first = createFirstProcess({
    config: { ...readConfig({}), host: '127.0.0.1', port, plainHttp: true },
    workers: 1,
    command: [join(import.meta.dirname, 'listening.ts')],
    tell: () => {},
    lines: { out: () => {}, err: () => {} },
  })
  await assert.rejects(first.begin(), { code: 'EADDRINUSE' })
  await first.end()
  other.close()
})
