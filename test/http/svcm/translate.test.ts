import type { Parameter } from '../../../src/fhir/types.ts'
import { base, map, operationArtefacts } from './artefacts.ts'
import { bothMethods, code, openRepository, type Row, runTable, text, uri, yes } from './table.ts'

const value = (name: string) => `parameter.where(name = '${name}').value`
const issue = (code: string) => `issue.where(severity = 'error' and code = '${code}').exists()`
const names = (text: string) => `issue.details.text.where(contains('${text}')).exists()`
const matches = `parameter.where(name = 'match')`
const matchOf = (target: string) => `${matches}.where(part.where(name = 'concept').value.code = '${target}')`
const found = (target: string, equivalence = 'equivalent') =>
  `${value('result')} = true and ${matchOf(target)}.part.where(name = 'equivalence').value = '${equivalence}'`
const nothing = `${value('result')} = false and ${value('message')}.exists()`

const url = uri('url', `${base}/map`)
const source = uri('source', `${base}/vs/all`)
const target = uri('target', `${base}/vs/targets`)
const system = uri('system', `${base}/codes`)
const mmr = code('code', 'mmr')

/** ITI-101 3.101.4.1.2: every parameter, by GET and by POST. */
const rows: { shows: string; ask: Parameter[]; expect: string }[] = [
  { shows: 'url, source, code, system and target', ask: [url, source, mmr, system, target], expect: found('T2') },
  {
    shows: 'the map a match comes from',
    ask: [url, source, mmr, system, target],
    expect: `${matches}.part.where(name = 'originMap').value = '${base}/map|2.0.0'`,
  },
  {
    shows: 'the system of a match',
    ask: [url, source, mmr, system, target],
    expect: `${matches}.part.where(name = 'concept').value.system = '${base}/targets'`,
  },
  {
    shows: 'conceptMapVersion',
    ask: [url, source, mmr, system, target, text('conceptMapVersion', '1.0.0')],
    expect: found('T1'),
  },
  { shows: 'url|version', ask: [uri('url', `${base}/map|1.0.0`), mmr, system], expect: found('T1') },
  { shows: 'version', ask: [url, source, mmr, system, target, text('version', '2.0.0')], expect: found('T2') },
  {
    shows: 'a code that the map calls unmatched',
    ask: [url, source, code('code', 'none'), system, target],
    expect: `${value('result')} = false`,
  },
  { shows: 'a code that is not in the map', ask: [url, source, code('code', 'opv'), system, target], expect: nothing },
  {
    shows: 'a code of another system',
    ask: [url, source, mmr, uri('system', `${base}/nowhere`), target],
    expect: nothing,
  },
  {
    shows: 'reverse, source and target in turn',
    ask: [
      url,
      uri('source', `${base}/vs/targets`),
      code('code', 'T2'),
      uri('system', `${base}/targets`),
      uri('target', `${base}/vs/all`),
      yes('reverse'),
    ],
    expect: `${value('result')} = true and ${matchOf('mmr')}.exists() and ${matchOf('polio')}.exists()`,
  },
  {
    shows: 'without url: every map that fits',
    ask: [source, mmr, system, target],
    expect: `${value('result')} = true and ${matchOf('T2')}.exists()`,
  },
  { shows: 'without url and target', ask: [mmr, system], expect: `${value('result')} = true and ${matches}.exists()` },
  {
    shows: 'without url, a target that no map has',
    ask: [mmr, system, uri('target', `${base}/vs/some`)],
    expect: nothing,
  },
  { shows: 'targetsystem', ask: [url, mmr, system, uri('targetsystem', `${base}/targets`)], expect: found('T2') },
  {
    shows: 'targetsystem that the map has not',
    ask: [url, mmr, system, uri('targetsystem', `${base}/elsewhere`)],
    expect: nothing,
  },
  {
    shows: 'a match with a product',
    ask: [url, source, code('code', 'polio'), system, target],
    expect: `${matchOf('T2')}.part.where(name = 'product').part.where(name = 'concept').value.code = 'oral'`,
  },
  {
    shows: 'a map that hands on to another',
    ask: [uri('url', `${base}/first`), code('code', 'second'), uri('system', `${base}/circle`)],
    expect: found('of-second'),
  },
  {
    shows: 'maps that hand on to each other',
    ask: [uri('url', `${base}/first`), code('code', 'third'), uri('system', `${base}/circle`)],
    expect: nothing,
  },
  {
    shows: 'R5 names',
    ask: [url, code('sourceCode', 'mmr'), uri('sourceSystem', `${base}/codes`), uri('targetSystem', `${base}/targets`)],
    expect: found('T2'),
  },
]

