import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { inputOf } from '../support/map-samples.ts'

/** Both shapes of what maps get. */
function shapesOf(format: string, content: Json) {
  const { claims, composition } = inputOf(format, content)
  return { claims, composition: composition?.() ?? claims }
}

describe('what StructureMaps get', () => {
  it('of an EU DCC: the claims, and the model with dates of day precision', () => {
    const dcc = { ver: '1.3.0', v: [{ dn: 2, ma: '' }] }
    const content = { '1': 'AT', '4': 1672531200, '6': 1620000000, '-260': { '1': dcc } }
    const clean = { ver: '1.3.0', v: [{ dn: 2 }] }
    assert.deepEqual(shapesOf('hcert-dcc', content), {
      claims: { '1': 'AT', '4': 1672531200, '6': 1620000000, '-260': { '1': clean } },
      composition: { iss: 'AT', exp: '2023-01-01', iat: '2021-05-03', data: { cert: clean, dcc: clean } },
    })
  })

  it('of DDCC and minimal certificates: the subclaim itself', () => {
    const data = { name: 'A' }
    for (const [format, key] of [
      ['hcert-ddcc-vs', '3'],
      ['hcert-ddcc-tr', '4'],
      ['hcert-dvc', '-6'],
      ['hcert-icvp', '-6'],
    ] as const) {
      assert.deepEqual(shapesOf(format, { '1': 'AT', '-260': { [key]: data } }), { claims: data, composition: data })
    }
  })

  it('of a flat certificate: the claims as they are', () => {
    const content = { name: 'A', vaccine: { code: 'x' } }
    assert.deepEqual(shapesOf('hcert-ddcc-vs', content), { claims: content, composition: content })
  })

  it('of a SMART Health Card: resources with the ids they are referred to by', () => {
    const entry = { fullUrl: 'resource:0', resource: { resourceType: 'Patient' } }
    const content = { iss: 'x', nbf: 1620000000.5, vc: { credentialSubject: { fhirBundle: { entry: [entry] } } } }
    const { claims, composition } = shapesOf('shc', content)
    assert.deepEqual(claims, content)
    assert.deepEqual(composition, {
      iss: 'x',
      nbf: '2021-05-03',
      vc: {
        credentialSubject: {
          fhirBundle: { entry: [{ ...entry, resource: { resourceType: 'Patient', id: 'resource:0' } }] },
        },
      },
    })
  })

  it('keeps __proto__ an ordinary member', () => {
    const content = JSON.parse('{"__proto__":{"polluted":1},"a":""}')
    assert.equal(JSON.stringify(shapesOf('divoc', content).claims), '{"__proto__":{"polluted":1}}')
  })
})

describe('inputs of a credential that holds several kinds of certificate', () => {
  const content = {
    '1': 'XA',
    '-260': {
      '1': { v: [{}, {}], t: {}, r: [{}] },
      '3': { name: 'A', vaccination: {} },
      '-6': { n: 'A', v: [{ vp: 'x' }] },
    },
  }

  it('are the same whatever stands beside them', () => {
    for (const [format, key] of [
      ['hcert-ddcc-vs', '3'],
      ['hcert-dvc', '-6'],
    ] as const)
      assert.deepEqual(shapesOf(format, content), shapesOf(format, { '-260': { [key]: content['-260'][key] } }))
  })

  const counts: [what: string, format: string, content: Json, events: number][] = [
    ['entries of v, t and r', 'hcert-dcc', content, 3],
    ['an empty map for a list', 'hcert-dcc', { '-260': { '1': { v: [{}], t: {} } } }, 1],
    ['one map for a list', 'hcert-dcc', { '-260': { '1': { v: { tg: 'x' } } } }, 1],
    ['claim -6 with one', 'hcert-dvc', { '-260': { '-6': { v: { vp: 'x' } } } }, 1],
    ['claim -6 with several', 'hcert-icvp', { '-260': { '-6': { v: [{ vp: 'x' }, { vp: 'y' }] } } }, 2],
    ['a core data set', 'hcert-ddcc-tr', { '-260': { '4': { test: { date: 'x' } } } }, 1],
    ['a core data set with a list', 'hcert-ddcc-vs', { '-260': { '3': { vaccination: [{ a: 1 }, { a: 2 }] } } }, 2],
    ['a flat certificate of both kinds', 'hcert-ddcc-vs', { vaccine: { code: 'x' }, test: { date: 'x' } }, 2],
    [
      'doses and a test of a seal',
      'icao-vds-nc',
      { data: { msg: { ve: [{ vd: [{ a: 1 }, { a: 2 }] }, {}], tr: { r: 'x' } } } },
      4,
    ],
    ['evidence', 'divoc', { evidence: [{ a: 1 }, { a: 2 }] }, 2],
    [
      'a card',
      'shc',
      {
        vc: {
          credentialSubject: {
            fhirBundle: {
              entry: ['Patient', 'Immunization', 'Observation'].map((resourceType) => ({ resource: { resourceType } })),
            },
          },
        },
      },
      2,
    ],
    ['nothing known: one is due all the same', 'divoc', {}, 1],
    [
      'a member of another shape',
      'hcert-dcc',
      { evidence: [], v: [], '-260': { '1': { v: [{ a: 1 }, { a: 2 }] } } },
      2,
    ],
  ]
  for (const [what, format, given, events] of counts)
    it(`certify so many events: ${what}`, () => {
      assert.equal(inputOf(format, given).events, events)
    })
})
