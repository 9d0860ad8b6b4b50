/** The life of an artefact that nobody publishes unsigned: `$release`, `$approve`, PATCH and transactions with the signature over what was prepared. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bundle, Resource, ValueSet } from '../../src/fhir/types.ts'
import { valueSet as empty } from '../provenance/published.ts'
import { askServer, type Reply } from '../support/ask-server.ts'
import { canonical, headerProvenance, publisher, type SignatureOptions, signature } from '../support/signed-artefact.ts'

const ministry = await publisher('did:web:ministry.example')
const stranger = await publisher('did:web:stranger.example')
const base = 'http://example.org'
const settings = {
  SIGNERS: JSON.stringify([
    { issuer: ministry.did, canonicalPrefixes: [`${base}/`], keys: { keys: [ministry.publicJwk] } },
  ]),
  REQUIRE_SIGNATURE: JSON.stringify([{ canonicalPrefixes: [`${base}/`] }]),
}
const { ask, provenances } = await askServer(settings)

const json = ({ body }: Reply) => JSON.parse(body.toString())
const include = [{ system: `${base}/CodeSystem/codes`, concept: [{ code: 'a' }] }]
const draft = (name: string, more: Partial<ValueSet> = {}): ValueSet =>
  empty(name, { status: 'draft', compose: { include }, ...more })
const plain = (resource: object) => ({ ...resource }) as Record<string, unknown>
const putDraft = async (name: string, more: Partial<ValueSet> = {}) => {
  const { status, body } = await ask('PUT', `ValueSet/${name}`, { body: draft(name, more) })
  assert.ok(status === 200 || status === 201, body.toString())
}
const statusOf = async (name: string) => json(await ask('GET', `ValueSet/${name}`)).status
const count = async () => json(await ask('GET', '_history?_summary=count')).total

const usual = { version: '1', versionBehavior: 'check' }
/** Calls an operation of an artefact. */
const call = (place: string, given: Record<string, string | boolean>, provenance?: string) => {
  const typed = (name: string, value: string | boolean) =>
    typeof value === 'boolean' ? 'valueBoolean' : name === 'versionBehavior' ? 'valueCode' : 'valueString'
  const parameter = Object.entries(given).map(([name, value]) => ({ name, [typed(name, value)]: value }))
  return ask('POST', place, {
    body: { resourceType: 'Parameters', parameter },
    ...(provenance === undefined ? {} : { provenance }),
  })
}

/** What a call with prepareOnly answers: the value for `prepared`, and each resource with the bytes that are to be signed. */
async function prepare(place: string, given: Record<string, string | boolean>) {
  const reply = await call(place, { ...given, prepareOnly: true })
  assert.equal(reply.status, 200, reply.body.toString())
  const { identifier, entry = [] } = json(reply) as Bundle
  const resources = entry.flatMap(({ resource }) => (resource as Resource) ?? [])
  const pairs = resources.flatMap((resource, at) => {
    const next = resources[at + 1]
    return next?.resourceType === 'Binary' ? [{ resource, bytes: Buffer.from(String(next.data), 'base64') }] : []
  })
  return { prepared: identifier?.value ?? '', pairs, artefacts: pairs.map(({ resource }) => resource) }
}

/** X-Provenance over resources. The signer reads the bytes that were answered, and no others. */
async function signedHeader(
  pairs: readonly { bytes: Buffer }[],
  by = ministry,
  options: SignatureOptions = {},
): Promise<string> {
  const signatures = pairs.map(({ bytes }) => signature(JSON.parse(bytes.toString()), by, options))
  return JSON.stringify(headerProvenance(...(await Promise.all(signatures))))
}

/** The result of `$verify-signature` for a stored Provenance. */
async function holds(provenance: { id: string }, about?: string): Promise<boolean> {
  const resource = about === undefined ? [] : [{ name: 'resource', resource: json(await ask('GET', about)) }]
  const parameter = [{ name: 'reference', valueUri: `Provenance/${provenance.id}` }, ...resource]
  const reply = await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } })
  assert.equal(reply.status, 200, reply.body.toString())
  return json(reply).parameter[0].valueBoolean
}

