import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { isJsonObject } from '../../../src/base/json.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { trustListContexts } from '../../../src/json-ld/canonize.ts'
import { checkTrustList, differenceOf, isRefused } from '../../../src/trust/lists/check-list.ts'
import { type DidTrustList, readDidDocument } from '../../../src/trust/lists/did-document.ts'
import { provenQuads, type SignedQuads } from '../../../src/trust/lists/did-proof.ts'
import { readSignedQuads } from '../../../src/trust/lists/signed-quads.ts'
import { testIssuer } from '../../support/issuer.ts'
import {
  forgedByContext,
  itemsOf,
  type ListObject,
  listDid,
  listItem,
  listSigner,
  signedList,
} from '../../support/trust-list.ts'

const issuer = testIssuer({ country: 'XA' })
const forger = testIssuer({ country: 'DE' })

const check = (document: unknown) => checkText(JSON.stringify(document))
const checkText = (text: string) => checkTrustList(Buffer.from(text), [listSigner.publicKey])
const proven = async (document: object) =>
  provenQuads(JSON.parse(JSON.stringify(document)), [listSigner.publicKey], await trustListContexts())

/** A copy whose item is rewritten. */
function withItem(list: ListObject, rewrite: (item: ListObject) => unknown): ListObject {
  const [sca, dsc] = list.verificationMethod as ListObject[]
  return { ...list, verificationMethod: [sca, rewrite({ ...dsc })] }
}

const valueSet = (name: string, code: string) => `https://smart.who.int/trust/ValueSet-${name}-DEV.jsonld#${code}`

/** Other ways to write the very statements that were signed. */
const rewritings: Record<string, (list: ListObject) => unknown> = {
  'an item with its own @context': (list) => withItem(list, (item) => forgedByContext(item, forger.dsc)),
  'an item with an empty @context': (list) => withItem(list, (item) => ({ '@context': {}, ...item })),
  'a coded field with its own @context': (list) =>
    withItem(list, (item) => ({ ...item, participant: { '@context': {}, code: '#XXA' } })),
  'a proof with its own @context': (list) => ({ ...list, proof: { ...(list.proof as object), '@context': {} } }),
  'a proof with proofValue': (list) => ({ ...list, proof: { ...(list.proof as object), proofValue: 'x' } }),
  'a member that is null': (list) => withItem(list, (item) => ({ ...item, alsoKnownAs: null })),
  'a member that is an empty list': (list) => withItem(list, (item) => ({ ...item, alsoKnownAs: [] })),
  '@index, which is in no statement': (list) => withItem(list, (item) => ({ ...item, '@index': 'x' })),
  '@id for id': (list) => withItem(list, ({ id, ...item }) => ({ '@id': id, ...item })),
  '@type for type': (list) => withItem(list, ({ type, ...item }) => ({ '@type': type, ...item })),
  'types in a list': (list) => withItem(list, (item) => ({ ...item, type: [item.type] })),
  'a controller in a list': (list) => withItem(list, (item) => ({ ...item, controller: [item.controller] })),
  'a controller as object': (list) => withItem(list, (item) => ({ ...item, controller: { id: item.controller } })),
  'a coded field in a list': (list) => withItem(list, (item) => ({ ...item, domain: [item.domain] })),
  'a coded field by @id': (list) => withItem(list, (item) => ({ ...item, domain: { '@id': '#DCC' } })),
  'a coded field as text': (list) => withItem(list, (item) => ({ ...item, domain: valueSet('Domains', 'DCC') })),
  'a code in full': (list) =>
    withItem(list, (item) => ({ ...item, participant: { code: valueSet('Participants', 'XXA') } })),
  'a code by a longer way': (list) =>
    withItem(list, (item) => ({ ...item, participant: { code: './ValueSet-Participants-DEV.jsonld#XXA' } })),
  'an item in @included': (list) => {
    const [sca, dsc] = list.verificationMethod as ListObject[]
    return { ...list, verificationMethod: [sca, dsc?.id], '@included': [dsc] }
  },
  'items in @set': (list) => ({ ...list, verificationMethod: { '@set': list.verificationMethod } }),
  'an item in @graph': (list) => withItem(list, (item) => [item]),
  'an item in two parts': (list) => {
    const [sca, { participant, ...dsc } = { participant: null }] = list.verificationMethod as ListObject[]
    return { ...list, verificationMethod: [sca, dsc, { id: dsc.id, participant }] }
  },
  'a fourth, empty context': (list) => ({ ...list, '@context': [list['@context'], {}].flat() }),
  'a fourth context that renames': (list) => {
    const renamed = withItem(list, ({ controller, ...item }) => ({ ...item, other: controller }))
    const other = { '@id': 'https://w3id.org/security#controller', '@type': '@id' }
    return { ...renamed, '@context': [list['@context'], { other }].flat() }
  },
  'a null among the items': (list) => ({ ...list, verificationMethod: [list.verificationMethod, null].flat() }),
  'a null at the top': (list) => ({ ...list, alsoKnownAs: null }),
  'the controller in a list': (list) => ({ ...list, controller: [list.controller] }),
  '@id at the top': ({ id, ...list }) => ({ '@id': id, ...list }),
}

