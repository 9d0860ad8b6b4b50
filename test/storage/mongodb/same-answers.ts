/** Two stores that are written the same answer the same: histories and searches that are drawn, on SQLite and on a replica set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { escapeValue, parseSearch } from '../../../src/fhir/search/parse-search.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import type { HistoryQuery, SearchPage, SearchQuery, Storage, Write } from '../../../src/storage/storage.ts'
import type { MongoForTests } from '../../support/mongo.ts'

const base = 'http://example.org'
const ids = ['a', 'b', 'c', 'd', 'e']
const one = fc.constantFrom
const maybe = <T>(made: fc.Arbitrary<T>) => fc.option(made, { nil: undefined })

/** Texts with what queries and patterns of either database might take for their own. */
const texts = one(
  ...[
    'plain',
    'Plain Text',
    'müller',
    'MULLER',
    'a.b*c',
    '$set',
    '%_x',
    'x(y)[z]',
    'end\n',
    'end',
    "'; --",
    '{"$gt":""}',
  ],
  ...['\\d+', '日本', '😀 smile', 'a,b|c$d', 'ß', 'long '.repeat(60), `${'long '.repeat(60)}end`, ''],
)
const urls = one(...['x', 'x/y', 'x/y/z', 'x.y', 'xy', 'q?a=$b', 'ü'].map((each) => `${base}/${each}`))
const versions = one('1', '1.0', '1.0.2', '1.0-b', '2', '10', '$1')
const dates = one('2020', '2020-02', '2020-02-29', '2020-02-29T12:00:00Z', '2021-06-15T23:30:00+02:00')
const codes = fc.record({
  system: maybe(one('s', 't|u', 'http://loinc.org')),
  code: maybe(one('c', 'd', 'e f', '$in')),
  display: maybe(texts),
})
const status = one('active', 'draft', 'retired', 'unknown')
const references = fc.oneof(
  fc.tuple(urls, maybe(versions)).map(([url, version]) => (version === undefined ? url : `${url}|${version}`)),
  fc.tuple(one('Library', 'ValueSet'), one(...ids)).map((parts) => parts.join('/')),
  one('http://server/fhir/Library/a', 'ValueSet/a/_history/1'),
)
const contexts = fc.array(
  fc.record({
    code: codes,
    value: fc.oneof(
      codes.map((coding) => ({ valueCodeableConcept: { coding: [coding] } })),
      fc.integer({ min: -5, max: 20 }).map((value) => ({ valueQuantity: { value, code: 'a', system: 'u' } })),
      fc.constant({ valueRange: { low: { value: 3, code: 'a' }, high: { value: 9, code: 'a' } } }),
    ),
  }),
  { maxLength: 3 },
)
const common = {
  url: maybe(urls),
  version: maybe(versions),
  status,
  name: maybe(texts),
  title: maybe(texts),
  date: maybe(dates),
  description: maybe(texts),
  jurisdiction: maybe(
    fc.array(
      codes.map((coding) => ({ coding: [coding] })),
      { maxLength: 2 },
    ),
  ),
  useContext: maybe(contexts.map((list) => list.map(({ code, value }) => ({ code, ...value })))),
  meta: maybe(codes.map((tag) => ({ tag: [tag] }))),
  text: maybe(texts.map((text) => ({ status: 'generated', div: `<div>${text} narrative</div>` }))),
}
const identifiers = fc.array(
  fc.record({
    system: maybe(one('s', 'i')),
    value: one('1', '2'),
    type: maybe(fc.record({ coding: fc.tuple(codes) })),
  }),
  { maxLength: 2 },
)
const bodies: Record<string, fc.Arbitrary<object>> = {
  ValueSet: fc.record({ ...common, identifier: maybe(identifiers) }),
  Library: fc.record({
    ...common,
    relatedArtifact: maybe(
      fc.array(
        references.map((resource) => ({ type: 'depends-on', resource })),
        { maxLength: 3 },
      ),
    ),
  }),
  Provenance: fc.record({
    recorded: maybe(one('2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z')),
    target: fc.array(
      references.map((reference) => ({ reference })),
      { maxLength: 2 },
    ),
    agent: fc.constant([]),
  }),
  NamingSystem: fc.record({
    name: maybe(texts),
    status,
    uniqueId: fc.array(fc.record({ type: one('uri'), value: urls }), { maxLength: 2 }),
  }),
}
const types = Object.keys(bodies)