describe('a signed $release', () => {
  it('is prepared without a signature, and answers the very bytes of the scheme', async () => {
    await putDraft('bytes')
    const before = await count()
    const { pairs } = await prepare('ValueSet/bytes/$release', usual)
    assert.equal(pairs.length, 1)
    for (const { resource, bytes } of pairs) {
      const { meta: _meta, text: _text, ...rest } = plain(resource)
      assert.equal(bytes.toString(), canonical(rest))
    }
    assert.equal(await count(), before)
  })

  it('becomes active with it, in one transaction with its Provenance', async () => {
    await putDraft('one')
    const { prepared, pairs } = await prepare('ValueSet/one/$release', usual)
    const reply = await call('ValueSet/one/$release', { ...usual, prepared }, await signedHeader(pairs))
    assert.equal(reply.status, 200, reply.body.toString())
    assert.equal(await statusOf('one'), 'active')
    const [made, ...others] = await provenances('ValueSet/one')
    assert.deepEqual(others, [])
    assert.equal(made.target[0].reference, 'ValueSet/one/_history/2')
    assert.equal(await holds(made), true)
  })

  it('takes the components along, with a signature for each', async () => {
    const isOwned = { url: 'http://hl7.org/fhir/StructureDefinition/artifact-isOwned', valueBoolean: true }
    await putDraft('part')
    const library = {
      ...{ resourceType: 'Library', id: 'whole', url: `${base}/Library/whole`, version: '1', status: 'draft' },
      ...{ name: 'Whole', title: 'Whole', description: 'Whole' },
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'asset-collection' }] },
      relatedArtifact: [{ type: 'composed-of', resource: `${base}/ValueSet/part|1`, extension: [isOwned] }],
    }
    assert.equal((await ask('PUT', 'Library/whole', { body: library })).status, 201)
    const { prepared, pairs } = await prepare('Library/whole/$release', usual)
    assert.equal(pairs.length, 2)
    const half = await call('Library/whole/$release', { ...usual, prepared }, await signedHeader(pairs.slice(0, 1)))
    assert.equal(half.status, 422, half.body.toString())
    assert.equal(await statusOf('part'), 'draft')
    const whole = await call('Library/whole/$release', { ...usual, prepared }, await signedHeader(pairs))
    assert.equal(whole.status, 200, whole.body.toString())
    const [made] = await provenances('ValueSet/part')
    assert.equal(made.target.length, 2)
    for (const path of ['ValueSet/part', 'Library/whole']) assert.equal(await holds(made, path), true)
  })

  const refused: Record<string, [number, (name: string) => Promise<Reply>]> = {
    'without a signature': [422, (name) => call(`ValueSet/${name}/$release`, usual)],
    'as it was prepared, and without a signature': [
      422,
      async (name) => {
        const { prepared } = await prepare(`ValueSet/${name}/$release`, usual)
        return call(`ValueSet/${name}/$release`, { ...usual, prepared })
      },
    ],
    'with an X-Provenance without signature': [
      422,
      (name) => call(`ValueSet/${name}/$release`, usual, JSON.stringify(headerProvenance())),
    ],
    'with a signature over the draft': [
      422,
      async (name) => {
        const { prepared } = await prepare(`ValueSet/${name}/$release`, usual)
        const own = JSON.stringify(headerProvenance(await signature(plain(draft(name)), ministry)))
        return call(`ValueSet/${name}/$release`, { ...usual, prepared }, own)
      },
    ],
    'with a signature over the bytes of another artefact': [
      422,
      async (name) => {
        await putDraft(`${name}-other`)
        const { pairs } = await prepare(`ValueSet/${name}-other/$release`, usual)
        const { prepared } = await prepare(`ValueSet/${name}/$release`, usual)
        return call(`ValueSet/${name}/$release`, { ...usual, prepared }, await signedHeader(pairs))
      },
    ],
    'with the signature of a reviewer alone': [
      422,
      async (name) => {
        const { prepared, pairs } = await prepare(`ValueSet/${name}/$release`, usual)
        const header = await signedHeader(pairs, ministry, { purpose: 'review' })
        return call(`ValueSet/${name}/$release`, { ...usual, prepared }, header)
      },
    ],
    'with the signature of a stranger': [
      403,
      async (name) => {
        const { prepared, pairs } = await prepare(`ValueSet/${name}/$release`, usual)
        return call(`ValueSet/${name}/$release`, { ...usual, prepared }, await signedHeader(pairs, stranger))
      },
    ],
    'when it was changed in between': [
      409,
      async (name) => {
        const { prepared, pairs } = await prepare(`ValueSet/${name}/$release`, usual)
        await putDraft(name, { title: 'Changed in between' })
        return call(`ValueSet/${name}/$release`, { ...usual, prepared }, await signedHeader(pairs))
      },
    ],
    'with other parameters than were prepared': [
      409,
      async (name) => {
        const { prepared, pairs } = await prepare(`ValueSet/${name}/$release`, usual)
        const given = { ...usual, versionBehavior: 'force', version: '2', prepared }
        return call(`ValueSet/${name}/$release`, given, await signedHeader(pairs))
      },
    ],
  }
  for (const [at, [how, [status, release]]] of Object.entries(refused).entries())
    it(`${how} is ${status}, and the draft stays one`, async () => {
      const name = `refused-${at}`
      await putDraft(name)
      const reply = await release(name)
      assert.equal(reply.status, status, reply.body.toString())
      assert.equal(json(reply).resourceType, 'OperationOutcome')
      assert.equal(await statusOf(name), 'draft')
      assert.deepEqual(await provenances(`ValueSet/${name}`), [])
    })
})

