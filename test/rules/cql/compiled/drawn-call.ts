/** Content for own rules, drawn: codes that they look for, and what may be missing or wrong. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isJsonObject, objectsIn } from '../../../../src/base/json.ts'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { asJson } from '../../../../src/fhir/json.ts'
import type { Bundle, Parameters } from '../../../../src/fhir/types.ts'
import { ofType } from '../../../content/own-content.ts'

/** Every code that a value set of own content lists, so that rules have something to find. */
const codings = ofType('ValueSet').flatMap((each) => {
  const { compose } = asJson(each)
  const includes = isJsonObject(compose) ? objectsIn(compose.include) : []
  return includes.flatMap(({ system, concept }) =>
    objectsIn(concept).map(({ code }) => ({ system: system ?? null, code: code ?? null })),
  )
})

/** A member that may be missing. */
const maybe = (value: fc.Arbitrary<unknown>) => fc.option(value, { nil: undefined, freq: 4 })

const coding = fc.oneof(
  { arbitrary: fc.constantFrom(...codings), weight: 8 },
  {
    arbitrary: fc.constantFrom({ system: 'http://example.org/other', code: 'x' }, { code: 'EU/1/20/1528' }),
    weight: 1,
  },
  { arbitrary: fc.constant({ display: 'words alone' }), weight: 1 },
)
const concept = fc.record({ coding: fc.array(coding, { maxLength: 3 }) })

const day = fc.date({ min: new Date('2019-01-01'), max: new Date('2027-12-31'), noInvalidDate: true })
const moment = fc
  .tuple(day, fc.constantFrom(4, 7, 10, 10, 10, 20), fc.constantFrom('Z', '+05:30', '-03:00'))
  .map(([date, length, zone]) =>
    length < 20 ? date.toISOString().slice(0, length) : `${date.toISOString().slice(0, 19)}${zone}`,
  )
const someMoment = fc.oneof(
  { arbitrary: moment, weight: 9 },
  { arbitrary: fc.constantFrom('2026-02-30', 'soon'), weight: 1 },
)
const date = moment.map((each) => each.slice(0, 10))
const period = fc.record({ start: maybe(moment), end: maybe(moment) })

const limit = fc.record({
  url: fc.constantFrom(
    'http://smart.who.int/ddcc/StructureDefinition/DDCCVaccineValidFrom',
    'http://vidimus.org/fhir/StructureDefinition/event-validity',
    'http://example.org/other',
  ),
  valueDate: maybe(date),
  valuePeriod: maybe(period),
})
const extras = {
  modifierExtension: fc.option(fc.constant([{ url: 'http://example.org/not' }]), { nil: undefined, freq: 9 }),
}
const dose = fc.constantFrom(0, 1, 2, 3)

const immunization = fc.record({
  resourceType: fc.constant('Immunization'),
  status: maybe(fc.constantFrom('completed', 'not-done', 'entered-in-error')),
  vaccineCode: maybe(concept),
  occurrenceDateTime: maybe(someMoment),
  isSubpotent: fc.option(fc.boolean(), { nil: undefined, freq: 9 }),
  extension: fc.option(fc.array(limit, { maxLength: 2 }), { nil: undefined }),
  protocolApplied: maybe(
    fc.array(
      fc.record({
        targetDisease: maybe(fc.array(concept, { maxLength: 2 })),
        doseNumberPositiveInt: maybe(dose),
        doseNumberString: fc.option(fc.constantFrom('1', 'unknown', 'first'), { nil: undefined, freq: 9 }),
        seriesDosesPositiveInt: maybe(dose),
      }),
      { maxLength: 2 },
    ),
  ),
  ...extras,
})

const observation = fc.record({
  resourceType: fc.constant('Observation'),
  status: maybe(fc.constantFrom('final', 'amended', 'preliminary')),
  code: maybe(concept),
  valueCodeableConcept: maybe(concept),
  effectiveDateTime: maybe(someMoment),
  ...extras,
})

