/** The content of what was published never changes, by whatever way it is tried; a pinned verdict stays what it was. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Library, Parameters, Resource } from '../../src/fhir/types.ts'
import { base, codeSystem, conceptMap, cqlLibrary, openPublishing, plan, textsOf, valueSet } from './support.ts'

const { put, post, get, patch, remove, putMap } = await openPublishing()
const refused = (
  { status, body }: { status: number; body: { issue?: { code: string }[] } },
  text = /raise the version/,
) => {
  assert.equal(status, 422, JSON.stringify(body))
  assert.equal(body.issue?.[0]?.code, 'business-rule')
  assert.match(textsOf(body), text)
}

/** One artefact of each kind, and how its content is changed. */
const kinds: { make(id: string): Resource; change: unknown }[] = [
  {
    make: (id) => ({ ...cqlLibrary(`L${id.replace(/\W/g, '')}`, 'define A: true'), id }),
    change: ({ name = '', version }: Library) => cqlLibrary(name, 'define A: false', { version } as object).content,
  },
  { make: (id) => codeSystem(id, ['a', 'b']), change: [{ code: 'a' }] },
  { make: (id) => valueSet(id), change: { include: [{ system: 'http://example.org/other' }] } },
  { make: (id) => conceptMap(id), change: [{ ...conceptMap('x').group?.[0], target: 'http://example.org/other' }] },
  {
    make: (id) =>
      ({
        resourceType: 'StructureDefinition',
        id,
        url: `${base}/StructureDefinition/${id}`,
        version: '1',
        name: 'S',
        status: 'active',
        kind: 'logical',
        abstract: false,
        type: `${base}/StructureDefinition/${id}`,
      }) as Resource,
    change: 'http://example.org/other',
  },
]
const memberOf: Record<string, string> = {
  Library: 'content',
  CodeSystem: 'concept',
  ValueSet: 'compose',
  ConceptMap: 'group',
  StructureDefinition: 'type',
}

