import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalQuads, trustListContexts, UnknownContext } from '../../src/json-ld/canonize.ts'

const context = ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1']
const document = (members: object) => ({ '@context': context, id: 'did:web:example.org', ...members })
const quads = async (members: object) => canonicalQuads(document(members), await trustListContexts())

test('canonical quads do not depend on the order of members', async () => {
  const method = { id: 'did:web:example.org#k', type: 'JsonWebKey2020', controller: 'did:web:example.org' }
  const { id, type, controller } = method
  const one = await quads({ controller: 'did:web:a', verificationMethod: [method] })
  assert.equal(await quads({ verificationMethod: [{ controller, type, id }], controller: 'did:web:a' }), one)
  assert.notEqual(await quads({ controller: 'did:web:b', verificationMethod: [method] }), one)
})

test('a term that no context defines is an error, for it would be dropped before hashing', async () => {
  await assert.rejects(quads({ note: 'x' }))
  await assert.rejects(quads({ verificationMethod: [{ id: 'did:web:example.org#k', note: 'x' }] }))
})

test('a relative identifier is an error, for its statements would be dropped', async () => {
  await assert.rejects(quads({ verificationMethod: [{ id: 'k', type: 'JsonWebKey2020', controller: 'did:web:a' }] }))
})

test('a context that is not shipped is never fetched', async () => {
  const contexts = await trustListContexts()
  for (const url of ['https://example.org/context', 'https://w3id.org/security/v2', 'file:///etc/passwd'])
    await assert.rejects(canonicalQuads({ '@context': url, id: 'did:web:a' }, contexts), (error: Error) => {
      const causes = [error, Object(error).details?.cause]
      return causes.some((each) => each instanceof UnknownContext)
    })
})
