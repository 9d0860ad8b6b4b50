import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { stringifyJson } from '../../src/base/json.ts'
import { FhirError, issue } from '../../src/fhir/error.ts'
import { parseJson } from '../../src/fhir/json.ts'
import { parseSearch } from '../../src/fhir/search/parse-search.ts'
import type { Resource, ValueSet } from '../../src/fhir/types.ts'
import type { SearchPage, SearchQuery, Storage, StoredVersion, Write, Written } from '../../src/storage/storage.ts'
import { judgedAnew, Overtaken } from '../../src/storage/write.ts'
import { joinCases } from './joins.ts'

/** How a suite gets an empty storage; the clock is the suite's. */
export type StorageOpener = (options: { now: () => number }) => Promise<Storage>

const base = 'http://example.org/ValueSet/'

/** A value set with a canonical of its own. */
export function valueSet(id: string, more: Partial<ValueSet> = {}): ValueSet {
  return { resourceType: 'ValueSet', id, url: base + id, version: '1.0.0', name: `Set${id}`, status: 'active', ...more }
}

const put = (resource: Resource, more: Partial<Write> = {}): Write => ({
  method: 'PUT',
  type: resource.resourceType,
  id: String(resource.id),
  resource,
  ...more,
})

/** What every storage adapter does; storage.ts says it in words. */
export function storageContract(name: string, open: StorageOpener): void {
  const test = (title: string, body: (storage: Storage, clock: { now: number }) => Promise<void>) =>
    it(title, async () => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const storage = await open({ now: () => clock.now++ })
      try {
        await body(storage, clock)
      } finally {
        await storage.close()
      }
    })
  describe(`${name}: versions`, () => versionCases(test))
  describe(`${name}: records`, () => recordCases(test))
  describe(`${name}: preconditions`, () => preconditionCases(test))
  describe(`${name}: canonicals`, () => canonicalCases(test))
  describe(`${name}: search`, () => searchCases(test))
  describe(`${name}: joins`, () => joinCases(test))
  describe(`${name}: pages`, () => pageCases(test))
  describe(`${name}: history`, () => historyCases(test))
  describe(`${name}: the past`, () => pastCases(test))
  describe(`${name}: the end`, () => closingCases(test))
}

/** How something ends: what it gave, or the error of the interface that it was refused by. */
const endOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => 'answered',
    (error: unknown) =>
      error instanceof FhirError
        ? [error.status, error.issues[0]?.code, error.headers['Retry-After'], error.message]
        : assert.fail(String(error)),
  )

function closingCases(test: Test): void {
  const closed = [503, 'transient', '5', 'This server is shutting down; try again.']
  const types = ['ValueSet']
  const everything = (storage: Storage): Promise<unknown>[] => [
    storage.read('ValueSet', 'a'),
    storage.readVersion('ValueSet', 'a', '1'),
    storage.history({ count: 1 }),
    storage.search(query()),
    storage.findCanonical('ValueSet', `${base}a`),
    storage.published('ValueSet', { url: `${base}a`, version: '1.0.0' }),
    storage.publications(),
    storage.write([put(valueSet('b'))]),
    storage.write(Array.from({ length: 30 }, (_, index) => put(valueSet(`c-${index}`)))),
    storage.count(),
    storage.past.revisionAt('2026-01-01T00:00:00Z', types),
    storage.past.writtenAfter('ValueSet', 0),
    storage.past.revisionOf('ValueSet', 'a', '1'),
    storage.derived.get('kind', 'key'),
    storage.derived.set('kind', 'key', 'value'),
    storage.records.get('kind', 'key'),
    storage.records.all('kind'),
    storage.records.replace('kind', 'key', undefined, 'value'),
    storage.records.change([
      { kind: 'kind', key: 'a', from: undefined, to: 'value' },
      { kind: 'kind', key: 'b', from: undefined, to: 'value' },
    ]),
    Promise.resolve(storage.catchUp()),
    Promise.resolve(storage.catchUp({ asks: true })),
  ]

  test('who asks a store that is closed, or being closed, is told so, and to come again', async (storage) => {
    await storage.write([put(valueSet('a'))])
    const closing = storage.close()
    for (const each of everything(storage)) assert.deepEqual(await endOf(each), closed)
    await closing
    for (const each of everything(storage)) assert.deepEqual(await endOf(each), closed)
    // Also for who is in the middle of his work: what was kept may be outdated.
    for (const wanted of [undefined, types])
      assert.deepEqual(await endOf(Promise.resolve().then(() => storage.revision(wanted))), closed)
    await storage.close()
  })

  test('what runs while a store is closed is done or told that it is not', async (storage) => {
    const puts = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => put(valueSet(`v-${from + index}`)))
    let isClosed = false
    const running = [
      storage.write(puts(0, 200)),
      storage.write(puts(1000, 1)),
      storage.search(query({ total: 'accurate' })),
      storage.read('ValueSet', 'v-1'),
      storage.records.replace('kind', 'key', undefined, 'value'),
    ].map(async (each) => {
      const end = await endOf(each)
      assert.ok(!isClosed, 'it ran on over a store that was closed')
      return end
    })
    await storage.close().then(() => {
      isClosed = true
    })
    const [large, ...others] = await Promise.all(running)
    // It had its time: this takes no seconds.
    assert.equal(large, 'answered')
    for (const each of others) assert.ok(each === 'answered' || isDeepStrictEqual(each, closed), String(each))
  })
}

