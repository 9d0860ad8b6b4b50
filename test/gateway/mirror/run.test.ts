/** What an enemy among the participants may try, and what a bad day may bring: one test each. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { signCms } from '../../../src/cms/cms.ts'
import { mirroredTag } from '../../../src/fhir/artefact.ts'
import type { Library, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { knownLists, knownMirrors } from '../../../src/gateway/mirror/records.ts'
import { NetworkError } from '../../../src/network/network-error.ts'
import { makeTar } from '../../packages/make-archive.ts'
import { certified, compactJws, hexOf, jsonOf, type MirrorBed, openMirrorBed } from '../../support/mirror-bed.ts'

const base = 'https://a.example/fhir/r'
const hash = 'http://vidimus.org/fhir/StructureDefinition/content-sha256'
const day = 86_400_000

const valueSet = (change: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id: 'colours',
  url: 'https://a.example/fhir/ValueSet/colours',
  version: '1.0.0',
  status: 'active',
  compose: { include: [{ system: 'https://a.example/fhir/CodeSystem/colours', concept: [{ code: 'red' }] }] },
  ...change,
})
const manifest = (entries: { url: string; body: Buffer; resource?: string; hash?: string }[]): Library => ({
  resourceType: 'Library',
  url: 'https://a.example/trusted/ValueSet/DDCC',
  version: '1',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'asset-collection' }] },
  relatedArtifact: entries.map(({ url, body, resource, hash: given }) => ({
    type: 'composed-of' as const,
    url,
    extension: [{ url: hash, valueString: given ?? hexOf(body) }],
    ...(resource ? { resource } : {}),
  })),
})

describe('mirroring', () => {
  let bed: MirrorBed
  let count = 0
  /** A canonical of its own for every test: they share a store. */
  let canonical = ''
  let url = ''
  const signed = (resource: object, by = bed.participants.XXA!.upload) => compactJws(jsonOf(resource), by)
  const own = (change: Partial<ValueSet> = {}) => valueSet({ url: canonical, ...change })
  const state = async (at = url) => (await bed.states())[at]
  const record = async (at = url) =>
    [...(await knownMirrors(bed.raw.records)).values()].find((each) => each.url === at)!
  const copy = async () => (await bed.copies('ValueSet', canonical))[0] as ValueSet | undefined

  before(async () => {
    bed = await openMirrorBed([
      { participant: 'XXA' },
      { participant: 'XB', service: 'ValueSet', domain: 'DDCC', unsigned: true },
    ])
  })
  after(() => bed.close())
  beforeEach(() => {
    count++
    canonical = `https://a.example/fhir/ValueSet/colours-${count}`
    url = `${base}/${count}.jws`
    bed.rows = []
    bed.asked.length = 0
    bed.now = new Date()
  })

  describe('takes in', () => {
    it('a resource that an upload certificate of the participant signed, and says whose it is', async () => {
      const body = signed(
        own({ meta: { versionId: '7', source: 'https://elsewhere.example', profile: ['https://a.example/p'] } }),
      )
      const row = bed.list(url, body)
      await bed.run()
      assert.equal(await state(), 'mirrored')
      const found = await copy()
      assert.equal(found?.meta?.source, url)
      assert.deepEqual(found?.meta?.profile, ['https://a.example/p'])
      assert.deepEqual(found?.meta?.tag, [mirroredTag('XXA')])
      assert.match(String(found?.id), /^xxa-colours-[0-9a-f]{12}$/)
      const { matches } = await bed.raw.search({
        type: 'Provenance',
        conditions: [{ parameter: 'target', values: [{ value: `ValueSet/${found?.id}` }] }],
        sort: [],
        count: 10,
        total: 'none',
      })
      const provenance = JSON.stringify(matches.map(({ resource }) => resource))
      assert.equal(matches.length, 1)
      for (const told of ['"XXA"', `urn:uuid:${row.uuid}`, String(row.thumbprint), `${canonical}|1.0.0`])
        assert.ok(provenance.includes(told), told)
    })
    it('what a certificate of its authority signed, by JWS or CMS, in base64 or not', async () => {
      const { issued, upload } = bed.participants.XXA!
      const at = new Date()
      const content = jsonOf(own())
      const der = await signCms(content, { ...upload, at })
      const bodies = [
        compactJws(jsonOf(own({ version: '2' })), issued),
        await signCms(jsonOf(own({ version: '3' })), { ...issued, at }),
        Buffer.from(der.toString('base64')),
        Buffer.from(`${(await signCms(jsonOf(own({ version: '4' })), { ...upload, at })).toString('base64')}\n`),
        // A key that the header does not bring along is found among the participant's.
        compactJws(jsonOf(own({ version: '5' })), upload, { x5c: undefined }),
      ]
      bodies.forEach((body, at) => {
        const signatureType = at === 0 || at === 4 ? 'JWS' : 'CMS'
        bed.list(`${url}${at}`, body, { signatureType, uuid: `0000000${at}-0000-4000-8000-00000000000${count % 10}` })
      })
      await bed.run()
      for (const at of bodies.keys()) assert.equal(await state(`${url}${at}`), 'mirrored', String(at))
      assert.equal((await bed.copies('ValueSet', canonical)).length, 5)
    })
    it('a Bundle, and asks for it once as long as its thumbprint is the same', async () => {
      const entry = ['1', '2'].map((version) => ({ resource: own({ version }) }))
      bed.list(url, signed({ resourceType: 'Bundle', type: 'collection', entry }))
      await bed.run()
      await bed.run()
      assert.equal((await bed.copies('ValueSet', canonical)).length, 2)
      assert.deepEqual(bed.asked, [url])
    })
    it('the entries of a manifest, each held against its hash, and those that are new alone when it changes', async () => {
      const one = jsonOf(own({ version: '1' }))
      // As a server gives a version: with the meta of its own.
      const two = own({ version: '2' })
      const served = jsonOf({ ...two, meta: { versionId: '3', lastUpdated: '2026-11-29T12:00:00Z' } })
      const canonicalForm = Buffer.from(JSON.stringify(sorted(two)))
      bed.addresses.set(`${base}/one-${count}`, one)
      bed.addresses.set(`${base}/two-${count}`, served)
      const first = { url: `${base}/one-${count}`, body: one, resource: `${canonical}|1` }
      bed.list(url, signed(manifest([first])))
      await bed.run()
      assert.equal((await record()).lastError, undefined)
      bed.asked.length = 0
      bed.list(
        url,
        signed(manifest([first, { url: `${base}/two-${count}`, body: canonicalForm, resource: `${canonical}|2` }])),
      )
      await bed.run()
      assert.equal(await state(), 'mirrored')
      assert.deepEqual(bed.asked, [url, `${base}/two-${count}`])
      assert.deepEqual(
        Object.values((await record()).artefacts).map(({ goneSince }) => goneSince),
        [undefined, undefined],
      )
    })
    it('a package', async () => {
      const files = {
        'package/package.json': jsonOf({ name: 'a', version: '1.0.0' }),
        'package/ValueSet-colours.json': jsonOf(own()),
      }
      bed.list(url, compactJws(gzipSync(tarOf(files)), bed.participants.XXA!.upload))
      await bed.run()
      assert.equal(await state(), 'mirrored')
      assert.equal((await copy())?.version, '1.0.0')
    })
    it('what is not signed only from whom the configuration says so', async () => {
      bed.list(url, jsonOf(own()), { signatureType: 'NONE' })
      const other = `${base}/b-${count}`
      bed.list(other, jsonOf(own()), { signatureType: 'NONE', country: 'XB' })
      await bed.run()
      assert.equal(await state(), 'unsigned')
      assert.equal(await state(other), 'mirrored')
      assert.equal((await copy())?.meta?.tag?.[0]?.code, 'XXB')
    })
    it('what is not fit to be active as a draft that nothing uses', async () => {
      const concept = { property: 'concept', op: 'frobnicates' as 'is-a', value: 'a' }
      const broken = own({ compose: { include: [{ system: 'http://example.org/s', filter: [concept] }] } })
      bed.list(url, signed(broken))
      await bed.run()
      assert.equal(await state(), 'mirrored')
      assert.equal((await copy())?.status, 'draft')
      assert.ok((await copy())?.meta?.tag?.some(({ code }) => code === 'not-fit'))
    })
  })

  describe('asks for nothing that is not allowed:', () => {
    const cases: [what: string, change: object][] = [
      ['a participant that nobody named', { country: 'XD' }],
      ['ourselves', { country: 'XC' }],
      ['ourselves in lower case', { country: 'xc' }],
      ['a code that is none', { country: 'X-' }],
      ['another service', { country: 'XB', service: 'CodeSystem' }],
      ['the service in another spelling', { country: 'XB', service: 'valueset' }],
      ['another domain', { country: 'XB', domain: 'PH4H' }],
      ['an operation, which no entry names', { service: '$evaluate' }],
    ]
    for (const [what, change] of cases)
      it(what, async () => {
        bed.list(url, signed(own()), change)
        await bed.run()
        assert.deepEqual(bed.asked, [])
        assert.equal(await state(), undefined)
      })
    it('another gateway', async () => {
      bed.list(url, signed(own()))
      const rule = { participant: 'XXA', unsigned: false, runRules: false }
      await bed.run({ allow: [{ ...rule, gateway: 'other' }] })
      assert.deepEqual(bed.asked, [])
      await bed.run({ allow: [{ ...rule, gateway: 'main' }] })
      assert.deepEqual(bed.asked, [url])
    })
    it('a reference that is not FHIR', async () => {
      bed.list(url, signed(own()), { type: 'DCC' })
      await bed.run()
      assert.equal(await state(), 'not-supported')
      assert.deepEqual(bed.asked, [])
    })
    it('the country in lower case is the same participant', async () => {
      bed.list(url, signed(own()), { country: 'xa' })
      await bed.run()
      assert.equal((await copy())?.meta?.tag?.[0]?.code, 'XXA')
    })
  })

  describe('refuses', () => {
    const refused = async (body: Buffer, wanted: string, change: object = {}) => {
      bed.list(url, body, change)
      await bed.run()
      assert.equal(await state(), wanted, (await record()).lastError)
      assert.equal(await copy(), undefined)
      assert.doesNotMatch(String((await record()).lastError), /colours|a\.example|evil/)
    }
    it('other content than the gateway lists', () =>
      refused(signed(own()), 'thumbprint-mismatch', { thumbprint: '0'.repeat(64) }))
    for (const [what, thumbprint] of [
      ['a thumbprint with a blank', ` ${'0'.repeat(63)}`],
      ['no thumbprint', undefined],
      ['an empty thumbprint', ''],
      ['a part of a thumbprint', '00'],
    ] as const)
      it(what, async () => {
        await refused(signed(own()), 'thumbprint-mismatch', { thumbprint })
        assert.deepEqual(bed.asked, [])
      })
    it('no thumbprint in capitals, which says the same', async () => {
      const body = signed(own())
      bed.list(url, body, { thumbprint: hexOf(body).toUpperCase() })
      await bed.run()
      assert.equal(await state(), 'mirrored')
    })
    it('an upload certificate of another participant', () =>
      refused(signed(own(), bed.participants.XXB!.upload), 'signature'))
    it('a certificate of another authority', () => refused(signed(own(), bed.participants.XXB!.issued), 'signature'))
    it('a certificate that says itself who it is', () =>
      refused(signed(own(), certified({ commonName: 'UP XA', country: 'XA' })), 'signature'))
    it('one that an impostor of the authority issued', () => {
      const issuer = certified({ commonName: 'SCA XA', country: 'XA', isAuthority: true })
      return refused(signed(own(), certified({ commonName: 'provenance XA', country: 'XA', issuer })), 'signature')
    })
    it('one that signs credentials', () => refused(signed(own(), bed.participants.XXA!.documentSigner), 'signature'))
    it('one with the key usage of credentials, though no list has it', () => {
      const issuer = bed.participants.XXA!.authority
      const made = { commonName: 'x', country: 'XA', issuer, extendedKeyUsage: ['1.3.6.1.4.1.1847.2021.1.2'] }
      return refused(signed(own(), certified(made)), 'signature')
    })
    it('one that is over, and one that is not yet', async () => {
      const issuer = bed.participants.XXA!.authority
      for (const days of [
        [-9, -2],
        [2, 9],
      ] as [number, number][])
        await refused(signed(own(), certified({ commonName: 'x', country: 'XA', issuer, days })), 'signature')
    })
    it('the authority itself', () => refused(signed(own(), bed.participants.XXA!.authority), 'signature'))
    it('a chain of authorities', () => {
      const between = certified({
        commonName: 'between',
        country: 'XA',
        issuer: bed.participants.XXA!.authority,
        isAuthority: true,
      })
      return refused(signed(own(), certified({ commonName: 'x', country: 'XA', issuer: between })), 'signature')
    })
    it('the key of a stranger under the certificate of the participant', () =>
      refused(
        signed(own(), { ...bed.participants.XXA!.upload, privateKey: bed.participants.XXB!.upload.privateKey }),
        'signature',
      ))
    it('alg none, and a key in the header', async () => {
      const none = Buffer.from('{"alg":"none"}').toString('base64url')
      await refused(Buffer.from(`${none}.${jsonOf(own()).toString('base64url')}.`), 'signature')
      const { upload } = bed.participants.XXB!
      const jwk = upload.certificate.publicKey.export({ format: 'jwk' })
      await refused(compactJws(jsonOf(own()), upload, { jwk, x5c: undefined }), 'signature')
    })
    it('content that is not signed though the row says so', async () => {
      await refused(jsonOf(own()), 'signature')
      await refused(jsonOf(own()), 'signature', { signatureType: 'CMS' })
      await refused(jsonOf(own()), 'signature', { signatureType: 'jws' })
      await refused(signed(own()), 'signature', { signatureType: '' })
    })
    it('a signed message whose content stands elsewhere', async () => {
      const { upload } = bed.participants.XXA!
      const der = await signCms(jsonOf(own()), { ...upload, at: new Date() }, { detached: true })
      await refused(der, 'signature', { signatureType: 'CMS' })
    })
    it('a message that was signed when its certificate was not in force', async () => {
      const { upload } = bed.participants.XXA!
      const der = await signCms(jsonOf(own()), { ...upload, at: new Date(Date.now() - 400 * day) })
      await refused(der, 'signature', { signatureType: 'CMS' })
    })

    const smuggled: [what: string, resource: () => object][] = [
      [
        'a rule set as a value set',
        () => ({ resourceType: 'PlanDefinition', url: canonical, version: '1', status: 'active' }),
      ],
      [
        'a library as a value set',
        () => ({ resourceType: 'Library', url: canonical, version: '1', status: 'active', type: {} }),
      ],
      [
        'a rule set between value sets',
        () => bundle(own(), { resourceType: 'PlanDefinition', url: canonical, status: 'active' }),
      ],
      ['a person', () => ({ resourceType: 'Patient', id: 'x' })],
      ['a naming system', () => ({ resourceType: 'NamingSystem', url: canonical, name: 'x', status: 'active' })],
      ['a Bundle of the type transaction', () => ({ ...bundle(own()), type: 'transaction' })],
      ['a Bundle with an empty entry', () => ({ resourceType: 'Bundle', type: 'collection', entry: [{}] })],
      ['one canonical twice', () => bundle(own(), own({ title: 'another' }))],
      ['no canonical', () => own({ url: '' })],
      ['a version in the url', () => own({ url: `${canonical}|1.0.0` })],
      ['another version in the url', () => own({ url: `${canonical}|9` })],
      ['what is no FHIR', () => own({ status: 7 } as never)],
      ['a list', () => [own()]],
      ['a tag that is none', () => own({ meta: { tag: [null] } } as never)],
      ['a meta that is a text', () => own({ meta: 'x' } as never)],
    ]
    for (const [what, resource] of smuggled) it(what, () => refused(signed(resource()), 'content'))
    it('rules of a service that is none of FHIR only as rules that do not run', async () => {
      // What runs is held in test/publish/mirror.test.ts; here only that such a service is no way round.
      const service = '$evaluate'
      bed.list(url, signed(own()), { service })
      await bed.run({ allow: [{ participant: 'XXA', service, unsigned: false, runRules: false }] })
      assert.equal(await state(), 'mirrored')
    })
    it('a member that stands there twice', () => {
      const text = JSON.stringify(own()).replace('"status"', '"status":"draft","status"')
      return refused(compactJws(Buffer.from(text), bed.participants.XXA!.upload), 'content')
    })
    it('values in each other without end', () => {
      const text = `{"resourceType":"ValueSet","x":${'['.repeat(5_000)}${']'.repeat(5_000)}}`
      return refused(compactJws(Buffer.from(text), bed.participants.XXA!.upload), 'content')
    })
    const packages: [what: string, tar: () => Buffer][] = [
      ['a package with a link', () => tarOf({ 'package/ValueSet-a.json': jsonOf(own()) }, { 'package/link': '2' })],
      [
        'a package with a hard link',
        () => tarOf({ 'package/ValueSet-a.json': jsonOf(own()) }, { 'package/link': '1' }),
      ],
      ['a package whose name leads out', () => tarOf({ 'package/../../ValueSet-a.json': jsonOf(own()) })],
      ['a package with an absolute name', () => tarOf({ '/package/ValueSet-a.json': jsonOf(own()) })],
      ['a file of more than 5 MB', () => tarOf({ 'package/ValueSet-a.json': Buffer.alloc(5_000_001, ' ') })],
      [
        'a package of 210 MB',
        () =>
          tarOf(
            Object.fromEntries(Array.from({ length: 42 }, (_, at) => [`package/${at}.json`, Buffer.alloc(5_000_000)])),
          ),
      ],
      ['a package that cannot be read', () => Buffer.alloc(1_024, 'x')],
      [
        'a package with a file that cannot be read',
        () => tarOf({ 'package/package.json': jsonOf({ name: 'a' }), 'package/ValueSet-a.json': Buffer.from('{') }),
      ],
      ['a package without artefacts', () => tarOf({ 'package/package.json': jsonOf({ name: 'a' }) })],
    ]
    for (const [what, tar] of packages)
      it(what, () => refused(compactJws(gzipSync(tar()), bed.participants.XXA!.upload), 'content'))

    const entryUrl = () => `${base}/entry-${count}`
    const refusedManifest = async (entry: object, wanted: string, body = jsonOf(own())) => {
      bed.addresses.set(entryUrl(), body)
      await refused(signed(manifest([{ url: entryUrl(), body, ...entry }])), wanted)
    }
    it('an entry that is not what the manifest says', () => refusedManifest({ hash: '0'.repeat(64) }, 'entry-mismatch'))
    it('an entry of another canonical than the manifest says', () =>
      refusedManifest({ resource: 'https://a.example/fhir/ValueSet/other|1.0.0' }, 'entry-mismatch'))
    it('an entry on another host', async () => {
      await refusedManifest({ url: 'https://b.example/fhir/r/x' }, 'content')
      assert.deepEqual(bed.asked, [url])
    })
    for (const other of ['http://a.example/x', 'https://a.example:444/x', 'https://a.example@b.example/x', 'x', ''])
      it(`an entry at ${JSON.stringify(other)}`, () => refusedManifest({ url: other }, 'content'))
    it('an entry without hash', async () => {
      const library = manifest([
        { url: entryUrl(), body: jsonOf(own()) },
        { url: entryUrl(), body: jsonOf(own()) },
      ])
      delete library.relatedArtifact?.[0]?.extension
      await refused(signed(library), 'content')
    })
    it('an entry that cannot be had', () =>
      refused(signed(manifest([{ url: entryUrl(), body: jsonOf(own()) }])), 'unreachable'))
    it('a rule as an entry', () => {
      const rule = jsonOf({ resourceType: 'PlanDefinition', url: canonical, version: '1.0.0', status: 'active' })
      return refusedManifest({}, 'content', rule)
    })
    it('one canonical in two entries', async () => {
      const bodies = [jsonOf(own()), jsonOf(own({ title: 'another' }))]
      const entries = bodies.map((body, at) => ({ url: `${entryUrl()}-${at}`, body }))
      for (const entry of entries) bed.addresses.set(entry.url, entry.body)
      await refused(signed(manifest(entries)), 'content')
    })
  })

  describe('keeps what was mirrored', () => {
    const changed = async (body: Buffer | NetworkError, wanted: string, change: object = {}) => {
      bed.list(url, signed(own({ title: 'first' })))
      await bed.run()
      const before = await copy()
      if (Buffer.isBuffer(body)) bed.list(url, body, change)
      else {
        bed.list(url, signed(own({ version: '2.0.0' })))
        bed.addresses.set(url, body)
      }
      await bed.run()
      assert.equal(await state(), wanted)
      assert.deepEqual(await copy(), before)
    }
    it('when the address is silent', () => changed(new NetworkError('timeout'), 'unreachable'))
    it('when the address sends elsewhere', () => changed(new NetworkError('redirect'), 'unreachable'))
    it('when the address becomes a private one', () => changed(new NetworkError('private'), 'unreachable'))
    it('when the content is another', () =>
      changed(signed(own()), 'thumbprint-mismatch', { thumbprint: '1'.repeat(64) }))
    it('when the signature is that of a stranger', () =>
      changed(signed(own(), bed.participants.XXB!.upload), 'signature'))
    it('when the content is broken', () => changed(signed({}), 'content'))
    it('when other content comes under the same version', () => changed(signed(own({ title: 'second' })), 'conflict'))
    it('when the same version becomes a draft', () =>
      changed(signed(own({ title: 'first', status: 'draft' })), 'conflict'))
    it('when the row is moved to another country', async () => {
      bed.list(url, signed(own()))
      await bed.run()
      const before = await copy()
      const stolen = compactJws(jsonOf(own({ title: 'stolen' })), bed.participants.XXB!.upload)
      bed.list(url, stolen, { country: 'XB' })
      await bed.run()
      const found = await bed.copies('ValueSet', canonical)
      assert.deepEqual(
        found.find(({ id }) => id === before?.id),
        before,
      )
      assert.equal(found.length, 2)
    })
    it('and takes the new version beside the old one', async () => {
      bed.list(url, signed(own()))
      await bed.run()
      bed.list(url, signed(own({ version: '2.0.0' })))
      await bed.run()
      const versions = (await bed.copies('ValueSet', canonical)).map((each) => (each as ValueSet).version)
      assert.deepEqual(versions.sort(), ['1.0.0', '2.0.0'])
      assert.equal(await state(), 'mirrored')
    })
    it('of a failure it asks again after an hour, then two, and at once when the row changes', async () => {
      const start = Date.now()
      const look = async (hours: number) => {
        bed.now = new Date(start + hours * 3_600_000)
        bed.asked.length = 0
        await bed.run({ isForced: false })
        return bed.asked.length
      }
      bed.list(url, signed(own(), bed.participants.XXB!.upload))
      assert.deepEqual(
        [await look(0), await look(0.9), await look(1.1), await look(3), await look(3.2)],
        [1, 0, 1, 0, 1],
      )
      bed.list(url, signed(own()))
      assert.equal(await look(3.3), 1)
      assert.equal(await state(), 'mirrored')
    })
  })

  describe('what is gone', () => {
    const gone = async (days: number) => {
      bed.now = new Date(Date.now() + days * day)
      await bed.run()
    }
    it('is kept for seven days, then retired, never deleted, and comes back', async () => {
      bed.list(url, signed(own()))
      await bed.run()
      const rows = bed.rows
      bed.rows = []
      await gone(0)
      assert.equal(await state(), 'gone')
      await gone(6.9)
      assert.equal((await copy())?.status, 'active')
      await gone(7.1)
      assert.equal((await copy())?.status, 'retired')
      assert.equal(await state(), 'retired')
      await gone(19)
      assert.equal((await copy())?.status, 'retired')
      bed.rows = rows
      await gone(20)
      assert.equal((await copy())?.status, 'active')
      assert.equal(await state(), 'mirrored')
    })
    it('is nothing while the list of the gateway cannot be had', async () => {
      bed.list(url, signed(own()))
      await bed.run()
      const references = () => Promise.reject(new Error('the gateway is down'))
      bed.now = new Date(Date.now() + 30 * day)
      await bed.run({ gateways: [{ id: 'main', country: 'XC', references }] })
      assert.equal(await state(), 'mirrored')
      assert.equal((await copy())?.status, 'active')
      assert.match(String((await knownLists(bed.raw.records))[0]?.error), /down/)
    })
    it('of a manifest alone is retired alone', async () => {
      const bodies = ['1', '2'].map((version) => jsonOf(own({ version })))
      const entries = bodies.map((body, at) => ({ url: `${base}/gone-${count}-${at}`, body }))
      for (const entry of entries) bed.addresses.set(entry.url, entry.body)
      bed.list(url, signed(manifest(entries)))
      await bed.run()
      bed.list(url, signed(manifest(entries.slice(0, 1))))
      await bed.run()
      await gone(8)
      const found = await bed.copies('ValueSet', canonical)
      assert.deepEqual(
        Object.fromEntries(found.map((each) => [(each as ValueSet).version, (each as ValueSet).status])),
        { 1: 'active', 2: 'retired' },
      )
      assert.equal(await state(), 'mirrored')
    })
    it('is not what another reference names', async () => {
      bed.list(url, signed(own()))
      const twin = `${base}/twin-${count}`
      bed.list(twin, signed(own()))
      await bed.run()
      assert.equal((await bed.copies('ValueSet', canonical)).length, 1)
      bed.rows = bed.rows.filter((row) => row.url === twin)
      await gone(0)
      await gone(8)
      assert.equal((await copy())?.status, 'active')
      assert.equal(await state(), 'retired')
      bed.rows = []
      await gone(9)
      await gone(17)
      assert.equal((await copy())?.status, 'retired')
    })
    it('is what the configuration allows no longer', async () => {
      bed.list(url, signed(own()))
      await bed.run()
      await bed.run({ allow: [] })
      assert.equal(await state(), 'gone')
    })
  })

  it('holds up nobody by a participant who answers slowly', async () => {
    bed.list(url, signed(own()))
    const quick = `${base}/quick-${count}`
    bed.list(quick, compactJws(jsonOf(own({ version: '7' })), bed.participants.XXB!.upload), { country: 'XB' })
    let answer = () => {}
    const slow = new Promise<void>((resolve) => {
      answer = resolve
    })
    const body = (at: string) => bed.addresses.get(at) as Buffer
    const running = bed.run({
      request: async ({ url: at }) => {
        if (at === url) await slow
        return { status: 200, headers: {}, body: body(at) }
      },
    })
    while ((await state(quick)) !== 'mirrored') await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(await state(), undefined)
    answer()
    await running
    assert.equal(await state(), 'mirrored')
  })

  it('forgets what was never mirrored and is gone', async () => {
    bed.list(url, signed(own(), bed.participants.XXB!.upload))
    await bed.run()
    assert.equal(await state(), 'signature')
    bed.rows = []
    await bed.run()
    assert.equal(await state(), undefined)
  })

  it('stops when another process takes over', async () => {
    bed.list(url, signed(own()))
    await bed.run({ isHeld: async () => false })
    assert.equal(await state(), undefined)
    assert.equal(await copy(), undefined)
    let asked = 0
    await bed.run({ isHeld: async () => ++asked < 2 })
    assert.equal(await copy(), undefined)
  })

  it('warns of a TLS key that is not the one listed, and mirrors all the same', async () => {
    const { certificate } = bed.participants.XXA!.issued
    const body = signed(own())
    const request = async () => ({ status: 200, headers: {}, body, peer: certificate.raw })
    const keys = [
      [certificate.raw, 0],
      [certificate.publicKey.export({ type: 'spki', format: 'der' }), 0],
      [bed.participants.XXA!.upload.certificate.raw, 1],
      [Buffer.from('x'), 1],
    ] as const
    for (const [key, warnings] of keys) {
      bed.list(url, body, {
        sslPublicKey: key.toString('base64'),
        uuid: `0000000${warnings}-0000-4000-8000-${hexOf(key).slice(0, 12)}`,
      })
      await bed.run({ request })
      const all = [...(await knownMirrors(bed.raw.records)).values()]
      const found = all.find(({ uuid }) => uuid.endsWith(hexOf(key).slice(0, 12)))
      assert.deepEqual([found?.state, found?.warnings?.length], ['mirrored', warnings])
      bed.rows = []
    }
  })
})

/** A plain archive of files, and of entries of another kind (`1` hard link, `2` link). */
const tarOf = (files: Record<string, Uint8Array>, others: Record<string, string> = {}) =>
  makeTar([
    ...Object.entries(files).map(([name, content]) => ({ name, content })),
    ...Object.entries(others).map(([name, kind]) => ({ name, kind, content: '' })),
  ])

const bundle = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as Resource)
      .sort()
      .map(([name, each]) => [name, sorted(each)]),
  )
}
