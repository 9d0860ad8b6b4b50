import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { isKnownWhole } from '../../../src/storage/sqlite/known-whole.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-whole-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** A store of some pages that was closed. */
async function closedStore(): Promise<string> {
  const file = join(folder, `store-${count++}.db`)
  const storage = openSqlite(file)
  for (let at = 0; at < 50; at++)
    await storage.write([
      {
        method: 'PUT',
        type: 'ValueSet',
        id: `v${at}`,
        resource: { resourceType: 'ValueSet', id: `v${at}`, status: 'active' },
      },
    ])
  await storage.close()
  return file
}

/** Overwrites a page in the middle, and sets the time of its last writing back, as a damaged disk would. */
function damage(file: string): void {
  const { size, mtime, atime } = statSync(file)
  const handle = openSync(file, 'r+')
  for (let page = 1; page < size / 4096; page += 2) writeSync(handle, Buffer.alloc(64, 0xff), 0, 64, page * 4096)
  closeSync(handle)
  utimesSync(file, atime, mtime)
}

describe('a store that was closed', () => {
  it('is known to be whole as long as nobody touches it', async () => {
    const file = await closedStore()
    assert.equal(isKnownWhole(file), true)
    await openSqlite(file).close()
    assert.equal(isKnownWhole(file), true)
  })

  it('is read again when it was damaged, also where its size and the time of its writing are the same', async () => {
    const file = await closedStore()
    damage(file)
    assert.equal(isKnownWhole(file), false)
    assert.throws(() => openSqlite(file), /is not usable: it (?:is damaged|cannot be read)/)
  })

  it('is read again when another file was put in its place', async () => {
    const [file, other] = [await closedStore(), await closedStore()]
    copyFileSync(other, `${file}.new`)
    renameSync(`${file}.new`, file)
    assert.equal(isKnownWhole(file), false)
  })

  it('is read again when it was written by anything else, or has a log', async () => {
    for (const touch of [
      (file: string) => writeFileSync(file, readFileSync(file)),
      (file: string) => writeFileSync(`${file}-wal`, 'a log'),
      (file: string) => writeFileSync(`${file}-journal`, 'a journal'),
      (file: string) => writeFileSync(`${file}-whole`, 'something else'),
      (file: string) => rmSync(`${file}-whole`),
    ]) {
      const file = await closedStore()
      touch(file)
      assert.equal(isKnownWhole(file), false)
    }
  })

  it('is not known to be whole while it is open, nor after one of two has closed it', async () => {
    const file = await closedStore()
    const [first, second] = [openSqlite(file), openSqlite(file)]
    await first.write([
      { method: 'PUT', type: 'ValueSet', id: 'x', resource: { resourceType: 'ValueSet', id: 'x', status: 'active' } },
    ])
    assert.equal(isKnownWhole(file), false)
    await first.close()
    assert.equal(isKnownWhole(file), false)
    await second.close()
    assert.equal(isKnownWhole(file), true)
  })

  it('leaves no note of a store in memory', async () => {
    await openSqlite(':memory:').close()
    assert.equal(existsSync(':memory:-whole'), false)
  })
})
