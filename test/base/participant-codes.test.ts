import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  isoAlpha3,
  isWithinJurisdiction,
  jurisdictionCodes,
  knownParticipant,
  participantAlpha2,
  participantCode,
  participantOfIssuer,
  sameJurisdiction,
  sameParticipant,
} from '../../src/base/participant-codes.ts'

describe('participant codes', () => {
  for (const [text, code] of [
    ['UY', 'URY'],
    ['uy', 'URY'],
    ['URY', 'URY'],
    ['XA', 'XXA'],
    ['XX', 'XXX'],
    ['XL', 'XCL'],
    ['XM', 'XML'],
    ['YK', 'XYK'],
    ['WH', 'WHO'],
    ['IO', 'IOM'],
    ['XT', 'XXT'],
    ['CNAM', undefined],
    ['CH BAG', undefined],
    ['https://issuer.example', undefined],
  ] as const) {
    it(`${text} → ${code}`, () => assert.equal(participantCode(text), code))
  }

  for (const [text, code] of [
    ['URY', 'UY'],
    ['ury', 'UY'],
    ['UY', 'UY'],
    ['XXA', 'XA'],
    ['XCL', 'XL'],
    ['XYK', 'YK'],
    ['WHO', 'WH'],
    ['IOM', 'IO'],
    ['XKX', 'XK'],
    ['XT', 'XT'],
    ['ZZZ', undefined],
    ['', undefined],
    ['https://issuer.example', undefined],
  ] as const) {
    it(`${text} in two letters → ${code}`, () => assert.equal(participantAlpha2(text), code))
  }

  it('compares untranslated codes both ways round', () => {
    assert.ok(sameParticipant('XT', 'xt'))
    assert.ok(sameParticipant('XT', 'XXT'))
    assert.ok(sameParticipant('XCL', 'XL'))
    assert.ok(!sameParticipant('XCL', 'CL'))
    assert.ok(!sameParticipant('', 'UY'))
  })

  it('reads the participant of a did:web id', () => {
    assert.equal(participantOfIssuer('did:web:tng-cdn-dev.who.int:v2:trustlist:PH4H:CHL:DSC'), 'CHL')
    assert.equal(participantOfIssuer('did:web:tng-cdn-dev.who.int:v2:trustlist:-:XXA'), 'XXA')
    assert.equal(participantOfIssuer('did:web:tng-cdn-dev.who.int:v2:trustlist:DCC:-:SCA'), undefined)
  })

  it('translates an anchor’s issuer by ISO 3166 alone', () => {
    assert.equal(isoAlpha3('it'), 'ITA')
    assert.equal(isoAlpha3('XL'), 'XL')
  })
})

describe('what is known of an issuer', () => {
  for (const text of [
    'DE',
    'deu',
    ' FR ',
    'XA',
    'XXA',
    'XK',
    'WHO',
    'WH',
    'XYK',
    'EU',
    'did:web:x.org:v2:trustlist:DIVOC:DEU',
  ])
    it(`${text} is known`, () => assert.equal(knownParticipant(text) === undefined, false))
  for (const text of [
    'MOH',
    'UK',
    'EL',
    'ZZ',
    'AAA',
    '',
    'https://example.org',
    'did:web:x.org:v2:trustlist:DIVOC:MOH',
  ])
    it(`${text} is not`, () => assert.equal(knownParticipant(text), undefined))
})

describe('what a code means when rules are chosen', () => {
  for (const [text, codes] of [
    ['ch', ['CHE']],
    ['CHE', ['CHE']],
    ['XA', ['XXA']],
    ['XXA', ['XXA']],
    ['XK', ['XKX', 'XXK']],
    ['IO', ['IOM', 'IOT']],
    ['EU', ['EU']],
    ['nowhere', ['nowhere']],
  ] as const)
    it(text, () => assert.deepEqual(jurisdictionCodes(text), codes))
})

describe('jurisdictions of two codes', () => {
  for (const [a, b, isSame, isWithin] of [
    ['FR', 'fra', true, true],
    ['FR', 'DE', false, false],
    ['IO', 'IOT', true, false],
    ['IOT', 'IO', true, true],
    ['IOM', 'IO', true, true],
    ['IOM', 'IOT', false, false],
    ['XK', 'XXK', true, false],
    ['XXK', 'XK', true, true],
    ['XXK', 'XKX', false, false],
    ['XA', 'XXA', true, true],
    ['', 'FRA', false, false],
  ] as const)
    it(`${a} and ${b}`, () => {
      assert.equal(sameJurisdiction(a, b), isSame)
      assert.equal(sameJurisdiction(b, a), isSame)
      assert.equal(isWithinJurisdiction(a, b), isWithin)
    })
})
