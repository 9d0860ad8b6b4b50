import type { CodeSystem, Parameter, ValueSet } from '../../../src/fhir/types.ts'
import { base, codes, operationArtefacts } from './artefacts.ts'
import { bothMethods, code, dateTime, no, openRepository, type Row, runTable, text, uri, yes } from './table.ts'

const value = (name: string) => `parameter.where(name = '${name}').value`
const issue = (code: string) => `issue.where(severity = 'error' and code = '${code}').exists()`
const names = (text: string) => `issue.details.text.where(contains('${text}')).exists()`
const system = uri('system', `${base}/codes`)
const mmr = code('code', 'mmr')
const part = (name: string, code: string) =>
  `parameter.where(name = '${name}' and part.where(name = 'code').value = '${code}')`

/** ITI-98 3.98.4.1.2: every parameter, by GET and by POST. */
const lookups: { shows: string; ask: Parameter[]; expect: string }[] = [
  {
    shows: 'code and system',
    ask: [system, mmr],
    expect: `${value('name')} = 'SvcmCodes' and ${value('version')} = '2.0.0' and ${value('display')} = 'Measles, mumps and rubella'`,
  },
  {
    shows: 'definition and abstract',
    ask: [system, mmr],
    expect: `${value('definition')} = 'A combined vaccine' and ${value('abstract')} = false`,
  },
  { shows: 'an abstract code', ask: [system, code('code', 'vaccine')], expect: `${value('abstract')} = true` },
  {
    shows: 'designations',
    ask: [system, mmr],
    expect: `parameter.where(name = 'designation' and part.where(name = 'language').value = 'de').part.where(name = 'value').value = 'Masern, Mumps und Röteln'`,
  },
  { shows: 'version', ask: [system, mmr, text('version', '1.0.0')], expect: `${value('version')} = '1.0.0'` },
  { shows: 'date', ask: [system, mmr, dateTime('date', '2026-02-03')], expect: `${value('code')} = 'mmr'` },
  {
    shows: 'displayLanguage',
    ask: [system, mmr, code('displayLanguage', 'de')],
    expect: `${value('display')} = 'Masern, Mumps und Röteln'`,
  },
  {
    shows: 'property',
    ask: [system, mmr, code('property', 'doses')],
    expect: `${part('property', 'doses')}.part.where(name = 'value').value = 2`,
  },
  {
    shows: 'two properties',
    ask: [system, code('code', 'opv'), code('property', 'status'), code('property', 'parent')],
    expect: `${part('property', 'status')}.part.where(name = 'value').value = 'retired' and ${part('property', 'parent')}.part.where(name = 'value').value = 'vaccine'`,
  },
  {
    shows: 'the property child',
    ask: [system, code('code', 'vaccine'), code('property', 'child')],
    expect: `${part('property', 'child')}.count() = 3`,
  },
]

const otherLookups: Omit<Row, 'transaction'>[] = [
  {
    shows: 'a coding as token',
    path: `CodeSystem/$lookup?coding=${encodeURIComponent(`${base}/codes|polio`)}`,
    status: 200,
    expect: `${value('display')} = 'Poliomyelitis'`,
  },
  {
    shows: 'a coding',
    method: 'POST',
    path: 'CodeSystem/$lookup',
    body: {
      resourceType: 'Parameters',
      parameter: [{ name: 'coding', valueCoding: { system: `${base}/codes`, code: 'polio' } }],
    },
    status: 200,
    expect: `${value('display')} = 'Poliomyelitis'`,
  },
  {
    shows: 'a format that is none',
    path: `CodeSystem/$lookup?code=mmr&system=${encodeURIComponent(`${base}/codes`)}&_format=ttl`,
    status: 406,
  },
  { shows: 'a method that is none', method: 'PUT', path: 'CodeSystem/$lookup', status: 405, expect: 'issue.exists()' },
  {
    shows: 'a form',
    method: 'POST',
    path: 'CodeSystem/$lookup',
    body: `system=${encodeURIComponent(`${base}/codes`)}&code=polio`,
    status: 200,
    expect: `${value('display')} = 'Poliomyelitis'`,
  },
]

