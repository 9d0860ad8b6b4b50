import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { describe, it, test } from 'node:test'
import type { PublicDocument } from '../../src/base/public-document.ts'
import { mirroredSystem } from '../../src/fhir/artefact.ts'
import { FhirError, issue } from '../../src/fhir/error.ts'
import type { CodeSystem, Library } from '../../src/fhir/types.ts'
import { openJws } from '../../src/provenance/jws.ts'
import { hashExtension } from '../../src/provenance/manifest-content.ts'
import type { Manifest } from '../../src/provenance/manifests.ts'
import type { KeyState, SigningKey } from '../../src/provenance/signing-key.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { baseUrl, type Published, published, store, valueSet } from './published.ts'
import { ownFolder, testKey } from './support.ts'

const folder = ownFolder()
const key = testKey()
const as = (state: KeyState, one: SigningKey): SigningKey => ({ ...one, state })
const keys = () => [key]

const codeSystem: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'c',
  url: 'http://example.org/CodeSystem/c',
  version: '2',
  status: 'active',
  content: 'complete',
}

const named = (manifests: readonly Manifest[], service: string, domain = 'DDCC'): Manifest => {
  const found = manifests.find((each) => each.service === service && each.domain === domain)
  assert.ok(found, `${service} ${domain}`)
  return found
}

/** The Library that a manifest is, its signature proved. */
async function libraryOf({ jws }: Pick<Manifest, 'jws'>, by: SigningKey = key): Promise<Library> {
  const opened = await openJws(jws, () => [by.publicKey])
  assert.ok(opened, 'the signature does not hold')
  return JSON.parse(opened.payload.toString())
}

const resourcesOf = async (manifest: Manifest, by?: SigningKey) =>
  (await libraryOf(manifest, by)).relatedArtifact?.map(({ resource }) => resource)

async function documentAt({ find }: Pick<Published, 'find'>, path: string): Promise<PublicDocument> {
  const found = await find({ path, accept: undefined })
  assert.ok(found, path)
  return found
}

