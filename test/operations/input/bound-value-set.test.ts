import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Resource } from '../../../src/fhir/types.ts'
import { withBoundValueSet } from '../../../src/operations/input/bound-value-set.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { answer, parameters } from '../../terminology/support.ts'

const structure = {
  resourceType: 'StructureDefinition',
  url: 'http://example.org/StructureDefinition/dose',
  snapshot: { element: [{ id: 'Dose.site', path: 'Dose.site' }] },
  differential: { element: [{ path: 'Dose.site', binding: { valueSet: 'http://example.org/ValueSet/sites|2' } }] },
} as unknown as Resource // the base type knows no more than resourceType and id

const storage = {
  findCanonical: async (_type: string, url: string) =>
    url === 'http://example.org/StructureDefinition/dose' ? [structure] : [],
} as unknown as Storage // one method is all that is asked of it

const resolve = (values: Record<string, unknown>) => withBoundValueSet(parameters(values), storage)

describe('the context of an expansion or validation', () => {
  it('is the value set that the element is bound to', async () => {
    const found = await resolve({ context: 'http://example.org/StructureDefinition/dose#Dose.site' })
    assert.equal(answer(found, 'url'), 'http://example.org/ValueSet/sites|2')
  })

  it('is refused beside a value set that is named: one of url, context or valueSet says which one is meant', async () => {
    const context = 'http://example.org/StructureDefinition/dose#Dose.site'
    for (const named of [{ url: 'http://example.org/ValueSet/own' }, { valueSet: { resourceType: 'ValueSet' } }])
      await assert.rejects(resolve({ ...named, context }), /Send one of url, valueSet and context/)
  })

  it('is refused where it leads to nothing', async () => {
    await assert.rejects(resolve({ context: 'Patient.gender' }), /url#path/)
    await assert.rejects(resolve({ context: 'http://example.org/nothing#x' }), /nothing' could not be found/)
    const unbound = 'http://example.org/StructureDefinition/dose#Dose.number'
    await assert.rejects(resolve({ context: unbound }), /'Dose.number' .* not bound/)
  })
})