const lookupErrors: { shows: string; ask: Parameter[]; status: number; expect: string }[] = [
  {
    shows: 'an unknown code',
    ask: [system, code('code', 'ABC-23')],
    status: 404,
    expect: `issue.where(severity = 'error' and details.text.contains('ABC-23')).exists()`,
  },
  {
    shows: 'an unknown system',
    ask: [uri('system', `${base}/nowhere`), mmr],
    status: 404,
    expect: `${issue('not-found')} and ${names(`${base}/nowhere`)}`,
  },
  {
    shows: 'an unknown version',
    ask: [system, mmr, text('version', '7')],
    status: 404,
    expect: `${issue('not-found')} and ${names('7')} and ${names('1.0.0')}`,
  },
  { shows: 'no code', ask: [system], status: 400, expect: issue('required') },
  { shows: 'no system', ask: [mmr], status: 400, expect: issue('required') },
  { shows: 'nothing', ask: [], status: 400, expect: issue('required') },
  { shows: 'an empty code', ask: [system, code('code', 'MMR')], status: 404, expect: names('MMR') },
]

const all = uri('url', `${base}/vs/all`)
const some = uri('url', `${base}/vs/some`)
const valid = `${value('result')} = true`
const invalid = `${value('result')} = false and ${value('message')}.exists()`
const said = (code: string) =>
  `parameter.where(name = 'issues').resource.issue.where(details.coding.code = '${code}').exists()`

/** ITI-99 3.99.4.1.2, value sets. */
const inValueSet: { shows: string; ask: Parameter[]; expect: string }[] = [
  {
    shows: 'url, code and system',
    ask: [all, mmr, system],
    expect: `${valid} and ${value('display')} = 'Measles, mumps and rubella'`,
  },
  {
    shows: 'a code that is not in the set',
    ask: [some, code('code', 'none'), system],
    expect: `${invalid} and ${said('not-in-vs')}`,
  },
  {
    shows: 'a code that is nowhere',
    ask: [all, code('code', 'xyz'), system],
    expect: `${invalid} and ${said('invalid-code')}`,
  },
  { shows: 'a code in another case', ask: [all, code('code', 'MMR'), system], expect: invalid },
  {
    shows: 'a system that is unknown',
    ask: [all, mmr, uri('system', `${base}/nowhere`)],
    expect: `${invalid} and ${said('not-in-vs')}`,
  },
  { shows: 'valueSetVersion', ask: [some, mmr, system, text('valueSetVersion', '0.9.0')], expect: invalid },
  {
    shows: 'systemVersion',
    ask: [all, mmr, system, text('systemVersion', '2.0.0')],
    expect: `${valid} and ${value('version')} = '2.0.0'`,
  },
  { shows: 'systemVersion that is unknown', ask: [all, mmr, system, text('systemVersion', '7')], expect: invalid },
  { shows: 'display', ask: [all, mmr, system, text('display', 'Measles, mumps and rubella')], expect: valid },
  {
    shows: 'display that is wrong',
    ask: [all, mmr, system, text('display', 'Cholera')],
    expect: `${invalid} and ${said('invalid-display')} and ${value('display')} = 'Measles, mumps and rubella'`,
  },
  {
    shows: 'display and displayLanguage',
    ask: [all, mmr, system, text('display', 'Masern, Mumps und Röteln'), code('displayLanguage', 'de')],
    expect: valid,
  },
  { shows: 'date', ask: [all, mmr, system, dateTime('date', '2026-01-01')], expect: valid },
  { shows: 'abstract', ask: [all, code('code', 'vaccine'), system, yes('abstract')], expect: valid },
  { shows: 'abstract=false', ask: [all, code('code', 'vaccine'), system, no('abstract')], expect: invalid },
  {
    shows: 'an inactive code',
    ask: [all, code('code', 'opv'), system],
    expect: `${valid} and ${value('inactive')} = true`,
  },
]

