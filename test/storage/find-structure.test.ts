import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { StructureDefinition } from '../../src/fhir/types.ts'
import { findStructure } from '../../src/storage/find-artefacts.ts'
import { openStorage } from '../../src/storage/open.ts'

const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
after(() => storage.close())

const url = (name: string) => `http://example.org/StructureDefinition/${name}`
const model = (id: string, change: Partial<StructureDefinition>): StructureDefinition => ({
  resourceType: 'StructureDefinition',
  id,
  url: url(id),
  name: id,
  status: 'active',
  kind: 'logical',
  abstract: false,
  type: url(id),
  ...change,
})

before(async () => {
  for (const resource of [
    model('Both1', { url: url('Both'), version: '1.0.0' }),
    model('Both2', { url: url('Both'), version: '2.0.0', status: 'draft' }),
    model('Draft', { version: '1.0.0', status: 'draft' }),
    model('Versionless', { status: 'draft' }),
    model('Retired', { version: '1.0.0', status: 'retired' }),
    model('DraftCopy', { type: url('CopiedAsDraft'), status: 'draft' }),
    model('ACopy', { type: url('Copied'), status: 'draft' }),
    model('BCopy', { type: url('Copied') }),
  ])
    await storage.write([{ type: 'StructureDefinition', id: resource.id ?? '', resource, method: 'PUT' }])
})

/** What is found under a canonical, for a verdict and where drafts are let in. */
const cases: [what: string, canonical: string, verdict: string | undefined, drafts: string | undefined][] = [
  ['the active one, though a draft is newer', url('Both'), 'Both1', 'Both1'],
  ['the draft that is named by its version', `${url('Both')}|2.0.0`, 'Both2', 'Both2'],
  ['no version that is not stored', `${url('Both')}|3.0.0`, undefined, undefined],
  ['no draft under its bare url', url('Draft'), undefined, 'Draft'],
  ['a draft named by its version', `${url('Draft')}|1.0.0`, 'Draft', 'Draft'],
  ['a draft without version, whose bare url is its whole name', url('Versionless'), 'Versionless', 'Versionless'],
  ['no retired one under its bare url', url('Retired'), undefined, 'Retired'],
  ['no draft that declares it as its type', url('CopiedAsDraft'), undefined, 'DraftCopy'],
  ['the active one that declares it as its type', url('Copied'), 'BCopy', 'BCopy'],
  ['nothing under a name that nobody has', url('None'), undefined, undefined],
]
for (const [what, canonical, verdict, drafts] of cases)
  test(`a model is ${what}`, async () => {
    assert.equal((await findStructure(storage, canonical))?.id, verdict)
    assert.equal((await findStructure(storage, canonical, { drafts: true }))?.id, drafts)
  })
