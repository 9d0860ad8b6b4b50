/** RFC 8785 by two other pieces of code, over every resource that ships, byte for byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import canonicalize from 'canonicalize'
import { artefactTypes } from '../../../src/fhir/artefact.ts'
import type { ResourceType } from '../../../src/fhir/json.ts'
import { asJson } from '../../../src/fhir/json.ts'
import { canonicalBytes } from '../../../src/provenance/signature/canonicalization.ts'
import { ofType } from '../../content/own-content.ts'
import { signedBytes } from '../../support/signed-artefact.ts'

test('the bytes of own content are those of other implementations', () => {
  let count = 0
  for (const type of artefactTypes as ResourceType[])
    for (const resource of ofType(type)) {
      const { text: _text, meta: _meta, ...rest } = asJson(resource)
      const bytes = canonicalBytes(resource, 'static').toString()
      assert.equal(bytes, canonicalize(rest), resource.id)
      assert.equal(bytes, signedBytes(asJson(resource)).toString(), resource.id)
      count++
    }
  assert.ok(count > 50, `${count}`)
})
