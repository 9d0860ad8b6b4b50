import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { checkIndex, FILES } from '../../src/packages/large-code-system/code-system-index.ts'
import { bringIndex, type IndexPlace, shareIndex } from '../../src/packages/large-code-system/shared-index.ts'
import { type Artefacts, folderArtefacts } from '../../src/storage/artefacts.ts'
import { openArtefacts } from '../../src/storage/open.ts'
import { mongoForTests } from '../support/mongo.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-shared-'))
after(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newFolder = () => {
  const folder = join(root, String(++made))
  mkdirSync(folder)
  return folder
}

/** Makes an index of bytes that are like no others. */
function makeIndex(folder: string, name: string, bytes = 700_000): void {
  const index = Buffer.alloc(bytes, createHash('sha256').update(name).digest())
  const sha256 = createHash('sha256').update(index).digest('hex')
  mkdirSync(join(folder, name))
  const manifest = { canonical: 'http://example.org/codes', counts: {}, index: { bytes, sha256 } }
  writeFileSync(join(folder, name, FILES.manifest), JSON.stringify(manifest))
  writeFileSync(join(folder, name, FILES.index), index)
}

const mongo = await mongoForTests()
after(async () => {
  if (!('skip' in mongo)) await mongo.stop()
})
const places: [string, string | false, () => Promise<Artefacts>][] = [
  ['a shared folder', false, async () => folderArtefacts(join(newFolder(), 'shared'))],
  [
    'the store itself',
    'skip' in mongo && mongo.skip,
    async () => {
      const url = 'skip' in mongo ? '' : mongo.url(`artefacts-${++made}`)
      const opened = await openArtefacts(url, undefined)
      assert.ok(opened)
      return opened
    },
  ],
]

for (const [where, skip, open] of places)
  describe(`indexes in ${where}`, { skip }, () => {
    it('are copied whole, under their name, and once', async () => {
      const place = await open()
      const [here, there] = [newFolder(), newFolder()]
      makeIndex(here, 'a-1')
      assert.equal(await bringIndex(there, 'a-1', place), false)
      assert.equal(await shareIndex(here, 'a-1', place), true)
      assert.equal(await shareIndex(there, 'a-1', place), true)
      assert.equal(await shareIndex(there, 'unknown', place), false)
      assert.equal(await bringIndex(there, 'a-1', place), true)
      assert.deepEqual(await checkIndex(there, 'a-1'), await checkIndex(here, 'a-1'))
      assert.equal(await bringIndex(there, 'a-1', place), true)
      assert.deepEqual(readdirSync(there), ['a-1'])
      assert.deepEqual(await place.names(), ['a-1'])
      await place.close()
    })

    it('two replicas that keep one at once, and two processes that copy it at once', async () => {
      const place = await open()
      const [here, other, there] = [newFolder(), newFolder(), newFolder()]
      makeIndex(here, 'a-1')
      makeIndex(other, 'a-1')
      await Promise.all([shareIndex(here, 'a-1', place), shareIndex(other, 'a-1', place)])
      await Promise.all([bringIndex(there, 'a-1', place), bringIndex(there, 'a-1', place)])
      assert.deepEqual(await checkIndex(there, 'a-1'), await checkIndex(here, 'a-1'))
      assert.deepEqual(readdirSync(there), ['a-1'])
      await place.close()
    })

    it('one that breaks off while it is kept is not there, and is kept anew', async () => {
      const place = await open()
      const here = newFolder()
      makeIndex(here, 'a-1')
      const breaking: IndexPlace = {
        ...place,
        put: (name, bytes) =>
          place.put(
            name,
            (async function* () {
              for await (const each of bytes) {
                yield each
                throw new Error('broken off')
              }
            })(),
          ),
      }
      await assert.rejects(shareIndex(here, 'a-1', breaking), /broken off/)
      assert.equal(await place.has('a-1'), false)
      assert.equal(await bringIndex(newFolder(), 'a-1', place), false)
      assert.equal(await shareIndex(here, 'a-1', place), true)
      assert.equal(await bringIndex(newFolder(), 'a-1', place), true)
      await place.close()
    })

    it('a damaged one is kept nowhere', async () => {
      const place = await open()
      const here = newFolder()
      makeIndex(here, 'a-1')
      writeFileSync(join(here, 'a-1', FILES.index), 'short')
      await assert.rejects(shareIndex(here, 'a-1', place), /bytes instead of/)
      assert.equal(await place.has('a-1'), false)
      await place.close()
    })
  })

describe('what comes from a place and is no whole index gets no name', async () => {
  const here = newFolder()
  makeIndex(here, 'a-1', 5_000)
  const shared = join(newFolder(), 'shared')
  await shareIndex(here, 'a-1', folderArtefacts(shared))
  const good = readFileSync(join(shared, 'a-1'))
  const cases: Record<string, [Uint8Array, RegExp]> = {
    nothing: [Buffer.alloc(0), /ends too early/],
    'cut in its first line': [good.subarray(0, 9), /ends too early/],
    'cut in its manifest': [good.subarray(0, 60), /ends too early/],
    'cut at its end': [good.subarray(0, good.length - 1), /ends too early/],
    'with something behind it': [Buffer.concat([good, Buffer.from('x')]), /longer than it says/],
    'another stream': [Buffer.from('SQLite format 3\0'.repeat(20)), /no index of a code system/],
    'a later form': [Buffer.from('vidimus-index 2 10 10\n'), /no index of a code system/],
    'with a manifest beyond all bounds': [Buffer.from('vidimus-index 1 99999999 1\n'), /no index of a code system/],
    'with one bit that is another': [
      Buffer.from(good).fill(Number(good.at(-5)) ^ 1, good.length - 5, good.length - 4),
      /its hash is not that of the manifest/,
    ],
  }
  for (const [name, [bytes, message]] of Object.entries(cases))
    it(name, async () => {
      const there = newFolder()
      const place: IndexPlace = {
        has: async () => true,
        put: () => Promise.reject(new Error('not asked')),
        get: async () =>
          (async function* () {
            for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
          })(),
      }
      await assert.rejects(bringIndex(there, 'a-1', place), message)
      assert.deepEqual(readdirSync(there), [])
    })
})
