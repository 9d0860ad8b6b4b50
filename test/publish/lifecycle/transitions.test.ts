/** Every step of an artefact's life, by every way on which one can be tried. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { importOptions } from '../../../src/cli/loaded-server.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Change } from '../../../src/fhir/operation.ts'
import type { Resource, ValueSet } from '../../../src/fhir/types.ts'
import { importPackage } from '../../../src/publish/import/import-package.ts'
import {
  hasLifecycle,
  type PublicationStatus,
  removalFault,
  stepFault,
  transitions,
} from '../../../src/publish/lifecycle/transitions.ts'
import { readCases } from '../../support/cases.ts'
import { codeSystem, conceptMap, cqlLibrary, openPublishing, plan, textsOf, valueSet } from '../support.ts'

interface Case {
  name: string
  from: 'none' | PublicationStatus
  to: PublicationStatus | 'gone'
  allowed: boolean
  /** What a refusal says. */
  says?: string
}

const [file] = readCases<Case>(new URL('cases/', import.meta.url))
const cases = file?.cases ?? []
const { server, put, patch, post, remove, get } = await openPublishing()

describe('the table', () => {
  it('is the one of the cases, all of it', () => {
    const steps = cases.filter(({ allowed }) => allowed).map(({ from, to }) => `${from} ${to}`)
    const table = Object.entries(transitions).flatMap(([from, to]) => Object.keys(to).map((each) => `${from} ${each}`))
    assert.deepEqual(table.sort(), steps.sort())
  })
  for (const { name, from, to, allowed, says } of cases.filter((each) => each.from !== 'none'))
    it(name, () => {
      const current = valueSet('x', { status: from as PublicationStatus })
      const fault = to === 'gone' ? removalFault(current) : stepFault(current, { ...current, status: to })
      assert.equal(fault === undefined, allowed, fault?.message)
      if (says) assert.match(fault?.message ?? '', new RegExp(says))
    })
  it('is of what is published, and of nothing else', () => {
    for (const type of ['ValueSet', 'Library', 'PlanDefinition', 'StructureMap', 'NamingSystem', 'ActivityDefinition'])
      assert.equal(hasLifecycle(type), true, type)
    for (const type of ['Bundle', 'Provenance', 'AuditEvent', 'Basic', 'Organization', 'Endpoint', 'Nothing'])
      assert.equal(hasLifecycle(type), false, type)
  })
})

/** Brings an artefact to where a step begins. */
async function bringTo(from: Case['from'], resource: Resource): Promise<void> {
  if (from === 'none') return
  if (from === 'retired') assert.equal((await put({ ...resource, status: 'active' } as Resource)).status, 201)
  const { status, body } = await put({ ...resource, status: from } as Resource)
  assert.ok(status < 300, JSON.stringify(body))
}

/** Tries a step; gives the status of the answer and what it says. */
type Way = (resource: Resource, to: Case['to'], from: Case['from']) => Promise<{ status: number; says: string }>

const path = ({ resourceType, id }: Resource) => `${resourceType}/${id}`
const at = (resource: Resource, status: string) => ({ ...resource, status }) as Resource
const told = ({ status, body }: { status: number; body: unknown }) => ({ status, says: textsOf(body) })

const plainly = async (resource: Resource, to: Case['to']) =>
  told(to === 'gone' ? await remove(path(resource)) : await put(at(resource, to)))

const asOperations = async (resource: Resource, to: Case['to']) => {
  const [type, id] = [resource.resourceType, String(resource.id)]
  const change: Change =
    to === 'gone' ? { method: 'DELETE', type, id } : { method: 'PUT', type, id, resource: at(resource, to) }
  try {
    await server.storage.write([server.publish.writeInHand(change)])
    return { status: 200, says: '' }
  } catch (error) {
    assert.ok(error instanceof FhirError)
    return { status: error.status, says: error.message }
  }
}

const ways: Record<string, Way> = {
  'PUT and DELETE': plainly,
  PATCH: async (resource, to, from) =>
    to === 'gone' || from === 'none'
      ? plainly(resource, to)
      : told(await patch(path(resource), [{ op: 'replace', path: '/status', value: to }])),
  transaction: async (resource, to) => {
    const bystander = { ...valueSet(`${resource.id}-bystander`), status: 'draft' }
    const entry = [
      { resource: bystander, request: { method: 'PUT', url: path(bystander as Resource) } },
      to === 'gone'
        ? { request: { method: 'DELETE', url: path(resource) } }
        : { resource: at(resource, to), request: { method: 'PUT', url: path(resource) } },
    ]
    const reply = await post('', { resourceType: 'Bundle', type: 'transaction', entry })
    const stored = (await get(path(bystander as Resource))).status === 200
    assert.equal(stored, reply.status === 200, 'all or nothing')
    if (reply.status !== 200) assert.equal(reply.body.issue[0].expression[0], 'Bundle.entry[1]')
    return told(reply)
  },
  // As operations and the command line write: over the store, with the judgement of every publication.
  operation: asOperations,
  import: async (resource, to) => {
    if (to === 'gone') return asOperations(resource, to)
    const bytes = Buffer.from(JSON.stringify(at(resource, to)))
    const { entries } = await importPackage({ bytes, name: 'artefact.json' }, importOptions(server))
    const [entry] = entries
    // What was retired here stays so, whatever a package says: nothing is written, and nothing refused.
    const isRefused = entry?.status === 'failed' || (to === 'active' && entry?.reason === 'retired on this server')
    return { status: isRefused ? 422 : 200, says: entry?.reason ?? '' }
  },
}

