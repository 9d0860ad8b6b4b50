import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOfType } from '../../../src/fhir/json.ts'
import { openStorage, openStore } from '../../../src/storage/open.ts'
import type { Storage, StoredVersion } from '../../../src/storage/storage.ts'
import type { MongoServer } from '../../support/mongo/server.ts'

/** What came of killed publications. */
export interface KillReport {
  rounds: number
  acknowledged: number
  /** Publications that are in the store and were not acknowledged: killed between commit and word. */
  unspoken: number
  faults: string[]
}

/** Resources of a large publication. */
const largest = 60

/** What is killed, and how often. */
interface KillOptions {
  rounds: number
  seed: number
  /** Publishes into a database of this server, which is killed in every other round; by default into a file. */
  mongo?: MongoServer
}

/**
 * Publishes into one store in a process that is killed (-9), again and again, at moments that the seed draws.
 * After each time every publication must be there as a whole or not at all, and what was acknowledged must be there.
 */
export async function killPublications({ rounds, seed, mongo }: KillOptions): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-kill-'))
  const url = mongo?.url(`killed-${seed}`) ?? `sqlite:${join(folder, 'store.sqlite')}`
  const open = () => openStorage(url, { dataDir: folder })
  const report: KillReport = { rounds, acknowledged: 0, unspoken: 0, faults: [] }
  const random = randomOf(seed)
  try {
    const said = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const killed = mongo && round % 2 === 1 ? mongo : undefined
      // What the one before has left open in a database is in the way for seconds: most rounds begin behind that.
      const after = mongo && round % 5 !== 4 ? 2 : 1
      const lines = await publishUntilKilled({ url, round, after, delay: random() * (mongo ? 600 : 150), killed })
      for (const line of lines) if (!line.startsWith('unsure ')) said.add(line)
      const storage = await open()
      const { faults, there } = await look(storage, said, round)
      // Besides the last one, which nobody can have missed, those that were not answered.
      const unsure = lines.filter((line) => line.startsWith('unsure ')).length
      if (there > 1 + unsure) faults.push(`${there} publications were not acknowledged, ${unsure} unsure`)
      await storage.close()
      report.faults.push(...faults.map((fault) => `round ${round}: ${fault}`))
      report.unspoken += there
    }
    report.acknowledged = said.size
    for await (const fault of (await openStore(url, { dataDir: folder })).faults()) report.faults.push(fault)
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Round {
  url: string
  round: number
  /** Lines that it has written, of which the first says that it is ready, before the time begins. */
  after: number
  /** Milliseconds from then to the kill. */
  delay: number
  /** The store, when that is killed first. */
  killed: MongoServer | undefined
}

async function publishUntilKilled({ url, round, after, delay, killed }: Round): Promise<string[]> {
  const program = join(import.meta.dirname, 'publisher.ts')
  const child = spawn(process.execPath, [program, url, String(round), String(largest)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  const closed = new Promise((resolve) => child.on('close', resolve))
  await new Promise((resolve) => {
    child.stdout.on('data', (chunk: string) => {
      output += chunk
      if (output.split('\n').length > after) resolve(undefined)
    })
    child.on('close', resolve)
  })
  await sleep(delay)
  if (killed) {
    await killed.kill()
    await killed.restart()
    await sleep(delay)
  }
  child.kill('SIGKILL')
  await closed
  if (child.signalCode !== 'SIGKILL') throw new Error(`the publisher ended by itself (${child.exitCode})`)
  // The last piece has no line end: it may be half a line.
  return output
    .split('\n')
    .slice(0, -1)
    .filter((line) => line !== 'ready')
}

/** What of this round's publications does not fit together, and how many are there that nobody was told of. */
async function look(storage: Storage, said: ReadonlySet<string>, round: number) {
  const faults: string[] = []
  let there = 0
  const artefacts = await countByTitle(storage)
  const ofRound = (each: StoredVersion) => each.id.startsWith(`p${round}-`)
  const audits = (await all(storage, 'AuditEvent')).filter(ofRound)
  const provenances = new Set((await all(storage, 'Provenance')).filter(ofRound).map(({ id }) => id))
  for (const { id, resource } of audits) {
    const size = isOfType(resource, 'AuditEvent') ? Number(resource.outcomeDesc) : Number.NaN
    if (artefacts.get(id) !== size) faults.push(`${id} has ${artefacts.get(id) ?? 0} of ${size} artefacts`)
    if (!provenances.delete(id)) faults.push(`${id} has no Provenance`)
    if (!said.has(`${id} ${size}`)) there++
  }
  for (const id of provenances) faults.push(`${id} has no AuditEvent`)
  const known = new Set(audits.map(({ id }) => id))
  for (const name of artefacts.keys())
    if (name.startsWith(`p${round}-`) && !known.has(name)) faults.push(`${name} has artefacts alone`)
  for (const line of said) {
    const [name = '', what = ''] = line.split(' ')
    if (!name.startsWith(`p${round}-`)) continue
    if (what === 'record') {
      if ((await storage.records.get('published', name)) === undefined) faults.push(`the record of ${name} is lost`)
    } else if (!known.has(name)) faults.push(`${name} was acknowledged and is lost`)
  }
  return { faults, there }
}

async function countByTitle(storage: Storage): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { resource } of await all(storage, 'ValueSet'))
    if (isOfType(resource, 'ValueSet') && resource.title)
      counts.set(resource.title, (counts.get(resource.title) ?? 0) + 1)
  return counts
}

/** Every version of a type. */
export async function all(storage: Storage, type: string): Promise<StoredVersion[]> {
  const found: StoredVersion[] = []
  let cursor: string | undefined
  do {
    const page = await storage.history({ type, count: 5000, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...page.matches)
    cursor = page.next
  } while (cursor !== undefined)
  return found
}

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
