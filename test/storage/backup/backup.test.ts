import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { verifyBackup } from '../../../src/storage/backup/restore.ts'
import { writeBackup } from '../../../src/storage/backup/write-backup.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { valueSet } from '../contract.ts'
import { backUp, contents, faultsOf, fillStore, folders, forge, restore, storeOf, writeFiles } from './support.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-backup-'))
after(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newFolder = () => {
  const folder = join(root, String(++made))
  mkdirSync(folder)
  return folder
}
const kinds = Object.keys(folders)

test('a backup under load is the store at its revision, and comes back as such', async () => {
  const from = newFolder()
  await fillStore(from)
  const storage = openSqlite(join(from, 'vidimus.db'))
  let isDone = false
  let written = 0
  const writer = (async () => {
    for (; !isDone; written++) {
      await storage.write([
        { method: 'PUT', type: 'ValueSet', id: `w-${written % 7}`, resource: valueSet('w', { title: `${written}` }) },
      ])
      await storage.records.replace('load', String(written), undefined, 'x')
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const store = await storeOf(from)
  const snapshot = await store.snapshot()
  const pieces: Uint8Array[] = []
  const about = { software: 'test 1', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
  const slowly = async (bytes: Uint8Array) => {
    pieces.push(Buffer.from(bytes))
    const before = written
    while (written < before + 3) await new Promise((resolve) => setImmediate(resolve))
  }
  const counts = await writeBackup(slowly, { about, snapshot, files: [] })
  isDone = true
  await writer
  assert.ok(storage.revision() > about.revision, 'nothing was written meanwhile')
  await snapshot.close()
  const path = join(from, 'backup')
  writeFileSync(path, Buffer.concat(pieces))
  const to = newFolder()
  await restore(to, path)
  assert.deepEqual(await contents(to), { revision: about.revision, contents: counts.contents })
  assert.deepEqual(await faultsOf(to), [])
  const restored = openSqlite(join(to, 'vidimus.db'))
  const known = new Set<string>()
  for (const each of (await storage.history({ count: 10_000, oldestFirst: true })).matches.slice(0, about.revision)) {
    assert.deepEqual(await restored.readVersion(each.type, each.id, each.versionId), each)
    known.add(`${each.type}/${each.id}/${each.versionId}`)
  }
  const published = (await storage.publications()).filter(({ type, id, versionId }) =>
    known.has(`${type}/${id}/${versionId}`),
  )
  const names = (all: typeof published) => all.map(({ isCurrent: _, ...each }) => each)
  assert.deepEqual(names(await restored.publications()), names(published))
  for (const { key, value } of await restored.records.all('kept'))
    assert.equal(await storage.records.get('kept', key), value)
  assert.equal((await restored.records.all('kept')).length, 2)
  assert.equal(await restored.derived.get('made', 'a'), undefined)
  // It goes on where it was, and what was deleted is found by nobody.
  await restored.write([
    { method: 'PUT', type: 'ValueSet', id: 'vs-1', resource: valueSet('vs-1', { title: 'third' }) },
  ])
  assert.equal((await restored.read('ValueSet', 'vs-1'))?.versionId, '3')
  assert.equal((await restored.read('ValueSet', 'vs-2'))?.resource, undefined)
  assert.equal((await restored.findCanonical('ValueSet', 'http://example.org/ValueSet/vs-2')).length, 0)
  assert.equal((await restored.findCanonical('ValueSet', 'http://example.org/ValueSet/vs-4')).length, 1)
  await restored.close()
  await storage.close()
})

test('an empty store, and none at all', async () => {
  const from = newFolder()
  await openSqlite(join(from, 'vidimus.db')).close()
  await backUp(from, join(from, 'backup'))
  const to = newFolder()
  await restore(to, join(from, 'backup'))
  assert.equal((await contents(to)).revision, 0)
  await assert.rejects((await storeOf(newFolder())).snapshot(), /not usable/)
})

describe('files beside the store', () => {
  test('come back as they were; newer copies of trust lists stay; a key that is there is kept aside', async () => {
    const from = newFolder()
    await fillStore(from, 6)
    const files = writeFiles(from, {
      'code-systems/big/index.bin': 'x'.repeat(3_000_000),
      'code-systems/big/manifest.json': '{}',
      'trust/one.json': 'old',
      'trust/one.meta.json': 'old meta',
      'trust/two.json': 'two',
      'keys/signing-1.pem': 'the key',
    })
    await backUp(from, join(from, 'backup'), files)
    const to = newFolder()
    writeFiles(to, { 'trust/one.json': 'newer', 'keys/signing-1.pem': 'another key' })
    const { stayed } = await restore(to, join(from, 'backup'))
    const read = (name: string) => readFileSync(join(to, name), 'utf8')
    assert.deepEqual(stayed, ['trust/one.json', 'trust/one.meta.json'])
    assert.equal(read('trust/one.json'), 'newer')
    assert.ok(!existsSync(join(to, 'trust/one.meta.json')))
    assert.equal(read('trust/two.json'), 'two')
    assert.equal(read('code-systems/big/index.bin'), 'x'.repeat(3_000_000))
    assert.equal(read('keys/signing-1.pem'), 'the key')
    assert.equal(statSync(join(to, 'keys/signing-1.pem')).mode & 0o777, 0o600)
    const [aside = ''] = readdirSync(join(to, 'keys')).filter((name) => name.includes('.before-'))
    assert.equal(read(`keys/${aside}`), 'another key')
    assert.ok(!existsSync(join(to, '.restoring')))
  })

  test('a folder that comes back whole takes the place of the one that is there, also when the backup has none', async () => {
    const from = newFolder()
    await fillStore(from, 3)
    await backUp(from, join(from, 'without'))
    await backUp(from, join(from, 'with'), writeFiles(from, { 'trust/history/entries/1.json': 'of the backup' }))
    for (const [backup, expected] of Object.entries({
      with: ['entries', 'entries/1.json', 'restored.json'],
      without: ['restored.json'],
    })) {
      const to = newFolder()
      writeFiles(to, { 'trust/history/entries/2.json': 'there', 'trust/one.json': 'newer' })
      const { aside, stayed } = await restore(to, join(from, backup))
      const found = readdirSync(join(to, 'trust/history'), { recursive: true }).map(String).sort()
      assert.deepEqual(found, expected)
      assert.equal(readFileSync(join(to, 'trust/history/restored.json'), 'utf8'), '"2026-01-01T00:00:00.000Z"')
      assert.deepEqual(stayed, [])
      assert.match(aside.join(), /^[^,]*\/trust\/\.history\.before-\d{17}$/)
      assert.equal(readFileSync(join(aside[0] ?? '', 'entries/2.json'), 'utf8'), 'there')
    }
    const fresh = newFolder()
    assert.deepEqual((await restore(fresh, join(from, 'without'))).aside, [])
    assert.ok(!existsSync(join(fresh, 'trust/history')))
  })
})

test('a store that a server makes while a backup comes back into an empty folder stays as it is', async () => {
  const [from, to] = [newFolder(), newFolder()]
  await fillStore(from, 8)
  const path = join(from, 'backup')
  await backUp(from, path)
  const store = await storeOf(to)
  let isMade = false
  const make = async () => {
    if (isMade) return
    isMade = true
    const storage = openSqlite(join(to, 'vidimus.db'))
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'new', resource: valueSet('new') }])
    await storage.close()
  }
  const filledMeanwhile: typeof store = {
    ...store,
    fill: async (options) => {
      const filling = await store.fill(options)
      return { ...filling, finish: (progress) => filling.finish(progress).then(make) }
    },
  }
  await assert.rejects(restore(to, path, { store: filledMeanwhile }), /was made by another process meanwhile/)
  const storage = openSqlite(join(to, 'vidimus.db'))
  assert.ok(await storage.read('ValueSet', 'new'))
  await storage.close()
  assert.equal(existsSync(join(to, '.restoring')), false)
})

describe('what is refused, with nothing changed', async () => {
  const from = newFolder()
  await fillStore(from, 8)
  const path = join(from, 'backup')
  await backUp(from, path, writeFiles(from, { 'trust/a.json': 'abc' }))
  const good = readFileSync(path)
  const target = newFolder()
  await fillStore(target, 3)
  const before = await contents(target)
  const refused = async (bytes: Uint8Array, message: RegExp, more = {}) => {
    const file = join(root, 'refused')
    writeFileSync(file, bytes)
    await assert.rejects(restore(target, file, { replace: true, ...more }), (error: Error) => {
      assert.equal(error.name, 'Error')
      assert.match(error.message, message)
      return true
    })
    assert.deepEqual(await contents(target), before)
    // A reader leaves the (empty) log of the store behind, and what says that it is whole.
    assert.deepEqual(
      readdirSync(target).filter((name) => !/-(?:whole|wal|shm)$/.test(name)),
      ['vidimus.db'],
    )
  }
  const item = (head: object, content?: string) =>
    Buffer.from(`${JSON.stringify(head)}\n${content === undefined ? '' : `${content}\n`}`)
  const about = item({ item: 'about', software: 'x', taken: 'y', revision: 1, keys: false })
  const none = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const end = (more = {}) => item({ item: 'end', versions: 0, records: 0, files: 0, contents: none, ...more })
  const file = (name: string) => item({ item: 'file', name, bytes: 1 }, 'x')
  const version = (more: object, content: string) => {
    const head = {
      item: 'version',
      seq: 1,
      type: 'ValueSet',
      id: 'a',
      vid: 1,
      updated: 0,
      method: 'PUT',
      exact: false,
      published: false,
    }
    return item({ ...head, bytes: content.length, ...more }, content)
  }
  const cases: Record<string, [Uint8Array, RegExp]> = {
    'an empty file': [Buffer.alloc(0), /no backup of vidimus/],
    'another file': [Buffer.from('SQLite format 3\0'), /no backup of vidimus/],
    'a newer form': [forge([about, end()], 'vidimus-backup 2\n'), /another version .* form 2/],
    'no number': [forge([about, end()], 'vidimus-backup x\n'), /no backup of vidimus/],
    'without its end': [good.subarray(0, good.length - 70), /ends at part|cut off/],
    'with something behind it': [Buffer.concat([good, Buffer.from('\n')]), /follows its end/],
    'with a part of zeros that is larger than it says': [
      forge([Buffer.alloc(900_000)], undefined, 1000),
      /checksum of part 1/,
    ],
    'with a part that says it is huge': [forge([about], undefined, 2 ** 29), /part 1 is too big/],
    'with nothing in it': [forge([]), /ends too early/],
    'without its first entry': [forge([end()]), /wrong place/],
    'with two first entries': [forge([about, about, end()]), /wrong place/],
    'with an entry that is unknown': [forge([about, item({ item: 'signature' }), end()]), /wrong place/],
    'with a member that is unknown': [
      forge([item({ item: 'about', software: 'x', taken: 'y', revision: 0, keys: false, extra: 1 }), end()]),
      /unknown/,
    ],
    'with counts that are wrong': [forge([about, end({ records: 1 })]), /does not hold what it says/],
    'with contents that are others': [forge([about, end({ contents: '0'.repeat(64) })]), /does not hold what it says/],
    'with something behind its last entry': [forge([about, end(), end()]), /follows its end/],
    'with a file that leads out of the folder': [
      forge([about, file('trust/../../x'), end({ files: 1 })]),
      /name that is not allowed/,
    ],
    'with a file at the root': [forge([about, file('/etc/passwd'), end({ files: 1 })]), /name that is not allowed/],
    'with a hidden file': [forge([about, file('trust/.x'), end({ files: 1 })]), /name that is not allowed/],
    'with a file of another folder': [forge([about, file('demo/x'), end({ files: 1 })]), /name that is not allowed/],
    'with the store as a file': [forge([about, file('vidimus.db'), end({ files: 1 })]), /name that is not allowed/],
    'with a file that is shorter than it says': [
      forge([about, item({ item: 'file', name: 'trust/x', bytes: 5 }, 'x')]),
      /not as long/,
    ],
    'with a negative length': [forge([about, version({ bytes: -2 }, '')]), /length of an entry/],
    'with a length beyond all bounds': [forge([about, version({ bytes: 2 ** 40 }, '')]), /length of an entry/],
    'with a deletion that has content': [forge([about, version({ method: 'DELETE' }, '{}')]), /version cannot be read/],
    'with text that is no UTF-8': [
      forge([
        about,
        Buffer.concat([item({ item: 'record', kind: 'a', key: 'b', bytes: 1 }), Buffer.from([0xff, 0x0a])]),
      ]),
      /not UTF-8/,
    ],
  }
  for (const [name, [bytes, message]] of Object.entries(cases)) test(name, () => refused(bytes, message))

  test('more than the disk has room for', async () => {
    const zeros = Array.from({ length: 40 }, () => Buffer.alloc(1 << 20))
    const bomb = forge([about, item({ item: 'file', name: 'trust/x', bytes: 2 ** 35 }), ...zeros])
    assert.ok(bomb.length < 100_000)
    await refused(bomb, /more than the 10000000 bytes/, { freeBytes: async () => 10_000_000 })
  })

  test('entries that are whole and make no store', async () => {
    const { createHash } = await import('node:crypto')
    const one = (versions: [object, string][]) => {
      const hash = createHash('sha256')
      const parts = versions.map(([more, content]) => {
        const bytes = version(more, content)
        hash.update(bytes.subarray(0, bytes.length - 1))
        return bytes
      })
      return forge([about, ...parts, end({ versions: versions.length, contents: hash.digest('hex') })])
    }
    const resource = (id = 'a', vid = '1') =>
      JSON.stringify({
        resourceType: 'ValueSet',
        id,
        meta: { versionId: vid, lastUpdated: '1970-01-01T00:00:00.000Z' },
        status: 'draft',
      })
    const target = newFolder()
    const good = join(root, 'one')
    writeFileSync(good, one([[{}, resource()]]))
    await restore(target, good)
    await refused(one([[{}, 'no json']]), /a resource is not kept at version 1 of ValueSet\/a/)
    await refused(one([[{}, resource('b')]]), /the name of a resource/)
    await refused(one([[{}, resource('a', '2')]]), /the name of a resource/)
    await refused(one([[{ vid: 2 }, resource('a', '2')]]), /the order of versions/)
    await refused(one([[{ type: 'x y' }, resource()]]), /the form of a name/)
    await refused(one([[{ id: '../a' }, resource('../a')]]), /the form of a name/)
    await refused(one([[{ published: true }, resource()]]), /what was published/)
    await refused(
      one([
        [{}, resource()],
        [{ id: 'b' }, resource('b')],
      ]),
      /the order of writes/,
    )
    await refused(one([[{ seq: 2 }, resource()]]), /not what the backup holds/)
  })

  test('one changed bit, wherever it is', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(7), async (at, bit) => {
        const bytes = Buffer.from(good)
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        const file = join(root, 'flipped')
        writeFileSync(file, bytes)
        await assert.rejects(verifyBackup(file, kinds), { code: 'BACKUP_NOT_USABLE' })
      }),
      { numRuns: 150 },
    ))

  test('cut anywhere', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), async (at) => {
        const file = join(root, 'cut')
        writeFileSync(file, good.subarray(0, at))
        await assert.rejects(verifyBackup(file, kinds), { code: 'BACKUP_NOT_USABLE' })
      }),
      { numRuns: 60 },
    ))

  test('a store that holds something, and one that somebody has open', async () => {
    await assert.rejects(restore(target, path), /is not empty\. With --replace/)
    const storage = openSqlite(join(target, 'vidimus.db'))
    await assert.rejects(restore(target, path, { replace: true }), /is in use/)
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'z', resource: valueSet('z') }])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'z' }])
    await storage.close()
    const foreign = newFolder()
    const other = new DatabaseSync(join(foreign, 'vidimus.db'))
    other.exec('CREATE TABLE mine (a)')
    other.close()
    await assert.rejects(restore(foreign, path, { replace: true }), /database of another program/)
  })
})