for (const { make, change } of kinds) {
  const type = make('x').resourceType
  const member = memberOf[type] ?? ''
  const given = (id: string): Resource => make(`${type}-${id}`.toLowerCase())
  const changeOf = (resource: Resource) => (typeof change === 'function' ? change(resource) : change)
  const changed = (resource: Resource, more: object = {}): Resource =>
    ({ ...resource, [member]: changeOf({ ...resource, ...more } as Resource), ...more }) as Resource
  const publish = async (id: string) => {
    const resource = given(id)
    const { status, body } = await put(resource)
    assert.equal(status, 201, JSON.stringify(body))
    return resource
  }
  const path = (resource: Resource) => `${type}/${resource.id}`

  describe(`${type}: other content under the same version is refused`, () => {
    it('by an update, and a conditional one', async () => {
      const resource = await publish('a')
      refused(await put(changed(resource)))
      const { id: _, ...anonymous } = changed(resource) as Resource & { url: string }
      refused(await post('', bundle({ method: 'PUT', url: `${type}?url=${anonymous.url}` }, anonymous)))
      assert.equal((await get(path(resource))).body.meta.versionId, '1')
    })
    it('by a patch', async () => {
      const resource = await publish('b')
      refused(await patch(path(resource), [{ op: 'replace', path: `/${member}`, value: changeOf(resource) }]))
    })
    it('in a transaction, which names the entry and stores nothing', async () => {
      const resource = await publish('c')
      const other = given('beside')
      const reply = await post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          { resource: other, request: { method: 'PUT', url: path(other) } },
          { resource: changed(resource), request: { method: 'PUT', url: path(resource) } },
        ],
      })
      refused(reply)
      assert.deepEqual(reply.body.issue[0].expression, ['Bundle.entry[1]', `${type}.${member}`])
      assert.equal((await get(path(other))).status, 404)
    })
    it('under another id, active, as a draft or created', async () => {
      const resource = await publish('d')
      refused(await put(changed(resource, { id: `${resource.id}-2` })))
      refused(await put(changed(resource, { id: `${resource.id}-3`, status: 'draft' })))
      assert.equal((await post(type, changed(resource))).status, 422)
      // The same content may stand twice.
      assert.equal((await put({ ...resource, id: `${resource.id}-4` })).status, 201)
    })
    it('after it was retired and deleted: nothing but what was retired comes back', async () => {
      const resource = await publish('e')
      refused(await remove(path(resource)), /retired first/)
      const retired = { ...resource, status: 'retired' } as Resource
      assert.equal((await put(retired)).status, 200)
      assert.equal((await remove(path(resource))).status, 204)
      refused(await put(changed(resource)))
      refused(await put(changed(resource, { status: 'draft' })))
      refused(await put(resource), /never comes into force again/)
      refused(await put({ ...resource, id: `${resource.id}-again` }), /never comes into force again/)
      assert.equal((await put(retired)).status, 201)
    })
    it('in two entries of one transaction', async () => {
      const resource = given('f')
      const reply = await post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [resource, changed(resource, { id: `${resource.id}-2` })].map((each) => ({
          resource: each,
          request: { method: 'PUT', url: path(each) },
        })),
      })
      refused(reply)
      assert.equal((await get(path(resource))).status, 404)
    })
    it('when it was superseded by another version under the same id', async () => {
      const resource = await publish('g')
      assert.equal((await put(changed(resource, { version: '2.0.0' }))).status, 200, 'a raised version is free')
      refused(await put(changed(resource, { title: 'x' })))
      assert.equal((await put(resource)).status, 200, 'and back')
    })
  })

  describe(`${type}: its life`, () => {
    it('narrative, tags and the id say nothing of its content', async () => {
      const resource = await publish('h')
      const text = { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">T</div>' }
      assert.equal((await put({ ...resource, text, meta: { tag: [{ code: 't' }] } } as never)).status, 200)
    })
    it('goes from active to retired, with its date, and never back', async () => {
      const resource = await publish('i')
      assert.equal((await put({ ...resource, status: 'retired', date: '2027-01-01' } as never)).status, 200)
      refused(await put(changed(resource, { status: 'retired' })))
      refused(await put(changed(resource)))
      refused(await put({ ...resource, status: 'draft' } as never), /never becomes a draft again/)
      refused(await put(resource), /never comes into force again/)
      refused(await patch(path(resource), [{ op: 'replace', path: '/status', value: 'active' }]), /never comes/)
    })
    it('never goes back to draft or unknown', async () => {
      const resource = await publish('j')
      for (const status of ['draft', 'unknown'])
        refused(
          await patch(path(resource), [{ op: 'replace', path: '/status', value: status }]),
          /raise the version for a draft|never/i,
        )
    })
    it('a draft changes at will, and is judged as a whole when it is published', async () => {
      const draft = { ...given('k'), status: 'draft' } as Resource
      assert.equal((await put(draft)).status, 201)
      assert.equal((await put(changed(draft))).status, 200)
      assert.equal((await put(draft)).status, 200)
      assert.equal((await patch(path(draft), [{ op: 'replace', path: '/status', value: 'active' }])).status, 200)
      refused(await put(changed(draft, { status: 'active' })))
    })
  })
}

function bundle(request: object, resource: object) {
  return { resourceType: 'Bundle', type: 'transaction', entry: [{ resource, request }] }
}

describe('maps and rule sets', () => {
  it('a map in the mapping language keeps its text, once it has a version', async () => {
    const fml = (element: string, head: string) =>
      `${head}map "${base}/StructureMap/Fixed" = Fixed\ngroup g(source s, target t) {\n  s.a -> t.${element} = 'x' "r";\n}`
    const head = "/// version = '1.0.0'\n/// status = 'active'\n"
    assert.equal((await putMap('fixed', fml('b', head))).status, 201)
    assert.equal((await putMap('fixed', fml('b', head))).status, 200)
    refused(await putMap('fixed', fml('c', head)))
    assert.equal((await putMap('fixed', fml('c', head.replace('1.0.0', '1.1.0')))).status, 200)
  })
  it('a rule set and its library are published in one transaction, in any order, and stay', async () => {
    const library = cqlLibrary('Together', 'define Good: true')
    const rule = plan('together', `${library.url}|${library.version}`)
    const entry = [rule, library].map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }))
    const reply = await post('', { resourceType: 'Bundle', type: 'transaction', entry })
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    refused(await put({ ...rule, jurisdiction: [{ coding: [{ code: 'DEU' }] }] }))
  })
  it('a rule set without its library in the transaction names the entry', async () => {
    const resource = plan('alone', `${base}/Library/Alone|1.0.0`)
    const reply = await post('', bundle({ method: 'PUT', url: 'PlanDefinition/alone' }, resource))
    assert.equal(reply.status, 422)
    assert.equal(reply.body.issue[0].expression[0], 'Bundle.entry[0]')
  })
  it('warnings of a transaction stand in the outcome of their entry', async () => {
    const resource = valueSet('told', { compose: { include: [{ system: 'http://example.org/none' }] } })
    const { body } = await post('', bundle({ method: 'PUT', url: 'ValueSet/told' }, resource))
    assert.equal(body.entry[0].resource.resourceType, 'ValueSet')
    assert.match(textsOf(body.entry[0].response.outcome), /could not be found/)
  })
})

