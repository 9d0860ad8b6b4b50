import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { headerProvenance, type Publisher, publisher, signature } from '../../support/signed-artefact.ts'
import { valueSet } from '../contract.ts'
import { all, type KillReport, randomOf } from './run.ts'

/** Artefacts of a publication, each with a signature in one header of 64 kB. */
const most = 12
const base = 'http://example.org/'
const compose = { include: [{ system: `${base}CodeSystem/codes`, concept: [{ code: 'a' }] }] }
const token = 'a-token-for-tests'

/**
 * Publishes signed transactions at a server that is killed (-9), again and again, at moments that the seed draws. After each time every
 * publication must be there with all its artefacts, their Provenance and AuditEvents, or not at all, and what was answered must be there.
 */
export async function killServers({ rounds, seed }: { rounds: number; seed: number }): Promise<KillReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-kill-'))
  const file = join(folder, 'store.sqlite')
  const report: KillReport = { rounds, acknowledged: 0, unspoken: 0, faults: [] }
  const random = randomOf(seed)
  const ministry = await publisher('did:web:ministry.example')
  try {
    const answered = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const asked = await publishUntilKilled({ file, folder, round, delay: random() * 400, ministry, answered })
      const storage = openSqlite(file)
      const faults = await look(storage, asked, answered)
      report.unspoken += faults.unspoken
      report.faults.push(...faults.faults.map((fault) => `round ${round}: ${fault}`))
      await storage.close()
    }
    report.acknowledged = answered.size
    return report
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Round {
  file: string
  folder: string
  round: number
  /** Milliseconds from the first publication to the kill. */
  delay: number
  ministry: Publisher
  /** Names of the publications that were answered as stored, ever. */
  answered: Set<string>
}

/** Publications of one round by their names, with the ids of their artefacts. */
type Asked = Map<string, string[]>

async function publishUntilKilled({ file, folder, round, delay, ministry, answered }: Round): Promise<Asked> {
  const signers = [{ issuer: ministry.did, canonicalPrefixes: [base], keys: { keys: [ministry.publicJwk] } }]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'listening.ts')], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...{ STORAGE_URL: `sqlite:${file}`, DATA_DIR: folder, PORT: '0', ACCESS_LOG: 'off', DEVELOPMENT_TOKEN: token },
      ...{ SIGNERS: JSON.stringify(signers), REQUIRE_SIGNATURE: 'all' },
    },
  })
  const closed = new Promise((resolve) => child.on('close', resolve))
  const port = await new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => resolve(text.trim()))
    child.on('close', () => resolve(''))
  })
  const asked: Asked = new Map()
  const publishing = publishOn({ port, round, ministry, answered }, asked).catch((error: unknown) => error)
  await sleep(delay)
  child.kill('SIGKILL')
  await closed
  const ended = await publishing
  if (child.signalCode !== 'SIGKILL') throw new Error(`the server ended by itself (${child.exitCode})`)
  // A connection that breaks off is what was wanted; a refusal is not.
  if (ended instanceof Refused) throw ended
  return asked
}

class Refused extends Error {}

async function publishOn(
  { port, round, ministry, answered }: Pick<Round, 'round' | 'ministry' | 'answered'> & { port: string },
  asked: Asked,
): Promise<never> {
  for (let i = 0; ; i++) {
    const name = `p${round}-${i}`
    const size = i % 3 === 0 ? most : 1 + (i % 5)
    const resources = Array.from({ length: size }, (_, at) =>
      valueSet(`${name}-${at}`, { url: `${base}ValueSet/${name}-${at}`, version: '1', status: 'active', compose }),
    )
    const signatures = await Promise.all(resources.map((each) => signature({ ...each }, ministry)))
    const entry = resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `ValueSet/${resource.id}` },
    }))
    asked.set(
      name,
      resources.map(({ id }) => String(id)),
    )
    const reply = await fetch(`http://127.0.0.1:${port}/fhir`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/fhir+json',
        Authorization: `Bearer ${token}`,
        'X-Provenance': JSON.stringify(headerProvenance(...signatures)),
      },
      body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    })
    const text = await reply.text()
    if (reply.status !== 200) throw new Refused(`${reply.status}: ${text}`)
    answered.add(name)
  }
}

/** What does not fit together of the publications of a round, and how many are there that nobody was told of. */
async function look(storage: Storage, asked: Asked, answered: ReadonlySet<string>) {
  const faults: string[] = []
  let unspoken = 0
  const stored = new Set((await all(storage, 'ValueSet')).map(({ id }) => id))
  const [provenances, audits] = [await mentioned(storage, 'Provenance'), await mentioned(storage, 'AuditEvent')]
  for (const [name, ids] of asked) {
    const counts = [stored, provenances, audits].map((each) => ids.filter((id) => each.has(id)).length)
    const [artefacts = 0] = counts
    const isWhole = counts.every((count) => count === ids.length)
    if (!isWhole && counts.some((count) => count > 0)) faults.push(`${name} has ${counts.join(', ')} of ${ids.length}`)
    if (!isWhole && answered.has(name)) faults.push(`${name} was answered and is lost`)
    if (artefacts > 0 && !answered.has(name)) unspoken++
  }
  if (unspoken > 1) faults.push(`${unspoken} publications were not answered`)
  return { faults, unspoken }
}

/** Ids of the value sets that resources of a type are about. */
async function mentioned(storage: Storage, type: string): Promise<Set<string>> {
  const ids = new Set<string>()
  for (const { resource } of await all(storage, type))
    for (const [, id = ''] of JSON.stringify(resource).matchAll(/"ValueSet\/([\w-]+)(?:\/_history\/1)?"/g)) ids.add(id)
  return ids
}
