import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ConceptMap, ValueSet } from '../../../src/fhir/types.ts'
import type { Gate } from '../../../src/publish/import/candidate.ts'
import { importFolder, importPackage } from '../../../src/publish/import/import-package.ts'
import { countEntries, type ImportReport, reportJson, reportLines } from '../../../src/publish/import/report.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { makePackage } from '../../packages/make-archive.ts'
import { overShared, sharedPath } from '../../support/shared.ts'

const igs = sharedPath('igs')
const folder = mkdtempSync(join(tmpdir(), 'vidimus-packages-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const manifest = { name: 'test.package', version: '1.0.0', canonical: 'http://example.org', fhirVersions: ['4.0.1'] }
const valueSet = (id: string, more: Partial<ValueSet> = {}): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/ValueSet/${id}`,
  version: '1.0.0',
  status: 'active',
  ...more,
})
const texts = (report: ImportReport) => report.issues.map((each) => each.details?.text ?? '').join('\n')
const open = () => openSqlite(':memory:')
/** These tests are about reading and storing: everything is fit. */
const gate: Gate = {
  admit: async (resource) => ({ resource, issues: [], isRefused: false }),
  compare: async () => ({ kind: 'new' }),
  displaces: async () => undefined,
  write: (write) => write,
}

overShared.test('the three WHO packages load whole, their defects are named, and again nothing changes', async () => {
  const storage = open()
  const load = (name: string) => importPackage({ path: join(igs, `${name}.tgz`) }, { storage, gate })
  const ddcc = await load('who.ddcc-1.0.0')
  assert.deepEqual(countEntries(ddcc), { loaded: 164, updated: 0, unchanged: 0, skipped: 95, failed: 0 })
  const counts = {
    CodeSystem: 20,
    ValueSet: 30,
    ConceptMap: 32,
    StructureDefinition: 47,
    StructureMap: 21,
    Library: 3,
    Questionnaire: 3,
  }
  for (const [type, number] of Object.entries(counts)) assert.equal((await storage.count())[type], number, type)
  for (const system of [
    'http://snomed.info/sct',
    'http://loinc.org',
    'http://hl7.org/fhir/sid/cvx',
    'https://ec.europa.eu/health/documents/community-register/html/',
  ]) {
    assert.ok(texts(ddcc).includes(`republishes ${system} as complete`), system)
  }
  assert.equal(texts(ddcc).match(/republishes/g)?.length, 4)
  assert.deepEqual(
    texts(ddcc)
      .match(/.*are exchanged.*/g)
      ?.map((each) => each.split(':')[0]),
    ['ConceptMap/who-ddcc-map-icao-icd11-vaccines'],
  )
  assert.equal(texts(ddcc).match(/the url contains a version/g)?.length, 3)
  assert.equal((await storage.findCanonical('Library', 'http://localhost/Library/DDCCPass|1.0.0')).length, 1)
  assert.doesNotMatch(texts(ddcc), /iso3166-1-3 is not here/, 'terminology computes it')
  assert.match(texts(ddcc), /package hl7\.fhir\.uv\.ips 1\.1\.0, which is not here/)
  const icvp = await load('smart.who.int.icvp-0.3.0')
  assert.equal(countEntries(icvp).loaded, 33)
  assert.match(texts(icvp), /CodeSystem http:\/\/smart\.who\.int\/icvp\/CodeSystem\/preQualVaccines is not here/)
  assert.match(
    texts(icvp),
    /VaccineTradeItemtoManufacturer: a group names .*ValueSet\/VaccineManufacturer, which is no code system/,
  )
  const trust = await load('smart.who.int.trust-1.6.0')
  assert.deepEqual(countEntries(trust), { loaded: 35, updated: 0, unchanged: 0, skipped: 590, failed: 0 })
  assert.match(texts(trust), /411 Endpoint of FHIR R5 skipped/)
  assert.match(texts(trust), /who\.ddcc 1\.0\.1, which is here as 1\.0\.0/)
  const map = (await storage.read('ConceptMap', 'ParticipantsToWHORegionalOffices'))?.resource as ConceptMap
  assert.equal(map.sourceCanonical, 'http://smart.who.int/trust/ValueSet/Participants')
  assert.equal(map.group?.[0]?.element[0]?.target?.[0]?.equivalence, 'relatedto')
  assert.equal(JSON.stringify(map.group).includes('relationship'), false)
  const revision = storage.revision()
  for (const name of ['who.ddcc-1.0.0', 'smart.who.int.icvp-0.3.0', 'smart.who.int.trust-1.6.0']) {
    const again = countEntries(await load(name))
    assert.equal(again.loaded + again.updated + again.failed, 0)
  }
  assert.equal(storage.revision(), revision)
  await storage.close()
})

overShared.test('the guides for summaries of pilgrims load as they are, and say what they lack', async () => {
  const storage = open()
  const load = (name: string) => importPackage({ path: join(igs, `${name}.tgz`) }, { storage, gate })
  const ph4h = await load('smart.who.int.ph4h-r4')
  assert.equal(countEntries(ph4h).failed, 0)
  const pilgrimage = await load('smart.who.int.ips-pilgrimage-r4')
  assert.equal(countEntries(pilgrimage).failed, 0)
  const counts = { StructureDefinition: 9, ValueSet: 9, CodeSystem: 8, Questionnaire: 1 }
  for (const [type, number] of Object.entries(counts)) assert.equal((await storage.count())[type], number, type)
  assert.match(texts(ph4h), /package hl7\.fhir\.uv\.ips 1\.1\.0, which is not here/)
  assert.match(texts(ph4h), /Bundle-uv-ips is not here; needed by StructureDefinition\/SmartIPS/)
  assert.match(
    texts(pilgrimage),
    /IHE\.mCSD\.Organization is not here; needed by StructureDefinition\/HajjOrganization/,
  )
  assert.ok(reportLines(pilgrimage).some((line) => line.includes('not content: folder openapi')))
  for (const name of ['smart.who.int.ph4h-r4', 'smart.who.int.ips-pilgrimage-r4']) {
    const again = countEntries(await load(name))
    assert.equal(again.loaded + again.updated + again.failed, 0)
  }
  await storage.close()
})

overShared.test('examples come by option', async () => {
  const storage = open()
  const report = await importPackage(
    { path: join(igs, 'smart.who.int.icvp-0.3.0.tgz') },
    { storage, gate, examples: true },
  )
  // Three patients are among them, which this server does not hold.
  assert.deepEqual(countEntries(report).loaded, 34)
  await storage.close()
})

test('R5 relationships change direction where R4 says it the other way round', async () => {
  const storage = open()
  const relationships = [
    'related-to',
    'equivalent',
    'source-is-narrower-than-target',
    'source-is-broader-than-target',
    'not-related-to',
  ]
  const target = relationships.map((relationship, i) => ({ code: `${i}`, relationship }))
  const element = [
    { code: 'a', target },
    { code: 'b', noMap: true },
  ]
  const map = {
    resourceType: 'ConceptMap',
    id: 'm',
    url: 'http://x/m',
    status: 'draft',
    versionAlgorithmString: 'semver',
    group: [{ source: 's', target: 't', element }],
  }
  const bytes = makePackage({ ...manifest, fhirVersions: ['5.0.0'] }, { 'ConceptMap-m.json': map })
  const report = await importPackage({ bytes, name: 'r5.tgz' }, { storage, gate })
  const stored = (await storage.read('ConceptMap', 'm'))?.resource as ConceptMap
  assert.deepEqual(
    stored.group?.[0]?.element[0]?.target?.map((each) => each.equivalence),
    ['relatedto', 'equivalent', 'wider', 'narrower', 'disjoint'],
  )
  assert.deepEqual(stored.group?.[0]?.element[1], { code: 'b', target: [{ equivalence: 'unmatched' }] })
  assert.match(texts(report), /left out what FHIR R4 does not know: versionAlgorithmString/)
  await storage.close()
})

test('ids: kept, derived where another artefact has them, duplicates skipped, all of it stable', async () => {
  const storage = open()
  const first = makePackage(manifest, { 'a.json': valueSet('same'), 'b.json': { ...valueSet('same'), title: 'twice' } })
  const second = makePackage(
    { ...manifest, name: 'other' },
    {
      'a.json': valueSet('same', { url: 'http://other/ValueSet/x' }),
      'b.json': valueSet('same', { version: '2.0.0' }),
      'c.json': { ...valueSet('x'), id: 'not valid' },
    },
  )
  const load = (bytes: Uint8Array) => importPackage({ bytes, name: 'p.tgz' }, { storage, gate })
  assert.deepEqual(
    (await load(first)).entries.map((each) => each.status),
    ['loaded', 'skipped', 'skipped'],
  )
  const report = await load(second)
  const ids = report.entries.flatMap((each) => each.id ?? [])
  assert.match(ids.join(' '), /^same-[0-9a-f]{12} same-[0-9a-f]{12} x-[0-9a-f]{12}$/)
  assert.deepEqual(
    (await load(second)).entries.flatMap((each) => each.id ?? []),
    ids,
  )
  assert.equal((await storage.findCanonical('ValueSet', 'http://example.org/ValueSet/same')).length, 2)
  assert.equal((await storage.read('ValueSet', 'same'))?.versionId, '1')
  const third = makePackage({ ...manifest, name: 'third' }, { 'a.json': { ...valueSet('same'), id: 'third' } })
  assert.match(texts(await load(third)), /ValueSet\/third: has the same url and version as ValueSet\/same/)
  await storage.close()
})

test('a bad file is reported and the rest stored', async () => {
  const storage = open()
  const bytes = makePackage(manifest, {
    'a.json': valueSet('a'),
    'broken.json': '{"resourceType": "ValueSet",\n "id": }',
    'mark.json': `\uFEFF${JSON.stringify(valueSet('mark'))}`,
    'noid.json': { resourceType: 'Organization' },
    'unknown.json': { resourceType: 'Nonsense', id: 'x' },
    'list.json': '[1]',
    'x.map': 'map "http://example.org/m" = m\n\ngroup g(source s, target t) {\n  s.a -> t.b;\n}',
    'refused.json': { ...valueSet('refused'), status: 1 },
    '.index.json': '{}',
    'other/big.json': valueSet('other'),
    'openapi/api.json': '\uFEFF{}',
    'xml/StructureDefinition.sch': '<x/>',
  })
  const seen: string[] = []
  const report = await importPackage(
    { bytes, name: 'p.tgz' },
    {
      storage,
      gate,
      onProgress: (done, total, name) => void seen.push(`${done}/${total} ${name}`),
    },
  )
  const status = Object.fromEntries(
    report.entries.map((each) => [each.file.replace('package/', ''), `${each.status}: ${each.reason ?? ''}`]),
  )
  assert.match(String(status['broken.json']), /^failed: .*line 2/)
  assert.match(String(status['noid.json']), /^failed: no id/)
  assert.match(String(status['unknown.json']), /^failed: unknown resource type "Nonsense"/)
  assert.match(String(status['refused.json']), /^failed: ValueSet\.status: ./)
  for (const name of [
    'list.json',
    '.index.json',
    'other/big.json',
    'openapi/api.json',
    'xml/StructureDefinition.sch',
  ]) {
    assert.match(String(status[name]), /^skipped: ./, name)
  }
  assert.deepEqual(await storage.count(), { StructureMap: 1, ValueSet: 2 })
  assert.equal(seen.at(-1), '13/13 test.package')
  const lines = reportLines(report)
  assert.match(String(lines[0]), /^test\.package 1\.0\.0: 3 loaded, 6 skipped, 4 failed$/)
  assert.deepEqual(reportJson(report).counts, { loaded: 3, updated: 0, unchanged: 0, skipped: 6, failed: 4 })
  await storage.close()
})

test('a damaged package stores nothing', async () => {
  const storage = open()
  const bytes = makePackage(manifest, { 'a.json': valueSet('a') })
  await assert.rejects(importPackage({ bytes: bytes.subarray(0, -20), name: 'p.tgz' }, { storage, gate }), {
    status: 422,
  })
  await assert.rejects(importPackage({ bytes: Buffer.from('no archive'), name: 'p.tgz' }, { storage, gate }), {
    status: 422,
  })
  await assert.rejects(importPackage({ path: join(folder, 'absent.tgz') }, { storage, gate }), { status: 404 })
  const limits = { totalBytes: 100, fileBytes: 100, files: 10 }
  await assert.rejects(importPackage({ bytes, name: 'p.tgz' }, { storage, gate, limits }), { status: 413 })
  assert.deepEqual(await storage.count(), {})
  await storage.close()
})

test('a manifest that cannot be read is told, and what is beside it is stored', async () => {
  const storage = open()
  const bytes = makePackage([], { 'a.json': valueSet('a'), 'b.json': valueSet('a', { title: 'twice' }) })
  const report = await importPackage({ bytes, name: 'p.tgz' }, { storage, gate })
  assert.match(texts(report), /^package\/package.json cannot be read: it is no JSON object$/)
  assert.deepEqual(await storage.count(), { ValueSet: 1 })
  assert.ok(reportLines(report).includes('  skipped  package/b.json: duplicate of ValueSet/a in the same package'))
  await storage.close()
})

test('a folder is read once, with packages inside, and again when it has changed', async () => {
  const storage = open()
  const path = join(folder, 'content')
  mkdirSync(join(path, 'deep'), { recursive: true })
  writeFileSync(join(path, 'deep', 'a.json'), JSON.stringify(valueSet('a')))
  writeFileSync(join(path, 'README.md'), 'text')
  writeFileSync(join(path, 'p.tgz'), makePackage(manifest, { 'b.json': valueSet('b') }))
  const first = await importFolder(path, { storage, gate })
  assert.deepEqual(
    first.map((each) => each.name),
    ['test.package', 'content'],
  )
  assert.deepEqual(await storage.count(), { ValueSet: 2 })
  const [again] = await importFolder(path, { storage, gate })
  assert.equal(again?.skippedAsUnchanged, true)
  writeFileSync(join(path, 'deep', 'a.json'), JSON.stringify(valueSet('a', { title: 'new' })))
  const changed = await importFolder(path, { storage, gate })
  assert.equal(
    changed.reduce((sum, each) => sum + countEntries(each).updated, 0),
    1,
  )
  const single = await importPackage({ path: join(path, 'deep', 'a.json') }, { storage, gate })
  assert.deepEqual(countEntries(single).unchanged, 1)
  await storage.close()
})

test('what terminology finds under another name, or computes, is not reported as absent', async () => {
  const who = 'http://smart.who.int/ddcc/ValueSet/'
  const files = {
    'package/a.json': valueSet('a', {
      compose: {
        include: [
          { valueSet: [`${who}lab-test-type-icao`] },
          { valueSet: ['http://hl7.org/fhir/ValueSet/iso3166-1-3'] },
          { system: 'urn:ietf:bcp:47' },
          { system: 'http://example.org/CodeSystem/absent' },
        ],
      },
    }),
    'package/b.json': valueSet('b', { url: `${who}LabTestTypeIcaoValueSet` }),
  }
  const bytes = makePackage(manifest, files)
  const report = await importPackage({ bytes, name: 'names.tgz' }, { storage: open(), gate })
  const absent = [...texts(report).matchAll(/(\S+) is not here/g)].map(([, url]) => url)
  assert.deepEqual(absent, ['http://example.org/CodeSystem/absent'])
})
