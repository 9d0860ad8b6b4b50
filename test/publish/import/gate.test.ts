/** An import passes the same checks as a write over REST: what is not fit to be active comes in as a draft, conflicts do not. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import type { Resource, StructureMap } from '../../../src/fhir/types.ts'
import { importPackage } from '../../../src/publish/import/import-package.ts'
import { countEntries, type ImportReport, reportJson, reportLines } from '../../../src/publish/import/report.ts'
import { makePackage } from '../../packages/make-archive.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { overShared, sharedPath } from '../../support/shared.ts'
import { base, codeSystem, contentLibrary, cqlLibrary, plan, valueSet } from '../support.ts'

const { server, close } = await openTestServer()
after(close)
const manifest = (name: string) => ({ name, version: '1.0.0', canonical: base, fhirVersions: ['4.0.1'] })
const load = (name: string, files: Record<string, object | string>) =>
  importPackage({ bytes: makePackage(manifest(name), files), name: `${name}.tgz` }, importOptions(server))
const read = async (type: string, id: string) =>
  (await server.storage.read(type, id))?.resource as (Resource & { status?: string }) | undefined
const entry = (report: ImportReport, file: string) => report.entries.find((each) => each.file === `package/${file}`)

const map = (url: string, transform: string): StructureMap => ({
  resourceType: 'StructureMap',
  id: url,
  url: `${base}/StructureMap/${url}`,
  version: '1.0.0',
  name: url,
  status: 'active',
  group: [
    {
      name: 'g',
      typeMode: 'none',
      input: [
        { name: 's', mode: 'source' },
        { name: 't', mode: 'target' },
      ],
      rule: [
        {
          name: 'r',
          source: [{ context: 's', element: 'a', variable: 'v' }],
          target: [
            {
              context: 't',
              contextType: 'variable',
              element: 'b',
              transform: transform as 'copy',
              parameter: [{ valueId: 'v' }],
            },
          ],
        },
      ],
    },
  ],
})

const good = cqlLibrary('Good', 'define Good: true')
/** One broken artefact of each kind, with what the report must say of it. */
const broken: Record<string, [Resource, RegExp]> = {
  'map.json': [map('broken-map', 'frobnicate'), /unknown transform 'frobnicate'/],
  'certlogic.json': [contentLibrary('BrokenCert', 'application/certlogic+json', '{"unknown":[1]}'), /BrokenCert/],
  'cql.json': [cqlLibrary('BrokenCql', 'define Good: true\ndefine A: Foo'), /Foo.*line 5, column 11/],
  'plan.json': [plan('broken-plan', `${base}/Library/None|1.0.0`), /None\|1\.0\.0, which is not known/],
  'set.json': [
    valueSet('broken-set', { compose: { include: [{ version: '1' }] } as never }),
    /neither system nor valueSet/,
  ],
  'system.json': [codeSystem('broken-system', ['a', 'a']), /more than once/],
  // Sound by themselves, they lean on what is not.
  'lean-library.json': [
    cqlLibrary('Leaning', "include BrokenCql version '1.0.0'\ndefine Good: BrokenCql.Good"),
    /BrokenCql/,
  ],
  'lean-plan.json': [
    plan('leaning-plan', `${base}/Library/Leaning|1.0.0`),
    /Leaning\|1\.0\.0, which (is draft|cannot be run)/,
  ],
}
const files = Object.fromEntries(Object.entries(broken).map(([name, [resource]]) => [name, resource as object]))

