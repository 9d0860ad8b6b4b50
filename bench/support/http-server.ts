/**
 * A server in a process of its own, so that its CPU time is its own. `vidimus`: a store with the artefacts that the
 * parent sends; `express`: bare `res.json` of the objects that the parent sends. Speaks with its parent by messages.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { readConfig } from '../../src/config.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { createServer } from '../../src/server.ts'

type Message = { start: unknown[] } | { cpu: true } | { end: true }

const tell = (message: object) => process.send?.(message)
let close = async () => {}

process.on('message', async (message: Message) => {
  if ('start' in message) {
    const url =
      process.argv[2] === 'vidimus'
        ? await serveArtefacts(message.start as Resource[])
        : await serveObjects(message.start)
    tell({ url })
  } else if ('cpu' in message) {
    const { user, system } = process.cpuUsage()
    tell({ microseconds: user + system })
  } else {
    await close()
    process.exit(0)
  }
})

async function serveArtefacts(artefacts: Resource[]): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  // Counted as by default, and never too many.
  const switches = { ACCESS_LOG: process.argv[3] ?? 'off', LEGACY_DCC: 'on', RATE_LIMIT: '100000000' }
  const server = await createServer(readConfig({ DATA_DIR: dataDir, PORT: '0', ...switches }))
  await server.storage.write(
    artefacts.map((resource) => ({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource })),
  )
  close = async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return `${await server.listen()}/fhir`
}

async function serveObjects(objects: unknown[]): Promise<string> {
  const app = express()
  app.get('/fhir/:index', (request, response) => {
    response.json(objects[Number(request.params.index)])
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`
}
