import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Collection, type Db, MongoClient, MongoNetworkError } from 'mongodb'
import { contentsOf } from '../../../src/storage/backup/contents.ts'
import { BackupError } from '../../../src/storage/backup/format.ts'
import { migrateStore } from '../../../src/storage/backup/migrate.ts'
import { restoreBackup } from '../../../src/storage/backup/restore.ts'
import type { MaintainedStore } from '../../../src/storage/backup/snapshot.ts'
import { writeBackup } from '../../../src/storage/backup/write-backup.ts'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { mongoArtefacts } from '../../../src/storage/mongodb/upkeep/artefacts.ts'
import { maintainedMongo } from '../../../src/storage/mongodb/upkeep/maintained.ts'
import { announce, upkeepOf } from '../../../src/storage/mongodb/upkeep/presence.ts'
import { openStore, openThereStore } from '../../../src/storage/open.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { type MongoForTests, mongoForTests } from '../../support/mongo.ts'
import { fillStore } from '../backup/support.ts'
import { valueSet } from '../contract.ts'
import { until } from './support.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-upkeep-'))
after(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newFolder = () => {
  const folder = join(root, String(++made))
  mkdirSync(folder)
  return folder
}
const mongo = await mongoForTests()
const skip = 'skip' in mongo && mongo.skip

/** What a killed process had sent may be done after its end, while somebody looks whether it is there: then it is asked once more. */
async function onceSilent<T>(fill: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await fill()
    } catch (error) {
      if (tries === 5 || !/is being filled by another process/.test(String(error))) throw error
    }
}

