/** Child of upkeep.test.ts: copies a store, and is killed (-9) before it asks the database for something for the n-th time. */
import { Collection } from 'mongodb'
import { migrateStore } from '../../../src/storage/backup/migrate.ts'
import { maintainedMongo } from '../../../src/storage/mongodb/upkeep/maintained.ts'
import { openStore } from '../../../src/storage/open.ts'

const [dataDir = '', url = '', name = '', at = ''] = process.argv.slice(2)
let left = Number(at)
const real: unknown = Reflect.get(Collection.prototype, name)
if (typeof real !== 'function') throw new Error(name)
Reflect.set(Collection.prototype, name, function (this: unknown, ...args: unknown[]) {
  if (left-- === 0) process.kill(process.pid, 'SIGKILL')
  return Reflect.apply(real, this, args)
})
const pace = { beatMilliseconds: 50, silentMilliseconds: 400, batch: 5, againMilliseconds: 20 }
await migrateStore(await openStore('sqlite:', { dataDir }), maintainedMongo(url, pace))
console.log('never reached')
process.exit(0)
