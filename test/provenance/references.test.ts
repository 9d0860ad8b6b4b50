import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import type { PublicDocument } from '../../src/base/public-document.ts'
import { mirroredSystem } from '../../src/fhir/artefact.ts'
import { FhirError, issue } from '../../src/fhir/error.ts'
import { openJws } from '../../src/provenance/jws.ts'
import type { SigningKey } from '../../src/provenance/signing-key.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { published, store, valueSet } from './published.ts'
import { ownFolder, testKey } from './support.ts'

const folder = ownFolder()
const key = testKey()

const version = (id: string, versionId = '1') => ({ type: 'ValueSet', id, versionId })
const names = async ({ references }: ReturnType<typeof published>) =>
  (await references.inForce()).map(({ id, versionId }) => `${id}/${versionId}`)

describe('what has a reference', () => {
  it('every active version, and those that were active before', async () => {
    const server = published()
    await store(server.storage, valueSet('a'), valueSet('b'))
    assert.deepEqual(await names(server), ['a/1', 'b/1'])
    await store(server.storage, valueSet('a', { version: '2' }))
    assert.deepEqual(await names(server), ['b/1', 'a/2'])
    const before = await server.references.ofVersion(version('a'))
    assert.match(before.bytes.toString(), /"version":"1"/)
    assert.deepEqual((await server.references.content(before.id))?.bytes, before.bytes)
  })

  it('one that was active and superseded before anybody asked', async () => {
    const server = published()
    await store(server.storage, valueSet('a'))
    await store(server.storage, valueSet('a', { version: '2' }))
    const { bytes } = await server.references.ofVersion(version('a'))
    assert.match(bytes.toString(), /"version":"1"/)
  })

  it('never a draft, nor what a publisher brings with the software, nor a copy of another participant', async () => {
    const server = published()
    const mirrored = { meta: { tag: [{ system: mirroredSystem, code: 'XXB' }] } }
    const drafts = [valueSet('d', { status: 'draft' }), valueSet('m', mirrored)]
    await store(server.storage, ...drafts, valueSet('own'))
    await server.storage.write([
      { method: 'PUT', type: 'ValueSet', id: 'base', resource: valueSet('base'), unrecorded: true },
    ])
    assert.deepEqual(await names(server), ['own/1'])
    for (const id of ['d', 'm', 'base', 'none'])
      await assert.rejects(server.references.ofVersion(version(id)), { status: 404 }, id)
    await assert.rejects(server.references.ofVersion(version('own', '2')), { status: 404 })
  })

  it('a retired and a deleted one are no more in force, and stay readable', async () => {
    const server = published()
    await store(server.storage, valueSet('a'), valueSet('b'))
    const [a, b] = [await server.references.ofVersion(version('a')), await server.references.ofVersion(version('b'))]
    await store(server.storage, valueSet('a', { status: 'retired' }))
    await server.storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'b' }])
    assert.deepEqual(await names(server), [])
    for (const { id, bytes } of [a, b]) assert.deepEqual((await server.references.content(id))?.bytes, bytes)
    assert.deepEqual((await server.references.ofVersion(version('b'))).bytes, b.bytes)
    await assert.rejects(server.references.ofVersion(version('a', '2')), { status: 404 })
  })

  it('what has no canonical form has none, says why, and is in nobody’s way', async () => {
    const server = published()
    const extension = [{ url: 'http://x', valueInteger: 2 ** 60 }]
    await store(server.storage, valueSet('a', { extension }), valueSet('b'))
    assert.deepEqual(await names(server), ['b/1'])
    await assert.rejects(server.references.ofVersion(version('a')), { status: 422 })
  })

  it('two versions that say the same have the same content', async () => {
    const server = published()
    await store(server.storage, valueSet('a'))
    await server.storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    await store(server.storage, valueSet('a'))
    assert.deepEqual(await names(server), ['a/3'])
    const [one, two] = [
      await server.references.ofVersion(version('a', '1')),
      await server.references.ofVersion(version('a', '3')),
    ]
    assert.equal(one.id, two.id)
  })
})

