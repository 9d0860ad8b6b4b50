import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keepExactNumber } from '../../src/base/exact-number.ts'
import { hasText, stringifyJson } from '../../src/base/json.ts'
import type { Evaluation } from '../../src/evaluate/evaluation.ts'
import { evaluationReply } from '../../src/evaluate/reply.ts'
import { issue } from '../../src/fhir/error.ts'

/** Texts of every kind: none may end a text of JSON early, or name a parameter in another's place. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'decision', 'part', '","valueCode":"accepted"},{"name":"', '\\', '\u2028', '\ud800', '__proto__'),
)
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }),
  ),
})).value
const explanation = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.record({
    text,
    value,
    place: some(fc.record({ library: text, line: fc.nat(), column: fc.nat() })),
    parts: fc.array(tie('node'), { maxLength: 2, depthIdentifier: 'parts' }),
  }),
})).node
const rule = fc.record({
  planDefinition: text,
  action: text,
  actionTranslation: some(fc.record({ language: text, text })),
  library: text,
  expression: text,
  result: fc.constantFrom(true, false, null),
  informative: some(fc.boolean()),
  message: some(text),
  evidence: fc.array(fc.record({ name: text, value }), { maxLength: 3 }),
  explanation: some(explanation),
})
const single = fc.record({
  decision: fc.constantFrom('accepted', 'rejected', 'undetermined', 'unverified'),
  status: fc.constantFrom('VERIFIED', 'REVOKED'),
  format: some(text),
  issuer: some(
    fc.record({
      name: some(text),
      participant: some(text),
      keyId: some(text),
      trustDomain: some(text),
      keyUsage: some(text),
      trustList: some(text),
    }),
  ),
  checks: fc.array(fc.record({ name: text, outcome: fc.constantFrom('pass', 'warn'), detail: some(text) })),
  subject: some(fc.record({ name: some(text), birthDate: some(text), identifier: some(text) })),
  coreDataSets: fc.array(fc.dictionary(text, value), { maxLength: 2 }),
  content: some(fc.record({ resourceType: fc.constant('Bundle'), type: text, entry: fc.array(value) })),
  rules: fc.array(rule, { maxLength: 3 }),
  issues: fc.array(
    text.map((each) => issue('value', { severity: 'warning', text: each })),
    { maxLength: 2 },
  ),
  obstacles: fc.constant([]),
  structureMaps: fc.array(text, { maxLength: 2 }),
  valueSets: fc.array(text, { maxLength: 2 }),
  artefacts: some(fc.array(fc.record({ type: text, canonical: text, hash: text }), { maxLength: 2 })),
  clockText: text,
  identity: some(fc.constantFrom('match', 'close', 'differs')),
  linked: fc.constant([]),
  evaluations: fc.constant([]),
})
// What an evaluation holds is for the types; here anything may stand where a text does.
const evaluation = fc.record({ outer: single, inner: fc.array(single, { maxLength: 2 }) }).map(({ outer, inner }) => ({
  ...outer,
  evaluations: inner,
  linked: inner.map((each) => ({ contentType: 'text/plain', evaluation: each, content: each.content })),
})) as unknown as fc.Arbitrary<Evaluation>

test('the text of a reply is that of its objects, whatever stands in it', () => {
  fc.assert(
    fc.property(evaluation, (each) => {
      const text = stringifyJson(evaluationReply(each))
      assert.equal(text, JSON.stringify(evaluationReply(each)))
      assert.doesNotThrow(() => JSON.parse(text))
    }),
  )
})

const bare: Evaluation = {
  decision: 'undetermined',
  status: 'VERIFIED',
  format: undefined,
  issuer: undefined,
  checks: [],
  subject: undefined,
  coreDataSets: [],
  content: undefined,
  rules: [],
  issues: [],
  obstacles: [],
  structureMaps: [],
  valueSets: [],
  clockText: '2026-06-01T12:00:00Z',
  linked: [],
  evaluations: [],
}

test('who has changed the objects of a reply finds the change in its text', () => {
  const reply = evaluationReply(bare)
  reply.parameter?.push({ name: 'manifest', valueCanonical: 'http://example.org/m|1' })
  assert.ok(stringifyJson(reply).endsWith('{"name":"manifest","valueCanonical":"http://example.org/m|1"}]}'))
  const other = evaluationReply(bare)
  other.parameter = []
  assert.equal(stringifyJson(other), '{"resourceType":"Parameters","parameter":[]}')
})

test('a copy of a reply has no text of the reply', () => {
  const reply = evaluationReply(bare)
  const copy = { ...reply, parameter: [...(reply.parameter ?? []), { name: 'more', valueBoolean: true }] }
  assert.ok(stringifyJson(copy).includes('"more"'))
})

test('decimals of the content stand as they were read', () => {
  const quantity = { value: 1.5 }
  keepExactNumber(quantity, 'value', '1.50')
  const content = {
    resourceType: 'Bundle' as const,
    type: 'collection' as const,
    entry: [
      {
        resource: { resourceType: 'Observation' as const, status: 'final' as const, code: {}, valueQuantity: quantity },
      },
    ],
  }
  assert.ok(stringifyJson(evaluationReply({ ...bare, content })).includes('"value":1.50'))
})

test('a reply of very many parts is written from its objects, in slices', () => {
  const checks = Array.from({ length: 200 }, () => ({ name: 'key' as const, outcome: 'pass' as const }))
  const reply = evaluationReply({ ...bare, checks })
  assert.ok(!hasText(reply))
  assert.equal(stringifyJson(reply), JSON.stringify(reply))
})
