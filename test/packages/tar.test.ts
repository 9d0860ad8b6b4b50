import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { FhirError } from '../../src/fhir/error.ts'
import { defaultArchiveLimits, readArchive, readTar } from '../../src/packages/tar.ts'
import { makeTar, paxRecord, type TarEntry } from './make-archive.ts'

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

test('reads files, leaves folders and links out, joins the ustar prefix', async () => {
  const tar = makeTar([
    { name: 'package/', content: '', kind: '5' },
    { name: 'a.json', content: '{}', prefix: 'package' },
    { name: 'link', content: '', kind: '2' },
    { name: 'package/b.json', content: 'x'.repeat(513) },
  ])
  for (const bytes of [tar, gzipSync(tar)]) {
    const files = await readArchive(bytes)
    assert.deepEqual(
      files.map((each) => each.name),
      ['package/a.json', 'package/b.json'],
    )
    assert.equal(files[1]?.bytes.length, 513)
  }
})

test('long names of pax and GNU', () => {
  const long = `package/${'ü'.repeat(200)}.json`
  const files = readTar(
    makeTar([
      { name: 'PaxHeader', content: paxRecord('mtime', '1.5') + paxRecord('path', long), kind: 'x' },
      { name: 'short', content: '1' },
      { name: '././@LongLink', content: `${long}\0`, kind: 'L' },
      { name: 'short', content: '2' },
      { name: 'global', content: paxRecord('comment', 'x'), kind: 'g' },
      { name: 'plain', content: '3' },
    ]),
  )
  assert.deepEqual(
    files.map((each) => [each.name, text(each.bytes)]),
    [
      [long, '1'],
      [long, '2'],
      ['plain', '3'],
    ],
  )
})

test('damaged and oversized archives are refused', async () => {
  const tar = makeTar([{ name: 'a', content: 'x'.repeat(2000) }])
  const broken = Buffer.from(tar)
  broken[10] = 65
  const zipped = gzipSync(tar)
  const cases: [Uint8Array, number][] = [
    [tar.subarray(0, 1000), 422],
    [tar.subarray(0, -1024), 422],
    [broken, 422],
    [zipped.subarray(0, zipped.length - 12), 422],
    [Buffer.from([0x1f, 0x8b, 1, 2, 3]), 422],
    [Buffer.alloc(0), 422],
    [Buffer.from('PK\x03\x04 this is no tar'), 422],
  ]
  for (const [bytes, status] of cases) await assert.rejects(readArchive(bytes), { status })
  const limits = (more: object) => ({ ...defaultArchiveLimits, ...more })
  await assert.rejects(readArchive(zipped, limits({ totalBytes: 2000 })), { status: 413 })
  await assert.rejects(readArchive(tar, limits({ fileBytes: 1999 })), { status: 413 })
  await assert.rejects(
    readArchive(
      makeTar([
        { name: 'a', content: '' },
        { name: 'b', content: '' },
      ]),
      limits({ files: 1 }),
    ),
    { status: 413 },
  )
  const bomb = gzipSync(Buffer.alloc(50_000_000))
  await assert.rejects(readArchive(bomb, limits({ totalBytes: 1_000_000 })), { status: 413 })
})

test('what is written is read again', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9./_-]{1,90}$/)
  const entries = fc.array(fc.record({ name, content: fc.uint8Array({ maxLength: 1500 }) }), { maxLength: 6 })
  fc.assert(
    fc.property(entries, (given: TarEntry[]) => {
      const files = readTar(makeTar(given))
      assert.deepEqual(
        files.map((each) => [each.name, Buffer.from(each.bytes)]),
        given.map((each) => [each.name, Buffer.from(each.content)]),
      )
    }),
  )
})

test('any bytes are read or refused with a FhirError', async () => {
  const tar = makeTar([
    { name: 'p', content: paxRecord('path', 'x'), kind: 'x' },
    { name: 'a', content: 'abc' },
  ])
  const mutation = fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 8 })
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    mutation.map((changes) => {
      const copy = Buffer.from(tar)
      for (const [at, byte] of changes) copy[at] = byte
      return copy
    }),
  )
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async (given, zip) => {
      try {
        await readArchive(zip ? gzipSync(given) : given)
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
