import type { Parameter, ValueSet } from '../../../src/fhir/types.ts'
import { base, operationArtefacts } from './artefacts.ts'
import {
  bothMethods,
  canonical,
  code,
  dateTime,
  no,
  number,
  openRepository,
  type Row,
  runTable,
  text,
  uri,
  yes,
} from './table.ts'

const all = uri('url', `${base}/vs/all`)
const some = uri('url', `${base}/vs/some`)
const pinned = uri('url', `${base}/vs/pinned`)
const flat = yes('excludeNested')
const codesOf = 'expansion.repeat(contains).code'
const listed = (...wanted: string[]) =>
  `${codesOf}.count() = ${wanted.length} and (${wanted.map((each) => `'${each}'`).join('|')}).subsetOf(${codesOf})`
const echo = (name: string) => `expansion.parameter.where(name = '${name}').exists()`
const everyCode = ['vaccine', 'mmr', 'polio', 'opv', 'none', 'malaria']

/** ITI-97 3.97.4.1.2: every parameter, by GET and by POST. */
const parameters: { shows: string; ask: Parameter[]; expect: string }[] = [
  { shows: 'url', ask: [all], expect: `${listed(...everyCode)} and expansion.timestamp.exists()` },
  { shows: 'url: total and identifier', ask: [some], expect: `expansion.total = 2 and expansion.identifier.exists()` },
  { shows: 'url|version', ask: [uri('url', `${base}/vs/some|0.9.0`)], expect: listed('none') },
  {
    shows: 'url of a code system as a whole',
    ask: [uri('url', `${base}/codes?fhir_vs`)],
    expect: listed(...everyCode),
  },
  { shows: 'valueSetVersion', ask: [some, text('valueSetVersion', '0.9.0')], expect: listed('none') },
  { shows: 'filter by display', ask: [all, text('filter', 'MUMPS')], expect: listed('mmr') },
  { shows: 'filter by code', ask: [all, text('filter', 'malar')], expect: listed('malaria') },
  { shows: 'filter by designation', ask: [all, text('filter', 'röteln')], expect: listed('mmr') },
  { shows: 'filter by two words', ask: [all, text('filter', 'polio oral')], expect: listed('opv') },
  {
    shows: 'filter that finds nothing',
    ask: [all, text('filter', 'yellow fever')],
    expect: 'expansion.total = 0 and expansion.contains.empty()',
  },
  { shows: 'date', ask: [some, dateTime('date', '2026-01-01')], expect: listed('mmr', 'polio') },
  {
    shows: 'offset and count',
    ask: [all, number('offset', 2), number('count', 2)],
    expect: `${codesOf}.count() = 2 and expansion.total = 6 and expansion.offset = 2`,
  },
  {
    shows: 'offset beyond the end',
    ask: [all, number('offset', 60), number('count', 2)],
    expect: 'expansion.contains.empty() and expansion.total = 6',
  },
  { shows: 'count of 0', ask: [all, number('count', 0)], expect: 'expansion.contains.empty() and expansion.total = 6' },
  {
    shows: 'includeDesignations',
    ask: [all, yes('includeDesignations')],
    expect: `expansion.repeat(contains).where(code = 'mmr').designation.where(language = 'de').value = 'Masern, Mumps und Röteln'`,
  },
  {
    shows: 'no designations unless asked for',
    ask: [all],
    expect: 'expansion.repeat(contains).designation.empty()',
  },
  {
    shows: 'designation by language',
    ask: [all, text('designation', 'urn:ietf:bcp:47|de')],
    expect: `expansion.repeat(contains).where(code = 'mmr').designation.language = 'de'`,
  },
  { shows: 'includeDefinition', ask: [some, yes('includeDefinition')], expect: 'compose.include.concept.count() = 2' },
  { shows: 'activeOnly', ask: [all, yes('activeOnly')], expect: listed('vaccine', 'mmr', 'polio', 'none', 'malaria') },
  {
    shows: 'activeOnly=false',
    ask: [all, no('activeOnly')],
    expect: `expansion.repeat(contains).where(code = 'opv').inactive = true`,
  },
  { shows: 'excludeNested', ask: [all, flat], expect: 'expansion.contains.count() = 6' },
  {
    shows: 'excludeNested=false',
    ask: [all, no('excludeNested')],
    expect: `expansion.contains.where(code = 'vaccine').where(abstract = true).contains.count() = 3`,
  },
  { shows: 'excludeNotForUI', ask: [some, yes('excludeNotForUI')], expect: listed('mmr', 'polio') },
  { shows: 'excludePostCoordinated', ask: [some, yes('excludePostCoordinated')], expect: listed('mmr', 'polio') },
  {
    shows: 'displayLanguage',
    ask: [some, code('displayLanguage', 'de')],
    expect: `expansion.contains.where(code = 'mmr').display = 'Masern, Mumps und Röteln' and ${echo('displayLanguage')}`,
  },
  { shows: 'exclude-system', ask: [pinned, canonical('exclude-system', `${base}/codes`)], expect: listed('T1') },
  {
    shows: 'system-version',
    ask: [all, canonical('system-version', `${base}/codes|1.0.0`)],
    expect: `${listed('vaccine', 'mmr', 'polio', 'opv', 'none')} and ${echo('system-version')}`,
  },
  {
    shows: 'system-version gives way to the definition',
    ask: [pinned, canonical('system-version', `${base}/codes|2.0.0`)],
    expect: `${codesOf}.where($this = 'malaria').empty()`,
  },
  {
    shows: 'check-system-version',
    ask: [pinned, canonical('check-system-version', `${base}/codes|1.0.0`)],
    expect: `${codesOf}.where($this = 'mmr').exists()`,
  },
  {
    shows: 'force-system-version',
    ask: [pinned, canonical('force-system-version', `${base}/codes|2.0.0`)],
    expect: `${codesOf}.where($this = 'malaria').exists() and ${echo('force-system-version')}`,
  },
  {
    shows: 'used-codesystem',
    ask: [all],
    expect: `expansion.parameter.where(name = 'used-codesystem').value = '${base}/codes|2.0.0'`,
  },
  { shows: 'a parameter that nobody knows', ask: [some, text('profile-url', 'x')], expect: listed('mmr', 'polio') },
]