function pastCases(test: Test): void {
  const types = ['ValueSet']
  const at = (version: StoredVersion | undefined, milliseconds = 0) =>
    new Date(Date.parse(version?.lastUpdated ?? '') + milliseconds).toISOString()
  test('the revision of a moment counts what was written at it or before, of those types alone', async (storage, clock) => {
    const [first] = await storage.write([put(valueSet('a'))])
    const early = storage.revision(types)
    clock.now += 10
    const [second] = await storage.write([
      put(valueSet('b')),
      put({ resourceType: 'Library', id: 'c', status: 'draft', type: {} }),
    ])
    const { past } = storage
    assert.equal(await past.revisionAt(at(first?.version, -1), types), 0)
    assert.equal(await past.revisionAt(at(first?.version), types), early)
    assert.equal(await past.revisionAt(at(second?.version, -1), types), early)
    assert.equal(await past.revisionAt(at(second?.version), types), storage.revision(types))
    assert.equal(await past.revisionAt(at(second?.version, 5), ['Patient']), 0)
    assert.ok((await past.revisionAt(at(second?.version), ['Library'])) > storage.revision(types))
  })
  test('who has subscribed is told of what is written, and not any more afterwards', async (storage) => {
    const heard: number[] = []
    const end = storage.subscribe(() => heard.push(storage.revision(types)))
    await storage.write([put(valueSet('a'))])
    const written = storage.revision(types)
    for (let waited = 0; !heard.includes(written) && waited < 300; waited++) await sleep(20)
    assert.ok(heard.includes(written), `${heard} lacks ${written}`)
    end()
    const before = heard.length
    await storage.write([put(valueSet('b'))])
    await sleep(300)
    assert.equal(heard.length, before)
    assert.ok(storage.revision(types) > written)
  })
  test('what is known of a store that answers is as new as it promises', async (storage) => {
    await storage.write([put(valueSet('a'))])
    await storage.catchUp()
    assert.ok(storage.revision(types) > 0)
  })
  test('a store that is asked knows what was written', async (storage) => {
    await storage.write([put(valueSet('a'))])
    await Promise.all([storage.catchUp({ asks: true }), storage.catchUp({ asks: true })])
    assert.ok(storage.revision(types) > 0)
  })
  test('what was written after a revision is told once, with the version of before', async (storage) => {
    await storage.write([put(valueSet('a')), put(valueSet('b')), put(valueSet('gone'))])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'gone' }])
    const revision = storage.revision(types)
    await storage.write([put(valueSet('b', { title: 'x' })), put(valueSet('new'))])
    await storage.write([put(valueSet('b', { title: 'y' })), put(valueSet('gone', { title: 'back' }))])
    const { written, until } = await storage.past.writtenAfter('ValueSet', revision)
    const sorted = written.toSorted((a, b) => a.id.localeCompare(b.id))
    assert.deepEqual(sorted, [{ id: 'b', versionId: '1' }, { id: 'gone', versionId: '2' }, { id: 'new' }])
    assert.equal(until, storage.revision())
    assert.deepEqual((await storage.past.writtenAfter('ValueSet', until)).written, [])
    assert.deepEqual((await storage.past.writtenAfter('Library', 0)).written, [])
  })
  test('versions have the revision that they made', async ({ write, past, revision }) => {
    await write([put(valueSet('a')), put(valueSet('b'))])
    const [a, b] = [await past.revisionOf('ValueSet', 'a', '1'), await past.revisionOf('ValueSet', 'b', '1')]
    assert.ok(a !== undefined && b !== undefined && a < b)
    assert.equal(b, revision(types))
    assert.equal(await past.revisionOf('ValueSet', 'a', '2'), undefined)
  })
}

type Test = (title: string, body: (storage: Storage, clock: { now: number }) => Promise<void>) => void

const status = (expected: number) => (error: unknown) => error instanceof FhirError && error.status === expected

function recordCases(test: Test): void {
  test('a record is set only when what stands there is what was expected', async ({ records }) => {
    assert.equal(await records.get('lease', 'a'), undefined)
    assert.equal(await records.replace('lease', 'a', 'other', 'one'), false)
    assert.equal(await records.get('lease', 'a'), undefined)
    assert.equal(await records.replace('lease', 'a', undefined, 'one'), true)
    assert.equal(await records.replace('lease', 'a', undefined, 'two'), false)
    assert.equal(await records.replace('lease', 'a', 'one', 'two'), true)
    assert.equal(await records.replace('lease', 'a', 'one', 'three'), false)
    assert.equal(await records.replace('lease', 'a', 'one', undefined), false)
    assert.equal(await records.get('lease', 'a'), 'two')
    assert.equal(await records.replace('lease', 'a', 'two', 'two'), true)
    assert.equal(await records.replace('lease', 'a', 'two', undefined), true)
    assert.equal(await records.get('lease', 'a'), undefined)
    assert.equal(await records.replace('lease', 'a', undefined, undefined), true)
  })
  test('an empty value is a value', async ({ records }) => {
    assert.equal(await records.replace('k', '', undefined, ''), true)
    assert.equal(await records.replace('k', '', undefined, 'x'), false)
    assert.deepEqual(await records.all('k'), [{ key: '', value: '' }])
  })
  test('kinds are kept apart from each other and from derived values, and no revision counts them', async (storage) => {
    const { records, derived } = storage
    await storage.write([put(valueSet('a'))])
    const before = storage.revision()
    await derived.set('k', 'a', 'derived')
    for (const key of ['b', 'a', 'é', 'Z']) await records.replace('k', key, undefined, `of ${key}`)
    await records.replace('k2', 'a', undefined, 'of another kind')
    const all = await records.all('k')
    assert.deepEqual(
      all.map(({ key, value }) => `${key}: ${value}`),
      ['Z: of Z', 'a: of a', 'b: of b', 'é: of é'],
    )
    assert.deepEqual(await records.all('none'), [])
    await records.replace('k', '', undefined, 'of nothing')
    const page = async (after: string | undefined, most: number) =>
      (await records.all('k', { after, most })).map(({ key }) => key)
    assert.deepEqual(await page(undefined, 2), ['', 'Z'])
    assert.deepEqual(await page('', 2), ['Z', 'a'])
    assert.deepEqual(await page('Y', 1), ['Z'])
    assert.deepEqual(await page('a', 10), ['b', 'é'])
    assert.deepEqual(await page('é', 10), [])
    assert.equal(await derived.get('k', 'a'), 'derived')
    assert.equal(storage.revision(), before)
    assert.equal(storage.revision(['ValueSet']), before)
  })
  test('keys and values come back as they were, whatever is in them', async ({ records }) => {
    const texts = ["'; DROP TABLE record; --", 'a\u0000b', '%_*', '😀', 'x'.repeat(3_000_000), '{"a":1.10}']
    for (const text of texts) assert.equal(await records.replace('odd', text.slice(0, 100), undefined, text), true)
    for (const text of texts) assert.equal(await records.get('odd', text.slice(0, 100)), text)
    for (const text of texts) assert.equal(await records.replace('odd', text.slice(0, 100), text, `${text}.`), true)
  })
  test('several are set all or none', async ({ records }) => {
    const change = (key: string, from: string | undefined, to: string | undefined) => ({ kind: 'k', key, from, to })
    await records.replace('k', 'b', undefined, 'there')
    assert.equal(await records.change([change('a', undefined, '1'), change('b', undefined, '2')]), false)
    assert.equal(await records.get('k', 'a'), undefined)
    assert.equal(await records.change([change('a', undefined, '1'), change('b', 'there', undefined)]), true)
    assert.deepEqual(await records.all('k'), [{ key: 'a', value: '1' }])
    assert.equal(await records.change([]), true)
  })
  test('of many that set at the same time one wins', async ({ records }) => {
    const wins = await Promise.all(
      Array.from({ length: 20 }, (_, i) => records.replace('race', 'a', undefined, String(i))),
    )
    assert.equal(wins.filter((each) => each).length, 1)
    assert.equal(await records.get('race', 'a'), String(wins.indexOf(true)))
  })
}

