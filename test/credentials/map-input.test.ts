import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mapInput } from '../../src/credentials/map-input.ts'

describe('what StructureMaps get', () => {
  it('of an EU DCC: the claims, and the model with dates of day precision', () => {
    const dcc = { ver: '1.3.0', v: [{ dn: 2, ma: '' }] }
    const content = { '1': 'AT', '4': 1672531200, '6': 1620000000, '-260': { '1': dcc } }
    const clean = { ver: '1.3.0', v: [{ dn: 2 }] }
    assert.deepEqual(mapInput('hcert-dcc', content), {
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
      assert.deepEqual(mapInput(format, { '1': 'AT', '-260': { [key]: data } }), { claims: data, composition: data })
    }
  })

  it('of a flat certificate: the claims as they are', () => {
    const content = { name: 'A', vaccine: { code: 'x' } }
    assert.deepEqual(mapInput('hcert-ddcc-vs', content), { claims: content, composition: content })
  })

  it('of a SMART Health Card: resources with the ids they are referred to by', () => {
    const entry = { fullUrl: 'resource:0', resource: { resourceType: 'Patient' } }
    const content = { iss: 'x', nbf: 1620000000.5, vc: { credentialSubject: { fhirBundle: { entry: [entry] } } } }
    const { claims, composition } = mapInput('shc', content)
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
    assert.equal(JSON.stringify(mapInput('divoc', content).claims), '{"__proto__":{"polluted":1}}')
  })
})
