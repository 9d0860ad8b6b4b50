import { base, queryArtefacts } from './artefacts.ts'
import { openRepository, type Row, runTable } from './table.ts'

const e = encodeURIComponent
const queries = [
  { transaction: 'ITI-95', type: 'ValueSet' },
  { transaction: 'ITI-96', type: 'CodeSystem' },
  { transaction: 'ITI-100', type: 'ConceptMap' },
] as const

/** What the three queries have in common (ITI-95 3.95.4.1.2.1, ITI-96, ITI-100). */
const common: { shows: string; query: string; ids: string[] }[] = [
  { shows: 'everything', query: `url:below=${e(base)}`, ids: ['q1', 'q2', 'q3'] },
  { shows: '_id', query: '_id=q1', ids: ['q1'] },
  { shows: '_id, one of several', query: '_id=q1,q3', ids: ['q1', 'q3'] },
  { shows: '_id of nothing', query: '_id=q99', ids: [] },
  { shows: 'status', query: `url:below=${e(base)}&status=active`, ids: ['q1', 'q2'] },
  {
    shows: 'status with its system',
    query: `url:below=${e(base)}&status=${e('http://hl7.org/fhir/publication-status|draft')}`,
    ids: ['q3'],
  },
  { shows: 'status that is no code', query: 'status=bogus', ids: [] },
  { shows: 'identifier', query: 'identifier=urn:oid:2.999.1', ids: ['q1'] },
  { shows: 'identifier with its system', query: `identifier=${e('urn:ietf:rfc:3986|urn:oid:2.999.2')}`, ids: ['q2'] },
  { shows: 'identifier of another system', query: `identifier=${e('http://other|urn:oid:2.999.2')}`, ids: [] },
  { shows: 'name', query: 'name=svcmvaccines', ids: ['q1', 'q2'] },
  { shows: 'name:exact', query: 'name:exact=SvcmVaccines', ids: ['q1'] },
  { shows: 'name:exact minds case', query: 'name:exact=svcmvaccines', ids: [] },
  { shows: 'name:contains', query: 'name:contains=cmTest', ids: ['q3'] },
  { shows: 'description', query: 'description=Second edition', ids: ['q2'] },
  { shows: 'description:exact', query: 'description:exact=Tests for measles', ids: ['q3'] },
  { shows: 'description:contains', query: 'description:contains=MEASLES', ids: ['q1', 'q3'] },
  { shows: 'title', query: 'title=vaccines in', ids: ['q1', 'q2'] },
  { shows: 'title:exact', query: 'title:exact=Vaccines in use', ids: ['q1'] },
  { shows: 'title:contains', query: 'title:contains=svcmtests', ids: ['q3'] },
  { shows: 'version', query: `url:below=${e(base)}&version=1.0.0`, ids: ['q1', 'q3'] },
  { shows: 'version of nothing', query: `url:below=${e(base)}&version=9`, ids: [] },
  { shows: 'two parameters: both', query: 'name=svcm&version=1.0.0&status=draft', ids: ['q3'] },
  { shows: 'one parameter twice: both', query: 'description:contains=measles&description:contains=first', ids: ['q1'] },
  { shows: 'a comma: either', query: `title:contains=${e('next,svcmtests')}`, ids: ['q2', 'q3'] },
]

const lastUpdated = (type: string): { shows: string; query: string; ids: string[] }[] => {
  const [first, last] = [`{lastUpdated:${type}/q1}`, `{lastUpdated:${type}/q3}`]
  const within = `url:below=${e(base)}&`
  return [
    { shows: '_lastUpdated', query: `${within}_lastUpdated=${first}`, ids: ['q1'] },
    { shows: '_lastUpdated gt', query: `${within}_lastUpdated=gt${first}`, ids: ['q2', 'q3'] },
    { shows: '_lastUpdated lt', query: `${within}_lastUpdated=lt${last}`, ids: ['q1', 'q2'] },
    { shows: '_lastUpdated ge', query: `${within}_lastUpdated=ge${last}`, ids: ['q3'] },
    { shows: '_lastUpdated le', query: `${within}_lastUpdated=le${first}`, ids: ['q1'] },
    { shows: '_lastUpdated sa', query: `${within}_lastUpdated=sa${first}`, ids: ['q2', 'q3'] },
    { shows: '_lastUpdated eb', query: `${within}_lastUpdated=eb${last}`, ids: ['q1', 'q2'] },
    { shows: '_lastUpdated between', query: `${within}_lastUpdated=gt${first}&_lastUpdated=lt${last}`, ids: ['q2'] },
    {
      shows: '_lastUpdated by year',
      query: `${within}_lastUpdated=sa2001&_lastUpdated=eb2199`,
      ids: ['q1', 'q2', 'q3'],
    },
    { shows: '_lastUpdated before all', query: `${within}_lastUpdated=lt2001-01-01`, ids: [] },
  ]
}

const canonicals = (type: string): { shows: string; query: string; ids: string[] }[] => [
  { shows: 'url: every version', query: `url=${e(`${base}/${type}/vaccines`)}`, ids: ['q1', 'q2'] },
  { shows: 'url|version', query: `url=${e(`${base}/${type}/vaccines|2.0.0`)}`, ids: ['q2'] },
  { shows: 'url and version', query: `url=${e(`${base}/${type}/vaccines`)}&version=1.0.0`, ids: ['q1'] },
  { shows: 'url of nothing', query: `url=${e(`${base}/${type}/vaccine`)}`, ids: [] },
]

