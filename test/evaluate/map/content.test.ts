/** What an evaluation hands out as FHIR: every resource valid R4, and a Bundle that another reads alone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { variantPayload, variantsOf } from '../../../src/demo/sample-variants.ts'
import { sampleKinds, samplePayload } from '../../../src/demo/samples.ts'
import { letStandAlone, standingAlone } from '../../../src/evaluate/map/mapped.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { asJson, isOfType } from '../../../src/fhir/json.ts'
import { firstParameter } from '../../../src/fhir/operation.ts'
import type { Bundle } from '../../../src/fhir/types.ts'
import { changedSpecimen } from '../../support/changed-specimen.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import {
  card,
  cardDose,
  cardPatient,
  cardResult,
  claim6,
  dcc,
  divoc,
  divocDose,
  flat,
  mapByDefault,
  recovery,
  seal,
  sealDose,
  testEvent,
  vaccination,
  without,
} from '../../support/map-samples.ts'
import { openVerdicts } from '../../support/verdicts.ts'

const { server } = await openVerdicts()
const issuedAt = new Date('2026-05-31T12:00:00Z')
const sample = { issuer: 'XA', issuedAt, expires: new Date('2026-12-01T00:00:00Z') }
const issuer = testIssuer()
const sealer = testIssuer({ country: 'UY', extendedKeyUsage: [sealKeyUsage] })
const cards = keyPairFor('ES256')
const cardIssuer = 'https://issuer.example/cards'
const cardKey = { ...cards.publicKey.export({ format: 'jwk' }), kid: cardKeyId(cards.publicKey), iss: cardIssuer }
const anchors = [issuer.dsc.raw, sealer.sca.raw, Buffer.from(JSON.stringify(cardKey))]

/** Every specimen of the demonstration, and its variants, by name. */
function specimens(): [name: string, texts: string[]][] {
  const hcert = (payload: ReturnType<typeof samplePayload>) => [issueHcert(payload, issuer.signer)]
  const kinds = sampleKinds.filter((kind) => kind !== 'link')
  const sealed = { privateKey: sealer.signer.privateKey, certificate: sealer.dsc.raw }
  return [
    ...kinds.map((kind): [string, string[]] => [kind, hcert(samplePayload(kind, sample))]),
    ...kinds.flatMap((kind) =>
      variantsOf(kind).map((variant): [string, string[]] => [
        `${kind} ${variant}`,
        hcert(variantPayload(kind, variant, sample)),
      ]),
    ),
    ['dcc-v, several kinds', hcert(changedSpecimen('dcc-v', { set: { t: [{ ...testEvent, co: 'XA' }] } }, sample))],
    ['ddcc-vs without issuer', hcert(changedSpecimen('ddcc-vs', { drop: ['certificate/issuer'] }, sample))],
    ['shc', issueCard(sampleCard({ issuer: cardIssuer, issuedAt }), cards)],
    ['icao-vds-nc', [issueSeal(sampleSeal({ issuer: 'URY', issuedAt }), sealed)]],
  ]
}