const concept = (system: string, code: string) => ({ coding: [{ system, code }] })
const posted = (shows: string, parameter: Parameter[], expect: string): Omit<Row, 'transaction'> => ({
  shows,
  method: 'POST',
  path: 'ConceptMap/$translate',
  body: { resourceType: 'Parameters', parameter },
  status: 200,
  expect,
})
const dependency = (value: string): Parameter => ({
  name: 'dependency',
  part: [uri('element', `${base}/age`), { name: 'concept', valueCodeableConcept: concept(`${base}/ages`, value) }],
})

const others: Omit<Row, 'transaction'>[] = [
  posted('a coding', [url, { name: 'coding', valueCoding: { system: `${base}/codes`, code: 'mmr' } }], found('T2')),
  posted(
    'a concept of two codings',
    [
      url,
      {
        name: 'codeableConcept',
        valueCodeableConcept: {
          coding: [
            { system: `${base}/x`, code: 'y' },
            { system: `${base}/codes`, code: 'mmr' },
          ],
        },
      },
    ],
    found('T2'),
  ),
  posted('a map sent along', [{ name: 'conceptMap', resource: map('1.0.0') }, mmr, system], found('T1')),
  posted(
    'a dependency that is met',
    [url, code('code', 'polio'), system, dependency('child')],
    `${matchOf('T3')}.exists()`,
  ),
  posted(
    'a dependency that is not met',
    [url, code('code', 'polio'), system, dependency('adult')],
    `${matchOf('T3')}.empty() and ${matchOf('T2')}.exists()`,
  ),
  {
    shows: 'at an instance',
    path: `ConceptMap/map-1/$translate?code=mmr&system=${encodeURIComponent(`${base}/codes`)}`,
    status: 200,
    expect: found('T1'),
  },
  {
    shows: 'an unknown instance',
    path: 'ConceptMap/nobody/$translate?code=mmr',
    status: 404,
    expect: issue('not-found'),
  },
  {
    shows: 'a format that is none',
    path: `ConceptMap/map-1/$translate?code=mmr&system=${encodeURIComponent(`${base}/codes`)}&_format=ttl`,
    status: 406,
  },
  {
    shows: 'a Boolean that is none',
    path: `ConceptMap/map-1/$translate?code=mmr&system=${encodeURIComponent(`${base}/codes`)}&reverse=perhaps`,
    status: 400,
    expect: names('reverse'),
  },
  {
    shows: 'a method that is none',
    method: 'PUT',
    path: 'ConceptMap/$translate',
    status: 405,
    expect: 'issue.exists()',
  },
]

const errors: { shows: string; ask: Parameter[]; status: number; expect: string }[] = [
  {
    shows: 'an unknown map',
    ask: [uri('url', `${base}/nomap`), mmr, system],
    status: 404,
    expect: `${issue('not-found')} and ${names(`${base}/nomap`)}`,
  },
  {
    shows: 'an unknown version of a map',
    ask: [url, text('conceptMapVersion', '7'), mmr, system],
    status: 404,
    expect: issue('not-found'),
  },
  { shows: 'no code', ask: [url, system], status: 400, expect: issue('required') },
  { shows: 'nothing', ask: [], status: 400, expect: issue('required') },
  { shows: 'a code without a system', ask: [url, source, mmr, target], status: 400, expect: issue('required') },
]

const repository = await openRepository(operationArtefacts)
runTable(repository, [
  ...rows.flatMap((row) => bothMethods({ transaction: 'ITI-101', path: 'ConceptMap/$translate', status: 200, ...row })),
  ...errors.flatMap((row) => bothMethods({ transaction: 'ITI-101', path: 'ConceptMap/$translate', ...row })),
  ...others.map((row): Row => ({ transaction: 'ITI-101', ...row })),
])