test('what is not fit to be active is stored as a draft with a mark, and the report says so', async () => {
  // In the order of the files the rule sets come before what they name.
  const report = await load('broken', {
    'a-plan.json': plan('sound-plan', `${good.url}|1.0.0`),
    ...files,
    'z-library.json': good,
  })
  assert.deepEqual(countEntries(report), { loaded: 10, updated: 0, unchanged: 0, skipped: 1, failed: 0 })
  const text = reportLines(report).join('\n')
  assert.match(text, /^broken 1\.0\.0: 10 loaded, 1 skipped, 8 as drafts, not fit to be active/)
  for (const [name, [resource, expected]] of Object.entries(broken)) {
    const found = entry(report, name)
    assert.equal(found?.isDraft, true, name)
    assert.match(found?.reason ?? '', /^stored as draft, not fit to be active: ./)
    const lines = text
      .slice(text.indexOf(`package/${name}`))
      .split('\n')
      .slice(0, 4)
      .join('\n')
    assert.match(lines, expected, name)
    const stored = await read(resource.resourceType, String(resource.id))
    assert.equal(stored?.status, 'draft')
    assert.equal(stored?.meta?.tag?.[0]?.code, 'not-fit')
  }
  for (const file of ['a-plan.json', 'z-library.json']) assert.equal(entry(report, file)?.isDraft, undefined, file)
  assert.equal((await read('PlanDefinition', 'sound-plan'))?.status, 'active')
  const json = JSON.parse(JSON.stringify(reportJson(report)))
  const shown = json.entries.find((each: { file: string }) => each.file === 'package/cql.json')
  assert.equal(shown.isDraft, true)
  assert.match(JSON.stringify(shown.issues), /line 5, column 11/)
})

test('the same import again changes nothing; what was mended elsewhere is taken as it is now', async () => {
  const revision = server.storage.revision()
  const again = await load('broken', files)
  assert.deepEqual(countEntries(again), { loaded: 0, updated: 0, unchanged: 8, skipped: 1, failed: 0 })
  assert.equal(server.storage.revision(), revision)
  assert.ok(again.entries.every(({ isDraft, status }) => isDraft === true || status === 'skipped'))
  const mended = await load('mended', {
    'none.json': cqlLibrary('None', 'define Good: true'),
    'plan.json': broken['plan.json']?.[0] as object,
  })
  assert.equal(entry(mended, 'plan.json')?.status, 'updated')
  const stored = await read('PlanDefinition', 'broken-plan')
  assert.deepEqual([stored?.status, stored?.meta?.tag], ['active', undefined])
})