function versionCases(test: Test): void {
  test('create, update, delete and create again are versions', async (storage) => {
    const [created] = await storage.write([put(valueSet('a'))])
    assert.equal(created?.outcome, 'created')
    assert.equal(created.version.versionId, '1')
    assert.equal(created.version.resource?.meta?.lastUpdated, created.version.lastUpdated)
    const [updated] = await storage.write([put(valueSet('a', { title: 'new' }))])
    assert.deepEqual([updated?.outcome, updated?.version.versionId], ['updated', '2'])
    const [deleted] = await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    assert.deepEqual([deleted?.outcome, deleted?.version.versionId], ['deleted', '3'])
    const gone = await storage.read('ValueSet', 'a')
    assert.deepEqual([gone?.method, gone?.resource], ['DELETE', undefined])
    const [again] = await storage.write([put(valueSet('a'))])
    assert.deepEqual([again?.outcome, again?.version.versionId], ['created', '4'])
    const second = await storage.readVersion('ValueSet', 'a', '2')
    assert.equal((second?.resource as ValueSet | undefined)?.title, 'new')
    assert.equal(await storage.readVersion('ValueSet', 'a', '5'), undefined)
    assert.equal(await storage.readVersion('ValueSet', 'a', '02'), undefined)
    assert.equal(await storage.read('ValueSet', 'b'), undefined)
  })
  test('a PUT of the same content keeps the version, whatever meta says and in any order of members', async (storage) => {
    await storage.write([put(valueSet('a', { meta: { tag: [{ code: 't' }] } }))])
    const revision = storage.revision()
    const { id, resourceType, ...rest } = valueSet('a')
    const meta = { tag: [{ code: 't' }], versionId: '77', lastUpdated: '2001-01-01T00:00:00Z' }
    const [same] = await storage.write([put({ ...rest, meta, id, resourceType } as ValueSet)])
    assert.deepEqual([same?.outcome, same?.version.versionId], ['unchanged', '1'])
    assert.equal(storage.revision(), revision)
    const [other] = await storage.write([put(valueSet('a'))])
    assert.equal(other?.outcome, 'updated')
  })
  test('decimals keep their text, and another precision is another content', async (storage) => {
    const patient = (value: string) =>
      parseJson(`{"resourceType":"Basic","id":"a","code":{},"extension":[{"url":"x","valueDecimal":${value}}]}`)
    await storage.write([put(patient('1.10') as unknown as Resource)])
    const read = await storage.read('Basic', 'a')
    assert.match(stringifyJson(read?.resource), /"valueDecimal":1\.10/)
    const [again] = await storage.write([put(patient('1.10') as unknown as Resource)])
    assert.equal(again?.outcome, 'unchanged')
    const [other] = await storage.write([put(patient('1.1') as unknown as Resource)])
    assert.equal(other?.outcome, 'updated')
  })
  test('what is returned is a copy', async (storage) => {
    const mine = valueSet('a')
    const [written] = await storage.write([put(mine)])
    mine.name = 'changed'
    Object.assign(written?.version.resource ?? {}, { name: 'changed, too' })
    const read = await storage.read('ValueSet', 'a')
    assert.equal((read?.resource as ValueSet | undefined)?.name, 'Seta')
  })
  test('POST assigns an id, or takes one that is free', async (storage) => {
    const [assigned] = await storage.write([{ method: 'POST', type: 'ValueSet', resource: valueSet('ignored') }])
    assert.equal(assigned?.version.resource?.id, assigned?.version.id)
    assert.notEqual(assigned?.version.id, 'ignored')
    await storage.write([put(valueSet('a'), { method: 'POST' })])
    await assert.rejects(storage.write([put(valueSet('a'), { method: 'POST' })]), status(409))
  })
  test('deleting what is not there changes nothing', async (storage) => {
    const [never] = await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    assert.deepEqual([never?.outcome, never?.version.versionId], ['unchanged', '0'])
    assert.equal(storage.revision(), 0)
  })
  test('all writes of a transaction or none', async (storage) => {
    const bad = put(valueSet('c'), { ifMatch: ['7'] })
    await assert.rejects(storage.write([put(valueSet('a')), put(valueSet('b')), bad]), status(412))
    assert.deepEqual(await storage.count(), {})
    assert.equal((await find(storage, 'ValueSet', [])).length, 0)
    await storage.write([put(valueSet('a')), put(valueSet('a', { title: 'second' }))])
    assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '2')
    assert.deepEqual(await storage.count(), { ValueSet: 1 })
  })
  test('refuses what cannot be a resource', async (storage) => {
    const cases: Write[] = [
      put(valueSet('a'), { id: 'no blanks' }),
      put(valueSet('a'), { id: 'x'.repeat(65) }),
      put(valueSet('a'), { type: 'CodeSystem' }),
      { method: 'PUT', type: 'ValueSet', id: 'a' },
      put(valueSet('a'), { type: 'value set' }),
    ]
    for (const each of cases) await assert.rejects(storage.write([each]), status(400))
    let deep: unknown = 'x'
    for (let i = 0; i < 20_000; i++) deep = [deep]
    await assert.rejects(storage.write([put({ ...valueSet('a'), deep } as ValueSet)]), status(422))
  })
  test('a resource is made inside the transaction, of what came before it', async (storage) => {
    const about = (earlier: readonly Written[]): Resource => ({
      resourceType: 'Basic',
      code: { text: earlier.map(({ version, outcome }) => `${outcome} ${version.id}/${version.versionId}`).join() },
    })
    const basic = (id: string): Write => ({ method: 'POST', type: 'Basic', id, resourceFor: about })
    await storage.write([put(valueSet('a'))])
    const written = await storage.write([
      put(valueSet('a')),
      put(valueSet('a', { title: 'b' })),
      basic('made'),
      { method: 'POST', type: 'Basic', id: 'nothing', resourceFor: () => undefined },
    ])
    assert.deepEqual(
      written.map(({ outcome, version }) => `${outcome} ${version.id}/${version.versionId}`),
      ['unchanged a/1', 'updated a/2', 'created made/1', 'unchanged nothing/0'],
    )
    const made = (await storage.read('Basic', 'made'))?.resource
    assert.deepEqual(made && 'code' in made ? made.code : undefined, { text: 'unchanged a/1,updated a/2' })
    assert.equal(await storage.read('Basic', 'nothing'), undefined)
  })
  test('what making a resource throws, or a write after it, undoes all', async (storage) => {
    const throwing: Write = {
      method: 'POST',
      type: 'Basic',
      resourceFor: () => {
        throw new FhirError(409, issue('conflict', 'no'))
      },
    }
    await assert.rejects(storage.write([put(valueSet('a')), throwing]), status(409))
    const made: Write = { method: 'POST', type: 'Basic', resourceFor: () => ({ resourceType: 'Basic', code: {} }) }
    const failing = put(valueSet('b'), { ifMatch: ['7'] })
    await assert.rejects(storage.write([put(valueSet('a')), made, failing]), status(412))
    assert.deepEqual(await storage.count(), {})
  })
  test('derived values are kept apart', async (storage) => {
    assert.equal(await storage.derived.get('elm', 'x'), undefined)
    await storage.derived.set('elm', 'x', '1')
    await storage.derived.set('elm', 'x', '2')
    assert.equal(await storage.derived.get('elm', 'x'), '2')
    assert.equal(await storage.derived.get('other', 'x'), undefined)
    assert.equal(storage.revision(), 0)
  })
  test('what was published is told in its order, and whether it is in force', async (storage) => {
    const told = async () =>
      (await storage.publications()).map(
        ({ type, id, versionId, url, version, isCurrent }) =>
          `${type}/${id}/${versionId} ${url.slice(base.length)}|${version}${isCurrent ? '' : ' was'}`,
      )
    assert.deepEqual(await told(), [])
    const { version: _none, ...unnumbered } = valueSet('n')
    await storage.write([
      put(valueSet('b')),
      put(valueSet('a')),
      put(valueSet('d', { status: 'draft' })),
      put(unnumbered),
      put(valueSet('h'), { unrecorded: true }),
    ])
    assert.deepEqual(await told(), ['ValueSet/b/1 b|1.0.0', 'ValueSet/a/1 a|1.0.0'])
    await storage.write([put(valueSet('b', { version: '2' })), put(valueSet('a', { status: 'retired' }))])
    await storage.write([put(valueSet('d'))])
    assert.deepEqual(await told(), [
      'ValueSet/b/1 b|1.0.0 was',
      'ValueSet/a/1 a|1.0.0 was',
      'ValueSet/b/2 b|2',
      'ValueSet/d/2 d|1.0.0',
    ])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'b' }])
    assert.ok((await told()).includes('ValueSet/b/2 b|2 was'))
    await storage.write([put(valueSet('b', { version: '2' }))])
    assert.ok((await told()).includes('ValueSet/b/4 b|2'))
  })
  test('time never runs backwards in the order of versions', async (storage, clock) => {
    await storage.write([put(valueSet('a'))])
    clock.now -= 3_600_000
    await storage.write([put(valueSet('a', { title: 'b' }))])
    const { matches } = await storage.history({ count: 10 })
    assert.ok(String(matches[0]?.lastUpdated) >= String(matches[1]?.lastUpdated))
  })
}

