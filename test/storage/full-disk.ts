/** Child of full-disk.test.ts: writes without end, small and large by turns, and says what came of each. */
import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { FhirError } from '../../src/fhir/error.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { valueSet } from './contract.ts'

const [file = ''] = process.argv.slice(2)
const storage = openSqlite(file, { busyMilliseconds: 100 })
for (let i = 0; ; i++) {
  const size = i % 4 === 3 ? 60 : 1
  const ids = Array.from({ length: size }, (_, at) => `v-${i}-${at}`)
  const description = 'words '.repeat(2000)
  try {
    await storage.write(
      ids.map((id) => ({ method: 'PUT', type: 'ValueSet', id, resource: valueSet(id, { description }) })),
    )
    writeSync(1, `written ${ids.join(' ')}\n`)
  } catch (error) {
    writeSync(1, `refused ${error instanceof FhirError ? error.status : error}\n`)
    // What is there is read all the same.
    if ((await storage.read('ValueSet', 'v-0-0'))?.versionId !== '1') writeSync(1, 'not read\n')
    await sleep(20)
  }
}