describe('looking after a MongoDB store', { skip }, () => {
  const server = mongo as MongoForTests
  const from = newFolder()
  let source: MaintainedStore
  let wanted: { revision: number; contents: string }
  // Who is gone is gone soon.
  const pace = { beatMilliseconds: 50, silentMilliseconds: 400, batch: 5, againMilliseconds: 20 }
  const target = async (database: string) => maintainedMongo(server.url(database), pace)
  const stateOf = async (store: MaintainedStore) => {
    const snapshot = await store.snapshot()
    try {
      return { revision: snapshot.revision, contents: (await contentsOf(snapshot)).contents }
    } finally {
      await snapshot.close()
    }
  }
  const faultsOf = async (store: MaintainedStore) => {
    const faults: string[] = []
    for await (const fault of store.faults()) faults.push(fault)
    return faults
  }
  const inDatabase = async <T>(database: string, work: (db: Db) => Promise<T>): Promise<T> => {
    const client = await new MongoClient(server.url(database)).connect()
    try {
      return await work(client.db())
    } finally {
      await client.close()
    }
  }
  const announceIn = async (database: string) => {
    const client = await new MongoClient(server.url(database)).connect()
    const { close } = await announce(client.db(), pace)
    return { close: () => close().then(() => client.close()) }
  }
  before(async () => {
    await fillStore(from, 12)
    source = await openStore('sqlite:', { dataDir: from })
    wanted = await stateOf(source)
  })
  after(() => server.stop())

  it('a store is copied there and back with its whole history, its records, and nothing else', async () => {
    const there = await target('there')
    const copied = await migrateStore(source, there)
    assert.equal(copied.contents, wanted.contents)
    assert.deepEqual(await stateOf(there), wanted)
    assert.deepEqual(await faultsOf(there), [])
    const back = await openStore('sqlite:', { dataDir: newFolder() })
    assert.equal((await migrateStore(there, back)).contents, wanted.contents)
    assert.deepEqual(await faultsOf(back), [])
    await assert.rejects(migrateStore(source, there), /is there already/)
  })

  it('a text that is longer than a document may be goes there and back', async () => {
    const folder = newFolder()
    const storage = openSqlite(join(folder, 'vidimus.db'))
    const extension = [{ url: 'http://example.org/long', valueBase64Binary: 'AAAA'.repeat(3_100_000) }]
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'long', resource: valueSet('long', { extension }) }])
    await storage.close()
    const [long, there] = [await openStore('sqlite:', { dataDir: folder }), await target('long')]
    await migrateStore(long, there)
    assert.deepEqual(await stateOf(there), await stateOf(long))
    assert.deepEqual(await faultsOf(there), [])
  })

  it('a copy that is killed (-9) at any step is no store for anybody, and the next one makes it whole', async () => {
    const steps = [
      ...[0, 2, 5].map((at) => ['insertMany', at] as const),
      ...(['bulkWrite', 'replaceOne', 'updateOne', 'deleteOne'] as const).map(
        (name) => [name, name === 'updateOne' ? 1 : 0] as const,
      ),
    ]
    let went = 0
    for (const [name, at] of steps) {
      const step = `${name} ${at}`
      const database = `killed-${name}-${at}`
      const url = server.url(database)
      const program = join(import.meta.dirname, 'killed-migration.ts')
      const child = spawn(process.execPath, [program, from, url, name, String(at)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      await new Promise((resolve) => child.on('close', resolve))
      if (child.signalCode !== 'SIGKILL') continue
      const half = await target(database)
      const isMarked = await inDatabase(database, (db) => db.collection('upkeep').countDocuments({}))
      assert.equal(await half.standing(), isMarked > 0 ? 'half' : 'none', step)
      if (isMarked > 0) {
        await assert.rejects(half.snapshot(), /not whole/, step)
        await assert.rejects(faultsOf(half), /not whole/, step)
        await assert.rejects(openThereStore(url, { dataDir: from }), /not whole/, step)
        await assert.rejects(openMongo(url), /being filled/, step)
        const filled = await onceSilent(() => half.fill({ source: `store ${source.name}`, replace: false }))
        if (filled.last > 0) went++
        await filled.leave()
      }
      assert.equal((await migrateStore(source, half)).contents, wanted.contents, step)
      assert.deepEqual(await faultsOf(half), [], step)
    }
    assert.ok(went > 0, 'none was gone on with')
  })

  it('what an interrupted copy left of another state of the source is thrown away', async () => {
    const other = newFolder()
    await fillStore(other, 5)
    const store = await target('other-state')
    // The same name, other contents: as when the source was restored in between.
    const filling = await store.fill({ source: `store ${source.name}`, replace: false })
    const others = await (await openStore('sqlite:', { dataDir: other })).snapshot()
    for await (const each of others.versions()) await filling.version(each)
    await others.close()
    await filling.finish()
    await filling.leave()
    assert.equal((await migrateStore(source, store)).contents, wanted.contents)
    assert.deepEqual(await stateOf(store), wanted)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('two copies at once into one database: one is made, the other is told', async () => {
    const store = await target('two')
    const both = await Promise.allSettled([migrateStore(source, store), migrateStore(source, store)])
    const failed = both.filter((each) => each.status === 'rejected')
    assert.equal(failed.length, 1)
    assert.match(String(failed[0]?.reason), /by another process|is in use|is not empty|is there already/)
    assert.deepEqual(await stateOf(store), wanted)
  })

  it('a server that has the database open keeps everybody from filling it, and one that is gone does not', async () => {
    const url = server.url('open')
    const store = maintainedMongo(url, pace)
    const opened = await announceIn('open')
    await assert.rejects(store.fill({ source: 'backup 1', replace: true }), /is in use/)
    await opened.close()
    await inDatabase('open', (db) => upkeepOf(db).insertOne({ _id: 'open:dead', beat: 7 }))
    await (await store.fill({ source: 'backup 1', replace: false })).abandon()
    await (await openMongo(url)).close()
  })

  it('a backup of it comes back into either engine; a store that holds something makes way only when told, and is kept', async () => {
    const there = await target('backed-up')
    await migrateStore(source, there)
    const path = join(newFolder(), 'backup')
    const snapshot = await there.snapshot()
    const pieces: Uint8Array[] = []
    const about = { software: 'test', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
    await writeBackup(async (bytes) => void pieces.push(Buffer.from(bytes)), { about, snapshot, files: [] })
    await snapshot.close()
    writeFileSync(path, Buffer.concat(pieces))
    const folder = newFolder()
    const restore = (store: MaintainedStore, replace = false) =>
      restoreBackup({ path, store, dataDir: folder, folders: {}, replace })
    await restore(await openStore('sqlite:', { dataDir: folder }))
    assert.deepEqual(await stateOf(await openStore('sqlite:', { dataDir: folder })), wanted)
    const into = await target('restored')
    await restore(into)
    assert.deepEqual(await stateOf(into), wanted)
    assert.deepEqual(await faultsOf(into), [])
    await assert.rejects(restore(into), /is not empty\. With --replace/)
    const { before: kept = '' } = await restore(into, true)
    assert.match(kept, /collections .* begin with before_\d+_/)
    assert.deepEqual(await stateOf(into), wanted)
    const names = await inDatabase('restored', async (db) =>
      (await db.listCollections().toArray()).map((each) => each.name),
    )
    assert.ok(
      names.some((name) => /^before_\d+_versions$/.test(name)),
      names.join(),
    )
  })

  it('a restore whose last step fails is not undone: the same one goes on with it', async () => {
    const from = await target('unconfirmed-source')
    await migrateStore(source, from)
    const path = join(newFolder(), 'backup')
    const snapshot = await from.snapshot()
    const pieces: Uint8Array[] = []
    const about = { software: 'test', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
    await writeBackup(async (bytes) => void pieces.push(Buffer.from(bytes)), { about, snapshot, files: [] })
    await snapshot.close()
    writeFileSync(path, Buffer.concat(pieces))
    const store = await target('unconfirmed')
    const failing: MaintainedStore = {
      ...store,
      fill: async (options) => ({
        ...(await store.fill(options)),
        commit: () => Promise.reject(new Error('the database is away')),
      }),
    }
    const options = { path, dataDir: newFolder(), folders: {}, replace: false }
    await assert.rejects(restoreBackup({ ...options, store: failing }), /is away/)
    await assert.rejects(openMongo(server.url('unconfirmed')), /being filled/)
    let begun = 0
    const watched: MaintainedStore = {
      ...store,
      fill: async (given) => {
        const filling = await store.fill(given)
        begun = filling.last
        return filling
      },
    }
    await restoreBackup({ ...options, store: watched })
    assert.ok(begun > 0, 'it was emptied')
    assert.deepEqual(await stateOf(store), wanted)
  })

  it('a restore that fails puts back what was there', async () => {
    const store = await target('put-back')
    await migrateStore(source, store)
    const filling = await store.fill({ source: 'backup 2', replace: true })
    await filling.abandon()
    assert.deepEqual(await stateOf(store), wanted)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('one that stood still and was taken over changes nothing of what the other has made', async () => {
    const database = 'woken'
    const store = await target(database)
    await migrateStore(source, store)
    const ours = async () => {
      // The other fills it anew, and is whole before this one goes on.
      const stale = await store.fill({ source: 'backup 1', replace: true })
      await stale.version({ ...(await firstVersion()), seq: 1 })
      await inDatabase(database, (db) => upkeepOf(db).updateOne({ _id: 'filling' }, { $set: { holder: '' } }))
      const snapshot = await source.snapshot()
      const taker = await store.fill({ source: `store ${source.name}`, replace: true })
      for await (const each of snapshot.versions()) if (each.seq > taker.last) await taker.version(each)
      for await (const each of snapshot.records()) await taker.record(each)
      await snapshot.close()
      await taker.finish()
      return { stale, taker }
    }
    const firstVersion = async () => {
      const snapshot = await source.snapshot()
      try {
        for await (const each of snapshot.versions()) return each
        throw new Error('none')
      } finally {
        await snapshot.close()
      }
    }
    type Stale = Awaited<ReturnType<typeof ours>>['stale']
    const steps: [string, boolean, (stale: Stale) => Promise<unknown>][] = [
      ['abandon', true, (stale) => stale.abandon()],
      ['finish', true, (stale) => stale.finish()],
      ['abandon', false, (stale) => stale.abandon()],
    ]
    for (const [step, isCommitted, does] of steps) {
      const { stale, taker } = await ours()
      if (isCommitted) await taker.commit()
      await assert.rejects(does(stale), /taken over/, step)
      if (!isCommitted) await taker.commit()
      assert.deepEqual(await stateOf(store), wanted, step)
      assert.deepEqual(await faultsOf(store), [], step)
      await stale.leave()
    }
  })

  it('a filling that is thrown away, and interrupted at that, still puts back what was there', async () => {
    const store = await target('put-back-later')
    await migrateStore(source, store)
    const filling = await store.fill({ source: 'backup 2', replace: true })
    await inDatabase('put-back-later', async (db) => {
      const names = (await db.listCollections().toArray()).map(({ name }) => name)
      const aside = names.find((name) => name.endsWith('_versions') && name.startsWith('before_')) ?? ''
      // As when it ended in the middle: one is back, the others are not.
      await upkeepOf(db).updateOne({ _id: 'filling' }, { $set: { isPuttingBack: true, holder: '' } })
      await db.renameCollection(aside, 'versions', { dropTarget: true })
    })
    await filling.leave()
    await (await store.fill({ source: 'backup 3', replace: true })).abandon()
    assert.deepEqual(await stateOf(store), wanted)
    assert.deepEqual(await faultsOf(store), [])
  })

  it('a server whose store was replaced under it serves nothing any more', async () => {
    for (const change of ['revision', 'presence']) {
      const database = `replaced-${change}`
      const storage = await openMongo(server.url(database))
      await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'a', resource: valueSet('a') }])
      assert.deepEqual(storage.reachable(), { isReachable: true })
      await inDatabase(database, async (db) => {
        if (change === 'presence') await upkeepOf(db).deleteMany({})
        else await db.collection<{ _id: string }>('meta').updateOne({ _id: 'store' }, { $set: { n: 0 } })
      })
      await until(() => !storage.reachable().isReachable)
      assert.match(JSON.stringify(storage.reachable()), /replaced by another/)
      await assert.rejects(async () => storage.catchUp(), { status: 503 })
      await assert.rejects(storage.read('ValueSet', 'a'), { status: 503 })
      const write = { method: 'PUT', type: 'ValueSet', id: 'b', resource: valueSet('b') } as const
      await assert.rejects(storage.write([write]), { status: 503 })
      await storage.close()
    }
  })

  it('an artefact whose name was kept and not confirmed is whole; one that has lost a part can be put again', async () => {
    const artefacts = await mongoArtefacts(server.url('artefacts'))
    const bytes = async function* () {
      yield Buffer.from('an artefact')
    }
    const read = async (name: string) => {
      const pieces: Uint8Array[] = []
      for await (const piece of (await artefacts.get(name)) ?? []) pieces.push(piece)
      return Buffer.concat(pieces)
    }
    const real = Collection.prototype.insertOne
    try {
      Collection.prototype.insertOne = async function (...args) {
        const answer = await real.apply(this, args)
        if (this.collectionName === 'artefacts') throw new MongoNetworkError('the reply is lost')
        return answer
      }
      await assert.rejects(artefacts.put('one', bytes()))
    } finally {
      Collection.prototype.insertOne = real
    }
    assert.equal(String(await read('one')), 'an artefact')
    await inDatabase('artefacts', (db) => db.collection('artefact_parts').deleteMany({}))
    await assert.rejects(read('one'), /a part of it is lost/)
    await artefacts.put('one', bytes())
    assert.equal(String(await read('one')), 'an artefact')
    await artefacts.close()
  })

  it('finds what does not fit', async () => {
    type Change = (db: Db) => Promise<unknown>
    const set =
      (collection: string, filter: object, to: object): Change =>
      (db) =>
        db.collection(collection).updateOne(filter, { $set: to })
    const current = { of: 'ValueSet/vs-1', vid: 2 }
    const changes: [Change, RegExp][] = [
      [set('versions', current, { json: '{}' }), /the hash does not fit/],
      [set('versions', current, { superseded: 5 }), /newest version is not the current one of ValueSet\/vs-1/],
      [(db) => db.collection('versions').deleteOne({ of: 'ValueSet/vs-1', vid: 1 }), /a version is missing/],
      [set('searchable', { of: 'ValueSet/vs-1' }, { has: [] }), /vs-1 has other search entries/],
      [(db) => db.collection('searchable').deleteOne({ of: 'ValueSet/vs-1' }), /searches do not see ValueSet\/vs-1/],
      [(db) => db.collection('versions').deleteMany({ of: 'ValueSet/vs-4' }), /no version of ValueSet\/vs-4/],
      [(db) => db.collection<{ _id: string }>('meta').updateOne({ _id: 'store' }, { $inc: { n: 1 } }), /counts/],
      [(db) => db.collection('contents').insertOne({ seq: 1_000, part: 0, text: '' }), /^$|is not there/],
    ]
    const store = await target('damaged')
    await migrateStore(source, store)
    for (const [at, [change, told]] of changes.entries()) {
      const mend = await inDatabase('damaged', async (db) => {
        const names = ['versions', 'searchable', 'meta', 'contents']
        const kept = await Promise.all(names.map((name) => db.collection(name).find().toArray()))
        await change(db)
        return async (again: Db) => {
          for (const [index, name] of names.entries()) {
            await again.collection(name).deleteMany({})
            const documents = kept[index] ?? []
            if (documents.length > 0) await again.collection(name).insertMany(documents)
          }
        }
      })
      assert.match((await faultsOf(store)).join('\n'), told, `change ${at}`)
      await inDatabase('damaged', mend)
    }
    assert.deepEqual(await faultsOf(store), [])
  })

  it('a store that goes away while it is read is told so, without its address', async () => {
    const store = await target('goes-away')
    await migrateStore(source, store)
    const snapshot = await store.snapshot()
    const real = Collection.prototype.find
    Collection.prototype.find = () => {
      throw new MongoNetworkError('connect ECONNREFUSED 10.1.2.3:27017')
    }
    const inWords = (error: unknown) => {
      assert.ok(error instanceof BackupError, String(error))
      assert.match(error.message, /does not answer/)
      assert.doesNotMatch(`${error.message} ${error.stack}`, /10\.1\.2\.3/)
      return true
    }
    try {
      await assert.rejects(contentsOf(snapshot), inWords)
    } finally {
      Collection.prototype.find = real
      await snapshot.close()
    }
    assert.deepEqual(await stateOf(store), wanted)
  })

  it('is called by its hosts and database, never by who asks', async () => {
    const { name } = await openStore('mongodb://reader:secret@a.example:1,b.example/x?tls=true', {
      dataDir: newFolder(),
    })
    assert.equal(name, 'x at a.example:1,b.example')
  })
})
