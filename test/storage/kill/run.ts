import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FhirError } from '../../../src/fhir/error.ts'
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
    let unsure = 0
    let seen: Seen = {}
    for (let round = 0; round < rounds; round++) {
      const killed = mongo && round % 2 === 1 ? mongo : undefined
      // What the one before has left open in a database is in the way for seconds: most rounds begin behind that.
      const after = mongo && round % 5 !== 4 ? 2 : 1
      const lines = await publishUntilKilled({ url, round, after, delay: random() * (mongo ? 600 : 150), killed })
      for (const line of lines) if (!line.startsWith('unsure ')) said.add(line)
      const looked = await lookAt(open, { seen, said, prefix: `p${round}-` })
      const { faults, there } = looked
      seen = looked.seen
      // Besides the last one, which nobody can have missed, those that were not answered.
      const ownUnsure = lines.filter((line) => line.startsWith('unsure ')).length
      unsure += ownUnsure
      if (there > 1 + ownUnsure) faults.push(`${there} publications were not acknowledged, ${ownUnsure} unsure`)
      report.faults.push(...faults.map((fault) => `round ${round}: ${fault}`))
    }
    // Once more all of them: what a later kill took from an earlier round, and what came to light after its round was looked at.
    const { faults, there } = await lookAt(open, { seen: {}, said, prefix: 'p' })
    if (there > rounds + unsure) faults.push(`${there} publications were not acknowledged, ${unsure} unsure`)
    report.faults.push(...faults.map((fault) => `at the end: ${fault}`))
    report.unspoken = there
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

/** The newest version of each type when it was looked last. */
type Seen = Record<string, string>

/** What came to a store. */
interface Contents {
  /** Versions of artefacts by the publication that made them. */
  artefacts: Map<string, number>
  audits: StoredVersion[]
  provenances: Set<string>
  seen: Seen
}

/** All that came to a store after what was seen. */
async function contentsOf(storage: Storage, before: Seen): Promise<Contents> {
  const seen: Seen = { ...before }
  const newOnes = async (type: string) => {
    const found = await all(storage, type, before[type])
    if (found[0]) seen[type] = nameOf(found[0])
    return found
  }
  const audits = await newOnes('AuditEvent')
  const provenances = new Set((await newOnes('Provenance')).map(({ id }) => id))
  const artefacts = new Map<string, number>()
  for (const { resource } of await newOnes('ValueSet'))
    if (isOfType(resource, 'ValueSet') && resource.title)
      artefacts.set(resource.title, (artefacts.get(resource.title) ?? 0) + 1)
  return { artefacts, audits, provenances, seen }
}

/** What is looked at. */
interface Looking {
  seen: Seen
  /** Lines of the publishers: what the store acknowledged. */
  said: ReadonlySet<string>
  /** How the names of the publications begin that are in question. */
  prefix: string
}

/** What of those publications does not fit together, and how many are there that nobody was told of; what was seen up to now. */
async function lookAt(open: () => Promise<Storage>, looking: Looking) {
  const storage = await open()
  try {
    const contents = await contentsOf(storage, looking.seen)
    return { ...(await judge(storage, contents, looking)), seen: contents.seen }
  } finally {
    await storage.close()
  }
}

async function judge(storage: Storage, contents: Contents, { said, prefix }: Looking) {
  const faults: string[] = []
  let there = 0
  const { artefacts } = contents
  const audits = contents.audits.filter(({ id }) => id.startsWith(prefix))
  const provenances = new Set([...contents.provenances].filter((id) => id.startsWith(prefix)))
  for (const { id, resource } of audits) {
    const size = isOfType(resource, 'AuditEvent') ? Number(resource.outcomeDesc) : Number.NaN
    if (artefacts.get(id) !== size) faults.push(`${id} has ${artefacts.get(id) ?? 0} of ${size} artefacts`)
    if (!provenances.delete(id)) faults.push(`${id} has no Provenance`)
    if (!said.has(`${id} ${size}`)) there++
  }
  for (const id of provenances) faults.push(`${id} has no AuditEvent`)
  const known = new Set(audits.map(({ id }) => id))
  for (const name of artefacts.keys())
    if (name.startsWith(prefix) && !known.has(name)) faults.push(`${name} has artefacts alone`)
  for (const line of said) {
    const [name = '', what = ''] = line.split(' ')
    if (!name.startsWith(prefix)) continue
    if (what === 'record') {
      const record = await asToldToWait(() => storage.records.get('published', name))
      if (record === undefined) faults.push(`the record of ${name} is lost`)
    } else if (!known.has(name)) faults.push(`${name} was acknowledged and is lost`)
  }
  return { faults, there }
}

const nameOf = ({ type, id, versionId }: StoredVersion): string => `${type}/${id}/${versionId}`

/** Every version of a type, the newest first; with `until` (`type/id/version`) those that are newer. */
export async function all(storage: Storage, type: string, until?: string): Promise<StoredVersion[]> {
  const found: StoredVersion[] = []
  let cursor: string | undefined
  do {
    const from = cursor === undefined ? {} : { cursor }
    const page = await asToldToWait(() => storage.history({ type, count: 500, ...from }))
    const end = page.matches.findIndex((each) => nameOf(each) === until)
    if (end >= 0) return [...found, ...page.matches.slice(0, end)]
    found.push(...page.matches)
    cursor = page.next
  } while (cursor !== undefined)
  return found
}

/** Asks again where the store says that it cannot answer yet, for a minute at most: it may have been killed just before. */
async function asToldToWait<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + 60_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const seconds = error instanceof FhirError && error.status === 503 ? error.headers['Retry-After'] : undefined
      if (seconds === undefined || performance.now() > end) throw error
      await sleep(Number(seconds) * 1000)
    }
  }
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