function preconditionCases(test: Test): void {
  test('If-Match is the current version', async (storage) => {
    await assert.rejects(storage.write([put(valueSet('a'), { ifMatch: ['1'] })]), status(412))
    await storage.write([put(valueSet('a'))])
    await assert.rejects(storage.write([put(valueSet('a', { title: 'x' }), { ifMatch: ['2'] })]), status(412))
    const [updated] = await storage.write([put(valueSet('a', { title: 'x' }), { ifMatch: ['1'] })])
    assert.equal(updated?.version.versionId, '2')
    await assert.rejects(storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a', ifMatch: ['1'] }]), status(412))
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a', ifMatch: ['2'] }])
    await assert.rejects(storage.write([put(valueSet('a'), { ifMatch: ['3'] })]), status(412))
  })
  test('of two updates of one version one wins', async (storage) => {
    await storage.write([put(valueSet('a'))])
    const outcomes = await Promise.allSettled(
      ['x', 'y', 'z'].map((title) => storage.write([put(valueSet('a', { title }), { ifMatch: ['1'] })])),
    )
    assert.equal(outcomes.filter((each) => each.status === 'fulfilled').length, 1)
    assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '2')
  })
  test('If-None-Match: * is create only', async (storage) => {
    await storage.write([put(valueSet('a'), { ifNoneMatch: ['*'] })])
    await assert.rejects(storage.write([put(valueSet('a'), { ifNoneMatch: ['*'] })]), status(412))
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    await storage.write([put(valueSet('a'), { ifNoneMatch: ['*'] })])
  })
}

