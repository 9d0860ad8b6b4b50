/** Child of records.test.ts: counts a record up so many times by compare and set, each time from what it reads. */
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'

const [file = '', times = ''] = process.argv.slice(2)
const { records, close } = openSqlite(file)
let refused = 0
for (let done = 0; done < Number(times); ) {
  const now = await records.get('count', 'a')
  if (await records.replace('count', 'a', now, String(Number(now ?? 0) + 1))) done++
  else refused++
}
await close()
process.stdout.write(String(refused))
