/** `$draft`, `$clone` and the single steps. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Library, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { textsOf } from '../../publish/support.ts'
import { assetLibrary, base, openLifecycle, resourcesOf, valueSet } from './support.ts'

const { put, get, call } = await openLifecycle()
const stored = async (...resources: Resource[]) => {
  for (const each of resources) {
    const { status, body } = await put(each)
    assert.equal(status, 201, JSON.stringify(body))
  }
}
const label = { url: 'http://hl7.org/fhir/StructureDefinition/artifact-releaseLabel', valueString: 'Old' }
const active = (id: string, components: string[]) =>
  assetLibrary(id, components, {
    status: 'active',
    approvalDate: '2026-01-01',
    lastReviewDate: '2026-01-01',
    effectivePeriod: { start: '2026-01-01' },
    extension: [label],
    meta: { profile: ['http://example.org/profile'], tag: [{ system: 'http://example.org', code: 't' }] },
  })

describe('$draft', () => {
  it('makes drafts of an artefact and of what it owns, which name each other', async () => {
    const leaf = valueSet('leaf')
    const root = active('root', [`${leaf.url}|1.0.0`])
    await stored(leaf, root)
    const { status, body } = await call('Library/root/$draft', { version: '1.1.0' })
    assert.equal(status, 200, JSON.stringify(body))
    const [library, set] = resourcesOf(body) as [Library, ValueSet]
    assert.deepEqual([library.status, library.version, library.url], ['draft', '1.1.0', root.url])
    assert.deepEqual([set.status, set.version, set.url], ['draft', '1.1.0', leaf.url])
    assert.deepEqual(library.relatedArtifact?.[0]?.resource, `${leaf.url}|1.1.0`)
    assert.deepEqual(
      [library.approvalDate, library.lastReviewDate, library.effectivePeriod, library.extension],
      [undefined, undefined, undefined, undefined],
    )
    assert.deepEqual(library.meta?.profile, ['http://example.org/profile'])
    assert.notEqual(library.id, 'root')
    assert.equal((await get('Library/root')).body.status, 'active')
    const released = await call(`Library/${library.id}/$release`, { version: '1.1.0', versionBehavior: 'check' })
    assert.equal(released.status, 200, JSON.stringify(released.body))
  })
  it('is made once: a second call of the same version is refused', async () => {
    await stored(valueSet('once'))
    assert.equal((await call('ValueSet/once/$draft', { version: '2.0.0' })).status, 200)
    const again = await call('ValueSet/once/$draft', { version: '2.0.0' })
    assert.equal(again.status, 422)
    assert.match(textsOf(again.body), /stored already/)
    const two = await Promise.all(['3.0.0', '3.0.0'].map((version) => call('ValueSet/once/$draft', { version })))
    const statuses = two.map(({ status }) => status)
    assert.ok(statuses.includes(200), String(statuses))
    const versions = (await get(`ValueSet?_total=accurate&url=${encodeURIComponent(`${base}/ValueSet/once|3.0.0`)}`))
      .body.total
    assert.equal(versions, 1)
  })
  const bad: [string, string, Record<string, string>, number][] = [
    ['of a draft', 'ValueSet/draft/$draft', { version: '2' }, 422],
    ['of a retired one', 'ValueSet/retired/$draft', { version: '2' }, 422],
    ['of nothing', 'ValueSet/none/$draft', { version: '2' }, 404],
    ['without version', 'ValueSet/draft/$draft', {}, 400],
    ['with a version of blanks', 'ValueSet/draft/$draft', { version: 'one two' }, 422],
    ['with the version that is in force', 'ValueSet/in-force/$draft', { version: '1.0.0' }, 422],
    ['of an unknown component', 'Library/lost/$draft', { version: '2.0.0' }, 422],
    ['with another parameter', 'ValueSet/in-force/$draft', { version: '2', verison: '2' }, 400],
  ]
  for (const [what, place, given, status] of bad)
    it(`is refused ${what}`, async () => {
      await put(valueSet('draft', { status: 'draft' }))
      await put(valueSet('retired', { status: 'retired' }))
      await put(valueSet('in-force'))
      await put(active('lost', [`${base}/ValueSet/nowhere`]))
      const reply = await call(place, given)
      assert.equal(reply.status, status, JSON.stringify(reply.body))
    })
})

describe('$clone', () => {
  it('makes another artefact, which says what it is derived from', async () => {
    const leaf = valueSet('cloned-leaf')
    const root = active('cloned', [`${leaf.url}|1.0.0`])
    await stored(leaf, root)
    const { status, body } = await call('Library/cloned/$clone', { version: '0.1.0', url: `${base}/Library/offspring` })
    assert.equal(status, 200, JSON.stringify(body))
    const [library, set] = resourcesOf(body) as [Library, ValueSet]
    assert.deepEqual([library.url, library.version, library.status], [`${base}/Library/offspring`, '0.1.0', 'draft'])
    assert.notEqual(set.url, leaf.url)
    assert.equal(library.relatedArtifact?.[0]?.resource, `${set.url}|0.1.0`)
    assert.deepEqual(library.relatedArtifact?.at(-1), { type: 'derived-from', resource: `${root.url}|1.0.0` })
    assert.deepEqual(set.extension?.at(-1)?.valueRelatedArtifact, {
      type: 'derived-from',
      resource: `${leaf.url}|1.0.0`,
    })
  })
  it('goes from any status, at type level, without a url', async () => {
    for (const status of ['draft', 'retired', 'active'] as const) {
      await stored(valueSet(`clone-${status}`, { status }))
      const { status: code, body } = await call('ValueSet/$clone', { id: `clone-${status}`, version: '1' })
      assert.equal(code, 200, JSON.stringify(body))
      assert.match((resourcesOf(body)[0] as ValueSet).url ?? '', /\/ValueSet\/[0-9a-f-]{36}$/)
    }
  })
  it('is refused with a url that names a version', async () => {
    await put(valueSet('clone-bad'))
    assert.equal((await call('ValueSet/clone-bad/$clone', { version: '1', url: 'http://x.org/a|1' })).status, 400)
  })
})

describe('$retire, $withdraw, $revise', () => {
  it('$retire takes a tree out of force, and changes status and date alone', async () => {
    const leaf = valueSet('retiring-leaf')
    const root = active('retiring', [String(leaf.url)])
    await stored(leaf, root)
    const { status, body } = await call('Library/retiring/$retire', {})
    assert.equal(status, 200, JSON.stringify(body))
    for (const place of ['Library/retiring', 'ValueSet/retiring-leaf'])
      assert.equal((await get(place)).body.status, 'retired')
    assert.equal((await call('Library/retiring/$retire', {})).status, 422)
  })
  it('$withdraw deletes a draft and the drafts that it owns, and nothing active', async () => {
    const [draft, other] = [valueSet('wd-draft', { status: 'draft' }), valueSet('wd-active')]
    await stored(draft, other, assetLibrary('wd', [String(draft.url), String(other.url)]))
    const { status, body } = await call('Library/wd/$withdraw', {})
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal((await get('Library/wd')).status, 410)
    assert.equal((await get('ValueSet/wd-draft')).status, 410)
    assert.equal((await get('ValueSet/wd-active')).status, 200)
    assert.equal((await call('ValueSet/wd-active/$withdraw', {})).status, 422)
  })
  it('$withdraw stops at what an active artefact refers to', async () => {
    const draft = valueSet('wd-named', { status: 'draft' })
    const user = valueSet('wd-user', { compose: { include: [{ valueSet: [`${draft.url}|1.0.0`] }] } })
    await stored(draft, user, assetLibrary('wd-tree', [String(draft.url)]))
    assert.equal((await call('Library/wd-tree/$withdraw', {})).status, 409)
    assert.equal((await get('Library/wd-tree')).status, 200)
  })
  it('$revise puts other content into a draft, which stays one', async () => {
    const draft = valueSet('rv', { status: 'draft' })
    await stored(draft)
    const { status, body } = await call('ValueSet/rv/$revise', { resource: { ...draft, title: 'Other' } })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal((await get('ValueSet/rv')).body.title, 'Other')
    assert.equal((await call('ValueSet/rv/$revise', { resource: { ...draft, status: 'active' } })).status, 422)
    assert.equal((await call('ValueSet/rv/$revise', { resource: { ...draft, id: 'x' } })).status, 400)
    assert.equal((await call('ValueSet/rv/$revise', {})).status, 400)
  })
})
