/** How a server ends that is told to: it says so, goes on, finishes what is under way. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-drain-'))
const started: ServerProcess[] = []
after(async () => {
  for (const each of started) each.process.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

let made = 0
async function start(drainSeconds: string) {
  const server = await startServerProcess({
    DATA_DIR: join(folder, String(++made)),
    DRAIN_SECONDS: drainSeconds,
    ACCESS_LOG: 'off',
  })
  started.push(server)
  return server
}

/** Asks until it says that it ends: what it may lack beside that, as base content that still comes, does not count. */
async function untilEnding(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}/ready`)
    const said = (await response.json()) as { missing?: string[] }
    if (response.status === 503 && said.missing?.includes('end')) return
    if (tries > 400) assert.fail(`still ${response.status}: ${JSON.stringify(said)}`)
    await new Promise((next) => setTimeout(next, 25))
  }
}

it('SIGTERM is told in /ready, and requests are answered until nobody sends any', async () => {
  const server = await start('6')
  // One that is under way all the time: its body comes late.
  const body = JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [] })
  const slow = request(`${server.url}/fhir`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', 'content-length': body.length },
  })
  slow.write(body.slice(0, 10))
  await fetch(`${server.url}/fhir/metadata`)
  const exited = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  await untilEnding(server.url)
  assert.equal((await fetch(`${server.url}/fhir/metadata`)).status, 200)
  assert.equal((await fetch(`${server.url}/health`)).status, 200)
  // Now it takes nothing new, and waits for the one that is under way.
  for (let tries = 0; ; tries++) {
    const isGone = await fetch(`${server.url}/health`).then(
      () => false,
      () => true,
    )
    if (isGone) break
    if (tries > 400) assert.fail('it takes requests for ever')
    await new Promise((next) => setTimeout(next, 25))
  }
  slow.end(body.slice(10))
  const [response] = await once(slow, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
  const [code] = await exited
  assert.equal(code, 0, server.output())
})

it('a second signal waits for nothing', async () => {
  const server = await start('600')
  const exited = once(server.process, 'exit')
  server.process.kill('SIGTERM')
  await untilEnding(server.url)
  server.process.kill('SIGTERM')
  const [code] = await exited
  assert.equal(code, 143)
})
