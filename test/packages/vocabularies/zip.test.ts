import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { openZip, zipInMemory } from '../../../src/packages/vocabularies/zip/unpack.ts'
import { makeZip, type Zipped } from './make-zip.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-zip-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Both ways of reading: what one refuses the other refuses. */
async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
  const path = join(folder, 'release.zip')
  writeFileSync(path, bytes)
  const fromDisk: Record<string, string> = {}
  let failure: unknown
  try {
    for (const file of openZip(path)) {
      const pieces: Uint8Array[] = []
      for await (const piece of file.chunks()) pieces.push(piece)
      fromDisk[file.path] = Buffer.concat(pieces).toString('latin1')
    }
  } catch (error) {
    failure = error
  }
  try {
    const zip = zipInMemory('release.zip', bytes, 1 << 20)
    const inMemory = Object.fromEntries(zip.names.map((name) => [name, zip.file(name).toString('latin1')]))
    assert.equal(failure, undefined)
    assert.deepEqual(inMemory, fromDisk)
    return inMemory
  } catch (error) {
    if (failure === undefined) throw error
    assert.ok(error instanceof FhirError, String(error))
    throw failure
  }
}

const refused = async (bytes: Uint8Array, why: RegExp) =>
  assert.rejects(contents(bytes), (error: unknown) => {
    assert.ok(error instanceof FhirError, String(error))
    assert.equal(error.status, 422)
    assert.match(error.message, why)
    return true
  })

const file = (name: string, more: Partial<Zipped> = {}): Zipped => ({
  name,
  content: `of ${name} `.repeat(20),
  ...more,
})

describe('archives', () => {
  it('are unpacked, deflated or not, with folders left out', async () => {
    const files = [
      file('a.csv'),
      file('Loinc_2.82/Ä/b.csv', { method: 0, content: 'plain' }),
      { name: 'Loinc_2.82/', content: '', method: 0 },
      { name: 'empty', content: '', method: 0 },
    ]
    assert.deepEqual(await contents(makeZip(files)), {
      'a.csv': files[0]?.content,
      'Loinc_2.82/Ä/b.csv': 'plain',
      empty: '',
    })
    assert.deepEqual(await contents(makeZip([])), {})
  })

  for (const [what, bytes, why] of [
    ['nothing', Buffer.alloc(0), /no directory at its end/],
    ['garbage', Buffer.alloc(100_000, 'PK'), /no directory at its end/],
    ['something behind the end', makeZip([file('a')], { tail: 'more' }), /no directory at its end/],
    ['more files than there are', makeZip([file('a')], { count: 2 }), /directory is cut short/],
    ['fewer files than there are', makeZip([file('a'), file('b')], { count: 1 }), /behind its last file/],
    ['a name that climbs', makeZip([file('../../etc/passwd')]), /leads out of it/],
    ['a name from the root', makeZip([file('/etc/passwd')]), /leads out of it/],
    ['a name of Windows', makeZip([file('C:\\x')]), /leads out of it/],
    ['a name with a null', makeZip([file('a\u0000b')]), /leads out of it/],
    ['the same file twice', makeZip([file('a.csv'), file('A.csv')]), /twice/],
    [
      'another name in its own header',
      makeZip([file('a.csv', { localName: 'b.csv' })]),
      /another file by its own header/,
    ],
    ['a link', makeZip([file('a', { mode: 0o120777 })]), /is a link/],
    ['an encrypted file', makeZip([file('a', { flags: 1 })]), /encrypted/],
    ['an unknown method', makeZip([file('a', { method: 12 })]), /method 12/],
    ['a size too small', makeZip([file('a', { size: 5 })]), /cannot be unpacked/],
    ['a size too large', makeZip([file('a', { size: 5000 })]), /size or its checksum/],
    ['a size beyond what packing can do', makeZip([file('a', { size: 0xfffffff0 })]), /cannot be/],
    ['two sizes of a file that is not packed', makeZip([file('a', { method: 0, size: 3 })]), /two sizes/],
    ['another checksum', makeZip([file('a', { crc: 1 })]), /checksum/],
    [
      'bytes that two files share',
      makeZip([file('a'), { ...file('b'), shares: true, localName: 'a' }]),
      /another file|share bytes/,
    ],
    ['a packed size that reaches out', makeZip([file('a', { packed: 100_000 })]), /outside of it/],
  ] as const) {
    it(`with ${what} are refused`, () => refused(bytes, why))
  }

  it('that unpack to far more than they say end early', async () => {
    const bomb = makeZip([{ name: 'bomb', content: Buffer.alloc(50_000_000), size: 60_000, crc: 0 }])
    await refused(bomb, /cannot be unpacked/)
  })

  it('that are damaged anywhere are refused, or say the same as before', async () => {
    const good = makeZip([file('a.csv'), file('b.csv', { method: 0 })])
    const expected = await contents(good)
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bad = Buffer.from(good)
        bad[at] = (bad[at] ?? 0) ^ change
        const found = await contents(bad).catch((error: unknown) => {
          assert.ok(error instanceof FhirError, String(error))
          return undefined
        })
        // A name may have become another one; what is in the files may not.
        if (found) assert.deepEqual(Object.values(found).sort(), Object.values(expected).sort())
      }),
      { numRuns: 300 },
    )
    for (let length = 0; length < good.length; length += 7)
      await assert.rejects(contents(good.subarray(0, length)), FhirError)
  })
})