describe('what was signed, written in another way', () => {
  let list: ListObject
  before(async () => {
    list = await signedList(itemsOf(issuer))
  })

  it('as the network writes it, is a valid list', async () => {
    const checked = await check(list)
    assert.ok(!isRefused(checked), JSON.stringify(checked))
    assert.deepEqual(
      checked.items.map(({ usage, participant, fault }) => [usage, participant, fault]),
      [
        ['SCA', 'XXA', undefined],
        ['DSC', 'XXA', undefined],
      ],
    )
  })

  for (const [name, rewrite] of Object.entries(rewritings)) {
    it(`${name}: the proof holds, and the list is refused for its shape`, async () => {
      const rewritten = JSON.parse(JSON.stringify(rewrite(list)))
      assert.equal(typeof (await proven(rewritten)), 'object', 'the proof does not hold')
      const checked = await check(rewritten)
      assert.equal(isRefused(checked) && checked.reason, 'shape')
    })
  }

  it('with a member twice, is refused for its shape, whichever is the signed one', async () => {
    const text = JSON.stringify(list)
    const id = JSON.stringify((list.verificationMethod as ListObject[])[1]?.id)
    for (const [genuine, twice] of [
      ['"code":"#XXA"', '"code":"#DEU","code":"#XXA"'],
      ['"code":"#XXA"', '"code":"#XXA","code":"#DEU"'],
      ['"code":"#XXA"', '"co\\u0064e":"#DEU","code":"#XXA"'],
      [`"id":${id}`, `"id":${id},"id":${id}`],
      ['"controller"', '"proof":{},"controller"'],
    ] as const) {
      assert.ok(text.includes(genuine))
      const checked = await checkText(text.replace(genuine, twice))
      assert.equal(isRefused(checked) && checked.reason, 'shape', twice)
    }
  })
})

describe('lists that are signed and have not the shape', () => {
  const faults: Record<string, { methods?: unknown[]; document?: ListObject }> = {
    'no items': { methods: [] },
    'items and references': { methods: [...itemsOf(issuer), `${listDid}:DCC`] },
    'a participant in free text': {
      methods: [{ ...listItem(issuer.dsc), participant: { code: '#X/XA' } }],
    },
    'an RSA key with a curve': {
      methods: [
        { ...listItem(issuer.dsc), publicKeyJwk: { kty: 'RSA', kid: 'k', x5c: ['AA'], crv: 'P-256', x: '', y: '' } },
      ],
    },
    'no certificate': {
      methods: [
        { ...listItem(issuer.dsc), publicKeyJwk: { kty: 'EC', kid: 'k', x5c: [], crv: 'P-256', x: '', y: '' } },
      ],
    },
    'an id without fragment': { methods: [{ ...listItem(issuer.dsc), id: `${listDid}:DCC` }] },
    'an item twice': { methods: [...itemsOf(issuer), listItem(issuer.dsc)] },
    'a reference twice': { methods: [`${listDid}:DCC`, `${listDid}:DCC`] },
    'a reference as an object': { methods: [{ id: `${listDid}:DCC` }] },
    'four contexts': {
      document: {
        '@context': [
          'https://www.w3.org/ns/did/v1',
          'https://w3id.org/security/suites/jws-2020/v1',
          'https://smart.who.int/trust/tng-context/v1-DEV.jsonld',
          'https://smart.who.int/trust/tng-context/v1-DEV.jsonld',
        ],
      },
    },
  }
  for (const [name, { methods = itemsOf(issuer), document = {} }] of Object.entries(faults)) {
    it(`${name}: refused`, async () => {
      const checked = await signedList(methods, { document }).then(check)
      assert.equal(isRefused(checked) && checked.reason, 'shape')
    })
  }
})