/** ITI-99 3.99.4.3.2, code systems. */
const codesUrl = uri('url', `${base}/codes`)
const inCodeSystem: { shows: string; ask: Parameter[]; expect: string }[] = [
  { shows: 'url and code', ask: [codesUrl, mmr], expect: `${valid} and ${value('version')} = '2.0.0'` },
  { shows: 'a code that is nowhere', ask: [codesUrl, code('code', 'xyz')], expect: invalid },
  {
    shows: 'version',
    ask: [codesUrl, code('code', 'malaria'), text('version', '1.0.0')],
    expect: `${invalid} and parameter.where(name = 'version').value = '1.0.0'`,
  },
  { shows: 'display', ask: [codesUrl, mmr, text('display', 'Measles, mumps and rubella')], expect: valid },
  { shows: 'display that is wrong', ask: [codesUrl, mmr, text('display', 'Cholera')], expect: invalid },
  { shows: 'date', ask: [codesUrl, mmr, dateTime('date', '2026-01-01')], expect: valid },
  { shows: 'abstract=false', ask: [codesUrl, code('code', 'vaccine'), no('abstract')], expect: invalid },
  { shows: 'abstract', ask: [codesUrl, code('code', 'vaccine'), yes('abstract')], expect: valid },
  {
    shows: 'displayLanguage',
    ask: [codesUrl, mmr, code('displayLanguage', 'de')],
    expect: `${valid} and ${value('display')} = 'Masern, Mumps und Röteln'`,
  },
]

const brought: CodeSystem = { ...codes('1.0.0'), url: `${base}/brought` }
const inline: ValueSet = {
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include: [{ system: `${base}/targets` }] },
}

const otherValidations: Omit<Row, 'transaction'>[] = [
  {
    shows: 'at an instance',
    path: `ValueSet/some/$validate-code?code=mmr&system=${encodeURIComponent(`${base}/codes`)}`,
    status: 200,
    expect: valid,
  },
  {
    shows: 'at an instance, an older version',
    path: `ValueSet/some-old/$validate-code?code=mmr&system=${encodeURIComponent(`${base}/codes`)}`,
    status: 200,
    expect: invalid,
  },
  { shows: 'at a code system', path: 'CodeSystem/codes-2/$validate-code?code=malaria', status: 200, expect: valid },
  {
    shows: 'at an older code system',
    path: 'CodeSystem/codes-1/$validate-code?code=malaria',
    status: 200,
    expect: invalid,
  },
  {
    shows: 'a coding',
    method: 'POST',
    path: 'ValueSet/$validate-code',
    body: {
      resourceType: 'Parameters',
      parameter: [some, { name: 'coding', valueCoding: { system: `${base}/codes`, code: 'mmr' } }],
    },
    status: 200,
    expect: valid,
  },
  {
    shows: 'a concept of two codings',
    method: 'POST',
    path: 'ValueSet/$validate-code',
    body: {
      resourceType: 'Parameters',
      parameter: [
        some,
        {
          name: 'codeableConcept',
          valueCodeableConcept: {
            coding: [
              { system: `${base}/codes`, code: 'none' },
              { system: `${base}/codes`, code: 'mmr' },
            ],
          },
        },
      ],
    },
    status: 200,
    expect: `${valid} and ${value('code')} = 'mmr'`,
  },
  {
    shows: 'a code system sent along',
    method: 'POST',
    path: 'CodeSystem/$validate-code',
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'codeSystem', resource: brought },
        { name: 'coding', valueCoding: { system: `${base}/brought`, code: 'mmr' } },
      ],
    },
    status: 200,
    expect: valid,
  },
  {
    shows: 'a set sent along',
    method: 'POST',
    path: 'ValueSet/$validate-code',
    body: {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'valueSet',
          resource: inline,
        },
        code('code', 'T1'),
        uri('system', `${base}/targets`),
      ],
    },
    status: 200,
    expect: valid,
  },
  {
    shows: 'an unknown instance',
    path: 'ValueSet/nobody/$validate-code?code=x',
    status: 404,
    expect: issue('not-found'),
  },
  { shows: 'a format that is none', path: 'CodeSystem/codes-1/$validate-code?code=mmr&_format=ttl', status: 406 },
  {
    shows: 'a Boolean that is none',
    path: 'ValueSet/some/$validate-code?code=mmr&abstract=perhaps',
    status: 400,
    expect: names('abstract'),
  },
]