describe('a manifest', () => {
  it('names every active artefact of its type, sorted, with where its content is and what its hash is', async () => {
    const server = published({ keys })
    await store(
      server.storage,
      valueSet('b'),
      valueSet('B'),
      valueSet('a'),
      valueSet('d', { status: 'draft' }),
      codeSystem,
    )
    const manifest = named(await server.manifests.manifests(), 'ValueSet')
    const library = await libraryOf(manifest)
    assert.equal(library.type.coding?.[0]?.code, 'asset-collection')
    assert.deepEqual(
      [library.status, library.version, library.url],
      ['active', '1', `${baseUrl}/trusted/ValueSet/DDCC`],
    )
    assert.deepEqual(
      library.relatedArtifact?.map(({ type, resource }) => [type, resource]),
      ['B', 'a', 'b'].map((name) => ['composed-of', `http://example.org/ValueSet/${name}|1`]),
    )
    for (const { url = '', extension } of library.relatedArtifact ?? []) {
      const { body } = await documentAt(server, url.slice(baseUrl.length))
      assert.deepEqual(extension, [
        { url: hashExtension, valueString: createHash('sha256').update(body).digest('hex') },
      ])
    }
  })

  it('is there for every service that has anything, and for $evaluate', async () => {
    const server = published({ keys, domains: ['DDCC', 'PH4H'] })
    await store(server.storage, valueSet('a'), codeSystem)
    assert.deepEqual(
      (await server.manifests.manifests()).map(({ service, domain }) => `${service} ${domain}`),
      ['ValueSet', 'CodeSystem', '$evaluate']
        .flatMap((each) => [`${each} DDCC`])
        .concat(['ValueSet', 'CodeSystem', '$evaluate'].map((each) => `${each} PH4H`)),
    )
    const library = await libraryOf(named(await server.manifests.manifests(), '$evaluate'))
    assert.equal(library.id, 'trusted-evaluate-DDCC')
    const [entry] = library.relatedArtifact ?? []
    const { body } = await documentAt(server, String(entry?.url).slice(baseUrl.length))
    assert.equal(JSON.parse(body.toString()).resourceType, 'Endpoint')
  })

  it('is registered by an address that says exactly this for ever', async () => {
    const server = published({ keys })
    await store(server.storage, valueSet('a'))
    const { jws, ...wanted } = named(await server.manifests.manifests(), 'ValueSet')
    const { body, contentType } = await documentAt(server, wanted.url.slice(baseUrl.length))
    assert.equal(body.toString(), jws)
    assert.equal(createHash('sha256').update(body).digest('hex'), wanted.thumbprint)
    assert.deepEqual(
      { ...wanted, url: '', thumbprint: '' },
      {
        service: 'ValueSet',
        domain: 'DDCC',
        url: '',
        thumbprint: '',
        contentType: 'application/jose',
        signatureType: 'JWS',
        referenceVersion: '1',
        name: 'ValueSet of health.example for DDCC (1)',
      },
    )
    assert.equal(contentType, wanted.contentType)
    assert.ok(wanted.url.length <= 100)
  })

  it('is the same while nothing changes, and another when content does', async () => {
    const server = published({ keys })
    await store(server.storage, valueSet('a'))
    const [first, again] = [await server.manifests.manifests(), await server.manifests.manifests()]
    assert.deepEqual(again, first)
    // A write of what is in no manifest.
    await store(server.storage, valueSet('d', { status: 'draft' }))
    assert.deepEqual(await server.manifests.manifests(), first)
    await store(server.storage, valueSet('b'))
    const changed = await server.manifests.manifests()
    assert.equal(named(changed, 'ValueSet').referenceVersion, '2')
    assert.notEqual(named(changed, 'ValueSet').url, named(first, 'ValueSet').url)
    assert.deepEqual(named(changed, '$evaluate'), named(first, '$evaluate'))
    await documentAt(server, named(first, 'ValueSet').url.slice(baseUrl.length))
  })

  it('loses what is retired, deleted or replaced', async () => {
    const server = published({ keys })
    await store(server.storage, valueSet('a'), valueSet('b'), valueSet('c'))
    await server.manifests.manifests()
    await store(server.storage, valueSet('a', { status: 'retired' }), valueSet('c', { version: '2' }))
    await server.storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'b' }])
    assert.deepEqual(await resourcesOf(named(await server.manifests.manifests(), 'ValueSet')), [
      'http://example.org/ValueSet/c|2',
    ])
    await store(server.storage, valueSet('c', { version: '2', status: 'retired' }))
    assert.deepEqual(
      (await server.manifests.manifests()).map(({ service }) => service),
      ['$evaluate'],
    )
  })

  it('names one canonical once, as it was stored last', async () => {
    const server = published({ keys })
    await store(server.storage, valueSet('a'), valueSet('b', { url: 'http://example.org/ValueSet/a' }))
    const library = await libraryOf(named(await server.manifests.manifests(), 'ValueSet'))
    assert.equal(library.relatedArtifact?.length, 1)
    const { body } = await documentAt(server, String(library.relatedArtifact?.[0]?.url).slice(baseUrl.length))
    assert.equal(JSON.parse(body.toString()).id, 'b')
  })

  it('never names a copy of another participant', async () => {
    const server = published({ keys })
    const meta = { source: 'https://other.example', tag: [{ system: mirroredSystem, code: 'XXB' }] }
    await store(server.storage, valueSet('a'), valueSet('m', { meta }))
    assert.deepEqual(await resourcesOf(named(await server.manifests.manifests(), 'ValueSet')), [
      'http://example.org/ValueSet/a|1',
    ])
  })

  it('is the same after a restart, bytes and thumbprint', async () => {
    const file = join(folder, 'restart.sqlite')
    const first = published({ storage: openSqlite(file), keys })
    await store(first.storage, valueSet('a'))
    const before = await first.manifests.manifests()
    await first.storage.close()
    const second = published({ storage: openSqlite(file), keys, now: () => new Date('2040-01-01T00:00:00Z') })
    assert.deepEqual(await second.manifests.manifests(), before)
    await second.storage.close()
  })

  it('is another with another address of the server', async () => {
    const { storage, manifests } = published({ keys })
    await store(storage, valueSet('a'))
    await manifests.manifests()
    const moved = published({ storage, keys, baseUrl: 'https://moved.example' })
    const { url, referenceVersion } = named(await moved.manifests.manifests(), 'ValueSet')
    assert.match(url, /^https:\/\/moved\.example\//)
    assert.equal(referenceVersion, '2')
  })
})

