/** How a snapshot is made, piece by piece, and what it is refused for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { snapshotOf } from '../../../src/fhir/snapshot/generate.ts'
import type { Definition } from '../../../src/fhir/snapshot/tree.ts'
import { idsOf } from '../../../src/fhir/validate/read-profile.ts'
import { coreDefinitions } from '../../../src/packages/core-definitions.ts'
import { countedBudget } from '../../support/counted-budget.ts'
import { type Sketch, sketched } from '../../support/sketched-profile.ts'

const core = coreDefinitions()

async function snapshot(sketch: Sketch, others: Sketch[] = []): Promise<Map<string, Definition>> {
  const known = new Map(others.map((each) => [each.url, sketched(each)]))
  const find = async (canonical: string) => known.get(canonical) ?? (await core.find(canonical))
  const elements = await snapshotOf(sketched(sketch), find)
  return new Map(elements.map((each) => [String(each.id), each]))
}

const patient = (elements: Record<string, unknown>[], base?: string): Sketch => ({
  url: 'http://test/p',
  type: 'Patient',
  ...(base ? { base } : {}),
  elements: [{ id: 'Patient' }, ...elements],
})

const codes = (element: Definition | undefined) => element?.type?.map(({ code }) => code)

describe('a snapshot', () => {
  it('lays numbers, texts and codes over those of the base', async () => {
    const made = await snapshot(
      patient([
        { id: 'Patient.name', min: 1, short: 'The name', definition: '...and more', mustSupport: true },
        { id: 'Patient.gender', binding: { strength: 'required', valueSet: 'http://test/vs' } },
      ]),
    )
    const name = made.get('Patient.name')
    assert.deepEqual([name?.min, name?.max, name?.short, name?.mustSupport], [1, '*', 'The name', true])
    assert.match(name?.definition ?? '', /individual\.\r\nand more$/)
    assert.equal(name?.base?.min, 0)
    assert.equal(made.get('Patient.gender')?.binding?.valueSet, 'http://test/vs')
  })

  it('opens what is below an element by its type, and by what it refers to', async () => {
    const made = await snapshot(patient([{ id: 'Patient.name.family', min: 1 }]))
    assert.equal(made.get('Patient.name.family')?.min, 1)
    assert.ok(made.has('Patient.name.given'))
    const bundle = await snapshot({
      url: 'http://test/b',
      type: 'Bundle',
      elements: [{ id: 'Bundle' }, { id: 'Bundle.entry.link.url', max: '0' }],
    })
    assert.equal(bundle.get('Bundle.entry.link.url')?.max, '0')
  })

  it('adds slices behind what they are slices of, with their children', async () => {
    const slicing = { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' }
    const made = await snapshot(
      patient([
        { id: 'Patient.identifier', slicing },
        { id: 'Patient.identifier:a', sliceName: 'a', max: '1' },
        { id: 'Patient.identifier:a.system', fixedUri: 'http://a' },
      ]),
    )
    const ids = [...made.keys()].filter((id) => id.startsWith('Patient.identifier'))
    assert.deepEqual(ids.slice(0, 3), ['Patient.identifier', 'Patient.identifier:a', 'Patient.identifier:a.id'])
    assert.deepEqual([made.get('Patient.identifier:a')?.min, made.get('Patient.identifier:a')?.max], [0, '1'])
  })

  it('slices extensions by url without being told', async () => {
    const type = [{ code: 'Extension', profile: ['http://hl7.org/fhir/StructureDefinition/patient-birthPlace'] }]
    const made = await snapshot(patient([{ id: 'Patient.extension:place', sliceName: 'place', type }]))
    assert.equal(made.get('Patient.extension')?.slicing?.discriminator?.[0]?.path, 'url')
    assert.ok(made.has('Patient.extension:place'))
  })

  it('takes valueQuantity for value[x] as a Quantity alone', async () => {
    const made = await snapshot({
      url: 'http://test/o',
      type: 'Observation',
      elements: [{ id: 'Observation' }, { id: 'Observation.valueQuantity', min: 1 }],
    })
    assert.deepEqual(codes(made.get('Observation.value[x]')), ['Quantity'])
    assert.equal(made.get('Observation.value[x]:valueQuantity')?.min, 1)
  })

  it('goes over the snapshot of a base that has none either', async () => {
    const base = { ...patient([{ id: 'Patient.name', min: 1 }]), url: 'http://test/base' }
    const made = await snapshot(patient([{ id: 'Patient.gender', min: 1 }], 'http://test/base'), [base])
    assert.deepEqual([made.get('Patient.name')?.min, made.get('Patient.gender')?.min], [1, 1])
  })
})

describe('it is refused', () => {
  const refused = (sketch: Sketch, text: RegExp, others: Sketch[] = []) =>
    assert.rejects(snapshot(sketch, others), (error) => {
      assert.ok(error instanceof FhirError)
      assert.equal(error.status, 422)
      assert.match(error.message, text)
      return true
    })

  it('over a base that nobody knows', () => refused(patient([], 'http://nobody.org'), /not known here/))
  it('over a base of another type', () =>
    refused({ ...patient([]), base: 'http://hl7.org/fhir/StructureDefinition/Group' }, /definition of Group/))
  it('for bases in a circle', () =>
    refused(patient([], 'http://test/a'), /circle/, [
      { ...patient([], 'http://test/p'), url: 'http://test/a' },
      patient([], 'http://test/a'),
    ]))
  it('for an element that there is not', () => refused(patient([{ id: 'Patient.bogus', min: 1 }]), /no element bogus/))
  it('for what is below several types', () =>
    refused(patient([{ id: 'Patient.deceased[x].id', min: 1 }]), /several types/))
  it('for too many elements', () =>
    refused(patient(Array.from({ length: 10_001 }, () => ({ id: 'Patient.name' }))), /more than 10000/))
})

describe('whatever is sent', () => {
  it('is answered or refused, and bounded', async () => {
    const segment = fc.constantFrom(
      'name',
      'name:a',
      'extension',
      'extension:b',
      'link',
      'other',
      'deceased[x]',
      'deceasedBoolean',
      'period',
      '',
      'contact',
      'x',
    )
    const element = fc.record({
      id: fc.array(segment, { maxLength: 5 }).map((parts) => ['Patient', ...parts].join('.')),
      min: fc.integer({ min: -1, max: 3 }),
      type: fc.option(
        fc.array(fc.record({ code: fc.constantFrom('string', 'HumanName', 'Bogus', 'Reference') }), { maxLength: 2 }),
        { nil: undefined },
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 6 }), async (elements) => {
        try {
          await snapshot(patient(elements))
        } catch (error) {
          assert.ok(error instanceof FhirError, String(error instanceof Error ? error.stack : error))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('copies so many elements and no more: slices of what has much below it multiply', async () => {
    const below = Array.from({ length: 15 }, (_, depth) => ({
      id: `Patient.contact.organization.identifier${'.assigner.identifier'.repeat(depth)}.type.coding`,
    }))
    const slices = Array.from({ length: 5000 }, (_, index) => ({ id: `Patient.contact:s${index}` }))
    await assert.rejects(snapshot(patient([...below, ...slices])), /elements are copied/)
  })

  it('is made in pieces, between which others have their turns', async () => {
    const slices = Array.from({ length: 500 }, (_, index) => ({ id: `Patient.contact:s${index}` }))
    const definition = sketched(patient(slices))
    const { budget, turns } = countedBudget()
    const find = (canonical: string) => core.find(canonical)
    const made = await snapshotOf(definition, find, { run: budget.runAsync })
    assert.deepEqual(made, await snapshotOf(definition, find))
    assert.ok(turns() >= 10, `${turns()} turns`)
  })

  it('finds the ids of elements that have none, however many paths there are', () => {
    const elements = [
      { path: 'A' },
      { path: 'A.b', sliceName: 'x' },
      { path: 'A.b.c', sliceName: 'y' },
      { path: 'A.b.c.d' },
      { path: 'A.b', sliceName: 'z' },
      { path: 'A.b.c' },
      ...Array.from({ length: 20_000 }, (_, index) => ({ path: `A.e${index}` })),
    ]
    assert.deepEqual(idsOf(elements).slice(0, 7), [
      'A',
      'A.b:x',
      'A.b:x.c:y',
      'A.b:x.c:y.d',
      'A.b:z',
      'A.b:z.c',
      'A.e0',
    ])
  })
})
