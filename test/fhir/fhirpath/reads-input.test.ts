import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'

describe('whether an expression looks at its input', () => {
  const reading = [
    'name',
    'true and name.empty()',
    'today() > @2020-01-01 and deceased.empty()',
    'true and exists().not()',
    "'a' = 'a' and $this.active",
    'true and %context.active',
    'true and %`context`.active',
    'true and %resource.active',
    "'a'.combine(name).count() = 1",
    'iif(true, active, false)',
    "%coded.where(code = 'x').combine(code)",
    '-(age)',
    '%coded.where(code = %context.gender).exists()',
    '%coded.exists(code = %resource.gender)',
    '%coded.select(%rootResource.birthDate)',
    '%coded.all(%context.active)',
    '%coded.repeat(child | %resource.contained).empty()',
    '%coded.where(system.exists($this = %`context`.id)).exists()',
    '(1 | 2).union(%coded.code | age).exists()',
  ]
  for (const each of reading) it(each, () => assert.equal(compileFhirPath(each).readsInput({ coded: {} }), true))

  const apart = [
    'true',
    'today() > @2020-01-01',
    "'a'.length() = 1",
    "%coded.where(code = 'x').exists()",
    '%coded.select(code | system).ofType(string)',
    "%coded.where(code = %coded.first().code and system.exists($this = 'x')).exists()",
    '%coded.repeat(child).all(code.exists())',
    '{}.empty()',
    '1 is Integer',
  ]
  for (const each of apart)
    it(`not: ${each}`, () => assert.equal(compileFhirPath(each).readsInput({ coded: {} }), false))

  for (const each of ["true and %'context'.active", 'true and %`rootResource`.active'])
    it(each, () => assert.equal(compileFhirPath(each).readsInput(), true))

  it('the resource is no input where the caller gives it', () =>
    assert.equal(compileFhirPath('%resource.active').readsInput({ resource: {} }), false))

  it('nor where it is given and named of each item', () =>
    assert.equal(
      compileFhirPath('%coded.exists(code = %resource.gender)').readsInput({ coded: {}, resource: {} }),
      false,
    ))
})