describe('a signed $approve', () => {
  it('of a draft carries the signature over what was prepared, and says nothing of a publication', async () => {
    await putDraft('approved')
    const place = 'ValueSet/approved/$approve'
    const { prepared, artefacts, pairs } = await prepare(place, {})
    assert.deepEqual(
      artefacts.map(({ resourceType }) => resourceType),
      ['ValueSet', 'Basic'],
    )
    const header = await signedHeader(pairs.slice(0, 1), ministry, { purpose: 'review' })
    const reply = await call(place, { prepared }, header)
    assert.equal(reply.status, 200, reply.body.toString())
    const [made] = await provenances('ValueSet/approved')
    assert.equal(made.signature[0].type[0].code, '1.2.840.10065.1.12.1.13')
    // Approved is not published: that takes the signature of an author.
    assert.equal((await call('ValueSet/approved/$release', usual)).status, 422)
  })

  it('of what is published is over the published bytes', async () => {
    await putDraft('late')
    const release = await prepare('ValueSet/late/$release', usual)
    await call('ValueSet/late/$release', { ...usual, prepared: release.prepared }, await signedHeader(release.pairs))
    const { prepared, pairs } = await prepare('ValueSet/late/$approve', {})
    assert.deepEqual(pairs[0]?.bytes, release.pairs[0]?.bytes)
    const header = await signedHeader(pairs.slice(0, 1), ministry, { purpose: 'review' })
    const reply = await call('ValueSet/late/$approve', { prepared }, header)
    assert.equal(reply.status, 200, reply.body.toString())
    const found = await provenances('ValueSet/late/_history/2')
    assert.equal(found.length, 2)
    // A review vouches for the bytes, and is no author's signature.
    const results = await Promise.all(found.map((each) => holds(each, 'ValueSet/late')))
    assert.deepEqual(results.sort(), [false, true])
  })

  it('over other bytes is 422, and changed in between 409', async () => {
    await putDraft('disputed')
    const { prepared, pairs } = await prepare('ValueSet/disputed/$approve', {})
    const other = JSON.stringify(headerProvenance(await signature(plain(draft('other')), ministry)))
    assert.equal((await call('ValueSet/disputed/$approve', { prepared }, other)).status, 422)
    await putDraft('disputed', { title: 'Changed in between' })
    const late = await call('ValueSet/disputed/$approve', { prepared }, await signedHeader(pairs.slice(0, 1)))
    assert.equal(late.status, 409, late.body.toString())
    assert.deepEqual(await provenances('ValueSet/disputed'), [])
  })
})

