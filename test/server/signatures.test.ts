/** Signed publication, asked over HTTP of a whole server. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { flattenedVerify } from 'jose'
import type { Resource, ValueSet } from '../../src/fhir/types.ts'
import { contentHash } from '../../src/publish/identity.ts'
import { importFolder } from '../../src/publish/import/import-package.ts'
import { ownContentGate, recordName } from '../../src/publish/import/own-content.ts'
import { valueSet as empty } from '../provenance/published.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { askServer, type Reply } from '../support/ask-server.ts'
import { testSigner } from '../support/cms-signer.ts'
import {
  canonical,
  headerProvenance,
  type Publisher,
  provenanceOf,
  publisher,
  signature,
} from '../support/signed-artefact.ts'

const folder = ownFolder()
const ministry = await publisher('did:web:ministry.example')
const stranger = await publisher('did:web:stranger.example')
const other = await publisher('did:web:other.example')
const signers = JSON.stringify([
  {
    issuer: ministry.did,
    name: 'Ministry',
    canonicalPrefixes: ['http://example.org/'],
    keys: { keys: [ministry.publicJwk] },
  },
  { issuer: other.did, canonicalPrefixes: ['http://other.example/'], keys: { keys: [other.publicJwk] } },
])
const own = testSigner('P-256')
const key = { SIGNING_KEY: fileIn(folder, own.key), SIGNING_CERTIFICATE: own.cert }

const system = 'http://example.org/CodeSystem/codes'
const valueSet = (name: string, more: Partial<ValueSet> = {}): ValueSet =>
  empty(name, { compose: { include: [{ system, concept: [{ code: 'a' }] }] }, ...more })

const json = ({ body }: Reply) => JSON.parse(body.toString())
const signed = async (resource: object, by: Publisher = ministry) => {
  const plain = { ...resource } as Record<string, unknown>
  return JSON.stringify(headerProvenance(await signature(plain, by)))
}
const plain = (resource: object) => ({ ...resource }) as Record<string, unknown>

describe('X-Provenance', async () => {
  const { ask, provenances } = await askServer({ SIGNERS: signers })

  it('is stored with what the request wrote as its target, by the server’s clock', async () => {
    const resource = valueSet('a')
    const { status } = await ask('PUT', 'ValueSet/a', { body: resource, provenance: await signed(resource) })
    assert.equal(status, 201)
    const [made, ...others] = await provenances()
    assert.deepEqual(others, [])
    assert.deepEqual(made.target, [
      {
        reference: 'ValueSet/a/_history/1',
        type: 'ValueSet',
        identifier: { system: 'urn:ietf:rfc:3986', value: 'http://example.org/ValueSet/a|1' },
      },
    ])
    assert.ok(Math.abs(Date.parse(made.recorded) - Date.now()) < 60_000)
    const roles = made.agent.map(({ type }: { type: { coding: { code: string }[] } }) => type.coding[0]?.code)
    assert.deepEqual(roles, ['author', 'enterer', 'assembler'])
    assert.equal(made.activity.coding[0].code, 'CREATE')
    const found = json(await ask('GET', 'ValueSet?_id=a&_revinclude=Provenance:target'))
    assert.equal(found.entry.length, 2)
  })

  it('verifies by $verify-signature, with the resource and without', async () => {
    const [provenance] = await provenances()
    const resource = json(await ask('GET', 'ValueSet/a'))
    const questions = [
      [{ name: 'provenance', resource: provenance }],
      [{ name: 'reference', valueUri: `Provenance/${provenance.id}` }],
      [
        { name: 'provenance', resource: provenance },
        { name: 'resource', resource },
      ],
    ]
    for (const parameter of questions) {
      const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
      assert.equal(told.parameter[0].valueBoolean, true, JSON.stringify(told))
      const signer = told.parameter.find(({ name }: { name: string }) => name === 'signer')
      assert.deepEqual(signer.part[0], { name: 'issuer', valueUri: ministry.did })
    }
    const parameter = [
      { name: 'provenance', resource: provenance },
      { name: 'resource', resource: { ...resource, title: 'changed' } },
    ]
    const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
    assert.equal(told.parameter[0].valueBoolean, false)
  })

  const bad: Record<string, [number, (resource: object) => Promise<string>]> = {
    'other content': [422, (resource) => signed({ ...resource, title: 'other' })],
    'a key that nobody trusts': [403, (resource) => signed(resource, stranger)],
    'a key without authority over that canonical': [403, (resource) => signed(resource, other)],
    'a review that is made the signature of an author': [
      422,
      async (resource) =>
        JSON.stringify(
          headerProvenance(await signature(plain(resource), ministry, { purpose: 'review', type: 'author' })),
        ),
    ],
    'a target of its own': [
      400,
      async (resource) => JSON.stringify(provenanceOf(plain(resource), await signature(plain(resource), ministry))),
    ],
    'no JSON': [400, async () => '{'],
    'another resource': [400, async () => JSON.stringify({ resourceType: 'Patient' })],
    'an unknown member': [400, async () => JSON.stringify({ ...headerProvenance(), signatures: [] })],
    'a member twice': [400, async () => '{"resourceType":"Provenance","resourceType":"Provenance"}'],
  }
  for (const [name, [status, header]] of Object.entries(bad))
    it(`with ${name} is ${status}, and nothing is stored`, async () => {
      const before = json(await ask('GET', '_history?_summary=count')).total
      const resource = valueSet('bad')
      const reply = await ask('PUT', 'ValueSet/bad', { body: resource, provenance: await header(resource) })
      assert.equal(reply.status, status, reply.body.toString())
      assert.equal(json(reply).resourceType, 'OperationOutcome')
      assert.equal((await ask('GET', 'ValueSet/bad')).status, 404)
      assert.equal(json(await ask('GET', '_history?_summary=count')).total, before)
    })

  it('over something else is told what is signed, and which artefact it was held against', async () => {
    const resource = valueSet('told')
    const provenance = await signed({ ...resource, title: 'other' })
    const reply = await ask('PUT', 'ValueSet/told', { body: resource, provenance })
    assert.match(
      json(reply).issue[0].details.text,
      /^The signature over \S+ValueSet\/told\S* does not hold, by the step signature: .* its id included, .*: send it by PUT\.$/,
    )
  })

  it('without signature is stored, too', async () => {
    const reply = await ask('PUT', 'ValueSet/u', {
      body: valueSet('u'),
      provenance: JSON.stringify(headerProvenance()),
    })
    assert.equal(reply.status, 201)
    assert.equal((await provenances('ValueSet/u')).length, 1)
  })

  it('in a transaction is about all that it writes, and none of it when an entry fails', async () => {
    const entry = (resource: { id?: string | undefined }, ifMatch?: string) => ({
      resource,
      request: { method: 'PUT', url: `ValueSet/${resource.id}`, ...(ifMatch ? { ifMatch } : {}) },
    })
    const resources = [valueSet('t1'), valueSet('t2')]
    const header = headerProvenance(
      await signature(plain(valueSet('t1')), ministry),
      await signature(plain(valueSet('t2')), ministry),
    )
    const bundle = (entries: object[]) => ({ resourceType: 'Bundle', type: 'transaction', entry: entries })
    const provenance = JSON.stringify(header)
    const failing = bundle([...resources.map((each) => entry(each)), entry(valueSet('t3'), 'W/"7"')])
    assert.equal((await ask('POST', '', { body: failing, provenance })).status, 412)
    assert.deepEqual(await provenances('ValueSet/t1'), [])
    assert.equal((await ask('GET', 'ValueSet/t1')).status, 404)
    const reply = await ask('POST', '', { body: bundle(resources.map((each) => entry(each))), provenance })
    assert.equal(reply.status, 200, reply.body.toString())
    const [made, ...others] = await provenances('ValueSet/t2')
    assert.deepEqual(others, [])
    assert.deepEqual(
      made.target.map(({ reference }: { reference: string }) => reference),
      ['ValueSet/t1/_history/1', 'ValueSet/t2/_history/1'],
    )
    for (const id of ['t1', 't2']) {
      const resource = json(await ask('GET', `ValueSet/${id}`))
      const parameter = [
        { name: 'provenance', resource: made },
        { name: 'resource', resource },
      ]
      const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
      assert.equal(told.parameter[0].valueBoolean, true)
    }
    const half = bundle([entry(valueSet('t4')), entry(valueSet('t5'))])
    const foreign = JSON.stringify(headerProvenance(await signature(plain(valueSet('t6')), ministry)))
    assert.equal((await ask('POST', '', { body: half, provenance: foreign })).status, 422)
    assert.equal((await ask('GET', 'ValueSet/t4')).status, 404)
  })

  it('of two updates at once one wins, and its Provenance alone is there', async () => {
    await ask('PUT', 'ValueSet/c', { body: valueSet('c', { status: 'draft' }) })
    const wanted = ['x', 'y'].map((title) => valueSet('c', { status: 'draft', title }))
    const replies = await Promise.all(
      wanted.map(async (body) =>
        ask('PUT', 'ValueSet/c', { body, provenance: await signed(body), headers: { 'If-Match': 'W/"1"' } }),
      ),
    )
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 412])
    const [only, ...others] = await provenances('ValueSet/c')
    assert.deepEqual(others, [])
    assert.equal(only.target[0].reference, 'ValueSet/c/_history/2')
    const parameter = [{ name: 'provenance', resource: only }]
    const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
    assert.equal(told.parameter[0].valueBoolean, true)
  })

  it('of a deletion names what was deleted', async () => {
    await ask('PUT', 'ValueSet/d', { body: valueSet('d', { status: 'draft' }) })
    const reply = await ask('DELETE', 'ValueSet/d', { provenance: JSON.stringify(headerProvenance()) })
    assert.equal(reply.status, 204)
    const [made] = await provenances('ValueSet/d')
    assert.equal(made.target[0].reference, 'ValueSet/d/_history/2')
    assert.equal(made.activity.coding[0].code, 'DELETE')
  })

  it('of content that is there already is about the version that is there', async () => {
    const resource = valueSet('same')
    await ask('PUT', 'ValueSet/same', { body: resource })
    assert.equal(
      (await ask('PUT', 'ValueSet/same', { body: resource, provenance: await signed(resource) })).status,
      200,
    )
    const [made] = await provenances('ValueSet/same')
    assert.equal(made.target[0].reference, 'ValueSet/same/_history/1')
  })
})

describe('a Provenance as a resource', async () => {
  const { ask, provenances } = await askServer({ SIGNERS: signers })
  const resource = valueSet('a')
  await ask('PUT', 'ValueSet/a', { body: resource })

  it('about stored content is verified, and names the version', async () => {
    const body = provenanceOf(plain(resource), await signature(plain(resource), ministry))
    const reply = await ask('POST', 'Provenance', { body })
    assert.equal(reply.status, 201, reply.body.toString())
    const [made] = await provenances('ValueSet/a')
    assert.equal(made.target[0].reference, 'ValueSet/a/_history/1')
  })

  it('over other content, by a stranger, or about what is not here is refused', async () => {
    const good = await signature(plain(resource), ministry)
    const changed = await signature({ ...resource, title: 'x' }, ministry)
    const cases: [number, object][] = [
      [422, provenanceOf(plain(resource), changed)],
      [422, provenanceOf(plain(resource), good, changed)],
      [403, provenanceOf(plain(resource), await signature(plain(resource), stranger))],
      [403, provenanceOf(plain(resource), await signature(plain(resource), other))],
      [422, provenanceOf(plain(valueSet('nowhere')), good)],
    ]
    for (const [status, body] of cases)
      assert.equal((await ask('POST', 'Provenance', { body })).status, status, JSON.stringify(body))
    assert.equal((await provenances('ValueSet/a')).length, 1)
  })

  it('is never changed, and not deleted while what it is about lives', async () => {
    const [made] = await provenances('ValueSet/a')
    const path = `Provenance/${made.id}`
    assert.equal((await ask('PUT', path, { body: { ...made, policy: ['http://example.org'] } })).status, 409)
    assert.equal((await ask('PUT', path, { body: { ...made, signature: undefined } })).status, 409)
    const patch = [{ op: 'add', path: '/policy', value: ['http://example.org'] }]
    const headers = { 'Content-Type': 'application/json-patch+json' }
    assert.equal((await ask('PATCH', path, { body: patch, headers })).status, 409)
    assert.equal((await ask('DELETE', path)).status, 409)
    assert.equal((await ask('PUT', path, { body: made })).status, 200)
    assert.equal(json(await ask('GET', path)).meta.versionId, '1')
  })

  it('mirrored by PUT to another server verifies there', async () => {
    const mirror = await askServer({ SIGNERS: signers })
    // The copy has another version there.
    await mirror.ask('PUT', 'ValueSet/a', { body: { ...resource, status: 'draft' } })
    const copy = json(await ask('GET', 'ValueSet/a'))
    await mirror.ask('PUT', 'ValueSet/a', { body: copy })
    const [made] = await provenances('ValueSet/a')
    const reply = await mirror.ask('PUT', `Provenance/${made.id}`, { body: made })
    assert.equal(reply.status, 201, reply.body.toString())
    const there = json(await mirror.ask('GET', `Provenance/${made.id}`))
    assert.equal(there.target[0].reference, 'ValueSet/a/_history/2')
    assert.deepEqual(there.signature, made.signature)
    assert.equal((await mirror.ask('PUT', `Provenance/${made.id}`, { body: made })).status, 200)
    const parameter = [{ name: 'reference', valueReference: { reference: `Provenance/${made.id}` } }]
    const told = json(
      await mirror.ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }),
    )
    assert.equal(told.parameter[0].valueBoolean, true)
  })

  it('comes with what it is about in one transaction, in any order', async () => {
    const made = valueSet('together')
    const entries = [
      {
        resource: provenanceOf(plain(made), await signature(plain(made), ministry)),
        request: { method: 'POST', url: 'Provenance' },
      },
      { resource: made, request: { method: 'PUT', url: 'ValueSet/together' } },
    ]
    const bundle = (entry: object[]) => ({ resourceType: 'Bundle', type: 'transaction', entry })
    const reply = await ask('POST', '', { body: bundle(entries) })
    assert.equal(reply.status, 200, reply.body.toString())
    assert.match(json(reply).entry[0].response.location, /Provenance\/[^/]+\/_history\/1$/)
    const [stored] = await provenances('ValueSet/together')
    assert.equal(stored.target[0].reference, 'ValueSet/together/_history/1')
    const changed = { ...made, id: 'together2', url: 'http://example.org/ValueSet/together2' }
    const wrong = [
      {
        resource: provenanceOf(plain(changed), await signature(plain(made), ministry)),
        request: { method: 'POST', url: 'Provenance' },
      },
      { resource: changed, request: { method: 'PUT', url: 'ValueSet/together2' } },
    ]
    assert.equal((await ask('POST', '', { body: bundle(wrong) })).status, 422)
    assert.equal((await ask('GET', 'ValueSet/together2')).status, 404)
  })
})

describe('a policy that wants signatures', async () => {
  const rules = JSON.stringify([{ types: ['ValueSet'], canonicalPrefixes: ['http://example.org/'] }])
  const { ask, provenances } = await askServer({ SIGNERS: signers, REQUIRE_SIGNATURE: rules })

  it('lets a draft in, and what is active with the signature of an author alone', async () => {
    const draft = valueSet('p', { status: 'draft' })
    assert.equal((await ask('PUT', 'ValueSet/p', { body: draft })).status, 201)
    const active = valueSet('p')
    const reply = await ask('PUT', 'ValueSet/p', { body: active })
    assert.equal(reply.status, 422)
    assert.match(json(reply).issue[0].details.text, /REQUIRE_SIGNATURE/)
    const review = JSON.stringify(headerProvenance(await signature(plain(active), ministry, { purpose: 'review' })))
    assert.equal((await ask('PUT', 'ValueSet/p', { body: active, provenance: review })).status, 422)
    assert.equal((await ask('PUT', 'ValueSet/p', { body: active, provenance: await signed(active) })).status, 200)
    assert.equal((await ask('PUT', 'ValueSet/p', { body: active })).status, 200)
    assert.equal((await ask('PUT', 'ValueSet/p', { body: { ...active, status: 'retired' } })).status, 200)
  })

  it('lets nothing of what is signed be changed without a signature, its narrative neither', async () => {
    const active = valueSet('touched')
    assert.equal((await ask('PUT', 'ValueSet/touched', { body: active, provenance: await signed(active) })).status, 201)
    const text = { status: 'generated' as const, div: '<div xmlns="http://www.w3.org/1999/xhtml">other</div>' }
    const tag = [{ system: 'http://example.org/tags', code: 'other' }]
    for (const change of [{ text }, { meta: { tag } }]) {
      const body = { ...active, ...change }
      assert.equal((await ask('PUT', 'ValueSet/touched', { body })).status, 422)
      const patch = Object.entries(change).map(([name, value]) => ({ op: 'add', path: `/${name}`, value }))
      const headers = { 'Content-Type': 'application/json-patch+json' }
      assert.equal((await ask('PATCH', 'ValueSet/touched', { body: patch, headers })).status, 422)
    }
    assert.equal(json(await ask('GET', 'ValueSet/touched')).meta.versionId, '1')
    const body = { ...active, text }
    assert.equal((await ask('PUT', 'ValueSet/touched', { body, provenance: await signed(body) })).status, 200)
    assert.deepEqual((await provenances('ValueSet/touched/_history/2')).length, 1)
  })

  it('counts no spelling of the address as another', async () => {
    for (const url of ['http://EXAMPLE.org/ValueSet/s', 'http://example.org/%56alueSet/s']) {
      const body = valueSet('s', { url })
      assert.equal((await ask('PUT', 'ValueSet/s', { body })).status, 422, url)
    }
    const elsewhere = valueSet('e', { url: 'http://elsewhere.example/ValueSet/e' })
    assert.equal((await ask('PUT', 'ValueSet/e', { body: elsewhere })).status, 201)
  })
})

describe('the signature of this server', async () => {
  const { ask, provenances } = await askServer({ SIGNERS: signers, ...key })

  it('stands on what becomes active, as its source', async () => {
    await ask('PUT', 'ValueSet/d', { body: valueSet('d', { status: 'draft' }) })
    assert.deepEqual(await provenances('ValueSet/d'), [])
    await ask('PUT', 'ValueSet/d', { body: valueSet('d') })
    await ask('PUT', 'ValueSet/d', { body: valueSet('d') })
    const [made, ...others] = await provenances('ValueSet/d')
    assert.deepEqual(others, [])
    assert.equal(made.target[0].reference, 'ValueSet/d/_history/2')
    assert.equal(made.signature[0].type[0].code, '1.2.840.10065.1.12.1.14')
    const parameter = [{ name: 'provenance', resource: made }]
    const told = json(await ask('POST', '$verify-signature', { body: { resourceType: 'Parameters', parameter } }))
    const [result, message] = told.parameter
    assert.deepEqual([result.valueBoolean, message.name], [false, 'message'])
    assert.match(message.valueString, /^The signatures hold, and none of them is that of an author/)
    const outcomes = told.parameter.flatMap((each: { name: string; part: { valueCode?: string }[] }) =>
      each.name === 'step' ? [`${each.part[0]?.valueCode} ${each.part[1]?.valueCode}`] : [],
    )
    assert.ok(
      outcomes.every((each: string) => / (?:pass|skipped)$/.test(each)),
      outcomes.join(),
    )
    // It holds, and is no author's.
    assert.equal(told.parameter[0].valueBoolean, false)
  })
})

describe('an import', async () => {
  const rules = JSON.stringify([{ types: ['ValueSet'] }])
  const { ask, server } = await askServer({ SIGNERS: signers, REQUIRE_SIGNATURE: rules })
  const imported = async (...resources: object[]) => {
    const source = ownFolder()
    for (const [at, each] of resources.entries()) writeFileSync(join(source, `r${at}.json`), JSON.stringify(each))
    return importFolder(source, { storage: server.storage, gate: server.publish })
  }
  const statusOf = async (id: string) => json(await ask('GET', `ValueSet/${id}`)).status

  it('stores as a draft what lacks the signature that the policy wants', async () => {
    const [good, bad, odd] = [valueSet('good'), valueSet('bad'), valueSet('odd')]
    await imported(
      ...[good, bad, odd],
      { id: 'p1', ...provenanceOf(plain(good), await signature(plain(good), ministry)) },
      { id: 'p2', ...provenanceOf(plain(bad), await signature({ ...bad, title: 'other' }, ministry)) },
      { id: 'p3', ...provenanceOf(plain(odd), await signature(plain(odd), stranger)) },
    )
    assert.deepEqual(await Promise.all(['good', 'bad', 'odd'].map(statusOf)), ['active', 'draft', 'draft'])
  })

  it('of shipped content goes the same way: that it was checked is no signature', async () => {
    const [good, bad, free] = [valueSet('shipped'), valueSet('unsigned'), valueSet('no-rule')]
    const { compose: _compose, ...rest } = free
    const own = { id: 'list', url: 'http://example.org/CodeSystem/list', content: 'complete', concept: [{ code: 'a' }] }
    const list = { ...rest, resourceType: 'CodeSystem', ...own }
    const recorded = Object.fromEntries(
      [good, bad, list].map((each) => [recordName(each as Resource), contentHash(each as Resource)]),
    )
    const source = ownFolder()
    const provenance = { id: 'p4', ...provenanceOf(plain(good), await signature(plain(good), ministry)) }
    for (const [at, each] of [good, bad, list, provenance].entries())
      writeFileSync(join(source, `r${at}.json`), JSON.stringify(each))
    const [report] = await importFolder(source, {
      storage: server.storage,
      gate: ownContentGate(server.publish, recorded),
    })
    assert.deepEqual(await Promise.all(['shipped', 'unsigned'].map(statusOf)), ['active', 'draft'])
    assert.match(JSON.stringify(report?.entries), /REQUIRE_SIGNATURE/)
    // What the policy does not name comes as it was recorded, unchecked.
    assert.equal(json(await ask('GET', 'CodeSystem/list')).status, 'active')
  })

  it('changes no Provenance', async () => {
    const stored = json(await ask('GET', 'Provenance/p1'))
    const [report] = await imported({ ...stored, policy: ['http://example.org/other'] })
    assert.match(report?.entries[0]?.reason ?? '', /a Provenance is not changed/)
    assert.deepEqual(json(await ask('GET', 'Provenance/p1')), stored)
  })
})

describe('a signed package', async () => {
  const { ask } = await askServer({ SIGNERS: signers, ...key })
  const resource = valueSet('packed')
  await ask('PUT', 'ValueSet/packed', { body: resource })
  const bundle = json(await ask('GET', 'ValueSet/packed/$package?_sign=true'))

  it('holds by $verify-signature, and not when anything in it is another', async () => {
    const verdict = async (given: object) => {
      const body = { resourceType: 'Parameters', parameter: [{ name: 'bundle', resource: given }] }
      return json(await ask('POST', '$verify-signature', { body })).parameter[0].valueBoolean
    }
    assert.equal(await verdict(bundle), true)
    const [first] = bundle.entry
    const changed = { ...bundle, entry: [{ ...first, resource: { ...first.resource, title: 'x' } }] }
    assert.equal(await verdict(changed), false)
    assert.equal(await verdict({ ...bundle, signature: { ...bundle.signature, when: '2026-01-01T00:00:00Z' } }), false)
    assert.equal(await verdict({ ...bundle, signature: undefined }), false)
  })

  it('has all that the HL7 validator looks for, by jose and by openssl', async () => {
    const { signature: made, ...rest } = bundle
    const jws = Buffer.from(made.data, 'base64').toString('ascii')
    const [head = '', payload, mac = ''] = jws.split('.')
    assert.equal(payload, '')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString())
    assert.deepEqual([header.alg, header.typ], ['ES256', 'JOSE'])
    const canonicalization = 'http://hl7.org/fhir/canonicalization/json'
    assert.equal(header.canon, canonicalization)
    assert.equal(made.targetFormat, `application/fhir+json;canonicalization=${canonicalization}`)
    assert.equal(made.sigFormat, 'application/jose')
    assert.equal(header.sigT, made.when)
    const purposes = header.srCms.map(({ commId }: { commId: { id: string } }) => commId.id)
    assert.deepEqual(
      purposes,
      made.type.map(({ code }: { code: string }) => `urn:oid:${code}`),
    )
    assert.deepEqual(
      made.type.map(({ system: each }: { system: string }) => each),
      ['urn:iso-astm:E1762-95:2013'],
    )
    const certificate = new X509Certificate(Buffer.from(header.x5c[0], 'base64'))
    assert.equal(made.who.identifier.value, /^CN=(.+)$/m.exec(certificate.subject)?.[1])
    const bytes = Buffer.from(canonical(rest))
    await flattenedVerify(
      { protected: head, payload: bytes.toString('base64url'), signature: mac },
      certificate.publicKey,
    )
    // The same by openssl, which takes ECDSA signatures in DER.
    const files = {
      key: fileIn(folder, certificate.publicKey.export({ type: 'spki', format: 'pem' })),
      signature: fileIn(folder, derOf(Buffer.from(mac, 'base64url'))),
      input: fileIn(folder, `${head}.${bytes.toString('base64url')}`),
    }
    const args = ['dgst', '-sha256', '-verify', files.key, '-signature', files.signature, files.input]
    assert.match(execFileSync('openssl', args).toString(), /Verified OK/)
  })
})

/** r and s side by side as an ASN.1 sequence (RFC 3279 §2.2.3). */
function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const plain = Buffer.from(bytes.toString('hex').replace(/^(00)+/, ''), 'hex')
    const value = (plain[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.from([0]), plain]) : plain
    return Buffer.concat([Buffer.from([0x02, value.length]), value])
  }
  const body = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