describe('the bytes', () => {
  it('are the same after a restart and in another process', async () => {
    const file = join(folder, 'restart.sqlite')
    const first = published({ storage: openSqlite(file), keys: () => [key] })
    await store(first.storage, valueSet('a'))
    const { id, bytes } = await first.references.ofVersion(version('a'))
    const jws = await first.references.jws(id)
    await first.storage.close()
    const other = testKey()
    const second = published({ storage: openSqlite(file), keys: () => [other] })
    assert.deepEqual((await second.references.content(id))?.bytes, bytes)
    assert.equal(await second.references.jws(id), jws)
    await second.storage.close()
  })

  it('are never written anew: the record counts, whatever the store says of the version', async () => {
    const { storage, references } = published()
    await store(storage, valueSet('a'))
    const { id, bytes } = await references.ofVersion(version('a'))
    const again = published({ storage: { ...storage, readVersion: () => assert.fail('the version is read again') } })
    assert.deepEqual(await names(again), ['a/1'])
    assert.deepEqual((await again.references.content(id))?.bytes, bytes)
  })

  it('that are damaged are not handed out', async () => {
    const { storage, references } = published()
    await store(storage, valueSet('a'))
    const { id, bytes } = await references.ofVersion(version('a'))
    const damaged = bytes.toString().replace('active', 'Active')
    assert.equal(await storage.records.replace('reference-content', id, bytes.toString(), damaged), true)
    await assert.rejects(references.content(id), /damaged/)
    await assert.rejects(references.jws(id), /damaged/)
  })

  it('are stored once when two servers store them at the same time', async () => {
    const file = join(folder, 'two.sqlite')
    const servers = [published({ storage: openSqlite(file) }), published({ storage: openSqlite(file) })]
    const [one, two] = servers
    assert.ok(one && two)
    await store(one.storage, ...Array.from({ length: 120 }, (_, i) => valueSet(`v${i}`)))
    const [mine, theirs] = await Promise.all([names(one), names(two)])
    assert.equal(mine.length, 120)
    assert.deepEqual(mine, theirs)
    const { id } = await one.references.ofVersion(version('v7'))
    const signed = await Promise.all(servers.map(({ references }) => references.jws(id)))
    assert.ok(signed[0])
    assert.equal(signed[0], signed[1])
    assert.equal(await one.references.jws(id), signed[0])
    for (const { storage } of servers) await storage.close()
  })

  it('are tried again when the disk was full, and what is there is served meanwhile', async () => {
    const { storage } = published()
    let isFull = false
    const full = async () => {
      if (isFull) throw new FhirError(507, issue('no-store', 'full'))
    }
    const limited: Storage = {
      ...storage,
      records: { ...storage.records, change: (changes) => full().then(() => storage.records.change(changes)) },
    }
    const server = published({ storage: limited })
    await store(storage, valueSet('a'))
    const { id, bytes } = await server.references.ofVersion(version('a'))
    isFull = true
    await store(storage, valueSet('b'))
    await assert.rejects(server.references.inForce(), { status: 507 })
    await assert.rejects(server.references.ofVersion(version('b')), { status: 507 })
    assert.deepEqual((await server.references.content(id))?.bytes, bytes)
    assert.deepEqual((await documentAt(server, `/fhir/r/${id}`)).body, bytes)
    isFull = false
    assert.deepEqual(await names(server), ['a/1', 'b/1'])
  })

  it('of ten thousand artefacts are all there, and those of a change alone are read', async () => {
    const { storage } = published()
    const many = Array.from({ length: 10_000 }, (_, i) => valueSet(`v${i}`))
    await store(storage, ...many)
    let reads = 0
    const counted: Storage = {
      ...storage,
      readVersion: (...asked) => {
        reads++
        return storage.readVersion(...asked)
      },
    }
    const server = published({ storage: counted })
    assert.equal((await names(server)).length, 10_000)
    await store(storage, valueSet('one-more'))
    reads = 0
    assert.equal((await names(server)).length, 10_001)
    assert.equal(reads, 1)
    await server.references.inForce()
    assert.equal(reads, 1)
  })
})

test('signatures are made once, by the key of the time, and only of what is there', async () => {
  let keys: readonly SigningKey[] = []
  const server = published({ keys: () => keys })
  await store(server.storage, valueSet('a'))
  const { id, bytes } = await server.references.ofVersion(version('a'))
  assert.equal(await server.references.jws(id), undefined)
  keys = [key]
  const jws = await server.references.jws(id)
  assert.ok(jws)
  const opened = await openJws(jws, () => [key.publicKey])
  assert.deepEqual(opened?.payload, bytes)
  keys = [testKey()]
  assert.equal(await server.references.jws(id), jws)
  assert.equal(await server.references.jws('AAAAAAAAAAAAAAAAAAAAAA'), undefined)
  assert.deepEqual(await server.storage.records.all('reference-jws'), [{ key: id, value: jws }])
})

async function documentAt(
  { find }: Pick<ReturnType<typeof published>, 'find'>,
  path: string,
  accept?: string,
): Promise<PublicDocument> {
  const found = await find({ path, accept })
  assert.ok(found, path)
  return found
}

