/** A server and its remote lists: it starts without the network, says what it lacks, learns, warns of age, and ends. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { After } from '../../src/base/after.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import { evaluateOperation } from '../../src/operations/evaluate.ts'
import type { VidimusServer } from '../../src/server.ts'
import { specimenOf } from '../support/evaluate-question.ts'
import { testIssuer } from '../support/issuer.ts'
import { type ListServer, startListServer } from '../support/list-server.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { itemsOf, pinnedKey, signedList } from '../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const path = '/v2/trustlist/did.json'
const dayMilliseconds = 86_400_000

/** Timers that are run by hand, the soonest first. */
function handTimers() {
  const waiting: { milliseconds: number; run(): void }[] = []
  const after: After = (milliseconds, run) => {
    const entry = { milliseconds, run: () => {} }
    const callOff = () => void (waiting.includes(entry) && waiting.splice(waiting.indexOf(entry), 1))
    entry.run = () => {
      callOff()
      run()
    }
    waiting.push(entry)
    return callOff
  }
  return { after, waiting }
}

describe('a server whose list is at an address', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-remote-'))
  const dataDir = join(folder, 'data')
  let lists: ListServer
  let environment: Record<string, string>
  const open = new Set<() => Promise<void>>()
  const question = specimenOf({ issuer: issuer.signer, country: 'XA', now: new Date() })

  const start = async (more: Record<string, string> = {}) => {
    const timers = handTimers()
    const opened = await openTestServer({ ...environment, ...more }, { after: timers.after })
    open.add(opened.close)
    const close = async () => {
      open.delete(opened.close)
      await opened.close()
    }
    await opened.server.listen()
    const refresh = async () => {
      timers.waiting.find(({ milliseconds }) => milliseconds !== 5000)?.run()
      await opened.server.trust.reload(['net'])
    }
    return { server: opened.server, timers, refresh, close }
  }
  const checkKey = async (server: VidimusServer) => {
    const { resource } = await evaluateOperation.handle({ level: 'system', parameters: question, headers: {} }, server)
    const reply = JSON.stringify(resource)
    const checks = (resource as Parameters).parameter?.filter(({ name }) => name === 'check') ?? []
    const parts = checks.map(({ part = [] }) =>
      Object.fromEntries(part.map((each) => [each.name, each.valueCode ?? each.valueString])),
    )
    return { reply, key: parts.find(({ name }) => name === 'key') }
  }

  before(async () => {
    lists = await startListServer()
    const did = `did:web:lists.example%3A${lists.port}:v2:trustlist`
    lists.put(path, await signedList(itemsOf(issuer), { document: { id: did } }))
    writeFileSync(join(folder, 'key.json'), pinnedKey)
    environment = {
      DATA_DIR: dataDir,
      NETWORK: 'on',
      NETWORK_HOSTS: JSON.stringify([lists.listed]),
      TRUST_REFRESH_SECONDS: '1000',
      TRUST_LISTS: JSON.stringify([
        { name: 'net', kind: 'did-v2', location: `${lists.origin}${path}`, key: join(folder, 'key.json') },
      ]),
    }
  })
  after(async () => {
    await lists.close()
    await Promise.all([...open].map((close) => close()))
    rmSync(folder, { recursive: true, force: true })
  })

  it('starts while that cannot be reached, answers ISSUER_NOT_TRUSTED and says what it lacks; then it learns', async () => {
    lists.faults.push({ status: 503 })
    const { server, timers, refresh, close } = await start()
    const before = await checkKey(server)
    assert.match(before.reply, /ISSUER_NOT_TRUSTED/)
    assert.match(String(before.key?.detail), /these trust lists are not there: net/)
    assert.deepEqual(
      timers.waiting.map(({ milliseconds }) => milliseconds),
      [0, 5000],
    )
    lists.faults.length = 0
    await refresh()
    const now = await checkKey(server)
    assert.match(now.reply, /VERIFIED/)
    assert.equal(now.key?.outcome, 'pass')
    await close()
    assert.deepEqual(timers.waiting, [])
  })

  it('has its copy without the network, and warns of its age', async () => {
    const { server } = await start({ NETWORK: 'off' })
    assert.match((await checkKey(server)).reply, /VERIFIED/)
    const state = server.trust.sources()[0]
    assert.ok(state?.checkedAt)
    state.checkedAt.setTime(state.checkedAt.getTime() - 8 * dayMilliseconds - 1000)
    const { reply, key } = await checkKey(server)
    assert.match(reply, /VERIFIED/)
    assert.deepEqual(key?.outcome, 'warn')
    assert.match(String(key?.detail), /^trust list is 8 days old: net$/)
  })

  it('ends at once while its list is slow', async () => {
    lists.faults.push({ drip: { bytes: 1, milliseconds: 1000 } })
    const { server, timers, close } = await start()
    const asked = lists.requests.length
    timers.waiting.find(({ milliseconds }) => milliseconds === 0)?.run()
    while (lists.requests.length === asked) await new Promise((done) => setImmediate(done))
    await close()
    assert.ok(server.trust.status()[0]?.usable)
    lists.faults.length = 0
  })
})