const validationErrors: { shows: string; path: string; ask: Parameter[]; status: number; expect: string }[] = [
  {
    shows: 'an unknown value set',
    path: 'ValueSet/$validate-code',
    ask: [uri('url', `${base}/vs/nothing`), mmr, system],
    status: 404,
    expect: `${issue('not-found')} and ${names(`${base}/vs/nothing`)}`,
  },
  {
    shows: 'an unknown version of a value set',
    path: 'ValueSet/$validate-code',
    ask: [some, text('valueSetVersion', '7'), mmr, system],
    status: 404,
    expect: issue('not-found'),
  },
  { shows: 'no code', path: 'ValueSet/$validate-code', ask: [some, system], status: 400, expect: 'issue.exists()' },
  { shows: 'no value set', path: 'ValueSet/$validate-code', ask: [mmr, system], status: 400, expect: 'issue.exists()' },
  {
    shows: 'a bad language',
    path: 'ValueSet/$validate-code',
    ask: [all, mmr, system, code('displayLanguage', '-')],
    status: 422,
    expect: 'issue.exists()',
  },
  { shows: 'no code', path: 'CodeSystem/$validate-code', ask: [codesUrl], status: 400, expect: 'issue.exists()' },
  { shows: 'no code system', path: 'CodeSystem/$validate-code', ask: [mmr], status: 400, expect: 'issue.exists()' },
]

/** A code system that is unknown is a negative answer that names it, not an error: the code may be right elsewhere. */
const unknown = (canonical: string) =>
  `${invalid} and parameter.where(name in ('x-unknown-system' | 'x-caused-by-unknown-system')).value = '${canonical}'`
const unknownSystems: { shows: string; path: string; ask: Parameter[]; expect: string }[] = [
  {
    shows: 'an unknown code system',
    path: 'CodeSystem/$validate-code',
    ask: [uri('url', `${base}/nowhere`), mmr],
    expect: unknown(`${base}/nowhere`),
  },
  {
    shows: 'an unknown version of a code system',
    path: 'CodeSystem/$validate-code',
    ask: [codesUrl, mmr, text('version', '7')],
    expect: unknown(`${base}/codes|7`),
  },
  {
    shows: 'a set over an unknown code system',
    path: 'ValueSet/$validate-code',
    ask: [uri('url', `${base}/vs/unknown-system`), mmr, uri('system', `${base}/nowhere`)],
    expect: unknown(`${base}/nowhere`),
  },
]

const repository = await openRepository(operationArtefacts)
runTable(repository, [
  ...lookups.flatMap((row) => bothMethods({ transaction: 'ITI-98', path: 'CodeSystem/$lookup', status: 200, ...row })),
  ...lookupErrors.flatMap((row) => bothMethods({ transaction: 'ITI-98', path: 'CodeSystem/$lookup', ...row })),
  ...otherLookups.map((row): Row => ({ transaction: 'ITI-98', ...row })),
  ...inValueSet.flatMap((row) =>
    bothMethods({ transaction: 'ITI-99', path: 'ValueSet/$validate-code', status: 200, ...row }),
  ),
  ...inCodeSystem.flatMap((row) =>
    bothMethods({ transaction: 'ITI-99', path: 'CodeSystem/$validate-code', status: 200, ...row }),
  ),
  ...validationErrors.flatMap((row) => bothMethods({ transaction: 'ITI-99', ...row })),
  ...unknownSystems.flatMap((row) => bothMethods({ transaction: 'ITI-99', status: 200, ...row })),
  ...otherValidations.map((row): Row => ({ transaction: 'ITI-99', ...row })),
])