function canonicalCases(test: Test): void {
  const url = 'http://example.org/x'
  test('finds all business versions, newest first', async (storage) => {
    const versions = ['1.9.0', '1.10.0', '2.0.0-draft', '2.0.0']
    await storage.write(versions.map((version, i) => put(valueSet(`v${i}`, { url, version }))))
    const found = await storage.findCanonical('ValueSet', url)
    assert.deepEqual(
      found.map((each) => (each as ValueSet).version),
      ['2.0.0', '2.0.0-draft', '1.10.0', '1.9.0'],
    )
    assert.equal((await storage.findCanonical('ValueSet', `${url}|1.9.0`)).length, 1)
    assert.equal((await storage.findCanonical('ValueSet', `${url}/`)).length, 0)
    assert.equal((await storage.findCanonical('CodeSystem', url)).length, 0)
  })
  test('on equal versions active comes before draft before retired, then the last written', async (storage) => {
    const make = (id: string, state: ValueSet['status']) => put(valueSet(id, { url, status: state }))
    await storage.write([make('a', 'retired'), make('b', 'active'), make('c', 'draft')])
    await storage.write([make('d', 'active')])
    const ids = (await storage.findCanonical('ValueSet', url)).map((each) => each.id)
    assert.deepEqual(ids, ['d', 'b', 'c', 'a'])
  })
  test('a version inside the url is split off, current versions alone count', async (storage) => {
    const { version: _, ...rest } = valueSet('a', { url: `${url}|3.0` })
    await storage.write([put(rest)])
    assert.equal((await storage.findCanonical('ValueSet', url)).length, 1)
    assert.equal((await storage.findCanonical('ValueSet', `${url}|3.0`)).length, 1)
    await storage.write([put(valueSet('a', { url: 'http://example.org/y' }))])
    assert.equal((await storage.findCanonical('ValueSet', url)).length, 0)
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    assert.equal((await storage.findCanonical('ValueSet', 'http://example.org/y')).length, 0)
  })
  test('what was active once under a version is found for ever: superseded, retired, renamed, deleted', async (storage) => {
    const canonical = { url, version: '1' }
    const published = async () => (await storage.published('ValueSet', canonical))?.versionId
    await storage.write([put(valueSet('a', { url, version: '1', status: 'draft' }))])
    assert.equal(await published(), undefined)
    await storage.write([put(valueSet('a', { url, version: '1' }))])
    await storage.write([put(valueSet('a', { url, version: '1', status: 'retired' }))])
    assert.equal(await published(), '2')
    await storage.write([put(valueSet('a', { url: 'http://example.org/other', version: '2' }))])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    assert.equal(await published(), '2')
    assert.equal(await storage.published('CodeSystem', canonical), undefined)
    assert.equal(await storage.published('ValueSet', { url, version: '10' }), undefined)
    await storage.write([put(valueSet('b', { url, version: '3' }), { unrecorded: true })])
    assert.equal(await storage.published('ValueSet', { url, version: '3' }), undefined)
  })
  test('what was published is told to be retired once it is in force nowhere', async (storage) => {
    const isRetired = async () => (await storage.published('ValueSet', { url, version: '1' }))?.isRetired ?? false
    const [one, two] = ['a', 'b'].map((id) => valueSet(id, { url, version: '1' }))
    assert.ok(one && two)
    await storage.write([put(one), put(two)])
    await storage.write([put({ ...one, status: 'retired' })])
    assert.equal(await isRetired(), false, 'the other one is in force')
    await storage.write([put(valueSet('b', { url, version: '2' }))])
    assert.equal(await isRetired(), true)
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    assert.equal(await isRetired(), true)
    await storage.write([put(valueSet('c', { url, version: '3' }))])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'c' }])
    assert.equal((await storage.published('ValueSet', { url, version: '3' }))?.isRetired, undefined, 'deleted only')
  })
  test('a write that was judged at a revision comes only while that is the revision of its types', async (storage) => {
    const types = ['ValueSet']
    const judgedAt = [{ types, revision: storage.revision(types) }]
    await storage.write([put({ resourceType: 'Basic', id: 'x', code: { text: 'x' } })])
    await storage.write([put(valueSet('a', { url }), { judgedAt })])
    const late = storage.write([put(valueSet('other')), put(valueSet('b', { url }), { judgedAt })])
    await assert.rejects(late, status(409))
    assert.equal(await storage.read('ValueSet', 'other'), undefined)
  })
  test('what several judged comes only while none of them is overtaken, and the store does not try again', async (storage, clock) => {
    const judged = (type: string) => ({ types: [type], revision: storage.revision([type]) })
    const [old, other] = [judged('ValueSet'), judged('Basic')]
    await storage.write([put(valueSet('between'))])
    const fresh = judged('ValueSet')
    const before = clock.now
    for (const judgedAt of [
      [old, fresh],
      [other, old],
    ]) {
      const late = storage.write([put(valueSet('a'), { judgedAt }), put(valueSet('b'), { judgedAt: [fresh] })])
      await assert.rejects(late, (error) => error instanceof Overtaken && error.judgement === old)
    }
    // A store asks the clock whenever it begins.
    assert.ok(clock.now - before < 20, `${clock.now - before} times`)
    assert.equal(await storage.read('ValueSet', 'a'), undefined)
    await storage.write([put(valueSet('a'), { judgedAt: [fresh, other] })])
    assert.ok(await storage.read('ValueSet', 'a'))
  })
  test('what was overtaken is judged anew by who judged it, and by nobody else', async (storage) => {
    const judging = { types: ['ValueSet'], mostTries: 3 }
    const tries = { outer: 0, inner: 0 }
    await judgedAnew(storage, judging, async (outer) => {
      if (++tries.outer === 1) await storage.write([put(valueSet('between'))])
      return judgedAnew(storage, judging, async (inner) => {
        tries.inner++
        return storage.write([put(valueSet('a', { title: `${tries.outer}` }), { judgedAt: [outer, inner] })])
      })
    })
    assert.deepEqual(tries, { outer: 2, inner: 2 })
    const written = (await storage.read('ValueSet', 'a'))?.resource as ValueSet
    assert.equal(written.title, '2')
    let count = 0
    const restless = judgedAnew(storage, judging, async (judgement) => {
      await storage.write([put(valueSet('between', { title: `${++count}` }))])
      return storage.write([put(valueSet('b'), { judgedAt: [judgement] })])
    })
    await assert.rejects(restless, Overtaken)
    assert.equal(count, 3)
    assert.equal(await storage.read('ValueSet', 'b'), undefined)
  })
  test('odd canonicals are told apart: a version in the url, one with a hash, none', async (storage) => {
    const { version: _, ...bare } = valueSet('a', { url: `${url}|3#b` })
    await storage.write([put(bare), put(valueSet('b', { url, version: '3#a' })), put({ ...bare, id: 'c', url })])
    assert.equal((await storage.published('ValueSet', { url, version: '3#b' }))?.id, 'a')
    assert.equal((await storage.published('ValueSet', { url, version: '3#a' }))?.id, 'b')
    assert.equal(await storage.published('ValueSet', { url, version: '' }), undefined)
  })
  test('a write is judged by what was published, within its transaction', async (storage) => {
    const seen: string[] = []
    const judged = (id: string, title: string): Write =>
      put(valueSet(id, { url, version: '1', title }), {
        unlessPublished: ({ id: other, resource }) => {
          seen.push(other)
          if ((resource as ValueSet).title !== title) throw new FhirError(422, issue('business-rule', 'no'))
        },
      })
    await storage.write([judged('a', 'one')])
    await assert.rejects(storage.write([put(valueSet('other')), judged('b', 'two')]), status(422))
    assert.equal(await storage.read('ValueSet', 'other'), undefined)
    await storage.write([judged('b', 'one')])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'b' }])
    // Of two in one transaction the second meets the first.
    const fresh = { url: 'http://example.org/fresh' }
    const both = ['c', 'd'].map((id) => ({ ...judged(id, id), resource: valueSet(id, { ...fresh, title: id }) }))
    await assert.rejects(storage.write(both), status(422))
    await assert.rejects(storage.write([judged('e', 'two')]), status(422))
    assert.deepEqual(seen, ['a', 'a', 'c', 'b'])
  })
  test('a write is judged by what it would take the place of, within its transaction', async (storage) => {
    const seen: string[] = []
    const judged = (title: string): Write =>
      put(valueSet('a', { url, version: '1', title }), {
        unlessInForce: ({ versionId, resource }) => {
          seen.push(`${versionId} ${(resource as ValueSet).title}`)
          if (title === 'bad') throw new FhirError(422, issue('business-rule', 'no'))
        },
      })
    await storage.write([judged('one')])
    await storage.write([judged('one')])
    assert.deepEqual(seen, [], 'nothing was there, and nothing would change')
    await storage.write([judged('two')])
    await assert.rejects(storage.write([put(valueSet('other')), judged('bad')]), status(422))
    assert.equal(await storage.read('ValueSet', 'other'), undefined)
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    await storage.write([judged('three')])
    assert.deepEqual(seen, ['1 one', '2 two'], 'what was deleted is in nobody’s way')
  })
  test('so is a deletion, where there is something to delete', async (storage) => {
    const remove = (id: string): Write => ({
      method: 'DELETE',
      type: 'ValueSet',
      id,
      unlessInForce: () => {
        throw new FhirError(403, issue('forbidden', 'no'))
      },
    })
    await storage.write([put(valueSet('a'))])
    await assert.rejects(storage.write([put(valueSet('b')), remove('a')]), status(403))
    assert.equal(await storage.read('ValueSet', 'b'), undefined)
    assert.ok((await storage.read('ValueSet', 'a'))?.resource)
    const [nothing] = await storage.write([remove('never')])
    assert.equal(nothing?.outcome, 'unchanged')
  })
  test('If-Match takes any of several versions, `*` any at all; If-None-Match none of them', async (storage) => {
    await assert.rejects(storage.write([put(valueSet('a'), { ifMatch: ['*'] })]), status(412))
    await storage.write([put(valueSet('a'), { ifNoneMatch: ['*'] })])
    await storage.write([put(valueSet('a', { title: '2' }), { ifMatch: ['7', '1'] })])
    await assert.rejects(storage.write([put(valueSet('a', { title: '3' }), { ifMatch: ['7', '1'] })]), status(412))
    await assert.rejects(storage.write([put(valueSet('a', { title: '3' }), { ifNoneMatch: ['9', '2'] })]), status(412))
    await storage.write([put(valueSet('a', { title: '3' }), { ifMatch: ['*'], ifNoneMatch: ['1'] })])
    assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '3')
  })
  test('naming systems are found by unique id', async (storage) => {
    const naming = {
      resourceType: 'NamingSystem',
      id: 'n',
      name: 'N',
      kind: 'codesystem',
      status: 'active',
      date: '2020',
    }
    await storage.write([put({ ...naming, uniqueId: [{ type: 'oid', value: '1.2.3' }] } as Resource)])
    assert.equal((await storage.findCanonical('NamingSystem', '1.2.3')).length, 1)
  })
}

