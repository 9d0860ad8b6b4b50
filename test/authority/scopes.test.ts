import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonJurisdictions, isOfJurisdiction, readJurisdiction } from '../../src/authority/jurisdiction.ts'
import { commonScopes, permitsBy, readScope, readScopes, scopeText } from '../../src/authority/scopes.ts'

describe('scopes', () => {
  const permitted = (text: string) => {
    const permits = permitsBy(readScopes(text))
    return (['create', 'read', 'update', 'delete', 'search'] as const)
      .filter((each) => permits(each, 'ValueSet'))
      .join(' ')
  }
  const cases: [text: string, permits: string][] = [
    ['system/ValueSet.cruds', 'create read update delete search'],
    ['system/*.cruds', 'create read update delete search'],
    ['system/ValueSet.cu', 'create update'],
    ['system/ValueSet.rs', 'read search'],
    ['system/*.write', 'create update delete'],
    ['system/*.read', 'read search'],
    ['system/ValueSet.*', 'create read update delete search'],
    ['system/CodeSystem.cruds', ''],
    ['system/ValueSet.r system/ValueSet.c', 'create read'],
    ['', ''],
    ['user/ValueSet.cruds', ''],
    ['patient/*.cruds', ''],
    ['system/ValueSet.', ''],
    ['system/ValueSet.sc', ''],
    ['system/ValueSet.cc', ''],
    ['system/ValueSet.cruds?status=draft', ''],
    ['SYSTEM/ValueSet.cruds', ''],
    ['system/valueset.cruds', ''],
    ['system/ValueSet.CRUDS', ''],
    ['system/ValueSet.write,system/ValueSet.read', ''],
    ['xsystem/ValueSet.cruds', ''],
    ['openid fhirUser', ''],
  ]
  for (const [text, permits] of cases)
    it(`${JSON.stringify(text)} permits: ${permits || 'nothing'}`, () => assert.equal(permitted(text), permits))

  it('of every type are not those of one', () => {
    assert.equal(permitsBy(readScopes('system/ValueSet.cruds'))('create', '*'), false)
    assert.equal(permitsBy(readScopes('system/*.c'))('create', '*'), true)
  })

  it('that are asked for are granted as far as they are registered', () => {
    const granted = (asked: string, registered: string) =>
      commonScopes(readScopes(asked), readScopes(registered)).map(scopeText).join(' ')
    assert.equal(
      granted('system/*.cruds', 'system/ValueSet.cu system/CodeSystem.rs'),
      'system/ValueSet.cu system/CodeSystem.rs',
    )
    assert.equal(granted('system/ValueSet.cruds', 'system/*.write'), 'system/ValueSet.cud')
    assert.equal(granted('system/ValueSet.cruds', 'system/CodeSystem.cruds'), '')
    assert.equal(granted('system/ValueSet.rs', 'system/ValueSet.cud'), '')
    assert.equal(granted('system/*.*', 'system/*.*'), 'system/*.cruds')
  })

  it('are written as they are read', () => {
    for (const text of ['system/*.cruds', 'system/ValueSet.r', 'system/Library.cd']) {
      const scope = readScope(text)
      assert.equal(scope && scopeText(scope), text)
    }
  })
})

describe('a jurisdiction', () => {
  const iso = 'urn:iso:std:iso:3166'
  const list = ['AT', 'EU', 'http://unstats.un.org/unsd/methods/m49/m49.htm|001'].map(readJurisdiction)
  const cases: [coding: { system?: string; code?: string }, isOf: boolean][] = [
    [{ system: iso, code: 'AT' }, true],
    [{ system: iso, code: 'AUT' }, true],
    [{ system: `${iso}:-1`, code: 'AT' }, true],
    [{ system: `${iso}:-2`, code: 'AT-9' }, true],
    [{ system: iso, code: 'EU' }, true],
    [{ system: 'http://unstats.un.org/unsd/methods/m49/m49.htm', code: '001' }, true],
    [{ system: 'http://unstats.un.org/unsd/methods/m49/m49.htm', code: '002' }, false],
    [{ system: iso, code: 'DE' }, false],
    [{ system: `${iso}:-2`, code: 'DE-AT' }, false],
    [{ system: `${iso}:-2`, code: 'ATX9' }, false],
    [{ system: iso, code: 'at' }, false],
    [{ system: iso, code: '040' }, false],
    [{ system: iso }, false],
    [{ code: 'AT' }, false],
    [{ system: 'http://evil.org', code: 'AT' }, false],
    [{}, false],
  ]
  for (const [coding, isOf] of cases)
    it(`${JSON.stringify(coding)}: ${isOf}`, () => assert.equal(isOfJurisdiction(coding, list), isOf))

  it('is of any list with the star, and of no empty one', () => {
    assert.equal(isOfJurisdiction({ code: 'x' }, ['*']), true)
    assert.equal(isOfJurisdiction({ system: iso, code: 'AT' }, []), false)
  })

  it('is common to two lists when it stands in both', () => {
    assert.deepEqual(commonJurisdictions(['AUT', 'DEU'], ['DEU', 'FRA']), ['DEU'])
    assert.deepEqual(commonJurisdictions(['*'], ['DEU']), ['DEU'])
    assert.deepEqual(commonJurisdictions(['DEU'], ['*']), ['DEU'])
  })
})
