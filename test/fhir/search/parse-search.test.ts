import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { eachCondition } from '../../../src/fhir/search/condition.ts'
import { searchIndex } from '../../../src/fhir/search/index-values.ts'
import {
  escapeValue,
  parseSearch,
  referencesOf,
  searchableTypes,
  searchParameters,
} from '../../../src/fhir/search/parse-search.ts'
import { dateRange, foldText, numberRange } from '../../../src/fhir/search/value.ts'
import type { Resource } from '../../../src/fhir/types.ts'

const canonical =
  'date description identifier jurisdiction name publisher status title url version context context-type context-quantity context-type-quantity context-type-value'
const related = 'composed-of depends-on derived-from effective predecessor successor topic'

/** Names of the specification's table, by type. */
const wanted: Record<string, string> = {
  ValueSet: `${canonical} code expansion reference keyword codesystem valueset library artifact`,
  CodeSystem: `${canonical} code content-mode language supplements system valueset library artifact`,
  ConceptMap: `${canonical} source target source-uri target-uri source-system target-system source-code target-code dependson other product`,
  NamingSystem:
    'date description jurisdiction name publisher status context context-type context-quantity id-type kind period responsible telecom type value contact',
  Library: `${canonical} ${related} type content-type part-of`,
  PlanDefinition: `${canonical} ${related} type definition`,
  ActivityDefinition: `${canonical} ${related}`,
  StructureMap: canonical,
  StructureDefinition: `${canonical} abstract base base-path derivation experimental ext-context keyword kind path type valueset`,
  Provenance: 'target agent agent-role agent-type entity location patient recorded when signature-type',
  Bundle: 'composition identifier message timestamp type',
  AuditEvent:
    'action address agent agent-name agent-role altid date entity entity-name entity-role entity-type outcome policy site source subtype type',
}
const common = '_id _lastUpdated _tag _profile _security _source _text _content'

test('every type has the parameters of the specification', () => {
  for (const [type, names] of Object.entries(wanted)) {
    const known = searchParameters(type)
    for (const name of `${names} ${common}`.split(' ')) assert.ok(known.has(name), `${type}.${name}`)
  }
  for (const name of ['source-uri', 'target-uri'])
    assert.equal(searchParameters('ConceptMap').get(name)?.type, 'reference', 'as R4 has it')
  assert.ok(searchParameters('Measure').has('url'))
  assert.equal(searchParameters('Patient').has('url'), false)
  assert.ok(searchableTypes.includes('ValueSet'))
})

test('understands a query', () => {
  const pairs: [string, string][] = [
    ['url', 'http://x|1'],
    ['name:contains', 'a\\,b,c'],
    ['_lastUpdated', 'ge2024-05'],
    ['status', ''],
    ['code:in', 'http://vs'],
    ['_sort', '-date,name'],
    ['_count', '5000'],
    ['_total', 'accurate'],
    ['_summary', 'data'],
    ['_elements', 'url,name'],
    ['_include', 'ValueSet:valueset'],
    ['_revinclude:iterate', 'ConceptMap:source:ValueSet'],
    ['_cursor', 'abc'],
    ['_format', 'json'],
    ['nonsense', '1'],
    ['_sort', 'nonsense'],
    ['__proto__', '1'],
  ]
  const search = parseSearch('ValueSet', pairs, { maximumCount: 100 })
  assert.deepEqual(search.conditions, [
    { parameter: 'url', values: [{ value: 'http://x|1' }] },
    { parameter: 'name', modifier: 'contains', values: [{ value: 'a\\,b' }, { value: 'c' }] },
    { parameter: '_lastUpdated', values: [{ prefix: 'ge', value: '2024-05' }] },
    { parameter: 'code', modifier: 'in', values: [{ value: 'http://vs' }] },
  ])
  assert.deepEqual(search.sort, [
    { parameter: 'date', descending: true },
    { parameter: 'name', descending: false },
  ])
  assert.deepEqual([search.count, search.total, search.summary, search.cursor], [100, 'accurate', 'data', 'abc'])
  assert.deepEqual(search.elements, ['url', 'name'])
  assert.deepEqual(search.include, [{ source: 'ValueSet', parameter: 'valueset', iterate: false }])
  assert.deepEqual(search.revinclude, [
    { source: 'ConceptMap', parameter: 'source', iterate: true, target: 'ValueSet' },
  ])
  assert.deepEqual(search.unknown, ['nonsense', '_sort', '__proto__'])
  assert.equal(
    search.used.some(([name]) => name === 'status' || name === '_format'),
    false,
  )
})

test('a bad value is 400 and names the parameter', () => {
  const cases: [string, string][] = [
    ['date', 'yesterday'],
    ['date', '2024-02-30'],
    ['_lastUpdated', 'ge'],
    ['name:missing', 'maybe'],
    ['name:wrong', 'x'],
    ['status:identifier', 'x'],
    ['status:of-type', 'x'],
    ['context-quantity', 'many'],
    ['context-type-value', 'alone'],
    ['_count', '-1'],
    ['_total', 'some'],
    ['_summary', 'x'],
    ['_text', '!?'],
    ['name', 'a\u0000'],
  ]
  for (const [name, value] of cases) {
    assert.throws(
      () => parseSearch('ValueSet', [[name, value]]),
      (error) => {
        const base = name.split(':')[0] ?? ''
        return error instanceof FhirError && error.status === 400 && error.message.includes(base)
      },
      `${name}=${value}`,
    )
  }
})