test('with replace the old store lies beside the new one; a damaged one too', async () => {
  const from = newFolder()
  await fillStore(from, 5)
  const { counts } = await backUp(from, join(from, 'backup'))
  const to = newFolder()
  await fillStore(to, 9)
  const old = await contents(to)
  const { before = '' } = await restore(to, join(from, 'backup'), { replace: true })
  assert.equal((await contents(to)).contents, counts.contents)
  const kept = newFolder()
  writeFileSync(join(kept, 'vidimus.db'), readFileSync(before))
  assert.deepEqual(await contents(kept), old)
  const damaged = newFolder()
  writeFileSync(join(damaged, 'vidimus.db'), 'this is no database at all'.repeat(200))
  await assert.rejects(restore(damaged, join(from, 'backup')), /not empty/)
  await restore(damaged, join(from, 'backup'), { replace: true })
  assert.equal((await contents(damaged)).contents, counts.contents)
})

const steps = [
  ...[0, 3].map((at) => `fill ${at}`),
  ...[0, 1, 2].flatMap((at) => ['linkSync', 'renameSync', 'rmSync'].map((name) => `${name} ${at}`)),
]
const files = (text: string) => ({
  'code-systems/a/index.bin': text,
  'keys/k.pem': text,
  [`trust/history/entries/${text}.json`]: text,
})
test(`killed at ${steps.length} steps, a restore leaves the old or the new`, async () => {
  const from = newFolder()
  await fillStore(from, 20)
  await backUp(from, join(from, 'backup'), writeFiles(from, { ...files('new') }))
  const fresh = await contents(from)
  const seen = new Set<string>()
  for (const step of steps) {
    const to = newFolder()
    await fillStore(to, 6)
    writeFiles(to, files('old'))
    const old = await contents(to)
    const program = join(import.meta.dirname, 'killed-restore.ts')
    const { signal, stderr } = spawnSync(process.execPath, [program, to, join(from, 'backup'), step], {
      encoding: 'utf8',
    })
    if (signal === null) assert.match(stderr, /^never reached/, step)
    // Whoever opens the store next finishes what counts.
    const { openStorage } = await import('../../../src/storage/open.ts')
    await (await openStorage('sqlite:', { dataDir: to })).close()
    const now = await contents(to)
    const isNew = now.contents === fresh.contents
    assert.deepEqual(now, isNew ? fresh : old, step)
    for (const name of ['code-systems/a/index.bin', 'keys/k.pem'])
      assert.equal(readFileSync(join(to, name), 'utf8'), isNew ? 'new' : 'old', step)
    assert.deepEqual(readdirSync(join(to, 'trust/history/entries')), [isNew ? 'new.json' : 'old.json'], step)
    assert.deepEqual(await faultsOf(to), [])
    if (signal !== null) seen.add(isNew ? 'new' : 'old')
  }
  assert.deepEqual([...seen].sort(), ['new', 'old'])
})

test('a disk that is full leaves no half backup under its name', {
  skip: process.platform === 'win32' && 'no ulimit',
}, async () => {
  const from = newFolder()
  await fillStore(from, 5)
  writeFiles(from, { 'code-systems/a/index.bin': Array.from({ length: 60_000 }, (_, i) => (i * 7919) % 65_521).join() })
  const out = newFolder()
  const command = `ulimit -f 64; exec "$0" src/main.ts backup ${out}/backup`
  const env = { PATH: process.env.PATH ?? '', DATA_DIR: from }
  const { status, stderr } = spawnSync('bash', ['-c', command, process.execPath], { env, encoding: 'utf8' })
  assert.equal(status, 2, stderr)
  assert.match(stderr, /larger than this file system allows|disk is full/)
  assert.deepEqual(readdirSync(out), [])
})