describe('the second reader', () => {
  let list: DidTrustList
  let quads: SignedQuads
  before(async () => {
    const document = await signedList(itemsOf(issuer))
    const [read, signed] = [readDidDocument(document as JsonObject), await proven(document)]
    assert.ok(typeof read === 'object' && typeof signed === 'object')
    list = read
    quads = signed
  })
  const [first, second] = [0, 1].map((at) => (changes: Partial<DidTrustList['items'][0]>) => ({
    ...list,
    items: list.items.map((item, index) => (index === at ? { ...item, ...changes } : item)),
  }))

  it('agrees with the first on an honest list', () => {
    assert.equal(differenceOf(list, quads), undefined)
  })

  it('names what the first read and nobody signed', () => {
    const forged = [forger.dsc.raw]
    const changes: [DidTrustList | undefined, RegExp][] = [
      [second?.({ participant: 'DEU' }), /not signed: DEU DCC DSC/],
      [second?.({ domain: 'PH4H' }), /not signed: XXA PH4H/],
      [first?.({ usage: 'DSC' }), /not signed: XXA DCC DSC/],
      [second?.({ keyId: 'AAAA' }), /not signed: .*AAAA/],
      [second?.({ certificates: forged }), /not signed/],
      [{ ...list, items: list.items.slice(1) }, /1 keys are read and 2 are signed/],
      [{ ...list, items: [...list.items, ...list.items.slice(1)] }, /3 keys are read and 2 are signed/],
      [{ ...list, items: list.items.slice(1).flatMap((item) => [item, item]) }, /not signed/],
      [{ ...list, id: `${listDid}:DCC` }, /is read as/],
      [{ ...list, created: '2023-01-01T00:00:00Z' }, /created is read as/],
      [{ ...list, references: [`${listDid}:DCC`] }, /1 references are read and 0 are signed/],
    ]
    for (const [change, text] of changes) {
      assert.match(differenceOf(change ?? list, quads) ?? '', text)
    }
  })

  it('refuses statements that no trust list makes', () => {
    const line = `<${listDid}#x> <https://w3id.org/security#controller> <${listDid}> .`
    for (const [document, text] of [
      ['', /0 lists/],
      [`${quads.document}${line}\n`, /things that the list does not hold/],
      [`${quads.document}<did:web:b> <https://w3id.org/security#verificationMethod> <did:web:c> .\n`, /2 lists/],
      [`${quads.document}<did:web:b> <did:web:c> <did:web:d> <did:web:e> .\n`, /unexpected form/],
      [quads.document.replaceAll('ValueSet-Participants', 'ValueSet-Persons'), /not those of a key/],
      [quads.document.replaceAll('-DEV.jsonld#XXA', '.jsonld#XXA'), /signed otherwise/],
      [quads.document.replaceAll('22-rdf-syntax-ns#JSON', '22-rdf-syntax-ns#HTML'), /not those of a key/],
      [quads.document.split('\n').slice(1).join('\n'), /not those of a key/],
    ] as const) {
      const read = readSignedQuads({ ...quads, document })
      assert.match(typeof read === 'string' ? read : 'read', text)
    }
    assert.match(String(readSignedQuads({ ...quads, proof: '' })), /no time of its own/)
  })

  it('would have found the forgery by a local context alone', async () => {
    const genuine = await signedList(itemsOf(issuer))
    const forged = withItem(genuine, (item) => forgedByContext(item, forger.dsc))
    const signed = await proven(forged)
    assert.deepEqual(signed, quads)
    // What a reader that tolerates unknown members takes from it.
    const [, item] = forged.verificationMethod as ListObject[]
    const read = second?.({ participant: 'DEU', certificates: [forger.dsc.raw] }) ?? list
    assert.ok(isJsonObject(item as JsonObject))
    assert.match(differenceOf(read, quads) ?? '', /what is read is not signed: DEU DCC DSC/)
  })
})
