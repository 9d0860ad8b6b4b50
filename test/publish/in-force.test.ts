/** What is in force goes out of force when somebody says so, and never because something else was put in its place. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { codeSystem, conceptMap, cqlLibrary, openPublishing, textsOf, valueSet } from './support.ts'

const { put, post, get, patch } = await openPublishing()

/** One active artefact of each kind. */
const kinds: Record<string, (id: string) => Resource> = {
  Library: (id) => ({ ...cqlLibrary(`F${id.replace(/\W/g, '')}`, 'define A: true'), id }),
  CodeSystem: (id) => codeSystem(id, ['a']),
  ValueSet: (id) => valueSet(id),
  ConceptMap: (id) => conceptMap(id),
}
const next = (resource: Resource, more: object): Resource => ({ ...resource, version: '99.0.0', ...more }) as Resource

for (const [type, make] of Object.entries(kinds)) {
  describe(`an active ${type}`, () => {
    const publish = async (id: string) => {
      const resource = make(`${type}-${id}`.toLowerCase())
      const { status, body } = await put(resource)
      assert.equal(status, 201, JSON.stringify(body))
      return resource
    }
    const isStillActive = async ({ id }: Resource) => {
      const { body } = await get(`${type}/${id}`)
      assert.equal(body.status, 'active')
      assert.equal(body.meta.versionId, '1')
    }

    for (const status of ['draft', 'unknown', 'retired'])
      it(`is not displaced by its next version that is ${status}`, async () => {
        const resource = await publish(`next-${status}`)
        const { status: code, body } = await put(next(resource, { status }))
        assert.equal(code, 422)
        assert.match(textsOf(body), /an id of its own/)
        assert.deepEqual(body.issue[0].expression, [`${type}.id`])
        await isStillActive(resource)
        assert.equal((await put(next(resource, { status, id: `${resource.id}-99` }))).status, 201, 'with its own id')
      })

    it('is not displaced by an artefact of another url, active or not', async () => {
      const resource = await publish('other')
      for (const status of ['draft', 'active'])
        assert.equal(
          (await put({ ...make(`${type}-stranger-${status}`.toLowerCase()), status, id: resource.id } as Resource))
            .status,
          422,
        )
      await isStillActive(resource)
    })

    it('does not lose its version: who names it by version would find nothing', async () => {
      const resource = await publish('bare')
      assert.equal((await patch(`${type}/${resource.id}`, [{ op: 'remove', path: '/version' }])).status, 422)
      await isStillActive(resource)
    })

    it('is not displaced by a patch or an entry of a transaction, and all of that is undone', async () => {
      const resource = await publish('ways')
      const operations = [
        { op: 'replace', path: '/version', value: '99.0.0' },
        { op: 'replace', path: '/status', value: 'draft' },
      ]
      assert.equal((await patch(`${type}/${resource.id}`, operations)).status, 422)
      const draft = next(resource, { status: 'draft' })
      const bystander = make(`${type}-bystander`.toLowerCase())
      const entry = [bystander, draft].map((each) => ({
        resource: each,
        request: { method: 'PUT', url: `${type}/${each.id}` },
      }))
      const { status, body } = await post('', { resourceType: 'Bundle', type: 'transaction', entry })
      assert.equal(status, 422)
      assert.deepEqual(body.issue[0].expression, ['Bundle.entry[1]', `${type}.id`])
      assert.equal((await get(`${type}/${bystander.id}`)).status, 404)
      await isStillActive(resource)
    })

    it('is retired by its author: the same version with another status', async () => {
      const resource = await publish('retire')
      assert.equal((await put({ ...resource, status: 'retired' } as Resource)).status, 200)
      assert.equal(
        (await put(next(resource, { status: 'draft' }))).status,
        200,
        'what is retired may be followed by a draft',
      )
    })

    it('is followed by its next version when that is active itself', async () => {
      const resource = await publish('follow')
      // A text of CQL names its version itself.
      const content =
        type === 'Library'
          ? {
              content: cqlLibrary(String('name' in resource && resource.name), 'define A: true', { version: '99.0.0' })
                .content,
            }
          : {}
      const { status, body } = await put(next(resource, { status: 'active', ...content }))
      assert.equal(status, 200, textsOf(body))
    })
  })
}

describe('an active ValueSet without version', () => {
  const { version: _version, ...resource } = valueSet('bare')

  it('may be changed by its author, and have a version one day; once active it is a draft never again', async () => {
    assert.equal((await put({ ...resource, status: 'draft' } as Resource)).status, 201)
    assert.equal((await put(resource)).status, 200)
    assert.equal((await put({ ...resource, title: 'Changed' } as Resource)).status, 200)
    assert.equal((await put({ ...resource, status: 'draft' } as Resource)).status, 422)
    assert.equal((await put({ ...resource, id: 'bare-2' })).status, 201)
    assert.equal((await put({ ...resource, id: 'bare-2', version: '1' } as Resource)).status, 200)
  })

  it('is not displaced by an artefact of another url', async () => {
    const { status, body } = await put({ ...valueSet('stranger'), id: 'bare' })
    assert.equal(status, 422)
    assert.match(textsOf(body), /an id of its own/)
  })
})