describe('addresses of references', () => {
  const server = published({ keys: () => [key] })
  const idOf = async () => {
    await store(server.storage, valueSet('a'))
    return (await server.references.ofVersion(version('a'))).id
  }

  it('have content with its hash, for ever', async () => {
    const id = await idOf()
    const { body, etag, contentType, cacheControl, headers, route } = await documentAt(server, `/fhir/r/${id}`)
    const digest = createHash('sha256').update(body).digest()
    assert.equal(digest.subarray(0, 16).toString('base64url'), id)
    assert.equal(etag, `"${digest.toString('hex')}"`)
    assert.equal(headers?.['Repr-Digest'], `sha-256=:${digest.toString('base64')}:`)
    assert.equal(contentType, 'application/fhir+json; charset=utf-8')
    assert.equal(cacheControl, 'public, max-age=31536000, immutable')
    assert.equal(route, '/fhir/r/:id')
  })

  it('are answered at once the second time, by the same document', async () => {
    const id = await idOf()
    const first = await documentAt(server, `/fhir/r/${id}`)
    const again = server.find({ path: `/fhir/r/${id}`, accept: undefined })
    assert.equal(again, first)
  })

  it('have the signed message beside it', async () => {
    const id = await idOf()
    const { body, contentType } = await documentAt(server, `/fhir/r/${id}.jws`)
    assert.equal(contentType, 'application/jose')
    const opened = await openJws(body.toString(), () => [key.publicKey])
    assert.deepEqual(opened?.payload, (await documentAt(server, `/fhir/r/${id}`)).body)
  })

  const ranges: [accept: string, isSigned: boolean][] = [
    ['application/jose', true],
    ['application/jose, */*', true],
    ['APPLICATION/JOSE', true],
    ['application/fhir+json;q=0.5, application/jose', true],
    ['application/jose;q=0.5, application/fhir+json', false],
    ['application/jose, application/fhir+json', false],
    ['application/jose, application/json', false],
    ['application/jose;q=0', false],
    ['application/jose;q=none', false],
    ['application/josephine', false],
    ['*/*', false],
    ['text/html', false],
    ['', false],
  ]
  for (const [accept, isSigned] of ranges)
    it(`with Accept: ${accept} are ${isSigned ? 'the signed message' : 'content'}`, async () => {
      const { contentType, body } = await documentAt(server, `/fhir/r/${await idOf()}`, accept)
      assert.equal(contentType.includes('jose'), isSigned)
      assert.equal(body.subarray(0, 1).toString() === '{', !isSigned)
    })

  it('whichever was asked for first', async () => {
    const fresh = published({ keys: () => [key] })
    await store(fresh.storage, valueSet('a'))
    const { id } = await fresh.references.ofVersion(version('a'))
    for (const accept of ['application/jose', undefined, 'application/jose', undefined])
      assert.equal(
        (await documentAt(fresh, `/fhir/r/${id}`, accept)).contentType.includes('jose'),
        accept !== undefined,
      )
  })

  it('that are written another way are none', async () => {
    const id = await idOf()
    await documentAt(server, `/fhir/r/${id}`)
    const others = [
      `/fhir/r/${id}/`,
      `/fhir/r/${id}.jws.jws`,
      `/fhir/r/${id}.JWS`,
      `/fhir/r/${id}.p7s`,
      `/fhir/r/${id}=`,
      `/fhir/r/${id}%2ejws`,
      `/fhir/r/./${id}`,
      `/fhir/r/../r/${id}`,
      `/fhir/r//${id}`,
      `/fhir/R/${id}`,
      `/FHIR/r/${id}`,
      `//fhir/r/${id}`,
      `/fhir/r/${id.slice(0, -1)}`,
      `/fhir/r/${id}A`,
      `/fhir/r/%${id.slice(1)}`,
      '/fhir/r/',
      '/fhir/r',
      '/fhir/r/.jws',
    ]
    for (const path of others) assert.equal(server.find({ path, accept: undefined }), undefined, path)
  })

  it('of nothing are 404, and what is published afterwards is found', async () => {
    const fresh = published()
    const { id } = await (async () => {
      const other = published()
      await store(other.storage, valueSet('late'))
      return other.references.ofVersion(version('late'))
    })()
    await assert.rejects(documentAt(fresh, `/fhir/r/${id}`), { status: 404 })
    await assert.rejects(documentAt(fresh, `/fhir/r/${id}.jws`), { status: 404 })
    await store(fresh.storage, valueSet('late'))
    assert.ok((await documentAt(fresh, `/fhir/r/${id}`)).body.length > 0)
  })

  it('without a key have content, and say of the message that there is none', async () => {
    const silent = published({ keys: () => [] })
    await store(silent.storage, valueSet('a'))
    const { id } = await silent.references.ofVersion(version('a'))
    await documentAt(silent, `/fhir/r/${id}`)
    await assert.rejects(documentAt(silent, `/fhir/r/${id}.jws`), /not signed/)
  })

  it('stand below the path of the public address', async () => {
    const below = published({ baseUrl: 'https://health.example/a/b' })
    await store(below.storage, valueSet('a'))
    const { id } = await below.references.ofVersion(version('a'))
    await documentAt(below, `/a/b/fhir/r/${id}`)
    assert.equal(below.find({ path: `/fhir/r/${id}`, accept: undefined }), undefined)
  })
})
