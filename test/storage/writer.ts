/** Child of kill.test.ts: writes without end and says so after each write that the storage has acknowledged. */
import { writeSync } from 'node:fs'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { valueSet } from './contract.ts'

const [file = '', round = ''] = process.argv.slice(2)
const storage = openSqlite(file)
for (let i = 0; ; i++) {
  const title = `r${round}-${i}`
  const ids = i % 3 === 0 ? ['pair-a', 'pair-b'] : [`single-${i % 20}`]
  const writes = ids.map((id) => ({ method: 'PUT' as const, type: 'ValueSet', id, resource: valueSet(id, { title }) }))
  const written = await storage.write(writes)
  // not through a stream: what is said must not wait in a buffer
  for (const { version } of written) writeSync(1, `${version.id} ${version.versionId} ${title}\n`)
  if (await storage.records.replace('kill', title, undefined, `value of ${title}`)) writeSync(1, `record 0 ${title}\n`)
}
