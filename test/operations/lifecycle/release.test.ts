/** `$release`: all of a tree, or nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bundle, Library, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { canonicalBytes } from '../../../src/provenance/signature/canonicalization.ts'
import { plan, textsOf } from '../../publish/support.ts'
import { assetLibrary, base, cqlLibrary, openLifecycle, resourcesOf, valueSet } from './support.ts'

const { put, get, call } = await openLifecycle()
const set = (id: string, more: Partial<ValueSet> = {}) => valueSet(id, { status: 'draft', ...more })
const importing = (id: string, canonical: string, more: Partial<ValueSet> = {}) =>
  set(id, { compose: { include: [{ valueSet: [canonical] }] }, ...more })
const stored = async (...resources: Resource[]) => {
  for (const each of resources) {
    const { status, body } = await put(each)
    assert.equal(status, 201, JSON.stringify(body))
  }
}
const usual = { version: '2.0.0', versionBehavior: 'force' }

/** A root that owns two value sets, one of which draws from the other. */
async function tree(id: string) {
  const leaf = set(`${id}-leaf`)
  const branch = importing(`${id}-branch`, String(leaf.url))
  const root = assetLibrary(id, [`${leaf.url}|1.0.0`, String(branch.url)])
  await stored(leaf, branch, root)
  return { leaf, branch, root }
}