describe('the key of a manifest', () => {
  const [old, next] = [testKey(), testKey()]

  it('makes another manifest at another address, and the one before stays as it was', async () => {
    let all: readonly SigningKey[] = [as('current', old)]
    const server = published({ keys: () => all })
    await store(server.storage, valueSet('a'))
    const before = named(await server.manifests.manifests(), 'ValueSet')
    all = [as('current', next), as('retired', old)]
    const after = named(await server.manifests.manifests(), 'ValueSet')
    assert.notEqual(after.url, before.url)
    assert.equal(after.referenceVersion, '2')
    assert.deepEqual(await resourcesOf(after, next), await resourcesOf(before, old))
    const { body } = await documentAt(server, before.url.slice(baseUrl.length))
    assert.equal(body.toString(), before.jws)
  })

  it('that is to come is not turned back by a server that has not changed yet', async () => {
    const { storage } = published()
    await store(storage, valueSet('a'))
    const early = published({ storage, keys: () => [as('current', next), as('retired', old)] })
    const late = published({ storage, keys: () => [as('current', old), as('next', next)] })
    await late.manifests.manifests()
    const changed = await early.manifests.manifests()
    const restarted = published({ storage, keys: () => [as('current', old), as('next', next)] })
    assert.deepEqual(await restarted.manifests.manifests(), changed)
    assert.equal(named(changed, 'ValueSet').referenceVersion, '2')
  })

  it('that there is not makes none, and none is told', async () => {
    let all: readonly SigningKey[] = [as('current', old)]
    const server = published({ keys: () => all })
    await store(server.storage, valueSet('a'))
    await server.manifests.manifests()
    all = [as('retired', old)]
    assert.deepEqual(await server.manifests.manifests(), [])
    await assert.rejects(documentAt(server, '/trusted/ValueSet'), { status: 404 })
  })
})