for (const [way, go] of Object.entries(ways))
  describe(`by ${way}`, () => {
    for (const { name, from, to, allowed, says } of cases)
      it(name, async () => {
        const resource = valueSet(`${way}-${name}`.toLowerCase().replace(/\W/g, '-'))
        await bringTo(from, resource)
        const reply = await go(resource, to, from)
        assert.equal(reply.status < 300, allowed, `${reply.status} ${reply.says}`)
        const { status, body } = await get(path(resource))
        const stands = status === 200 ? body.status : status === 410 ? 'gone' : 'none'
        assert.equal(stands, allowed ? to : from)
        if (allowed) return
        assert.equal(reply.status, 422)
        if (says && way !== 'import') assert.match(reply.says, new RegExp(says))
      })
  })

describe('every kind of artefact', () => {
  const kinds: Record<string, Resource> = {
    CodeSystem: codeSystem('kind', ['a']),
    ConceptMap: conceptMap('kind'),
    Library: cqlLibrary('Kind', 'define Good: true'),
    PlanDefinition: plan('kind', `${cqlLibrary('KindOfPlan', '').url}|1.0.0`),
    NamingSystem: {
      resourceType: 'NamingSystem',
      id: 'kind',
      name: 'Kind',
      status: 'active',
      kind: 'codesystem',
      date: '2026-01-01',
      uniqueId: [{ type: 'uri', value: 'http://example.org/kind' }],
    },
  }
  for (const [type, resource] of Object.entries(kinds))
    it(`${type}: active, never back, retired, never back`, async () => {
      if (type === 'PlanDefinition') await put(cqlLibrary('KindOfPlan', 'define Good: true'))
      assert.equal((await put(resource)).status, 201)
      assert.equal((await remove(path(resource))).status, 422)
      assert.equal((await put(at(resource, 'draft'))).status, 422)
      assert.equal((await put(at(resource, 'retired'))).status, 200)
      for (const status of ['active', 'draft', 'unknown']) assert.equal((await put(at(resource, status))).status, 422)
    })
  it('what is retired and was never active here keeps its content', async () => {
    const resource = valueSet('elsewhere', { status: 'retired' })
    assert.equal((await put(resource)).status, 201)
    assert.equal((await put({ ...resource, title: 'Other' })).status, 422)
    assert.equal((await put({ ...resource, date: '2027-01-01' })).status, 200)
  })
  it('what stands twice is retired once nobody has it in force', async () => {
    const [one, two] = ['twin', 'twin-2'].map((id): ValueSet => ({ ...valueSet('twin'), id }))
    assert.ok(one && two)
    for (const each of [one, two]) assert.equal((await put(each)).status, 201)
    assert.equal((await put(at(one, 'retired'))).status, 200)
    assert.equal((await put({ ...one, id: 'twin-3' })).status, 201, 'it is in force')
    for (const each of [two, { ...one, id: 'twin-3' }]) assert.equal((await put(at(each, 'retired'))).status, 200)
    assert.equal((await put({ ...one, id: 'twin-4' })).status, 422)
  })
})

describe('two writers', () => {
  it('of a retirement and a deletion, of a retirement and a change: one order or the other, and no third state', async () => {
    const resource = valueSet('race')
    assert.equal((await put(resource)).status, 201)
    const [retired, removed] = await Promise.all([put(at(resource, 'retired')), remove(path(resource))])
    assert.equal(retired.status, 200)
    assert.ok([204, 422].includes(removed.status))
    const { status } = await get(path(resource))
    assert.equal(status, removed.status === 204 ? 410 : 200)
  })
  it('of two releases of one draft with other content: one wins, and keeps it', async () => {
    const draft = valueSet('rival', { status: 'draft' })
    assert.equal((await put(draft)).status, 201)
    const [a, b] = await Promise.all(['A', 'B'].map((title) => put({ ...draft, title, status: 'active' })))
    assert.deepEqual([a?.status, b?.status].sort(), [200, 422])
  })
})
