/** CPU time of the process for validating; profiles and value sets were read before. */
import { asResource, parseJson } from '../src/fhir/json.ts'
import { coreValidator } from '../test/support/core-validator.ts'
import type { Measured } from './support/harness/figure.ts'
import { costs, type Effort, timeFigure } from './support/harness/measure.ts'

const narrative = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>x</p></div>' }
const coded = (system: string, code: string) => ({ coding: [{ system, code }] })
const grams = (value: number) => ({ value, unit: 'g/dL', system: 'http://unitsofmeasure.org', code: 'g/dL' })

const patient = (id: string) => ({
  resourceType: 'Patient',
  id,
  text: narrative,
  name: [{ use: 'official', family: 'Meier', given: ['Anna'] }],
  gender: 'female',
  birthDate: '1980-02-02',
  address: [{ use: 'home', line: ['a'], city: 'b', country: 'CH' }],
})

const observation = (id: string, of: string) => ({
  resourceType: 'Observation',
  id,
  text: narrative,
  status: 'final',
  category: [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'laboratory')],
  code: coded('http://loinc.org', '718-7'),
  subject: { reference: `Patient/${of}` },
  effectiveDateTime: '2024-01-01T10:00:00Z',
  valueQuantity: grams(7.2),
  referenceRange: [{ low: grams(5), high: grams(10) }],
})

export async function bench(effort: Effort): Promise<Measured[]> {
  const entry = Array.from({ length: 100 }, (_, index) => {
    const resource =
      index % 10 === 0 ? patient(String(index)) : observation(String(index), String(index - (index % 10)))
    return { fullUrl: `http://example.org/fhir/${resource.resourceType}/${index}`, resource }
  })
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry })
  const one = JSON.stringify(observation('1', '0'))
  const validator = coreValidator()
  const vitals = ['http://hl7.org/fhir/StructureDefinition/vitalsigns']
  const cost = await costs(
    {
      bundle: () => validator.validate(asResource(parseJson(text))),
      one: () => validator.validate(asResource(parseJson(one)), { profiles: vitals }),
    },
    effort,
  )
  return [
    timeFigure('$validate of a Bundle of 100 entries', cost.bundle, 'ms', { target: { value: 100 } }),
    timeFigure('$validate of an Observation against a profile', cost.one, 'ms', { target: { value: 5 } }),
  ]
}