const condition = fc.record({
  resourceType: fc.constant('Condition'),
  code: maybe(concept),
  onsetDateTime: maybe(someMoment),
  verificationStatus: maybe(fc.constantFrom('confirmed', 'refuted').map((code) => ({ coding: [{ code }] }))),
  extension: fc.option(fc.array(limit, { maxLength: 2 }), { nil: undefined }),
  ...extras,
})

const vaccinationSet = fc.record({
  resourceType: fc.constant('DDCCCoreDataSetVS'),
  vaccination: fc.record({
    vaccine: maybe(coding),
    brand: maybe(coding),
    disease: maybe(coding),
    dose: maybe(dose),
    totalDoses: maybe(dose),
    date: maybe(date),
    validFrom: fc.option(date, { nil: undefined }),
    validUntil: fc.option(date, { nil: undefined }),
  }),
})
const testSet = fc.record({
  resourceType: fc.constant('DDCCCoreDataSetTR'),
  test: fc.record({ type: maybe(coding), pathogen: maybe(coding), result: maybe(coding), date: maybe(moment) }),
})
const recoverySet = fc.record({
  resourceType: fc.constant('DDCCCoreDataSetRecovery'),
  recovery: fc.record({ disease: maybe(coding), date: maybe(date), validFrom: maybe(date), validUntil: maybe(date) }),
})

const parameter = fc.constantFrom(
  { name: 'departure', valueDate: '2026-07-01' },
  { name: 'Minimum Days Since Dose', valueInteger: 14 },
  { name: 'Maximum Days Since Dose', valueInteger: 270 },
  { name: 'Target Diseases', valueString: 'RA01' },
  { name: 'Days of Grace', valueInteger: 4 },
  { name: 'Count Dose Numbers', valueBoolean: true },
  { name: 'NAAT Hours', valueInteger: 48 },
  { name: 'First Day', valueInteger: 0 },
  { name: 'Departure Country', valueString: 'NG' },
  { name: 'Date of Arrival', valueDate: '2026-05' },
  { name: 'Influenza Required', valueBoolean: false },
)

const patient = fc.record({
  resourceType: fc.constant('Patient'),
  id: fc.constant('p'),
  birthDate: maybe(fc.constantFrom('1985-03-14', '2024-01-01', '2023', '1985-03')),
})

/** One question. */
const call = fc.record({
  resources: fc
    .tuple(
      fc.array(patient, { minLength: 1, maxLength: 1 }),
      fc.array(fc.oneof(immunization, immunization, observation, condition), { maxLength: 4 }),
    )
    .map((each) => each.flat()),
  coreDataSets: fc.oneof(
    fc.constant<object[]>([]),
    fc.array<object>(vaccinationSet, { maxLength: 3 }),
    fc.array<object>(testSet, { maxLength: 2 }),
    fc.array<object>(recoverySet, { maxLength: 2 }),
  ),
  clock: fc.oneof(
    fc.constant('2026-06-01T12:00:00Z'),
    fc.constantFrom('2026-06-01T23:30:00+05:30', '2021-02-28T00:00:00-10:00', '2026-06'),
  ),
  parameters: fc.option(fc.uniqueArray(parameter, { minLength: 1, maxLength: 4, selector: ({ name }) => name }), {
    nil: undefined,
  }),
})

/** JSON has no undefined members. */
const plain = (value: unknown): JsonObject => {
  const json: unknown = JSON.parse(JSON.stringify(value))
  assert.ok(isJsonObject(json as JsonObject))
  return json as JsonObject
}

/** What own rules are asked with. */
export interface DrawnCall {
  data: Bundle
  coreDataSets: JsonObject[]
  clock: string
  parameters?: Parameters
}

/** Questions for own rules. */
export const drawnCall: fc.Arbitrary<DrawnCall> = call.map(({ resources, coreDataSets, clock, parameters }) => {
  const entry = resources.map((resource) => ({ resource: plain(resource) }))
  return {
    data: plain({ resourceType: 'Bundle', type: 'collection', entry }) as unknown as Bundle,
    coreDataSets: coreDataSets.map(plain),
    clock,
    ...(parameters && {
      parameters: plain({ resourceType: 'Parameters', parameter: parameters }) as unknown as Parameters,
    }),
  }
})