describe('what is not held', () => {
  it('an artefact without version may change, and says so', async () => {
    const { version: _, ...bare } = valueSet('bare')
    assert.match((await put(bare)).headers.warning ?? '', /may change/)
    assert.equal((await put({ ...bare, title: 'Other' })).status, 200)
  })
  it('a resource that is no artefact changes at will', async () => {
    const organization = { resourceType: 'Organization', id: 'o', name: 'A', active: true }
    assert.equal((await put(organization)).status, 201)
    assert.equal((await put({ ...organization, name: 'B' })).status, 200)
  })
})

describe('a pinned verdict', () => {
  const evaluate = async () => {
    const parameter = [{ name: 'url', valueCanonical: `${base}/Library/Pinned|1.0.0` }]
    const { body } = await post('Library/$evaluate', { resourceType: 'Parameters', parameter })
    return (body as Parameters).parameter?.find(({ name }) => name === 'Good')?.valueBoolean
  }
  it('is the same after every try to change its rules', async () => {
    const library = cqlLibrary('Pinned', "include Leaned version '1.0.0'\ndefine Good: Leaned.Yes")
    const leaned = cqlLibrary('Leaned', 'define Yes: true')
    const no = (more: object) => ({ ...cqlLibrary('Leaned', 'define Yes: false', more as never), ...more })
    for (const each of [leaned, library]) assert.equal((await put(each)).status, 201)
    assert.equal(await evaluate(), true)
    await put(no({}))
    await put(no({ id: 'other' }))
    await put(no({ id: 'draft', version: '2.0.0', status: 'draft' }))
    await put({ ...cqlLibrary('Pinned', 'define Good: false'), id: 'pinned-draft', status: 'draft' })
    assert.equal(await evaluate(), true)
    assert.equal((await remove('Library/Leaned')).status, 422, 'it is in force')
    assert.equal((await put({ ...leaned, status: 'retired' })).status, 200)
    await put(no({ id: 'third' }))
    assert.equal(await evaluate(), undefined, 'without what it includes it has no result, and not another one')
  })
  it('is not taken over by a draft that was there before, once its rules are retired or deleted', async () => {
    const run = async (id: string) => {
      const parameter = [{ name: 'url', valueCanonical: `${base}/Library/${id}|1.0.0` }]
      const { body } = await post('Library/$evaluate', { resourceType: 'Parameters', parameter })
      return (body as Parameters).parameter?.find(({ name }) => name === 'Good')?.valueBoolean
    }
    const [yes, no] = ['true', 'false'].map((value) => cqlLibrary('Waiting', `define Good: ${value}`))
    assert.ok(yes && no)
    await put({ ...no, id: 'lurking', status: 'draft' })
    assert.equal(await run('Waiting'), false, 'a draft may be tried')
    assert.equal((await put(yes)).status, 201)
    assert.equal(await run('Waiting'), true)
    await put({ ...yes, status: 'retired' })
    assert.equal(await run('Waiting'), true)
    assert.equal((await remove('Library/Waiting')).status, 204)
    assert.equal(await run('Waiting'), undefined)
    const set = valueSet('waiting', {
      compose: { include: [{ system: 'http://example.org/x', concept: [{ code: 'published' }] }] },
    })
    await put({
      ...set,
      id: 'lurking',
      status: 'draft',
      compose: { include: [{ system: 'http://example.org/x', concept: [{ code: 'draft' }] }] },
    })
    await put(set)
    await put({ ...set, status: 'retired' })
    assert.equal((await remove('ValueSet/waiting')).status, 204)
    for (const canonical of [set.url, `${set.url}|1.0.0`])
      assert.equal((await get(`ValueSet/$expand?url=${encodeURIComponent(canonical ?? '')}`)).status, 404, canonical)
  })
})