describe('$release of one draft', () => {
  it('makes it active, with version, date and label', async () => {
    await stored(set('one'))
    const { status, body } = await call('ValueSet/one/$release', {
      ...usual,
      releaseDate: '2026-05-01',
      releaseLabel: 'Spring',
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.type, 'transaction-response')
    assert.deepEqual(
      [body.entry[0].response.status, body.entry[0].response.location],
      ['200 OK', 'ValueSet/one/_history/2'],
    )
    const resource = (await get('ValueSet/one')).body
    assert.deepEqual([resource.status, resource.version, resource.date], ['active', '2.0.0', '2026-05-01'])
    assert.deepEqual(resource.extension, [
      { url: 'http://hl7.org/fhir/StructureDefinition/artifact-releaseLabel', valueString: 'Spring' },
    ])
  })
  it('goes by id at type level, and has the day of the server without a date', async () => {
    await stored(set('two'))
    const { status, body } = await call('ValueSet/$release', { id: 'two', ...usual })
    assert.equal(status, 200, JSON.stringify(body))
    assert.match((await get('ValueSet/two')).body.date, /^\d{4}-\d{2}-\d{2}$/)
  })
  const behaviours: [string, string, string | undefined, string | number][] = [
    ['default', '2.0.0', '1.0.0', '1.0.0'],
    ['default', '2.0.0', undefined, '2.0.0'],
    ['check', '1.0.0', '1.0.0', '1.0.0'],
    ['check', '2.0.0', '1.0.0', 422],
    ['check', '2.0.0', undefined, '2.0.0'],
    ['force', '2.0.0', '1.0.0', '2.0.0'],
  ]
  for (const [versionBehavior, version, own, expected] of behaviours)
    it(`versionBehavior ${versionBehavior}, ${version} over ${own ?? 'none'}: ${expected}`, async () => {
      const id = `v-${versionBehavior}-${version}-${own}`
      const { version: _version, ...bare } = set(id)
      await stored(own === undefined ? bare : { ...bare, version: own })
      const reply = await call(`ValueSet/${id}/$release`, { version, versionBehavior })
      const { body } = await get(`ValueSet/${id}`)
      assert.equal(reply.status, expected === 422 ? 422 : 200, JSON.stringify(reply.body))
      assert.deepEqual([body.version, body.status], expected === 422 ? [own, 'draft'] : [expected, 'active'])
    })
  const bad: [string, Record<string, string | boolean>, number, RegExp][] = [
    ['no version', { versionBehavior: 'force' }, 400, /version is required/],
    ['no versionBehavior', { version: '2.0.0' }, 400, /versionBehavior is required/],
    ['an unknown versionBehavior', { version: '2.0.0', versionBehavior: 'perhaps' }, 422, /default, check, force/],
    ['a version with a bar', { version: '1|2', versionBehavior: 'force' }, 422, /letters, digits/],
    ['a date that is none', { ...usual, releaseDate: '2026-13-01' }, 422, /releaseDate/],
    ['an unknown experimentalBehavior', { ...usual, experimentalBehavior: 'loud' }, 422, /none, warn, error/],
    ['a misspelt parameter', { ...usual, releaseLable: 'x' }, 400, /releaseLabel/],
    ['another id than that of the address', { ...usual, id: 'other' }, 400, /another one/],
    ['a token that is none', { ...usual, prepared: 'x' }, 400, /prepareOnly/],
  ]
  for (const [what, given, status, text] of bad)
    it(`refuses ${what}, and changes nothing`, async () => {
      const id = `bad-${what}`.replace(/\W/g, '-')
      await stored(set(id))
      const reply = await call(`ValueSet/${id}/$release`, given)
      assert.equal(reply.status, status, JSON.stringify(reply.body))
      assert.match(textsOf(reply.body), text)
      assert.equal((await get(`ValueSet/${id}`)).body.meta.versionId, '1')
    })
  it('refuses what is no draft, what is not there, and no id', async () => {
    await stored(valueSet('active'))
    assert.equal((await call('ValueSet/active/$release', usual)).status, 422)
    assert.equal((await call('ValueSet/none/$release', usual)).status, 404)
    assert.equal((await call('ValueSet/$release', { ...usual, id: 'none' })).status, 404)
    assert.equal((await call('ValueSet/$release', usual)).status, 400)
  })
  it('is judged as every publication: what is not fit to be active stays a draft', async () => {
    await stored(set('unfit', { compose: { include: [{ version: '1' }] } }))
    const { status, body } = await call('ValueSet/unfit/$release', usual)
    assert.equal(status, 422)
    assert.ok(body.issue.length > 0)
    assert.equal((await get('ValueSet/unfit')).body.status, 'draft')
  })
})

describe('$release of a tree', () => {
  it('releases all that it owns, and names it by its version', async () => {
    const { root, leaf, branch } = await tree('whole')
    const { status, body } = await call(`Library/${root.id}/$release`, usual)
    assert.equal(status, 200, JSON.stringify(body))
    const [library, one, two] = resourcesOf(body) as [Library, ValueSet, ValueSet]
    assert.deepEqual(
      [library, one, two].map((each) => [each.id, each.status, each.version]),
      [root, leaf, branch].map(({ id }) => [id, 'active', '2.0.0']),
    )
    assert.deepEqual(
      library.relatedArtifact?.map(({ resource }) => resource),
      [`${leaf.url}|2.0.0`, `${branch.url}|2.0.0`],
    )
    assert.deepEqual(two.compose?.include[0]?.valueSet, [`${leaf.url}|2.0.0`])
  })
  it('with a leaf that is not fit changes nothing', async () => {
    const leaf = set('rotten-leaf', { compose: { include: [{ version: '1' }] } })
    const root = assetLibrary('rotten', [String(leaf.url)])
    await stored(leaf, root)
    const { status } = await call('Library/rotten/$release', usual)
    assert.equal(status, 422)
    for (const place of ['Library/rotten', 'ValueSet/rotten-leaf']) {
      const { body } = await get(place)
      assert.deepEqual([body.status, body.meta.versionId], ['draft', '1'], place)
    }
  })
  const components: [string, Resource[], string, RegExp][] = [
    ['is not there', [], `${base}/ValueSet/nowhere`, /not stored here/],
    ['is there in another version', [set('versioned')], `${base}/ValueSet/versioned|9`, /not stored here/],
    ['is retired', [valueSet('gone', { status: 'retired' })], `${base}/ValueSet/gone`, /retired/],
    [
      'may be two drafts',
      [set('twice'), set('twice-2', { url: `${base}/ValueSet/twice`, version: '1.1.0' })],
      `${base}/ValueSet/twice`,
      /name one with its version/,
    ],
  ]
  for (const [what, resources, canonical, text] of components)
    it(`refuses a component that ${what}`, async () => {
      const id = `component-${what}`.replace(/\W/g, '-')
      await stored(...resources, assetLibrary(id, [canonical]))
      const { status, body } = await call(`Library/${id}/$release`, usual)
      assert.equal(status, 422, JSON.stringify(body))
      assert.match(textsOf(body), text)
      assert.deepEqual(body.issue[0].expression, ['Library.relatedArtifact[0].resource'])
    })
  it('leaves an active component as it is, walks a circle once, and a component that is not owned not at all', async () => {
    const active = valueSet('already')
    const notOwned = set('not-owned')
    const root = assetLibrary('circle', [String(active.url), `${base}/Library/circle`])
    root.relatedArtifact?.push({ type: 'composed-of', resource: String(notOwned.url) })
    await stored(active, notOwned, root)
    const { status, body } = await call('Library/circle/$release', usual)
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(body.entry.length, 1)
    assert.equal((await get('ValueSet/not-owned')).body.status, 'draft')
  })
  it('of two writers one wins, and the other is told', async () => {
    await stored(set('contended'))
    const replies = await Promise.all(
      ['3.0.0', '4.0.0'].map((version) => call('ValueSet/contended/$release', { version, versionBehavior: 'force' })),
    )
    const statuses = replies.map(({ status }) => status).sort()
    assert.equal(statuses[0], 200)
    assert.ok([412, 422].includes(statuses[1] ?? 0), String(statuses))
  })
})

describe('references of a release', () => {
  it('are left open unless asked, then pinned to what is in force', async () => {
    const used = valueSet('used', { version: '1.4.0' })
    await stored(used, importing('open', String(used.url)), importing('closed', String(used.url)))
    await call('ValueSet/open/$release', usual)
    assert.deepEqual((await get('ValueSet/open')).body.compose.include[0].valueSet, [used.url])
    const { status, body } = await call('ValueSet/closed/$release', {
      ...usual,
      requireVersionSpecificReferences: true,
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual((await get('ValueSet/closed')).body.compose.include[0].valueSet, [`${used.url}|1.4.0`])
  })
  it('of a rule set are pinned, and the text of a library is left to its author', async () => {
    const library = cqlLibrary('Pinning', 'define Good: true')
    await stored(library, plan('pinning', String(library.url), { status: 'draft' }))
    const asked = { version: '1.0.0', versionBehavior: 'force', requireVersionSpecificReferences: true }
    const { status, body } = await call('PlanDefinition/pinning/$release', asked)
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual((await get('PlanDefinition/pinning')).body.library, [`${library.url}|1.0.0`])
    await stored(cqlLibrary('OpenText', 'include Pinning\ndefine Good: Pinning.Good', { status: 'draft' }))
    const refused = await call('Library/OpenText/$release', asked)
    assert.equal(refused.status, 422, JSON.stringify(refused.body))
    assert.match(textsOf(refused.body), /without a version/)
  })
  it('that lead nowhere are an error when a version is asked for', async () => {
    await stored(importing('nowhere', `${base}/ValueSet/nobody-has-it`))
    const { status, body } = await call('ValueSet/nowhere/$release', {
      ...usual,
      requireVersionSpecificReferences: true,
    })
    assert.equal(status, 422)
    assert.deepEqual(body.issue[0].expression, ['ValueSet.compose.include[0].valueSet[0]'])
  })
  it('must be active when asked, further on as well', async () => {
    const draft = set('still-draft')
    const middle = importing('middle', `${draft.url}|1.0.0`, { status: 'active' })
    await stored(draft, middle, importing('on-draft', `${middle.url}|1.0.0`))
    const { status, body } = await call('ValueSet/on-draft/$release', { ...usual, requireActiveReferences: true })
    assert.equal(status, 422)
    assert.match(textsOf(body), /still-draft\|1\.0\.0, which is draft/)
    await stored(importing('on-nothing', `${base}/ValueSet/absent`))
    assert.equal((await call('ValueSet/on-nothing/$release', { ...usual, requireActiveReferences: true })).status, 422)
  })
  it('are not asked of another server', async () => {
    const source = 'http://hl7.org/fhir/StructureDefinition/valueset-authoritativeSource'
    const used = valueSet('origin', { extension: [{ url: source, valueUri: 'http://tx.example.org' }] })
    await stored(used, importing('of-origin', String(used.url)))
    const { status, body } = await call('ValueSet/of-origin/$release', { ...usual, latestFromTxServer: true })
    assert.equal(status, 422)
    assert.match(textsOf(body), /does not ask/)
    assert.equal((await call('ValueSet/of-origin/$release', { ...usual, latestFromTxServer: false })).status, 200)
  })
  it('to what is experimental are told, or refused', async () => {
    const used = valueSet('trial', { experimental: true })
    await stored(used, ...['error', 'warn', 'none'].map((id) => importing(`exp-${id}`, String(used.url))))
    assert.equal((await call('ValueSet/exp-error/$release', { ...usual, experimentalBehavior: 'error' })).status, 422)
    const warned = await call('ValueSet/exp-warn/$release', { ...usual, experimentalBehavior: 'warn' })
    assert.equal(warned.status, 200)
    assert.match(textsOf(warned.body.entry[0].response.outcome), /experimental/)
    const silent = await call('ValueSet/exp-none/$release', usual)
    assert.equal(silent.body.entry[0].response.outcome, undefined)
  })
})

describe('a release that is signed', () => {
  const token = (body: unknown) => String((body as Bundle).identifier?.value)

  it('is answered first, with the bytes, and then stored exactly so', async () => {
    const { root } = await tree('signed')
    const prepared = await call(`Library/${root.id}/$release`, { ...usual, prepareOnly: true })
    assert.equal(prepared.status, 200, JSON.stringify(prepared.body))
    assert.equal(prepared.body.type, 'collection')
    assert.equal((await get(`Library/${root.id}`)).body.meta.versionId, '1', 'nothing is stored')
    const done = await call(`Library/${root.id}/$release`, { ...usual, prepared: token(prepared.body) })
    assert.equal(done.status, 200, JSON.stringify(done.body))
    const all = resourcesOf(prepared.body)
    const binaries = all.filter(({ resourceType }) => resourceType === 'Binary') as { data?: string }[]
    const bytes = resourcesOf(done.body).map((each) => canonicalBytes(each, 'static').toString('base64'))
    assert.equal(binaries.length, 3)
    assert.deepEqual(
      binaries.map(({ data }) => data),
      bytes,
    )
  })
  it('is refused when something changed in between', async () => {
    const { root, leaf } = await tree('moved')
    const prepared = await call(`Library/${root.id}/$release`, { ...usual, prepareOnly: true })
    assert.equal((await put({ ...leaf, title: 'Changed' })).status, 200)
    const late = await call(`Library/${root.id}/$release`, { ...usual, prepared: token(prepared.body) })
    assert.equal(late.status, 409)
    const other = await call(`Library/${root.id}/$release`, {
      ...usual,
      version: '5.0.0',
      prepared: token(prepared.body),
    })
    assert.equal(other.status, 409)
    assert.equal((await get(`Library/${root.id}`)).body.status, 'draft')
  })
  it('keeps the day of the first call', async () => {
    await stored(set('dayed'))
    const prepared = await call('ValueSet/dayed/$release', { ...usual, prepareOnly: true })
    const [day, digest] = token(prepared.body).split('.')
    const other = await call('ValueSet/dayed/$release', { ...usual, prepared: `2020-01-01.${digest}` })
    assert.equal(other.status, 409)
    assert.equal((await call('ValueSet/dayed/$release', { ...usual, prepared: `${day}.${digest}` })).status, 200)
    assert.equal((await get('ValueSet/dayed')).body.date, day)
  })
  it('is not prepared when it would be refused', async () => {
    await stored(set('hopeless', { compose: { include: [{ version: '1' }] } }))
    assert.equal((await call('ValueSet/hopeless/$release', { ...usual, prepareOnly: true })).status, 422)
  })
})
