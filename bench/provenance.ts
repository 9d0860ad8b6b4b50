/** CPU time of the process for what is published: content of a thousand artefacts stored and listed in a signed manifest. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ValueSet } from '../src/fhir/types.ts'
import { createManifests } from '../src/provenance/manifests.ts'
import { createReferences } from '../src/provenance/references.ts'
import { signingKey } from '../src/provenance/signing-key.ts'
import { openSqlite } from '../src/storage/sqlite/sqlite.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOnce, timeFigure } from './support/harness/measure.ts'

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

export async function bench(): Promise<Measured[]> {
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
    const first = await costOnce(manifests)
    await store(['one-more'])
    const changed = await costOnce(manifests)
    const target = { value: 1000 }
    return [
      timeFigure(`manifest of ${artefacts} artefacts that have no stored content yet`, first, 'ms', {
        target,
        tolerance: 0.5,
      }),
      timeFigure('the same when one more is published', changed, 'ms', { target, tolerance: 0.5 }),
    ]
  } finally {
    await storage.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
