import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isOfType } from '../../../src/fhir/json.ts'
import { sqliteFaults } from '../../../src/storage/sqlite/check.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import type { Storage, StoredVersion } from '../../../src/storage/storage.ts'

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

/**
 * Publishes into one store in a process that is killed (-9), again and again, at moments that the seed draws.
 * After each time every publication must be there as a whole or not at all, and what was acknowledged must be there.
 */
export async function killPublications({ rounds, seed }: { rounds: number; seed: number }): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-kill-'))
  const file = join(folder, 'store.sqlite')
  const report: KillReport = { rounds, acknowledged: 0, unspoken: 0, faults: [] }
  const random = randomOf(seed)
  try {
    const said = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      for (const line of await publishUntilKilled(file, round, random() * 150)) said.add(line)
      const storage = openSqlite(file)
      const { faults, there } = await look(storage, said, round)
      await storage.close()
      report.faults.push(...faults.map((fault) => `round ${round}: ${fault}`))
      report.unspoken += there
    }
    report.acknowledged = said.size
    for await (const fault of sqliteFaults(file)) report.faults.push(fault)
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param delay milliseconds from its first word to the kill */
async function publishUntilKilled(file: string, round: number, delay: number): Promise<string[]> {
  const program = join(import.meta.dirname, 'publisher.ts')
  const child = spawn(process.execPath, [program, file, String(round), String(largest)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8')
  const closed = new Promise((resolve) => child.on('close', resolve))
  await new Promise((resolve) => {
    child.stdout.on('data', (chunk: string) => {
      output += chunk
      resolve(undefined)
    })
    child.on('close', resolve)
  })
  await sleep(delay)
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
  // More than the last one nobody can have missed.
  if (there > 1) faults.push(`${there} publications were not acknowledged`)
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