const names = one(...types).chain((type) => fc.tuple(fc.constant(type), one(...ids)))
const write: fc.Arbitrary<Write> = names.chain(([type, id]) =>
  fc
    .record({
      method: one('PUT', 'PUT', 'PUT', 'PUT', 'POST', 'DELETE'),
      body: bodies[type] ?? fc.constant({}),
      ifMatch: maybe(fc.oneof({ arbitrary: fc.constant(undefined), weight: 6 }, one(['1'], ['2', '3'], ['*']))),
      isGuarded: fc.boolean(),
      isUnrecorded: one(false, false, true),
    })
    .map(({ method, body, ifMatch, isGuarded, isUnrecorded }) => {
      const resource = JSON.parse(JSON.stringify({ resourceType: type, id, ...body })) as Resource
      const made: Write = { method: method as Write['method'], type, id }
      if (method !== 'DELETE') made.resource = resource
      if (ifMatch) made.ifMatch = ifMatch
      if (isUnrecorded) made.unrecorded = true
      if (isGuarded)
        made.unlessPublished = ({ id: other, isRetired }) => {
          if (other !== id || isRetired) throw new FhirError(422, issue('business-rule', `${other} ${isRetired}`))
        }
      return made
    }),
)

const parameters: Record<string, string[]> = {
  ValueSet: ['url', 'name', 'title', 'description', 'version', 'status', 'date', 'jurisdiction', '_tag', 'identifier'],
  Library: ['url', 'depends-on', 'name', 'status', 'date', 'context', 'context-type'],
  Provenance: ['target', 'recorded', '_id'],
  NamingSystem: ['name', 'value', 'status'],
}
const everywhere = [
  ...['_id', '_lastUpdated', '_text', '_content', 'context', 'context-type-value', 'context-quantity'],
  ...['context-type-quantity', 'depends-on:Library.name', 'depends-on:ValueSet.url', '_has:Library:depends-on:name'],
  ...['_has:Provenance:target:recorded', 'target:Library.status', 'target:ValueSet.name', 'target.name', '_filter'],
]
const modifiers = ['', '', '', '', ':exact', ':contains', ':missing', ':not', ':text', ':above', ':below', ':of-type']
const filters = one(
  ...['name sw "pl"', 'name ew "end"', 'name co "."', 'name ne "plain"', 'not(status eq active)', 'date po 2020-02'],
  ...['status eq draft or name pr true', 'url sw "http://example.org/x"', 'jurisdiction ne "s|c"', 'title pr false'],
  ...['depends-on.name eq "plain"', 'depends-on[status eq draft].name co "a"', 'version ne 1', 'date gt 2020'],
)
const values = fc.oneof(
  texts.map(escapeValue),
  urls,
  fc.tuple(urls, versions).map((parts) => parts.join('|')),
  references,
  dates,
  fc.tuple(one('ge', 'gt', 'le', 'lt', 'ne', 'sa', 'eb', 'ap'), dates).map((parts) => parts.join('')),
  one(
    'true',
    'false',
    'active',
    'draft,retired',
    's|c',
    '|c',
    's|',
    'c',
    's|$in',
    'gt5',
    '3|u|a',
    'le9||a',
    'c$gt5',
    'c$s|d',
  ),
  one('s|c|1', 'pla', 'END', 'narrative', 'plain text', 'a', 'b,c', 'x', 'long long'),
)
const sortable = ['_id', '_lastUpdated', 'name', 'url', 'date', 'status', 'title', 'recorded', 'target']
const question = one(...types).chain((type) =>
  fc.record({
    type: fc.constant(type),
    pairs: fc.array(
      fc
        .tuple(one(...(parameters[type] ?? []), ...(parameters[type] ?? []), ...everywhere), one(...modifiers))
        .chain(([name, modifier]) =>
          name === '_filter'
            ? filters.map((text): [string, string] => [name, text])
            : values.map((value): [string, string] => [name + modifier, value]),
        ),
      { minLength: 0, maxLength: 2 },
    ),
    sort: fc.array(
      fc.tuple(one('', '-'), one(...sortable)).map((parts) => parts.join('')),
      { maxLength: 2 },
    ),
    count: one(2, 3, 100),
    isHidden: one(false, false, true),
  }),
)
const histories = fc.record({
  type: maybe(one(...types)),
  id: maybe(one(...ids)),
  since: maybe(one('2026-01-01T00:00:05Z', '2026-01-01')),
  at: maybe(one('2026-01-01T00:00:03Z', '2026-01-01T00:00:10.000Z', '2025', '2027')),
  oldestFirst: fc.boolean(),
  count: one(2, 100),
})

