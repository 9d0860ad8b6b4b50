/** What came of a publication, told as it is: also where the server does not answer. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { artefactName } from '../../../src/fhir/artefact.ts'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import type { Bundle, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { carryOut, planPublication } from '../../../src/publish/folder/publish-folder.ts'
import type { FolderContent } from '../../../src/publish/folder/read-folder.ts'
import { hasCanonical, type PublicationServer } from '../../../src/publish/folder/server.ts'
import { publicationOf } from '../../../src/publish/folder/transaction.ts'
import { testKey } from '../../provenance/support.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { valueSet } from '../support.ts'

const opened = await openTestServer()
after(() => opened.close())

/** A server of a Map, which takes whatever it is given. */
function serverOf(stored: Map<string, Resource>, more: Partial<PublicationServer> = {}): PublicationServer {
  return {
    find: async (type, canonical) =>
      [...stored.values()].filter((each) => each.resourceType === type && hasCanonical(each, canonical)),
    read: async (type, id) => stored.get(`${type}/${id}`),
    below: async (type, base) =>
      [...stored.values()].filter((each) => each.resourceType === type && artefactName(each).startsWith(base)),
    async write(bundle) {
      take(stored, bundle)
      return { entries: bundle.entry ?? [] }
    },
    ...more,
  }
}

function take(stored: Map<string, Resource>, { entry = [] }: Bundle, only = entry.length): void {
  for (const { resource } of entry.slice(0, only))
    if (resource)
      stored.set(`${resource.resourceType}/${resource.id}`, { ...resource, meta: { versionId: '1' } } as Resource)
}

const base = 'http://example.org/publish'
const contentOf = (...resources: Resource[]): FolderContent => ({
  name: 'content',
  canonical: base,
  artefacts: resources.map((resource) => ({ file: `${resource.id}.json`, resource })),
  faults: [],
  skipped: [],
})
const two = contentOf(valueSet('one'), valueSet('two'))

async function publish(content: FolderContent, server: PublicationServer) {
  const publication = { content, server, workshop: opened.server }
  const plan = await planPublication(publication)
  return { plan, outcome: await carryOut(plan, publication) }
}

const noAnswer = () => Promise.reject(new Error('no answer came'))

describe('a publication', () => {
  it('that is answered was published; again there is nothing to do', async () => {
    const stored = new Map<string, Resource>()
    assert.deepEqual((await publish(two, serverOf(stored))).outcome, { state: 'published', entries: 2, signed: 0 })
    assert.deepEqual((await publish(two, serverOf(stored))).outcome, { state: 'nothing to do' })
  })

  it('whose answer was lost was published, and is told so', async () => {
    const stored = new Map<string, Resource>()
    const write = async (bundle: Bundle) => {
      take(stored, bundle)
      return noAnswer()
    }
    const { outcome } = await publish(two, serverOf(stored, { write }))
    assert.deepEqual(outcome, { state: 'published unanswered', why: 'no answer came' })
  })

  it('that never arrived was not published, and is told so', async () => {
    const { outcome } = await publish(two, serverOf(new Map(), { write: noAnswer }))
    assert.deepEqual(outcome, { state: 'not published', why: 'no answer came' })
  })

  it('is unknown where the server cannot be asked any more, or has a part of it', async () => {
    const stored = new Map<string, Resource>()
    const dying = serverOf(stored)
    const write = async () => {
      dying.find = noAnswer
      return noAnswer()
    }
    const silent = await publish(two, Object.assign(dying, { write }))
    assert.equal(silent.outcome.state, 'unknown')
    const half = async (bundle: Bundle) => {
      take(stored, bundle, 1)
      return noAnswer()
    }
    const torn = await publish(two, serverOf(stored, { write: half }))
    assert.equal(torn.outcome.state, 'unknown')
    assert.match(JSON.stringify(torn.outcome), /1 of 2 artefacts are there/)
  })

  it('that the server refuses names the file of the entry', async () => {
    const refused = issue('forbidden', { text: 'not yours', expression: 'Bundle.entry[1]' })
    const { outcome } = await publish(
      two,
      serverOf(new Map(), { write: async () => ({ status: 403, issues: [refused] }) }),
    )
    assert.equal(outcome.state, 'refused')
    assert.match(JSON.stringify(outcome), /"file":"two\.json"/)
  })

  it('is not sent where it is more than a server takes at once', async () => {
    let sent = false
    const write = async () => {
      sent = true
      return { entries: [] }
    }
    const publication = { content: two, server: serverOf(new Map(), { write }), workshop: opened.server }
    const plan = await planPublication(publication)
    for (const limits of [
      { entries: 1, bytes: 1_000_000 },
      { entries: 10, bytes: 100 },
    ])
      await assert.rejects(carryOut(plan, { ...publication, limits }), {
        status: 422,
        message: /takes (1|100) at once/,
      })
    assert.equal(sent, false)
  })
})