test('dates cover what their precision says', () => {
  const iso = (text: string) => {
    const range = dateRange(text)
    return range && [new Date(range.low).toISOString(), new Date(range.high).toISOString()]
  }
  assert.deepEqual(iso('2024'), ['2024-01-01T00:00:00.000Z', '2024-12-31T23:59:59.999Z'])
  assert.deepEqual(iso('2024-02'), ['2024-02-01T00:00:00.000Z', '2024-02-29T23:59:59.999Z'])
  assert.deepEqual(iso('2024-02-29T10:00+02:00'), ['2024-02-29T08:00:00.000Z', '2024-02-29T08:00:59.999Z'])
  assert.deepEqual(iso('0001-01-01T00:00:00.5Z'), ['0001-01-01T00:00:00.500Z', '0001-01-01T00:00:00.500Z'])
  for (const bad of ['', '24', '2024-13', '2023-02-29', '2024-01-01T25:00Z', '2024-1-1'])
    assert.equal(dateRange(bad), undefined, bad)
})

test('numbers have the tolerance of their precision, texts lose case and accents', () => {
  const near = (text: string) => [numberRange(text)?.low.toFixed(3), numberRange(text)?.high.toFixed(3)]
  assert.deepEqual(near('5.4'), ['5.350', '5.450'])
  assert.deepEqual(near('100'), ['99.500', '100.500'])
  assert.deepEqual(near('1e2'), ['95.000', '105.000'])
  assert.equal(numberRange('x'), undefined)
  assert.equal(foldText('Ünïcode ÉTÉ'), 'unicode ete')
})

test('references are found for includes, by target type', () => {
  const provenance = {
    resourceType: 'Provenance',
    target: [{ reference: 'ValueSet/a' }, { reference: 'Patient/p' }],
  } as Resource
  const [target, patient] = ['target', 'patient'].map((name) => searchParameters('Provenance').get(name))
  assert.ok(target && patient)
  assert.deepEqual(referencesOf(provenance, target), ['ValueSet/a', 'Patient/p'])
  assert.deepEqual(referencesOf(provenance, patient), ['Patient/p'])
})

test('any query is understood or refused with a FhirError', () => {
  const names = [...searchParameters('ValueSet').keys(), '_sort', '_include', '_count', '_total', '_elements']
  const name = fc.oneof(
    fc.constantFrom(...names),
    fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom('exact', 'contains', 'missing', 'not', 'above', 'below', 'text', 'in', 'x'),
      )
      .map((each) => each.join(':')),
    fc.string(),
  )
  const value = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[a-z0-9,|$\\:.T+-]{0,30}$/),
    fc.constantFrom('ge2024', '|', '\\', ',', '$', '1|a|b'),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 5 }), (pairs) => {
      try {
        parseSearch('ValueSet', pairs)
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('any filter is understood or refused with its column, and asks for no more than its bounds', () => {
  const word = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        'name',
        'status',
        'valueset',
        'date',
        '_id',
        '_has:Library:depends-on:',
        '.',
        '[',
        ']',
        '(',
        ')',
      ),
    },
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        ' ',
        ' ',
        ' and ',
        ' or ',
        'not',
        ' eq ',
        ' ne ',
        ' pr ',
        ' in ',
        'true',
        '2024',
        '"',
        '\\',
      ),
    },
    { weight: 1, arbitrary: fc.string() },
  )
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      try {
        const { conditions } = parseSearch('ValueSet', [['_filter', words.join('')]])
        let count = 0
        eachCondition('ValueSet', conditions, () => count++)
        assert.ok(count < 5000)
      } catch (error) {
        assert.ok(error instanceof FhirError && error.status === 400, String(error))
        assert.match(error.message, /column \d+|too-costly/)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a filter that is written is the filter that is read', () => {
  const { tree } = fc.letrec((tie) => ({
    test: fc
      .tuple(fc.constantFrom('name', 'title'), fc.constantFrom('eq', 'co', 'sw', 'ew'), fc.string())
      .filter(([, , value]) => !value.includes('\u0000'))
      .map(([name, operator, value]) => `${name} ${operator} ${JSON.stringify(value)}`),
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('test'),
      tie('tree').map((inner) => `not(${inner})`),
      fc.tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree')).map(([a, word, b]) => `(${a}) ${word} (${b})`),
    ),
  }))
  fc.assert(
    fc.property(tree, (text) => {
      fc.pre(typeof text === 'string' && text.length < 5000 && text.split(' eq ').length < 20)
      const { conditions } = parseSearch('ValueSet', [['_filter', String(text)]])
      assert.equal(conditions.length, 1)
    }),
    { numRuns: 300 },
  )
})

test('any chain is understood or refused', () => {
  const part = fc.constantFrom(
    'library',
    'valueset',
    'name',
    '_has',
    'Library',
    'depends-on',
    ':',
    '.',
    'ValueSet',
    '__proto__',
    '_id',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), fc.string(), (parts, value) => {
      try {
        parseSearch('ValueSet', [[parts.join(''), value]])
      } catch (error) {
        assert.ok(error instanceof FhirError && error.status === 400, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('any resource is indexed', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.constantFrom('url', 'name', 'useContext', 'compose', 'identifier', 'date', 'text', 'meta'),
        fc.jsonValue(),
      ),
      (members) => {
        searchIndex({ resourceType: 'ValueSet', ...members } as unknown as Resource)
      },
    ),
    { numRuns: 500 },
  )
})

test('an escaped value is one value', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      fc.pre(!text.includes('\u0000'))
      const { conditions } = parseSearch('ValueSet', [['name', escapeValue(text)]])
      const [condition] = conditions
      assert.ok(condition && 'values' in condition)
      assert.equal(condition.values.length, 1)
    }),
  )
})