describe('the same by other ways', () => {
  const toActive = [{ op: 'replace', path: '/status', value: 'active' }]
  const patch = (name: string, provenance?: string) =>
    ask('PATCH', `ValueSet/${name}`, {
      body: toActive,
      headers: { 'Content-Type': 'application/json-patch+json' },
      ...(provenance === undefined ? {} : { provenance }),
    })
  const over = async (resource: object, by = ministry) =>
    JSON.stringify(headerProvenance(await signature(plain(resource), by)))

  it('PATCH of the status takes the signature over what it makes', async () => {
    await putDraft('patched')
    assert.equal((await patch('patched')).status, 422)
    assert.equal((await patch('patched', await over(draft('patched')))).status, 422)
    assert.equal((await patch('patched', await over(draft('patched', { status: 'active' }), stranger))).status, 403)
    assert.equal(await statusOf('patched'), 'draft')
    const good = await patch('patched', await over(draft('patched', { status: 'active' })))
    assert.equal(good.status, 200, good.body.toString())
    const [made] = await provenances('ValueSet/patched')
    assert.equal(await holds(made), true)
  })

  const bundle = (type: string, ...entry: object[]) => ({ resourceType: 'Bundle', type, entry })
  const putEntry = (resource: ValueSet) => ({ request: { method: 'PUT', url: `ValueSet/${resource.id}` }, resource })

  it('a transaction is stored with a signature over each that becomes active, or not at all', async () => {
    await putDraft('t-was')
    const active = [draft('t-new', { status: 'active' }), draft('t-was', { status: 'active' })]
    const body = bundle('transaction', ...active.map(putEntry))
    const signatures = await Promise.all(active.map((each) => signature(plain(each), ministry)))
    for (const some of [[], signatures.slice(0, 1), signatures.slice(1)]) {
      const provenance = JSON.stringify(headerProvenance(...some))
      const reply = await ask('POST', '', { body, provenance })
      assert.equal(reply.status, 422, reply.body.toString())
      assert.equal((await ask('GET', 'ValueSet/t-new')).status, 404)
      assert.equal(await statusOf('t-was'), 'draft')
    }
    const good = await ask('POST', '', { body, provenance: JSON.stringify(headerProvenance(...signatures)) })
    assert.equal(good.status, 200, good.body.toString())
    assert.deepEqual([await statusOf('t-new'), await statusOf('t-was')], ['active', 'active'])
  })

  it('neither a batch nor the conditional update or create lets anything in unsigned', async () => {
    const active = draft('b-put', { status: 'active' })
    const reply = json(await ask('POST', '', { body: bundle('batch', putEntry(active)) }))
    assert.match(reply.entry[0].response.status, /^422/)
    const url = encodeURIComponent(`${base}/ValueSet/b-put`)
    const { id: _id, ...withoutId } = active
    assert.equal((await ask('PUT', `ValueSet?url=${url}`, { body: withoutId })).status, 422)
    assert.equal((await ask('POST', 'ValueSet', { body: withoutId })).status, 422)
    const found = json(await ask('GET', `ValueSet?url=${url}`))
    assert.equal(found.entry, undefined)
  })
})

describe('a Provenance that is stored', async () => {
  const body = draft('found', { status: 'active' })
  const own = JSON.stringify(headerProvenance(await signature(plain(body), ministry)))
  assert.equal((await ask('PUT', 'ValueSet/found', { body, provenance: own })).status, 201)
  const [made] = await provenances('ValueSet/found')
  const idsOf = async (query: string) =>
    (json(await ask('GET', query)).entry ?? []).map(({ resource: { resourceType, id } }: { resource: Resource }) =>
      `${resourceType}/${id}`.replace(made.id, 'it'),
    )
  const name = encodeURIComponent(`${base}/ValueSet/found|1`.replace('|', '\\|'))

  const queries: Record<string, [string, string[]]> = {
    'the version': ['Provenance?target=ValueSet/found/_history/1', ['Provenance/it']],
    'another version': ['Provenance?target=ValueSet/found/_history/2', []],
    'the resource': ['Provenance?target=ValueSet/found', ['Provenance/it']],
    'the name, escaped': [`Provenance?target:identifier=urn:ietf:rfc:3986%7C${name}`, ['Provenance/it']],
    'the name as the specification writes it': [
      `Provenance?target:identifier=urn:ietf:rfc:3986%7C${base}/ValueSet/found%7C1`,
      ['Provenance/it'],
    ],
    'the name of another version': [`Provenance?target:identifier=urn:ietf:rfc:3986%7C${base}/ValueSet/found%7C2`, []],
    'the name in another system': [`Provenance?target:identifier=urn:other%7C${base}/ValueSet/found%7C1`, []],
    'the signature’s purpose': [
      'Provenance?target=ValueSet/found&signature-type=urn:iso-astm:E1762-95:2013%7C1.2.840.10065.1.12.1.1',
      ['Provenance/it'],
    ],
    'another purpose': ['Provenance?target=ValueSet/found&signature-type=1.2.840.10065.1.12.1.13', []],
    'the artefact, with _revinclude': [
      'ValueSet?_id=found&_revinclude=Provenance:target',
      ['ValueSet/found', 'Provenance/it'],
    ],
  }
  for (const [what, [query, wanted]] of Object.entries(queries))
    it(`is found by ${what}`, async () => assert.deepEqual(await idsOf(query), wanted))

  it('of a version that came later is no longer the one that comes with the artefact, and is still found', async () => {
    const retired = { ...body, status: 'retired' }
    assert.equal((await ask('PUT', 'ValueSet/found', { body: retired })).status, 200)
    assert.deepEqual(await idsOf('Provenance?target=ValueSet/found/_history/1'), ['Provenance/it'])
    assert.deepEqual(await idsOf('Provenance?target=ValueSet/found/_history/2'), [])
  })
})