test('other content under a published version is a conflict: not stored, told, and everything else goes on', async () => {
  const published = cqlLibrary('Published', 'define Good: true')
  await load('first', { 'a.json': published })
  const others = {
    'active.json': { ...cqlLibrary('Published', 'define Good: false'), id: 'active' },
    'draft.json': { ...cqlLibrary('Published', 'define Good: false'), id: 'draft', status: 'draft' },
    'same-id.json': cqlLibrary('Published', 'define Good: false'),
    'new.json': { ...cqlLibrary('Published', 'define Good: false', { version: '1.1.0' }), id: 'published-1-1' },
  }
  const report = await load('second', others)
  for (const file of ['active.json', 'draft.json', 'same-id.json']) {
    const found = entry(report, file)
    assert.deepEqual([found?.status, found?.isConflict], ['failed', true], file)
    assert.match(found?.reason ?? '', /conflict: .*Published\|1\.0\.0 was published, .*raise the version/)
  }
  assert.equal(entry(report, 'new.json')?.status, 'loaded')
  assert.match(reportLines(report).join('\n'), /failed +package\/active\.json: conflict/)
  assert.deepEqual(
    (await server.storage.findCanonical('Library', `${published.url}|1.0.0`)).map(({ id }) => id),
    ['Published'],
  )
  const [same] = (
    await load('first', {
      'a.json': { ...published, text: { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' } },
    })
  ).entries
  assert.equal(same?.status, 'updated', 'narrative is no content')
})

test('what is in force is not displaced by what an import found unfit, nor by what has no name; everything else goes on', async () => {
  const { version: _version, ...unversioned } = valueSet('unversioned')
  await load('in-force', { 'a.json': unversioned, 'b.json': valueSet('named') })
  const { url: _url, ...nameless } = valueSet('named', { status: 'draft' })
  const report = await load('in-force-later', {
    'unfit.json': { ...unversioned, compose: { include: [{ version: '1' }] } },
    'nameless.json': nameless,
    'new.json': valueSet('bystander'),
  })
  for (const file of ['unfit.json', 'nameless.json']) {
    const found = entry(report, file)
    assert.deepEqual([found?.status, found?.isDraft], ['failed', undefined], file)
    assert.match(found?.reason ?? '', /would take it out of force/)
  }
  assert.equal(entry(report, 'new.json')?.status, 'loaded')
  for (const id of ['unversioned', 'named']) assert.equal((await read('ValueSet', id))?.status, 'active')
})

test('two of one package with the same canonical and other content: one is stored', async () => {
  const report = await load('twice', {
    'a.json': valueSet('twice'),
    'b.json': { ...valueSet('twice-b', { title: 'Other' }), url: `${base}/ValueSet/twice` },
  })
  assert.deepEqual(
    ['a.json', 'b.json'].map((file) => entry(report, file)?.status),
    ['loaded', 'failed'],
  )
})

test('what was retired here stays retired', async () => {
  const resource = valueSet('leaving')
  await load('retired', { 'a.json': resource })
  const retired = { ...resource, status: 'retired' as const }
  await server.storage.write([
    server.publish.write({ method: 'PUT', type: 'ValueSet', id: 'leaving', resource: retired }),
  ])
  const report = await load('retired', { 'a.json': resource })
  assert.deepEqual(
    [entry(report, 'a.json')?.status, entry(report, 'a.json')?.reason],
    ['unchanged', 'retired on this server'],
  )
  assert.equal((await read('ValueSet', 'leaving'))?.status, 'retired')
})

test('a mark of another server is no mark of this one', async () => {
  const marked = {
    ...valueSet('marked'),
    meta: { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/publication', code: 'not-fit' }] },
  }
  await load('marked', { 'a.json': marked })
  assert.deepEqual((await read('ValueSet', 'marked'))?.meta?.tag, undefined)
})

test('empty lists are left out with a warning', async () => {
  const guide = {
    resourceType: 'ImplementationGuide',
    id: 'guide',
    url: `${base}/ImplementationGuide/guide`,
    name: 'Guide',
    status: 'draft',
    packageId: 'guide',
    fhirVersion: ['4.0.1'],
    definition: {
      resource: [{ reference: { reference: 'ValueSet/x' } }],
      page: {
        nameUrl: 'toc.html',
        title: 'T',
        generation: 'html',
        page: [{ nameUrl: 'a.html', title: 'A', generation: 'html', page: [] }],
      },
    },
    contact: [],
  }
  const report = await load('guide', { 'guide.json': guide })
  assert.equal(entry(report, 'guide.json')?.status, 'loaded', JSON.stringify(report))
  const text = report.issues.map((each) => each.details?.text).join('\n')
  assert.match(
    text,
    /left out empty lists.*ImplementationGuide\.definition\.page\.page\[0\]\.page, ImplementationGuide\.contact/,
  )
  const stored = JSON.stringify(await read('ImplementationGuide', 'guide'))
  assert.ok(!stored.includes('[]'))
})

const igs = sharedPath('igs')
overShared.test("WHO's packages come in as they are, twice, none of it as a draft that was not one", async () => {
  for (const file of readdirSync(igs).filter((name) => name.endsWith('.tgz'))) {
    const report = await importPackage({ path: join(igs, file) }, importOptions(server))
    const { loaded, failed } = countEntries(report)
    assert.ok(loaded > 0 && failed === 0, `${file}: ${reportLines(report).slice(0, 20).join('\n')}`)
    assert.deepEqual(
      report.entries.filter(({ isDraft }) => isDraft),
      [],
      file,
    )
    const again = countEntries(await importPackage({ path: join(igs, file) }, importOptions(server)))
    assert.equal(again.loaded + again.updated + again.failed, 0, file)
  }
})
