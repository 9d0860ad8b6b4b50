import { asResource, parseJson } from '../src/fhir/json.ts'
import { coreValidator } from '../test/support/core-validator.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

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

/** CPU time of the process for validating; profiles and value sets were read before. */
export async function bench(): Promise<Figure[]> {
  const entry = Array.from({ length: 100 }, (_, index) => {
    const resource =
      index % 10 === 0 ? patient(String(index)) : observation(String(index), String(index - (index % 10)))
    return { fullUrl: `http://example.org/fhir/${resource.resourceType}/${index}`, resource }
  })
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry })
  const one = JSON.stringify(observation('1', '0'))
  const validator = coreValidator()
  const vitals = ['http://hl7.org/fhir/StructureDefinition/vitalsigns']
  const ofBundle = await perRun(async () => void (await validator.validate(asResource(parseJson(text)))))
  const ofOne = await perRun(
    async () => void (await validator.validate(asResource(parseJson(one)), { profiles: vitals })),
  )
  return [
    { name: '$validate of a Bundle of 100 entries', value: `${ofBundle.toFixed(1)} ms`, target: '< 100 ms' },
    { name: '$validate of an Observation against a profile', value: `${ofOne.toFixed(2)} ms`, target: '< 5 ms' },
  ]
}

async function perRun(work: () => Promise<void>): Promise<number> {
  for (let run = 0; run < 5; run++) await work()
  const runs = 30
  const before = process.cpuUsage()
  for (let run = 0; run < runs; run++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / runs
}