const inline: ValueSet = {
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include: [{ system: `${base}/targets`, concept: [{ code: 'T3' }] }] },
}

const others: Omit<Row, 'transaction'>[] = [
  { shows: 'at an instance', path: 'ValueSet/some/$expand', status: 200, expect: listed('mmr', 'polio') },
  {
    shows: 'at an instance of an older version',
    path: 'ValueSet/some-old/$expand',
    status: 200,
    expect: listed('none'),
  },
  {
    shows: 'at an instance, posted',
    method: 'POST',
    path: 'ValueSet/all/$expand',
    body: { resourceType: 'Parameters', parameter: [text('filter', 'polio')] },
    status: 200,
    expect: listed('polio', 'opv'),
  },
  {
    shows: 'a value set sent along',
    method: 'POST',
    path: 'ValueSet/$expand',
    body: { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource: inline }] },
    status: 200,
    expect: listed('T3'),
  },
  {
    shows: 'a value set as the body',
    method: 'POST',
    path: 'ValueSet/$expand',
    body: inline,
    status: 200,
    expect: listed('T3'),
  },
  {
    shows: 'an encoded dollar sign',
    path: `ValueSet/%24expand?url=${encodeURIComponent(`${base}/vs/some`)}`,
    status: 200,
    expect: listed('mmr', 'polio'),
  },
  {
    shows: 'Accept-Language',
    path: `ValueSet/some/$expand`,
    headers: { 'Accept-Language': 'fr;q=0.3, de' },
    status: 200,
    expect: `expansion.contains.where(code = 'mmr').display.startsWith('Masern')`,
  },
]

const issue = (code: string) => `issue.where(severity = 'error' and code = '${code}').exists()`
const names = (text: string) => `issue.details.text.where(contains('${text}')).exists()`

const errors: { shows: string; ask: Parameter[]; status: number; expect: string }[] = [
  {
    shows: 'an unknown value set',
    ask: [uri('url', `${base}/vs/nothing`)],
    status: 404,
    expect: `${issue('not-found')} and ${names(`${base}/vs/nothing`)}`,
  },
  {
    shows: 'an unknown version of a value set',
    ask: [some, text('valueSetVersion', '7')],
    status: 404,
    expect: `${issue('not-found')} and ${names('7')}`,
  },
  { shows: 'no value set', ask: [], status: 400, expect: 'issue.exists()' },
  {
    shows: 'an unknown code system in the definition',
    ask: [uri('url', `${base}/vs/unknown-system`)],
    status: 404,
    expect: `${issue('not-found')} and ${names(`${base}/nowhere`)}`,
  },
  {
    shows: 'a version that the check forbids',
    ask: [pinned, canonical('check-system-version', `${base}/codes|2.0.0`)],
    status: 422,
    expect: `issue.where(severity = 'error' and details.coding.code = 'version-error').exists()`,
  },
  {
    shows: 'a language tag that is none',
    ask: [some, code('displayLanguage', '-')],
    status: 422,
    expect: 'issue.exists()',
  },
]

const badQueries: Omit<Row, 'transaction'>[] = [
  { shows: 'an unknown instance', path: 'ValueSet/nobody/$expand', status: 404, expect: issue('not-found') },
  { shows: 'a count that is none', path: `ValueSet/some/$expand?count=few`, status: 400, expect: names('count') },
  { shows: 'a negative offset', path: `ValueSet/some/$expand?offset=-1`, status: 400, expect: names('offset') },
  { shows: 'a negative count', path: `ValueSet/some/$expand?count=-1`, status: 400, expect: names('count') },
  {
    shows: 'a Boolean that is none',
    path: `ValueSet/some/$expand?activeOnly=maybe`,
    status: 400,
    expect: names('activeOnly'),
  },
  { shows: 'a format that is none', path: `ValueSet/some/$expand?_format=csv`, status: 406 },
  { shows: 'an operation that is none', path: 'ValueSet/$expandd', status: 404, expect: 'issue.exists()' },
  { shows: 'an operation of another type', path: 'CodeSystem/$expand', status: 404, expect: 'issue.exists()' },
  { shows: 'a method that is none', method: 'DELETE', path: 'ValueSet/$expand', status: 405, expect: 'issue.exists()' },
  {
    shows: 'a body of another resource type',
    method: 'POST',
    path: 'ValueSet/$expand',
    body: { resourceType: 'Basic', code: { text: 'x' } },
    status: 400,
    expect: 'issue.exists()',
  },
]

const repository = await openRepository(operationArtefacts)
runTable(repository, [
  ...parameters.flatMap((row) => bothMethods({ transaction: 'ITI-97', path: 'ValueSet/$expand', status: 200, ...row })),
  ...errors.flatMap((row) => bothMethods({ transaction: 'ITI-97', path: 'ValueSet/$expand', ...row })),
  ...[...others, ...badQueries].map((row): Row => ({ transaction: 'ITI-97', ...row })),
])