describe('several servers over one store', () => {
  it('come to the same manifests when they make them at the same time', async () => {
    const file = join(folder, 'several.sqlite')
    const servers = Array.from({ length: 4 }, () => published({ storage: openSqlite(file), keys }))
    const [first] = servers
    assert.ok(first)
    await store(first.storage, valueSet('a'), codeSystem)
    const made = await Promise.all(servers.map(({ manifests }) => manifests.manifests()))
    for (const each of made) assert.deepEqual(each, made[0])
    assert.equal(named(made[0] ?? [], 'ValueSet').referenceVersion, '1')
    // What the slower ones made is nowhere.
    assert.equal((await first.storage.records.all('reference-jws')).length, 3)
    await store(first.storage, valueSet('b'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    const again = await Promise.all(servers.map(({ manifests }) => manifests.manifests()))
    for (const each of again) assert.deepEqual(each, again[0])
    assert.equal(named(again[0] ?? [], 'ValueSet').referenceVersion, '2')
    for (const { storage } of servers) await storage.close()
  })

  it('one of which finds the disk full: nothing is told that is not stored, and it is tried again', async () => {
    const { storage } = published()
    let isFull = true
    const refuse = async () => {
      if (isFull) throw new FhirError(507, issue('no-store', 'full'))
    }
    const limited: Storage = {
      ...storage,
      records: {
        ...storage.records,
        change: async (changes) => {
          if (changes.some(({ kind }) => kind === 'reference-manifest')) await refuse()
          return storage.records.change(changes)
        },
      },
    }
    const server = published({ storage: limited, keys })
    await store(storage, valueSet('a'))
    await assert.rejects(server.manifests.manifests(), { status: 507 })
    await assert.rejects(documentAt(server, '/trusted/ValueSet'), { status: 507 })
    assert.deepEqual(await storage.records.all('reference-manifest'), [])
    assert.deepEqual(await storage.records.all('reference-jws'), [])
    isFull = false
    assert.equal(named(await server.manifests.manifests(), 'ValueSet').referenceVersion, '1')
  })

  it('that keep changing a record end in an error, and not in a circle', async () => {
    const { storage } = published()
    const busy: Storage = { ...storage, records: { ...storage.records, change: async () => false } }
    const server = published({ storage: busy, keys })
    await assert.rejects(server.manifests.manifests(), /other processes keep changing it/)
  })
})

describe('the newest manifest', () => {
  const server = published({ keys, domains: ['DDCC', 'PH4H'] })

  it('stands at its name, for the first domain where none is named', async () => {
    await store(server.storage, valueSet('a'))
    const { jws, url, thumbprint } = named(await server.manifests.manifests(), 'ValueSet')
    for (const path of ['/trusted/ValueSet', '/trusted/ValueSet/DDCC']) {
      const { body, etag, contentType, cacheControl = 'no-cache', headers } = await documentAt(server, path)
      assert.equal(body.toString(), jws)
      assert.deepEqual([etag, contentType, cacheControl], [`"${thumbprint}"`, 'application/jose', 'no-cache'])
      assert.equal(headers?.['Content-Location'], url)
    }
    const other = await documentAt(server, '/trusted/ValueSet/PH4H')
    assert.equal(other.body.toString(), named(await server.manifests.manifests(), 'ValueSet', 'PH4H').jws)
    for (const path of ['/trusted/$evaluate', '/trusted/%24evaluate/DDCC']) await documentAt(server, path)
  })

  it('is answered at once while nothing changes, and is another after a change', async () => {
    const path = '/trusted/ValueSet'
    const before = await documentAt(server, path)
    assert.equal(server.find({ path, accept: undefined }), before)
    await store(server.storage, valueSet('later'))
    const after = await documentAt(server, path)
    assert.notEqual(after.etag, before.etag)
    assert.equal(server.find({ path, accept: undefined }), after)
  })

  it('of nothing is 404, and what is no service is somebody else’s', async () => {
    for (const path of ['/trusted/PlanDefinition', '/trusted/ValueSet/ICVP', '/trusted/ValueSet/'])
      await assert.rejects(documentAt(server, path), { status: 404 }, path)
    for (const path of [
      '/trusted',
      '/trusted/',
      '/trusted/Patient',
      '/trusted/valueset',
      '/trusted/ValueSet/DDCC/',
      '/trusted/ValueSet/DDCC/x',
      '/trusted/../trusted/ValueSet',
      '/trusted/toString',
      '/Trusted/ValueSet',
    ])
      assert.equal(server.find({ path, accept: undefined }), undefined, path)
  })
})

test('of ten thousand artefacts every one is in its manifest', async () => {
  const server = published({ keys })
  await store(server.storage, ...Array.from({ length: 10_000 }, (_, i) => valueSet(`v${i}`)))
  const library = await libraryOf(named(await server.manifests.manifests(), 'ValueSet'))
  const resources = library.relatedArtifact?.map(({ resource }) => resource ?? '') ?? []
  assert.equal(new Set(resources).size, 10_000)
  assert.deepEqual(resources.toSorted(), resources)
})
