/** Keys and limits are those of all workers together. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimens } from '../../../src/demo/specimens.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { ask, type Connection, connectTo, startWorkers, strength, until, workersOf } from '../../support/workers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-keys-'))
const noProc = existsSync('/proc/self/task') ? false : 'this system has no /proc, where the workers are found'
const lists = join(folder, 'issuer/demo/trust')
let question: string
let server: ServerProcess
before(async () => {
  const now = new Date()
  const all = await specimens(demoIssuer(join(folder, 'issuer'), now), now)
  const text = all.find(({ name }) => name === 'vaccination')?.text
  question = JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] })
  server = await startWorkers(2, {
    DATA_DIR: join(folder, 'data'),
    TRUST_LISTS: JSON.stringify([{ name: 'partners', kind: 'certificates', location: lists, refreshSeconds: 1 }]),
    RATE_LIMIT: '120',
    MAX_CONNECTIONS_PER_CLIENT: '6',
    HEADER_SECONDS: '3',
    BODY_SECONDS: '2',
  })
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function connections(): Promise<Connection[]> {
  const made = [connectTo(server.url), connectTo(server.url)]
  for (const each of made) await each.ask('/health')
  return made
}

/** The first process is told of every connection that is no more. */
const released = () => sleep(400)

async function status(connection: Connection): Promise<string> {
  const { text } = await connection.ask('/fhir/$evaluate', {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', authorization: 'Bearer test' },
    body: question,
  })
  const { parameter } = JSON.parse(text) as { parameter: { name: string; valueCode?: string }[] }
  return parameter.find(({ name }) => name === 'status')?.valueCode ?? text.slice(0, 300)
}

describe('a key', { skip: noProc }, () => {
  it('that is taken out is out in all workers within two seconds, also when the one that leads was killed', async () => {
    const aside = join(folder, 'aside')
    mkdirSync(aside)
    for (const kill of [false, true]) {
      if (kill) {
        const [lead = 0] = await workersOf(server)
        process.kill(lead, 'SIGKILL')
        await strength(server, '1 of 2 answer')
        await strength(server, '2 of 2 answer')
      }
      const all = await connections()
      for (const each of all) assert.equal(await status(each), 'VERIFIED')
      const names = readdirSync(lists).filter((name) => /dsc/i.test(name))
      assert.ok(names.length > 0, readdirSync(lists).join())
      for (const name of names) renameSync(join(lists, name), join(aside, name))
      const isOut = async () => (await Promise.all(all.map(status))).every((each) => each === 'ISSUER_NOT_TRUSTED')
      await until(isOut, 'the key is out in both', 3)
      for (const name of names) renameSync(join(aside, name), join(lists, name))
      await until(
        async () => (await Promise.all(all.map(status))).every((each) => each === 'VERIFIED'),
        'it is back',
        3,
      )
      for (const each of all) each.close()
    }
  })

  it('changed in one history, which one worker writes', async () => {
    const entries = join(folder, 'data/trust/history/entries')
    // The keys at first, none, the keys, none, the keys.
    const standings = () => {
      const texts = readdirSync(entries)
        .sort()
        .map((name) => readFileSync(join(entries, name), 'utf8'))
      return texts.map((text) => JSON.stringify(JSON.parse(text).standing.lists))
    }
    // A worker that comes to lead says once more how they stand.
    const changes = () => standings().filter((each, at, all) => each !== all[at - 1])
    // What counts is answered by before it is written that it does.
    await until(async () => changes().length >= 5, 'five standings are kept', 5)
    assert.deepEqual([changes().length, new Set(changes()).size], [5, 2], standings().join('\n'))
    const gaps = readdirSync(join(folder, 'data/trust/history/gaps'))
    assert.ok(
      gaps.some((name) => name.startsWith('closed-')),
      'of the moments in which not all had followed nothing is told',
    )
  })
})

describe('a file that nobody reads again by itself', { skip: noProc }, () => {
  it('counts for all as it is now when workers are replaced, and when one is started again', async () => {
    const own = join(folder, 'own')
    cpSync(lists, own, { recursive: true })
    const still = await startWorkers(2, {
      DATA_DIR: join(folder, 'still'),
      TRUST_LISTS: JSON.stringify([{ name: 'partners', kind: 'certificates', location: own }]),
    })
    const statuses = async () => {
      const made = [connectTo(still.url), connectTo(still.url)]
      for (const each of made) await each.ask('/health')
      return Promise.all(made.map(status)).finally(() => made.forEach((each) => void each.close()))
    }
    try {
      assert.deepEqual(await statuses(), ['VERIFIED', 'VERIFIED'])
      const names = readdirSync(own).filter((name) => /dsc/i.test(name))
      const aside = join(folder, 'own-aside')
      mkdirSync(aside)
      for (const name of names) renameSync(join(own, name), join(aside, name))
      still.process.kill('SIGUSR2')
      await until(async () => still.output().includes('all workers were replaced'), 'they are replaced', 60)
      assert.deepEqual(await statuses(), ['ISSUER_NOT_TRUSTED', 'ISSUER_NOT_TRUSTED'])
      for (const name of names) renameSync(join(aside, name), join(own, name))
      const [, follower = 0] = await workersOf(still)
      process.kill(follower, 'SIGKILL')
      await strength(still, '1 of 2 answer')
      await strength(still, '2 of 2 answer')
      assert.deepEqual(await statuses(), ['VERIFIED', 'VERIFIED'], 'the newest reading counts for all')
    } finally {
      await still.stop()
    }
  })
})

describe('limits of one client', () => {
  it('on requests count in all workers together', async () => {
    // A window of its own: what was asked before may count.
    const all = await connections()
    const statuses: number[] = []
    const began = performance.now()
    while (performance.now() - began < 20_000) {
      const round = await Promise.all(all.map((each) => each.ask('/fhir/metadata?_summary=true')))
      statuses.push(...round.map((each) => each.status))
      await sleep(20)
      if (round.every((each) => each.status === 429)) break
    }
    const answered = statuses.filter((each) => each === 200).length
    assert.ok(answered <= 126, `${answered} were answered: more than 120 and what passes in a tenth of a second`)
    assert.equal(statuses.at(-1), 429)
    assert.equal(statuses.at(-2), 429, 'also with the other worker')
    for (const each of all) each.close()
  })

  it('on connections count in all workers together', async () => {
    const { port } = new URL(server.url)
    let closed = 0
    // The first process is told of a connection that is no more when it is: until then it counts, and more are closed.
    for (let tries = 0; tries < 10 && closed !== 3; tries++) {
      await released()
      closed = 0
      const sockets = Array.from({ length: 9 }, () => connect(Number(port), '127.0.0.1'))
      for (const socket of sockets) socket.on('error', () => {}).on('close', () => (closed += 1))
      await until(async () => closed >= 3, 'those beyond six are closed', 2.5)
      await sleep(200)
      for (const socket of sockets) socket.removeAllListeners('close').destroy()
    }
    assert.equal(closed, 3)
    await released()
  })

  it('on time hold for connections that were handed over: who sends half a head is cut off', async () => {
    const { port } = new URL(server.url)
    const socket = connect(Number(port), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.write('GET /fhir/metadata HTTP/1.1\r\nHost: a')
    await new Promise((resolve) => socket.once('close', resolve))
    assert.match(text, /^HTTP\/1\.1 408 /)
    assert.equal((await ask(`${server.url}/health`)).status, 200)
  })
})