const own: Record<string, { shows: string; query: string; ids: string[] }[]> = {
  ValueSet: [
    { shows: 'reference', query: `reference=${e(`${base}/system-of-q2`)}`, ids: ['q2'] },
    { shows: 'reference of nothing', query: `reference=${e(`${base}/system-of-q`)}`, ids: [] },
  ],
  CodeSystem: [
    { shows: 'system', query: `system=${e(`${base}/CodeSystem/tests`)}`, ids: ['q3'] },
    { shows: 'system in two versions', query: `system=${e(`${base}/CodeSystem/vaccines`)}`, ids: ['q1', 'q2'] },
  ],
  ConceptMap: [
    { shows: 'source-system', query: `source-system=${e(`${base}/system-of-q1`)}`, ids: ['q1'] },
    { shows: 'target-system', query: `target-system=${e(`${base}/system-of-q2-target`)}`, ids: ['q2'] },
    { shows: 'source-uri', query: `source-uri=${e(`${base}/source-of-q3`)}`, ids: ['q3'] },
    { shows: 'target-uri', query: `target-uri=${e(`${base}/target-of-q1`)}`, ids: ['q1'] },
    { shows: 'target-uri of nothing', query: `target-uri=${e(`${base}/target-of-q9`)}`, ids: [] },
  ],
}

const reads = (type: string): Omit<Row, 'transaction'>[] => [
  { shows: 'read', path: `${type}/q1`, status: 200, expect: `id = 'q1' and version = '1.0.0'` },
  { shows: 'vread', path: `${type}/q1/_history/1`, status: 200, expect: `meta.versionId = '1'` },
  { shows: 'read with _format', path: `${type}/q1?_format=xml`, status: 200, formats: ['json'], expect: `id = 'q1'` },
  {
    shows: 'read with _format as media type',
    path: `${type}/q1?_format=${e('application/fhir+json')}`,
    status: 200,
    formats: ['json'],
    expect: `id = 'q1'`,
  },
  {
    shows: 'search with _format against Accept',
    path: `${type}?_id=q1&_format=json`,
    status: 200,
    formats: ['xml'],
    ids: ['q1'],
  },
  { shows: 'a total', path: `${type}?name=svcm&_total=accurate`, status: 200, expect: 'total = 3' },
  {
    shows: 'pages',
    path: `${type}?name=svcm&_count=2`,
    status: 200,
    expect: `entry.count() = 2 and link.where(relation = 'next').exists() and link.where(relation = 'self').exists()`,
  },
  {
    shows: 'a search that is posted',
    method: 'POST',
    path: `${type}/_search`,
    body: 'name:exact=SvcmVaccines&_count=10',
    status: 200,
    ids: ['q1'],
  },
  {
    shows: 'a full url and a search mode per match',
    path: `${type}?_id=q1`,
    status: 200,
    expect: `type = 'searchset' and entry.all(fullUrl.endsWith('/${type}/q1') and search.mode = 'match')`,
  },
]

/** Errors of queries (http.html#Status-Codes, search.html#errors). */
const errors = (type: string): Omit<Row, 'transaction'>[] => {
  const issue = (code: string) => `issue.where(severity = 'error' and code = '${code}').exists()`
  return [
    { shows: 'an unknown id', path: `${type}/nobody`, status: 404, expect: issue('not-found') },
    { shows: 'an unknown version', path: `${type}/q1/_history/7`, status: 404, expect: issue('not-found') },
    { shows: 'an id that cannot be', path: `${type}/q1%20or%201`, status: 404 },
    { shows: 'a date that is none', path: `${type}?_lastUpdated=gt2024-13-45`, status: 400, expect: issue('invalid') },
    {
      shows: 'a prefix that is none',
      path: `${type}?_lastUpdated=xx2024-01-01`,
      status: 400,
      expect: issue('invalid'),
    },
    { shows: 'an unknown modifier', path: `${type}?name:bogus=x`, status: 400, expect: 'issue.exists()' },
    { shows: 'a modifier of another kind', path: `${type}?status:contains=act`, status: 400, expect: 'issue.exists()' },
    {
      shows: 'an unknown parameter, strict',
      path: `${type}?colour=blue`,
      headers: { Prefer: 'handling=strict' },
      status: 400,
      expect: issue('not-supported'),
    },
    {
      shows: 'an unknown parameter, lenient: said and left out',
      path: `${type}?colour=blue&_id=q1`,
      status: 200,
      ids: ['q1'],
      expect: `link.where(relation = 'self' and url.contains('colour')).empty() and entry.where(search.mode = 'outcome').exists()`,
    },
    { shows: 'a count that is none', path: `${type}?_count=few`, status: 400, expect: 'issue.exists()' },
    { shows: 'a format that is none', path: `${type}/q1?_format=ttl`, status: 406 },
    {
      shows: 'an Accept that is none',
      path: `${type}/q1`,
      headers: { Accept: 'text/turtle' },
      formats: ['json'],
      status: 406,
    },
    {
      shows: 'a search posted as JSON',
      method: 'POST',
      path: `${type}/_search`,
      body: { resourceType: 'Parameters' },
      status: 415,
    },
    {
      shows: 'a method that is none',
      method: 'DELETE',
      path: `${type}/_search`,
      status: 405,
      expect: 'issue.exists()',
    },
    { shows: 'a type that is none', path: `${type}s?name=x`, status: 404, expect: 'issue.exists()' },
    { shows: 'a delete without token', method: 'DELETE', path: `${type}/q1`, status: 401, expect: issue('login') },
  ]
}

const repository = await openRepository(queryArtefacts)
runTable(
  repository,
  queries.flatMap(({ transaction, type }): Row[] => [
    ...[...common, ...lastUpdated(type), ...canonicals(type), ...(own[type] ?? [])].map(
      ({ shows, query, ids }): Row => ({ transaction, shows, path: `${type}?${query}`, status: 200, ids }),
    ),
    ...[...reads(type), ...errors(type)].map((row): Row => ({ transaction, ...row })),
  ]),
)
