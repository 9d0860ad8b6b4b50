import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ValueSet } from '../src/fhir/types.ts'
import { createManifests } from '../src/provenance/manifests.ts'
import { createReferences } from '../src/provenance/references.ts'
import { signingKey } from '../src/provenance/signing-key.ts'
import { openSqlite } from '../src/storage/sqlite/sqlite.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const artefacts = 1_000
const baseUrl = 'https://health.example'

const valueSet = (name: string): ValueSet => ({
  resourceType: 'ValueSet',
  id: name,
  url: `http://example.org/ValueSet/${name}`,
  version: '1',
  status: 'active',
  compose: {
    include: [
      {
        system: 'http://example.org/codes',
        concept: Array.from({ length: 40 }, (_, i) => ({ code: `c${i}`, display: `Concept ${i} of ${name}` })),
      },
    ],
  },
})

/** CPU time of the process for what is published: content of a thousand artefacts stored and listed in a signed manifest. */
export async function bench(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const storage = openSqlite(join(folder, 'store.db'))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = signingKey({ privateKey, publicKey: createPublicKey(privateKey), chain: [] }, 'current')
  const keys = { current: () => key, all: () => [key] }
  const header = () => ({ typ: 'JOSE' })
  const references = createReferences({ storage, keys, header })
  const making = { storage, references, keys, header, baseUrl, domains: ['DDCC'], evaluate: () => [] }
  const { manifests } = createManifests({ ...making, now: () => new Date() })
  const store = (names: string[]) =>
    storage.write(names.map((id) => ({ method: 'PUT', type: 'ValueSet', id, resource: valueSet(id) })))
  try {
    await store(Array.from({ length: artefacts }, (_, i) => `v${i}`))
    const first = await cpuOf(manifests)
    await store(['one-more'])
    const changed = await cpuOf(manifests)
    return [
      { name: `manifest of ${artefacts} artefacts that have no stored content yet`, value: first, target: '< 1000 ms' },
      { name: 'the same when one more is published', value: changed, target: '< 1000 ms' },
    ]
  } finally {
    await storage.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function cpuOf(work: () => Promise<unknown>): Promise<string> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return `${((user + system) / 1000).toFixed(0)} ms`
}