/** Ids that a query string finds, sorted; `pairs` as in the URL. */
async function find(storage: Storage, type: string, pairs: [string, string][]): Promise<string[]> {
  const page = await storage.search({ ...parseSearch(type, pairs, { maximumCount: 1000 }), count: 1000 })
  return page.matches.map((each) => each.id).sort()
}

function searchCases(test: Test): void {
  test('parameters, modifiers and prefixes', async (storage) => {
    const useContext = [
      { code: { code: 'focus' }, valueCodeableConcept: { coding: [{ system: 's', code: 'flu' }] } },
      { code: { code: 'age' }, valueQuantity: { value: 12, code: 'a', system: 'http://unitsofmeasure.org' } },
    ]
    await storage.write([
      put(
        valueSet('a', {
          title: 'Müller list',
          date: '2024-05',
          jurisdiction: [{ coding: [{ system: 'iso', code: 'DE', display: 'Germany' }] }],
        }),
      ),
      put(valueSet('b', { title: 'muller, other', date: '2024-06-15T12:00:00Z', status: 'draft', useContext })),
      put(
        valueSet('c', {
          url: 'http://example.org/ValueSet/a/sub',
          version: '2',
          meta: { tag: [{ system: 't', code: 'x' }] },
        }),
      ),
      put({
        ...valueSet('d'),
        text: { status: 'generated', div: '<div>rare narrative</div>' },
        description: 'searchable words',
      }),
    ])
    const cases: [query: string, ids: string][] = [
      ['title=muller', 'a b'],
      ['title=Müller', 'a b'],
      ['title:exact=Müller list', 'a'],
      ['title:contains=OTHER', 'b'],
      ['title:missing=true', 'c d'],
      ['title=muller\\, other', 'b'],
      ['title=mull&status=draft', 'b'],
      ['status=active,draft', 'a b c d'],
      ['status:not=active', 'b'],
      ['status=http://hl7.org/fhir/publication-status|draft', 'b'],
      ['status=http://other|draft', ''],
      ['jurisdiction=iso|DE', 'a'],
      ['jurisdiction=iso|', 'a'],
      ['jurisdiction=|DE', ''],
      ['jurisdiction:text=german', 'a'],
      ['url=http://example.org/ValueSet/a', 'a'],
      ['url=http://example.org/ValueSet/a|1.0.0', 'a'],
      ['url=http://example.org/ValueSet/a|9', ''],
      ['url:below=http://example.org/ValueSet/a', 'a c'],
      ['url:above=http://example.org/ValueSet/a/sub', 'a c'],
      ['version=2', 'c'],
      ['_tag=t|x', 'c'],
      ['_id=a,c,zz', 'a c'],
      ['date=2024', 'a b'],
      ['date=2024-05', 'a'],
      ['date=2024-05-01', ''],
      ['date=ge2024-05-30', 'a b'],
      ['date=ge2024-05-31', 'b'],
      ['date=gt2024-06-14', 'b'],
      ['date=sa2024-05-31', 'b'],
      ['date=eb2024-06-15', 'a'],
      ['date=lt2024-06', 'a'],
      ['date=le2024-06', 'a b'],
      ['date=ne2024-05', 'b'],
      ['date:missing=true', 'c d'],
      ['_lastUpdated=2026-01-01', 'a b c d'],
      ['_lastUpdated=gt2026-01-02', ''],
      ['context=flu', 'b'],
      ['context-quantity=gt10', 'b'],
      ['context-quantity=12|http://unitsofmeasure.org|a', 'b'],
      ['context-type-value=focus$flu', 'b'],
      ['context-type-value=age$flu', ''],
      ['context-type-quantity=age$le12', 'b'],
      ['_text=narr', 'd'],
      ['_text=searchable', ''],
      ['_content=searchable words', 'd'],
      ['_content=rare', 'd'],
      ['_content=\'"; DROP', ''],
      // Every resource has these, or they are of none in particular.
      ...['_id', '_lastUpdated', '_text', '_content', 'context-type-value'].flatMap((name): [string, string][] => [
        [`${name}:missing=true`, ''],
        [`${name}:missing=false`, 'a b c d'],
      ]),
    ]
    for (const [query, ids] of cases) {
      const pairs = query
        .split('&')
        .map((each): [string, string] => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])
      assert.equal((await find(storage, 'ValueSet', pairs)).join(' '), ids, query)
    }
  })
  test('references, codes and other types', async (storage) => {
    const include = [
      { system: 'http://loinc.org', concept: [{ code: '1-8' }] },
      { valueSet: ['http://example.org/other|2'] },
    ]
    await storage.write([
      put(valueSet('a', { compose: { include } })),
      put({
        resourceType: 'CodeSystem',
        id: 'cs',
        url: 'http://cs',
        status: 'active',
        content: 'complete',
        concept: [{ code: 'p', concept: [{ code: 'q' }] }],
      }),
      put({
        resourceType: 'Provenance',
        id: 'p',
        recorded: '2024-01-01T00:00:00Z',
        agent: [{ who: { display: 'x' } }],
        target: [{ reference: 'ValueSet/a/_history/1' }],
      }),
    ])
    assert.deepEqual(await find(storage, 'ValueSet', [['reference', 'http://loinc.org']]), ['a'])
    assert.deepEqual(await find(storage, 'ValueSet', [['code', '1-8']]), ['a'])
    assert.deepEqual(await find(storage, 'ValueSet', [['valueset', 'http://example.org/other']]), ['a'])
    assert.deepEqual(await find(storage, 'ValueSet', [['valueset', 'http://example.org/other|1']]), [])
    assert.deepEqual(
      await find(storage, 'CodeSystem', [
        ['code', 'q'],
        ['system', 'http://cs'],
      ]),
      ['cs'],
    )
    assert.deepEqual(await find(storage, 'Provenance', [['target', 'ValueSet/a']]), ['p'])
    assert.deepEqual(await find(storage, 'Provenance', [['target', 'a']]), ['p'])
    assert.deepEqual(await find(storage, 'Provenance', [['target:ValueSet', 'a']]), ['p'])
    assert.deepEqual(await find(storage, 'Provenance', [['patient', 'a']]), [])
  })
  test('thousands of values at once', async (storage) => {
    const concept = Array.from({ length: 30 }, (_, i) => ({ code: `c${i}` }))
    await storage.write([put(valueSet('a', { compose: { include: [{ system: 's', concept }] } })), put(valueSet('b'))])
    const search = (parameter: string, value: (i: number) => string, modifier?: 'not') => {
      const values = Array.from({ length: 5000 }, (_, i) => ({ value: value(i) }))
      const condition = modifier ? { parameter, modifier, values } : { parameter, values }
      return storage.search({ type: 'ValueSet', conditions: [condition], sort: [], count: 10, total: 'none' })
    }
    const ids = async (page: Promise<SearchPage>) => (await page).matches.map((each) => each.id).join(' ')
    assert.equal(await ids(search('code', (i) => `c${i + 29}`)), 'a')
    assert.equal(await ids(search('code', (i) => `|c${i + 29}`)), 'a')
    assert.equal(await ids(search('code', (i) => `other|c${i}`)), '')
    assert.equal(await ids(search('code', (i) => `c${i}`, 'not')), 'b')
    assert.equal(await ids(search('title', (i) => `t${i}`)), '')
    assert.equal(await ids(search('url', (i) => (i === 4999 ? 'http://example.org/ValueSet/b' : `u${i}`))), 'b')
    assert.equal(await ids(search('_id', (i) => (i === 4999 ? 'b' : `u${i}`))), 'b')
  })
  test('the revision of types grows with writes of these', async (storage) => {
    await storage.write([put(valueSet('a'))])
    const before = storage.revision(['ValueSet', 'CodeSystem'])
    await storage.write([put({ resourceType: 'Basic', id: 'x', code: {} })])
    assert.equal(storage.revision(['ValueSet', 'CodeSystem']), before)
    assert.ok(storage.revision() > before)
    await storage.write([put({ resourceType: 'CodeSystem', id: 'x', status: 'active', content: 'complete' })])
    assert.ok(storage.revision(['ValueSet', 'CodeSystem']) > before)
    assert.equal(storage.revision(['Patient']), 0)
  })
  test('only current versions are found', async (storage) => {
    await storage.write([put(valueSet('a', { title: 'old' }))])
    await storage.write([put(valueSet('a', { title: 'new' })), put(valueSet('b', { title: 'old' }))])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'b' }])
    assert.deepEqual(await find(storage, 'ValueSet', [['title', 'old']]), [])
    assert.deepEqual(await find(storage, 'ValueSet', [['_content', 'new']]), ['a'])
  })
}

