import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Library } from '../../../src/fhir/types.ts'
import { namedBy } from '../../../src/publish/dependencies/named.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { contentLibrary, cqlLibrary } from '../support.ts'

describe('what the text of a library names', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  before(async () => {
    opened = await openTestServer()
  })
  after(() => opened.close())
  const named = async (library: Library) =>
    (await namedBy(opened.server.rules)(library)).map(
      ({ types, canonical, path, isGenerated, unknown }) =>
        `${types} ${canonical} ${path}${isGenerated ? ' generated' : ''}${unknown ? ` (${unknown})` : ''}`,
    )
  const at = 'Library.content[0].data'

  it('are its includes, value sets and code systems, each once, with the versions that it says', async () => {
    const library = cqlLibrary(
      'Names',
      `include VaccinationSchedule version '1.1.0' called S
codesystem "C": 'http://e/cs' version '2'
codesystem "D": 'http://e/cs' version '2'
valueset "V": 'http://e/vs' version '1'
valueset "W": 'http://e/vs' version '1'
context Patient
define Good: true`,
    )
    assert.deepEqual(await named(library), [
      `Library http://hl7.org/fhir/Library/FHIRHelpers|4.0.1 ${at} generated`,
      `Library http://vidimus.org/fhir/Library/VaccinationSchedule|1.1.0 ${at}`,
      `ValueSet http://e/vs|1 ${at}`,
      `CodeSystem http://e/cs|2 ${at}`,
    ])
  })

  it('are told, too, where the text cannot be translated: what it includes leads nowhere', async () => {
    const library = cqlLibrary('Broken', `include Nowhere version '9'\ndefine Good: `)
    assert.deepEqual(await named(library), [
      `Library http://hl7.org/fhir/Library/FHIRHelpers|4.0.1 ${at} generated`,
      `Library Nowhere|9 ${at} (no Library of this server has that name)`,
    ])
  })

  it('are the value sets of the EU that a CertLogic rule looks into, and those that nobody has', async () => {
    const rule = { in: [{ var: 'payload.v.0.mp' }, { var: 'external.valueSets.vaccines-covid-19-names' }] }
    const made = contentLibrary('Eu', 'application/certlogic+json', JSON.stringify(rule))
    const [first] = await named(made)
    assert.match(
      String(first),
      /^ValueSet http:\/\/vidimus\.org\/fhir\/ValueSet\/\S+\|\S+ Library\.content\[0\]\.data$/,
    )
    const other = { in: ['x', { var: 'external.valueSets.made-up' }] }
    assert.deepEqual(await named(contentLibrary('Eu', 'application/certlogic+json', JSON.stringify(other))), [
      `ValueSet made-up ${at} (no value set of this server has that id of the EU)`,
    ])
  })

  it('are none of a library that holds no rules', async () => {
    assert.deepEqual(await named(contentLibrary('Text', 'text/plain', 'include A')), [])
  })
})
