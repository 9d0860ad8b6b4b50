/** FHIRPath expressions and instances to evaluate them on, for property tests. */
import fc from 'fast-check'
import type { JsonObject } from '../../src/base/json-value.ts'

const names =
  'id active gender birthDate name given family use telecom value code coding system text deceased multipleBirth extension url status effective issued component nothing Patient Observation string resourceType reference managingOrganization display unit contact'.split(
    ' ',
  )
const literals = `'a' 'male' '' '5' '1.0' 'true' '1970-01-02' 'urn:x' 'ü😀x' 0 1 2 -1 1.0 1.50 true false {} @1970-01-02
  @2020-02-29T03:04:05.5Z @2020-01-31T03:04:05.120+02:00 @2020-01-31T03:04 @2020-12 @2020 @T10:00`.split(/\s+/)
const quantities = [
  '1 year',
  "5 'mg'",
  '3 days',
  '1.5 seconds',
  '1.5 hours',
  '25 hours',
  '100 milliseconds',
  '13 months',
  "'1.5 seconds'.toQuantity()",
]
const types =
  `string FHIR.string System.String code boolean Boolean integer Integer decimal Quantity HumanName Patient date dateTime Coding FHIR.Patient
  uri DomainResource Element BackboneElement Extension Resource instant id System.Boolean Nothing`.split(/\s+/)
const unary =
  `exists empty not hasValue count first last tail distinct upper lower trim length truncate floor ceiling abs toQuantity toInteger
  toString join resolve single toDecimal allTrue toBoolean toDate children isDistinct`.split(/\s+/)
const binary =
  `exists where all select skip take startsWith endsWith contains indexOf matches join substring memberOf combine union intersect`.split(
    /\s+/,
  )
const operators = '= != < <= > >= in contains and or implies xor & + - * / div mod | ~'.split(' ')

const operand = (text: string) => (/^[A-Za-z%$][\w%$.]*$/.test(text) ? text : `(${text})`)

/** Expressions of every kind that closures know, and of some that they do not; much of it makes no sense, as a map may not. */
export const anyExpression: fc.Arbitrary<string> = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression')
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true, maxDepth: 4 },
      fc.constantFrom(...literals, ...quantities),
      fc.constantFrom(...names),
      fc.constantFrom('$this', '%src', 'src', '%resource', '%context'),
      fc.tuple(inner, fc.constantFrom(...names)).map(([target, name]) => `${operand(target)}.${name}`),
      fc.tuple(inner, fc.constantFrom(...unary)).map(([target, name]) => `${operand(target)}.${name}()`),
      fc
        .tuple(inner, fc.constantFrom(...binary), inner)
        .map(([target, name, argument]) => `${operand(target)}.${name}(${argument})`),
      fc
        .tuple(inner, fc.constantFrom('replace', 'replaceMatches', 'substring', 'iif'), inner, inner)
        .map(([target, name, first, second]) => `${operand(target)}.${name}(${first}, ${second})`),
      fc
        .tuple(inner, fc.constantFrom(...operators), inner)
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
      fc
        .tuple(inner, fc.constantFrom('is', 'as'), fc.constantFrom(...types))
        .map(([left, operator, type]) => `(${left}) ${operator} ${type}`),
      fc
        .tuple(inner, fc.constantFrom('is', 'as', 'ofType'), fc.constantFrom(...types))
        .map(([target, name, type]) => `${operand(target)}.${name}(${type})`),
      fc.tuple(inner, inner).map(([target, index]) => `${operand(target)}[${index}]`),
      inner.map((each) => `-(${each})`),
    ),
  }
}).expression

const word = fc.constantFrom('a', 'male', 'Ann', '5', 'urn:x', '', 'ü😀x')
const coding = fc.record(
  { system: fc.constantFrom('http://x', 'http://y'), code: word, display: word },
  { requiredKeys: [] },
)
const quantity = fc.record(
  { value: fc.constantFrom(5, 1.5, 0), unit: fc.constantFrom('mg', 'years'), code: fc.constantFrom('mg', 'a') },
  { requiredKeys: ['value'] },
)
const extension = fc.oneof(
  fc.record({ url: fc.constantFrom('urn:x', 'urn:y'), valueString: word }),
  fc.record({ url: fc.constant('urn:z'), valueQuantity: quantity }),
  fc.record({ url: fc.constant('urn:i'), valueInteger: fc.integer({ min: -3, max: 9 }) }),
)
const humanName = fc.record(
  { use: fc.constantFrom('official', 'usual'), family: word, given: fc.array(word, { maxLength: 3 }), text: word },
  { requiredKeys: [] },
)
const date = fc.constantFrom('1970-01-02', '2000', '2020-02')
const dateTime = fc.constantFrom('2020-01-02T03:04:05Z', '2020-01-02T10:00:00+02:00', '2020-02-29')

const patient = fc.record(
  {
    resourceType: fc.constant('Patient'),
    id: fc.constant('a1'),
    active: fc.boolean(),
    gender: fc.constantFrom('male', 'female', ''),
    _gender: fc.record({ extension: fc.array(extension, { minLength: 1, maxLength: 1 }) }),
    birthDate: date,
    deceasedDateTime: dateTime,
    multipleBirthInteger: fc.integer({ min: 0, max: 3 }),
    name: fc.array(humanName, { maxLength: 2 }),
    extension: fc.array(extension, { maxLength: 2 }),
    contact: fc.array(fc.record({ name: humanName }), { maxLength: 1 }),
  },
  { requiredKeys: ['resourceType'] },
)
const observation = fc.record(
  {
    resourceType: fc.constant('Observation'),
    status: fc.constant('final'),
    code: fc.record({ coding: fc.array(coding, { maxLength: 2 }), text: word }, { requiredKeys: [] }),
    valueQuantity: quantity,
    effectiveDateTime: dateTime,
    issued: fc.constant('2020-01-02T10:00:00.000Z'),
    component: fc.array(fc.record({ code: fc.record({ text: word }), valueInteger: fc.constant(2) }), { maxLength: 2 }),
  },
  { requiredKeys: ['resourceType'] },
)
/** No resource: nothing tells the types. */
const logical = fc.record(
  {
    id: word,
    active: fc.constantFrom(true, 1, 'true'),
    gender: fc.oneof(word, fc.constant(2.5), fc.constant(null)),
    birthDate: fc.oneof(date, fc.constant(20)),
    name: fc.oneof(humanName, fc.array(humanName, { maxLength: 2 }), word),
    value: fc.oneof(quantity, fc.constant(1), fc.constant({})),
    code: fc.oneof(word, coding),
  },
  { requiredKeys: [] },
)

/** Instances of two resources and of no known type; absent, empty and odd elements among them. */
export const anyInstance: fc.Arbitrary<JsonObject> = fc
  .oneof(patient, observation, logical)
  .map((each) => JSON.parse(JSON.stringify(each))) // plain objects, as parsing gives them