const query = (more: Partial<SearchQuery> = {}): SearchQuery => ({
  type: 'ValueSet',
  conditions: [],
  sort: [],
  count: 3,
  total: 'accurate',
  ...more,
})

async function allPages(load: (cursor: string | undefined) => Promise<SearchPage>, between?: () => Promise<void>) {
  const pages: SearchPage[] = []
  let cursor: string | undefined
  do {
    const page = await load(cursor)
    pages.push(page)
    cursor = page.next
    await between?.()
  } while (cursor !== undefined)
  return pages
}

const idsOf = (pages: SearchPage[]) => pages.flatMap((page) => page.matches.map((each: StoredVersion) => each.id))
const withCursor = <Query extends object>(made: Query, cursor: string | undefined) =>
  cursor === undefined ? made : { ...made, cursor }

function pageCases(test: Test): void {
  const fill = (storage: Storage) =>
    storage.write(
      Array.from({ length: 20 }, (_, i) => {
        const title = i % 4 === 0 ? {} : { title: `t${i % 3}` }
        return put(
          valueSet(`v${String(i).padStart(2, '0')}`, {
            date: `2024-01-${String(1 + (i % 7)).padStart(2, '0')}`,
            ...title,
          }),
        )
      }),
    )
  const sorts: [string, SearchQuery['sort']][] = [
    ['none', []],
    ['_id', [{ parameter: '_id', descending: false }]],
    ['-date', [{ parameter: 'date', descending: true }]],
    [
      'title,-_id',
      [
        { parameter: 'title', descending: false },
        { parameter: '_id', descending: true },
      ],
    ],
    [
      '-title,date',
      [
        { parameter: 'title', descending: true },
        { parameter: 'date', descending: false },
      ],
    ],
    ['-_lastUpdated', [{ parameter: '_lastUpdated', descending: true }]],
  ]
  for (const [name, sort] of sorts) {
    test(`sorted by ${name}: pages neither skip nor repeat while others write, and lead back`, async (storage) => {
      await fill(storage)
      const wanted = (await storage.search(query({ sort, count: 100 }))).matches.map((each) => each.id)
      let n = 0
      const disturb = async () => {
        n++
        await storage.write([
          put(
            valueSet(`v${String((n * 7) % 20).padStart(2, '0')}`, { title: `zz${n}`, date: `2023-0${1 + (n % 9)}-01` }),
          ),
          put(valueSet(`new${n}`, { date: '2024-01-03' })),
          { method: 'DELETE', type: 'ValueSet', id: `v${String((n * 5) % 20).padStart(2, '0')}` },
        ])
      }
      const pages = await allPages((cursor) => storage.search(withCursor(query({ sort }), cursor)), disturb)
      assert.deepEqual(idsOf(pages), wanted)
      assert.ok(pages.every((page) => page.total === 20))
      const back = await storage.search(withCursor(query({ sort }), pages[3]?.previous))
      assert.deepEqual(back.matches, pages[2]?.matches)
      const first = await storage.search(withCursor(query({ sort }), pages[1]?.previous))
      assert.deepEqual([first.matches, first.previous], [pages[0]?.matches, undefined])
    })
  }
  test('pages of large resources are shorter than asked for, and neither skip nor repeat', async (storage) => {
    const description = 'd'.repeat(1_500_000)
    const names = Array.from({ length: 7 }, (_, i) => `large${i}`)
    for (const name of names) await storage.write([put(valueSet(name, { description }))])
    await storage.write([put(valueSet('larger', { description: 'd'.repeat(6_000_000) }))])
    const sort = [{ parameter: '_id', descending: false }]
    const asked = query({ sort, count: 10 })
    const pages = await allPages((cursor) => storage.search(withCursor(asked, cursor)))
    assert.deepEqual(idsOf(pages), [...names, 'larger'])
    for (const { matches } of pages) assert.ok(matches.length <= 3 && matches.length > 0, `${matches.length}`)
    assert.ok(pages.every((page) => page.total === 8))
    const backwards: string[] = []
    for (let page = pages.at(-1); page; ) {
      backwards.unshift(...idsOf([page]))
      page = page.previous === undefined ? undefined : await storage.search(withCursor(asked, page.previous))
    }
    assert.deepEqual(backwards, [...names, 'larger'])
  })

  test('writers and readers at the same time', async (storage) => {
    await fill(storage)
    const readers = Array.from({ length: 5 }, async () => {
      const pages = await allPages((cursor) => storage.search(withCursor(query({ count: 2 }), cursor)))
      const ids = idsOf(pages)
      assert.equal(new Set(ids).size, ids.length)
      assert.equal(ids.length, pages[0]?.total)
    })
    const writers = Array.from({ length: 30 }, (_, i) =>
      storage.write([put(valueSet(`w${i}`)), put(valueSet(`v0${i % 10}`, { title: `w${i}` }))]),
    )
    await Promise.all([...readers, ...writers])
  })
  test('values missing stand last, whichever way it is sorted', async (storage) => {
    await fill(storage)
    for (const descending of [false, true]) {
      const page = await storage.search(query({ sort: [{ parameter: 'title', descending }], count: 20 }))
      assert.ok(page.matches.slice(15).every((each) => (each.resource as ValueSet).title === undefined))
    }
  })
  test('count 0 is the total alone', async (storage) => {
    await fill(storage)
    const page = await storage.search(query({ count: 0 }))
    assert.deepEqual(page, { matches: [], total: 20 })
  })
  test('a damaged or foreign cursor is 400', async (storage) => {
    await fill(storage)
    const { next } = await storage.search(query())
    for (const cursor of [
      '',
      'x',
      'e30',
      '!!',
      Buffer.from('[1,2,3,4,5]').toString('base64url'),
      `${next}A`.slice(3),
    ]) {
      await assert.rejects(storage.search(query({ cursor })), status(400), cursor)
    }
    await assert.rejects(
      storage.search(withCursor(query({ sort: [{ parameter: 'date', descending: false }] }), next)),
      status(400),
    )
    await assert.rejects(storage.search(query({ count: -1 })), status(400))
  })
  test('a cursor expires, and says so', async (storage, clock) => {
    await fill(storage)
    const { next } = await storage.search(query())
    await storage.write([put(valueSet('v03', { title: 'changed' }))])
    clock.now += 2 * 3_600_000
    await storage.write([put(valueSet('later'))])
    await assert.rejects(storage.search(withCursor(query(), next)), status(400))
    assert.equal((await storage.search(query())).total, 21)
  })
}

