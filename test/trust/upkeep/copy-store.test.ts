/** Copies on a real disk: names that lead nowhere, files that are whole. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { sha256Hex } from '../../../src/base/crypto/sha256.ts'
import type { TrustSource } from '../../../src/trust/lists/trust-source.ts'
import { readMeta } from '../../../src/trust/upkeep/copy-meta.ts'
import { createCopyStore, fileName } from '../../../src/trust/upkeep/copy-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-copies-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const source = (name: string): TrustSource => ({ name, kind: 'jwks', location: 'https://a.example/jwks.json' })
const metaOf = (name: string, bytes: Buffer) => ({
  ...source(name),
  keys: 1,
  createdOf: {},
  folders: {},
  fetchedAt: '2022-06-01T00:00:00.000Z',
  thumbprint: sha256Hex(bytes),
  documents: [{ place: source(name).location, thumbprint: sha256Hex(bytes) }],
})

describe('the file name of a source', () => {
  it('is its own where that is plain', () => {
    for (const name of ['net', 'WHO-dev', 'tng-cdn.who.int', 'a_b-2']) assert.equal(fileName(name), name)
  })

  it('never leads out of the folder, nor to another file of a copy, and is the name of no other source', () => {
    const names = new Set<string>()
    const strange = [
      '../../etc/passwd',
      '/etc/passwd',
      '..',
      '.',
      '',
      '.hidden',
      'a/b',
      'a\\b',
      'a\0b',
      'net.meta',
      'net.waiting',
      'net.accepted',
      'net.documents',
      'net.META',
      'ü',
      'a b',
      'x'.repeat(300),
      'net.',
    ]
    for (const name of [...strange, 'net']) {
      const file = fileName(name)
      assert.match(file, /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}$/, name)
      assert.doesNotMatch(file, /\.(?:meta|waiting|accepted|documents)$/i)
      assert.ok(!names.has(file), name)
      names.add(file)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        assert.match(fileName(name), /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}$/)
      }),
    )
  })
})

describe('a copy on disk', () => {
  it('is whole, leaves nothing unfinished, and is found by its name alone, however that is written', async () => {
    for (const name of ['net', '../../up', 'net.meta', 'Ünïcode / name']) {
      const copies = createCopyStore(join(folder, 'trust'))
      const bytes = Buffer.from(JSON.stringify({ name }))
      await copies.save(metaOf(name, bytes), 'good', async () => bytes)
      const copy = await copies.load(source(name), 'good')
      const [document] = copy?.meta.documents ?? []
      assert.ok(copy && document)
      assert.deepEqual(await copy.read(document), bytes)
      assert.equal(copy.meta.name, name)
    }
    assert.deepEqual(readdirSync(folder), ['trust'])
    const files = readdirSync(join(folder, 'trust'))
    assert.equal(files.length, 8)
    assert.deepEqual(
      files.filter((file) => !file.endsWith('.json')),
      [],
    )
  })

  it('stamps change with it, and with what was accepted', async () => {
    const copies = createCopyStore(join(folder, 'stamps'))
    const stamps = [await copies.stamp('net')]
    await copies.save(metaOf('net', Buffer.from('{}')), 'good', async () => Buffer.from('{}'))
    stamps.push(await copies.stamp('net'))
    await copies.accept('net', 'a'.repeat(64))
    stamps.push(await copies.stamp('net'))
    assert.equal(new Set(stamps).size, 3)
    assert.equal(await copies.accepted('net'), 'a'.repeat(64))
  })

  it('that cannot be written rejects, and what was there is as it was', async () => {
    const copies = createCopyStore(join(folder, 'full'))
    const [first, second] = [Buffer.from('1'), Buffer.from('2')]
    await copies.save(metaOf('net', first), 'good', async () => first)
    rmSync(join(folder, 'full/net.json'))
    // A folder in the way of the document.
    mkdirSync(join(folder, 'full/net.json'))
    writeFileSync(join(folder, 'full/net.json/in-the-way'), '')
    await assert.rejects(copies.save(metaOf('net', second), 'good', async () => second))
    assert.deepEqual(readdirSync(join(folder, 'full')).sort(), ['net.json', 'net.meta.json'])
    assert.ok(statSync(join(folder, 'full/net.json')).isDirectory())
  })

  it('has meta data that are read without trusting them', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          const { documents, keys } = readMeta(Buffer.from(text))
          assert.ok(documents.every(({ thumbprint }) => /^[0-9a-f]{64}$/.test(thumbprint)) && keys >= 0)
        } catch (error) {
          assert.ok(error instanceof Error && !(error instanceof TypeError))
        }
      }),
    )
  })
})
