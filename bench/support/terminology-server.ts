/**
 * A server in a process of its own, so that its CPU time is its own: a store with the artefacts that the parent sends and the code
 * systems in the files that it names, or bare Express that answers one small object. Speaks with its parent by messages.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { importOptions } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { importPath } from '../../src/publish/import/import-path.ts'
import { createServer } from '../../src/server.ts'

type Message = { artefacts: Resource[]; files: string[] } | { object: object } | { cpu: true } | { end: true }

let close = async () => {}

process.on('message', async (message: Message) => {
  if ('artefacts' in message) process.send?.({ url: await serveArtefacts(message.artefacts, message.files) })
  else if ('object' in message) process.send?.({ url: await serveObject(message.object) })
  else if ('cpu' in message) {
    const { user, system } = process.cpuUsage()
    process.send?.({ microseconds: user + system })
  } else {
    await close()
    process.exit(0)
  }
})

async function serveArtefacts(artefacts: Resource[], files: string[]): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  // Counted as by default, and never too many.
  const switches = { ACCESS_LOG: 'off', RATE_LIMIT: '100000000' }
  const server = await createServer(readConfig({ DATA_DIR: dataDir, PORT: '0', ...switches }))
  for (let at = 0; at < artefacts.length; at += 500)
    await server.storage.write(
      artefacts
        .slice(at, at + 500)
        .map((resource) => ({ method: 'PUT', type: resource.resourceType, id: resource.id ?? '', resource })),
    )
  for (const file of files) {
    const { entries } = await importPath(file, { ...importOptions(server), codeSystem: {} })
    if (entries.some(({ status }) => status === 'failed')) throw new Error(`${file} could not be imported`)
  }
  close = async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return `${await server.listen()}/fhir`
}

async function serveObject(object: object): Promise<string> {
  const app = express()
  app.get('/:name', (_request, response) => {
    response.json(object)
  })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
