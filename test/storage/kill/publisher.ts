/**
 * Child of run.ts: publishes without end, each publication one transaction of many resources with a Provenance and an AuditEvent, some
 * with a record of their own beside, and says so when the store has acknowledged it.
 */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import { openStorage } from '../../../src/storage/open.ts'
import type { Write } from '../../../src/storage/storage.ts'
import { valueSet } from '../contract.ts'

const [url = '', round = '', most = ''] = process.argv.slice(2)
const storage = await openStorage(url, { dataDir: '' })
writeSync(1, 'ready\n')
for (let i = 0; ; i++) {
  const name = `p${round}-${i}`
  // Small ones go at one stroke, large ones in slices.
  const size = i % 3 === 0 ? Number(most) : 1 + (i % 15)
  const put = (resource: Resource): Write => ({
    method: 'PUT',
    type: resource.resourceType,
    id: String(resource.id),
    resource,
  })
  const artefacts = Array.from({ length: size }, (_, at) => put(valueSet(`a-${at}`, { title: name })))
  // Only their names matter here.
  const provenance = {
    resourceType: 'Provenance',
    id: name,
    target: artefacts.map(({ id }) => ({ reference: `ValueSet/${id}` })),
  }
  const audit = { resourceType: 'AuditEvent', id: name, outcomeDesc: String(size) }
  try {
    await storage.write([...artefacts, put(provenance as Resource), put(audit as Resource)])
  } catch (error) {
    // The store is away: nobody knows whether this one is there, and the next one is written when it is back.
    if (!(error instanceof FhirError) || error.status !== 503 || error.headers['Retry-After'] === undefined) throw error
    writeSync(1, `unsure ${name}\n`)
    await sleep(50)
    continue
  }
  writeSync(1, `${name} ${size}\n`)
  const isKept =
    i % 4 === 0 && (await storage.records.replace('published', name, undefined, String(size)).catch(() => false))
  if (isKept) writeSync(1, `${name} record\n`)
}