/** What a store answers, or how it refuses. */
async function told(answer: () => Promise<unknown>): Promise<unknown> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof FhirError) return `${error.status} ${error.message}`
    throw error
  }
}

/** All pages forwards, and the last but one from behind. */
async function pages(load: (cursor?: string) => Promise<SearchPage>): Promise<unknown> {
  const seen: unknown[] = []
  let page = await load()
  for (;;) {
    seen.push([page.matches.map(({ id, versionId }) => `${id}/${versionId}`), page.total])
    if (page.next === undefined) break
    page = await load(page.next)
  }
  if (page.previous !== undefined) seen.push((await load(page.previous)).matches.map(({ id }) => id))
  return seen
}

const hidden = (type: string) =>
  type === 'Provenance' ? [] : [{ not: { parameter: 'status', values: [{ value: 'unknown' }] } }]

type Question = typeof question extends fc.Arbitrary<infer Drawn> ? Drawn : never

async function answerOf(storage: Storage, drawn: Question): Promise<unknown> {
  const { type, pairs, sort, count, isHidden } = drawn
  const all: [string, string][] = sort.length > 0 ? [...pairs, ['_sort', sort.join(',')]] : pairs
  const parsed = parseSearch(type, all, { base: 'http://server/fhir' })
  const { conditions, sort: sorted } = parsed
  const query: SearchQuery = {
    type,
    conditions,
    sort: sorted,
    count,
    total: 'accurate',
    ...(isHidden ? { everywhere: hidden } : {}),
  }
  return pages((cursor) => storage.search(cursor === undefined ? query : { ...query, cursor }))
}

const withoutUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T

/** Draws histories and searches; `mongo` has the database. */
export function sameAnswers(mongo: MongoForTests): void {
  test('what is drawn is answered alike', async () => {
    const clock = { now: Date.UTC(2026, 0, 1) }
    const now = () => clock.now
    const [left, right] = [openSqlite(':memory:', { now }), await openMongo(mongo.url('same'), { now })]
    const both = async (ask: (storage: Storage) => Promise<unknown>, what: unknown) => {
      const [expected, actual] = [await told(() => ask(left)), await told(() => ask(right))]
      assert.deepEqual(actual, expected, JSON.stringify(what))
      return expected
    }
    const draws = fc.sample(
      fc.tuple(
        fc.array(write, { minLength: 1, maxLength: 6 }),
        fc.array(question, { minLength: 5, maxLength: 5 }),
        histories,
        urls,
        versions,
      ),
      40,
    )
    let found = 0
    for (const [writes, questions, history, url, version] of draws) {
      // Each store of its own: what a hook throws leaves both as they were.
      await both((storage) => storage.write(writes), writes)
      for (const each of questions) {
        const answer = await both((storage) => answerOf(storage, each), each)
        if (Array.isArray(answer) && answer[0][0].length > 0) found++
      }
      const query = withoutUndefined(history) as HistoryQuery
      await both(
        (storage) => pages((cursor) => storage.history(cursor === undefined ? query : { ...query, cursor })),
        query,
      )
      for (const type of types) {
        await both((storage) => storage.findCanonical(type, url), [type, url])
        await both((storage) => storage.published(type, { url, version }), [type, url, version])
        await both((storage) => storage.past.revisionAt(new Date(clock.now - 2000).toISOString(), [type]), type)
        await both(async (storage) => storage.revision([type]), type)
      }
      clock.now += 500
    }
    await both((storage) => storage.publications(), 'publications')
    await both((storage) => storage.count(), 'count')
    for (const type of types)
      await both(async ({ past }) => {
        const { written, until } = await past.writtenAfter(type, 20)
        return [written.toSorted((a, b) => (a.id < b.id ? -1 : 1)), until]
      }, type)
    assert.ok(found > 60, `only ${found} searches found anything`)
    await left.close()
    await right.close()
  })
}