describe('the difference to a server', () => {
  const differ = async (content: FolderContent, stored: Resource[]) => {
    const there = new Map(stored.map((each) => [`${each.resourceType}/${each.id}`, each]))
    const { differences } = await planPublication({ content, server: serverOf(there), workshop: opened.server })
    return differences.map(({ state, name, resource, members = [], replaces = '' }) =>
      [state, name.slice(base.length), resource?.id ?? '', members.join(), replaces].join(' ').trimEnd(),
    )
  }
  const stored = (resource: ValueSet, versionId = '3'): ValueSet => ({
    ...resource,
    meta: { versionId, lastUpdated: '2024-01-01T00:00:00Z' },
  })

  it('takes the id by which the server has an artefact, and leaves an id to whom it belongs', async () => {
    assert.deepEqual(await differ(contentOf(valueSet('one')), [stored(valueSet('one', { id: 'elsewhere' }))]), [
      'unchanged /ValueSet/one|1.0.0 elsewhere',
    ])
    const taken = stored(valueSet('other', { id: 'one' }))
    const [line = ''] = await differ(contentOf(valueSet('one')), [taken])
    assert.match(line, /^new \/ValueSet\/one\|1\.0\.0 one-[0-9a-f]{12}$/)
  })

  it('shows the members of a draft that is replaced, and replaces no other version than it saw', async () => {
    const draft = valueSet('one', { status: 'draft' })
    const changed = await differ(contentOf({ ...draft, title: 'New' }), [stored(draft)])
    assert.deepEqual(changed, ['changed /ValueSet/one|1.0.0 one title W/"3"'])
    const released = await differ(contentOf(valueSet('one')), [stored(draft)])
    assert.deepEqual(released, ['changed /ValueSet/one|1.0.0 one status W/"3"'])
  })

  it('lets the next active version follow at the id of the last', async () => {
    const next = valueSet('one', { version: '2.0.0' })
    assert.deepEqual(await differ(contentOf(next), [stored(valueSet('one'))]), [
      'new /ValueSet/one|2.0.0 one  W/"3"',
      'only on server /ValueSet/one|1.0.0',
    ])
  })

  it('refuses a file that is no content, and tells of a server that answers with none', async () => {
    const broken = { ...two, faults: [{ file: 'x.json', text: 'Not valid JSON at line 1' }] }
    assert.equal((await differ(broken, [])).at(-1), 'refused')
    const find = () => Promise.reject(new FhirError(502, issue('structure', 'is it a FHIR server?')))
    const publication = { content: two, server: serverOf(new Map(), { find }), workshop: opened.server }
    await assert.rejects(planPublication(publication), { status: 502 })
  })
})

describe('the transaction', () => {
  it('holds each artefact once, what others lean on first, and the Provenance of the active ones', async () => {
    const key = testKey()
    const draft = valueSet('draft', { status: 'draft' })
    const { differences } = await planPublication({
      content: contentOf(draft, valueSet('one')),
      server: serverOf(new Map()),
      workshop: opened.server,
    })
    const author = { key, did: 'did:web:health.example', at: new Date('2026-01-01T00:00:00Z') }
    const { bundle } = await publicationOf(differences, author)
    const lines = (bundle.entry ?? []).map(({ request }) =>
      `${request?.method} ${request?.url} ${request?.ifNoneMatch ?? ''}`.trim(),
    )
    assert.deepEqual(lines, ['PUT ValueSet/draft *', 'PUT ValueSet/one *', 'POST Provenance'])
    const { resource } = bundle.entry?.[2] ?? {}
    assert.match(JSON.stringify(resource), /"value":"http:\/\/example\.org\/publish\/ValueSet\/one\|1\.0\.0"/)
  })
})