function historyCases(test: Test): void {
  test('instance, type and system, newest first, stable pages', async (storage) => {
    for (let i = 0; i < 5; i++)
      await storage.write([put(valueSet('a', { title: `${i}` })), put(valueSet('b', { title: `${i}` }))])
    await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'a' }])
    const instance = await storage.history({ type: 'ValueSet', id: 'a', count: 50 })
    assert.deepEqual(
      instance.matches.map((each) => each.versionId),
      ['6', '5', '4', '3', '2', '1'],
    )
    assert.equal(instance.total, 6)
    const write = async () => {
      await storage.write([put(valueSet('b', { title: `x${storage.revision()}` }))])
    }
    const pages = await allPages((cursor) => storage.history(withCursor({ type: 'ValueSet', count: 2 }, cursor)), write)
    const names = pages.flatMap((page) => page.matches.map((each) => `${each.id}${each.versionId}`))
    assert.equal(names.length, 11)
    assert.equal(new Set(names).size, 11)
    const back = await storage.history(withCursor({ type: 'ValueSet', count: 2 }, pages[2]?.previous))
    assert.deepEqual(back.matches, pages[1]?.matches)
    const oldest = { type: 'ValueSet', count: 4, oldestFirst: true }
    const upwards = await allPages(
      (cursor) => storage.history(withCursor(oldest, cursor)),
      async () => {},
    )
    const everything = await storage.history({ type: 'ValueSet', count: 50 })
    assert.deepEqual(
      upwards.flatMap((page) => page.matches),
      everything.matches.toReversed(),
    )
    const before = await storage.history(withCursor(oldest, upwards[2]?.previous))
    assert.deepEqual(before.matches, upwards[1]?.matches)
    assert.equal((await storage.history({ type: 'CodeSystem', count: 5 })).total, 0)
    assert.equal((await storage.history({ count: 50 })).total, 11 + pages.length)
    assert.equal((await storage.history({ count: 50, without: ['ValueSet'] })).total, 0)
  })
  test('_since and _at', async (storage, clock) => {
    const first = Date.UTC(2026, 0, 1)
    clock.now = first
    await storage.write([put(valueSet('a', { title: '1' }))])
    clock.now = first + 60_000
    await storage.write([put(valueSet('a', { title: '2' }))])
    const versions = async (more: { since?: string; at?: string }) =>
      (await storage.history({ type: 'ValueSet', id: 'a', count: 9, ...more })).matches
        .map((each) => each.versionId)
        .join(' ')
    assert.equal(await versions({ since: '2026-01-01T00:00:30Z' }), '2')
    assert.equal(await versions({ since: '2026-01-01' }), '2 1')
    assert.equal(await versions({ at: '2026-01-01T00:00:30.000Z' }), '1')
    assert.equal(await versions({ at: '2026-01-01' }), '2 1')
    assert.equal(await versions({ at: '2025' }), '')
    assert.equal(await versions({ at: '2027' }), '2')
    await assert.rejects(storage.history({ count: 5, since: 'yesterday' }), status(400))
  })
}