async function contentOf([credential = '', ...parts]: string[]): Promise<Bundle> {
  const reply = await server.evaluate.answer(
    {
      resourceType: 'Parameters',
      parameter: [
        { name: 'credential', valueString: credential },
        ...parts.map((valueString) => ({ name: 'credentialPart', valueString })),
        { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
        ...anchors.map((each) => ({ name: 'trustAnchor', valueBase64Binary: each.toString('base64') })),
      ],
    },
    {},
  )
  const content = firstParameter(reply, 'content')?.resource
  assert.ok(isOfType(content, 'Bundle'), JSON.stringify(reply))
  return content
}

/** Every object of a JSON value. */
function objectsOf(value: Json): JsonObject[] {
  if (Array.isArray(value)) return value.flatMap(objectsOf)
  return isJsonObject(value) ? [value, ...Object.values(value).flatMap(objectsOf)] : []
}

/** What a strict reader of R4 holds against a Bundle. */
function faultsOf(bundle: Bundle): string[] {
  const faults = checkResource(bundle).map(({ details }) => details?.text ?? '')
  const addresses = (bundle.entry ?? []).map(({ fullUrl }) => fullUrl ?? '')
  if (new Set(addresses).size < addresses.length) faults.push('two entries have one fullUrl')
  for (const address of addresses)
    if (!/^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(address)) faults.push(`fullUrl ${address}`)
  for (const { resource } of bundle.entry ?? []) {
    if (isOfType(resource, 'Composition') && !resource.author.some((each) => each.reference || each.display))
      faults.push('a Composition without author')
    if (isOfType(resource, 'Organization') && !resource.name && !resource.identifier?.length)
      faults.push('org-1: an Organization has a name or an identifier')
  }
  for (const { reference, coding, display, identifier } of objectsOf(asJson(bundle))) {
    if (typeof reference === 'string' && !addresses.includes(reference)) faults.push(`reference ${reference}`)
    if (reference === undefined && display === '' && identifier === undefined) faults.push('a Reference to nothing')
    for (const each of Array.isArray(coding) ? coding : [])
      if (!isJsonObject(each) || each.code === undefined) faults.push(`a coding without code: ${JSON.stringify(each)}`)
  }
  return faults
}

describe('content of every specimen is R4 that stands alone', () => {
  for (const [name, texts] of specimens()) it(name, async () => assert.deepEqual(faultsOf(await contentOf(texts)), []))
})

describe('so is what the default maps make of content as it occurs', () => {
  const contents: [string, string, JsonObject][] = [
    ['vaccination', 'hcert-dcc', dcc({ v: [vaccination] })],
    ['test', 'hcert-dcc', dcc({ t: [testEvent] })],
    ['recovery', 'hcert-dcc', dcc({ r: [recovery] })],
    ['three events', 'hcert-dcc', dcc({ v: [vaccination], t: [testEvent], r: [recovery] })],
    ['claim -6', 'hcert-dvc', { '-260': { '-6': claim6 } }],
    [
      'claim -6 with a maker',
      'hcert-dvc',
      { '-260': { '-6': { ...claim6, v: [{ vp: 'x', ma: 'Maker', dt: '2026-01-15' }] } } },
    ],
    ['flat', 'hcert-ddcc-vs', flat],
    [
      'flat with displays alone',
      'hcert-ddcc-vs',
      { ...flat, vaccine: { display: 'A vaccine' }, brand: { display: 'A brand' }, disease: { display: 'A disease' } },
    ],
    ['flat without a date or period', 'hcert-ddcc-vs', without(flat, 'date')],
    ['card', 'shc', card(cardPatient(), cardDose(), cardResult())],
    [
      'card with a display alone',
      'shc',
      card(cardPatient(), cardDose({ vaccineCode: { coding: [{ display: 'A vaccine' }] } })),
    ],
    ['seal', 'icao-vds-nc', seal({ ve: [{ des: 'XM68M6', nam: 'Brand', dis: 'RA01', vd: [sealDose] }] })],
    ['DIVOC', 'divoc', divoc(divocDose)],
  ]
  for (const [name, format, content] of contents)
    it(name, async () => {
      const { bundle, obstacles } = await mapByDefault(format, content)
      assert.ok(bundle, JSON.stringify(obstacles))
      assert.deepEqual(faultsOf(bundle), [])
    })
})

describe('a Bundle stands alone', () => {
  const uuids = () => {
    let count = 0
    return () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`
  }
  const patient = { resourceType: 'Patient' as const, id: 'holder' }
  const dose = (reference: string) => ({
    resourceType: 'Immunization' as const,
    status: 'completed' as const,
    vaccineCode: { coding: [{ display: 'A' }, { system: 'urn:x', code: 'b' }] },
    patient: { reference },
    occurrenceString: 'x',
  })

  for (const [what, fullUrl, reference] of [
    ['by type and id', undefined, 'Patient/holder'],
    ['by a card’s way of numbering', 'resource:0', 'resource:0'],
    ['by an address of its own', 'urn:uuid:11111111-1111-4111-8111-111111111111', 'Patient/holder'],
  ] as const)
    it(`references go where the entry is: ${what}`, () => {
      const given: Bundle = {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ ...(fullUrl ? { fullUrl } : {}), resource: patient }, { resource: dose(reference) }],
      }
      const before = JSON.stringify(given)
      const told = standingAlone(given, uuids())
      assert.deepEqual(faultsOf(told), [])
      assert.equal(JSON.stringify(given), before, 'what was given is not changed')
      if (fullUrl?.startsWith('urn:')) assert.equal(told.entry?.[0]?.fullUrl, fullUrl)
    })

  it('a reference to what is not in it stays, and so does the address of a server', () => {
    const entry = [
      { fullUrl: 'https://example.org/Patient/holder', resource: patient },
      { resource: dose('Patient/other') },
    ]
    const told = standingAlone({ resourceType: 'Bundle', type: 'collection', entry }, uuids())
    assert.equal(told.entry?.[0]?.fullUrl, 'https://example.org/Patient/holder')
    assert.ok(JSON.stringify(told).includes('"Patient/other"'))
  })

  it('what a coding only displays is text, beside the codes, and never over a text that is there', () => {
    const [first] = objectsOf(
      asJson(standingAlone({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: dose('x') }] }, uuids())),
    ).filter(({ coding }) => coding)
    assert.deepEqual(first, { coding: [{ system: 'urn:x', code: 'b' }], text: 'A' })
    const resource = { ...dose('x'), vaccineCode: { text: 'B', coding: [{ display: 'A' }] } }
    const told = standingAlone({ resourceType: 'Bundle', type: 'collection', entry: [{ resource }] }, uuids())
    assert.ok(JSON.stringify(told).includes('"vaccineCode":{"text":"B"}'), JSON.stringify(told))
  })

  it('an id is its address where it is a UUID in lower case, and no other', () => {
    const own = '0123456a-89ab-4cde-8f01-23456789abcf'
    const others = [own.toUpperCase(), own.replace('a-', 'g-'), own.replace('-', '0'), `${own}0`, own.replace('0', '-')]
    for (const id of [own, ...others]) {
      const entry = [{ resource: { ...patient, id } }]
      const told = standingAlone({ resourceType: 'Bundle', type: 'collection', entry }, uuids())
      const wanted = id === own ? own : '00000000-0000-4000-8000-000000000001'
      assert.equal(told.entry?.[0]?.fullUrl, `urn:uuid:${wanted}`)
    }
  })

  it('is told to be sound when it is for certain: not with a type that is none of R4, nor with what it lacks', () => {
    const standsAlone = (resource: object) =>
      letStandAlone({ resourceType: 'Bundle', type: 'collection', entry: [{ resource }] } as Bundle, uuids())
    const whole = { ...dose('Patient/holder'), vaccineCode: { text: 'A' } }
    assert.equal(standsAlone(whole), true)
    for (const odd of [{ ...whole, status: undefined }, { ...whole, resourceType: 'urn:x' }, dose('Patient/holder')])
      assert.equal(standsAlone(JSON.parse(JSON.stringify(odd))), false)
  })

  it('once is enough: what stands alone does not change', () => {
    const id = fc.constantFrom('holder', 'a', '11111111-1111-4111-8111-111111111111')
    const reference = fc.constantFrom(
      'Patient/holder',
      'Patient/a',
      'resource:0',
      'urn:uuid:1',
      '#x',
      'https://a.example/Patient/a',
    )
    const fullUrl = fc.option(fc.constantFrom('resource:0', 'resource:1', 'https://a.example/Patient/a'), {
      nil: undefined,
    })
    const entry = fc.record({ id, reference, fullUrl }).map((each) => ({
      ...(each.fullUrl === undefined ? {} : { fullUrl: each.fullUrl }),
      resource: { ...dose(each.reference), id: each.id },
    }))
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 4 }), (entries) => {
        const next = uuids()
        const once = standingAlone({ resourceType: 'Bundle', type: 'collection', entry: entries }, next)
        assert.deepEqual(standingAlone(once, next), once)
        for (const each of once.entry ?? []) assert.match(each.fullUrl ?? '', /^(urn:uuid:|https:)/)
      }),
    )
  })
})
