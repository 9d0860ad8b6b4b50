/**
 * Child of run.ts: publishes without end, each publication one transaction of many resources with a Provenance and an AuditEvent, some
 * with a record of their own beside, and says so when the store has acknowledged it.
 */
import { writeSync } from 'node:fs'
import type { Resource } from '../../../src/fhir/types.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import type { Write } from '../../../src/storage/storage.ts'
import { valueSet } from '../contract.ts'

const [file = '', round = '', most = ''] = process.argv.slice(2)
const storage = openSqlite(file)
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
  await storage.write([...artefacts, put(provenance as Resource), put(audit as Resource)])
  writeSync(1, `${name} ${size}\n`)
  if (i % 4 === 0 && (await storage.records.replace('published', name, undefined, String(size))))
    writeSync(1, `${name} record\n`)
}
