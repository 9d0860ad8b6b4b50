import assert from 'node:assert/strict'
import { isJsonObject } from '../../../src/base/json.ts'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { changed, valueAt } from '../../support/cbor-json.ts'
import { keyPairFor } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

interface CardCase {
  /** Values by path in the payload. */
  set?: JsonObject
  drop?: string[]
  /** Resources behind those of the specimen. */
  add?: JsonObject[]
  status: string
  events?: string[]
  /** Part of what the check `payload` says; absent: it passes. */
  payload?: string
  /** Part of what makes `accepted` impossible; absent: nothing does. */
  blocks?: string
  /** Types of resources that go on. */
  resources?: string[]
}

const iss = 'https://issuer.example/cards'
const pair = keyPairFor('ES256')
const anchor = { ...pair.publicKey.export({ format: 'jwk' }), kid: cardKeyId(pair.publicKey), iss }
const keys = anchorKeySource([Buffer.from(JSON.stringify(anchor))])
const card = sampleCard({
  issuer: iss,
  issuedAt: new Date('2022-01-01'),
  expires: new Date('2023-01-01'),
  doses: [{ vaccine: '208', days: 30 }],
})
const entries = 'vc/credentialSubject/fhirBundle/entry'

walkSections<CardCase>('content.json', import.meta.url, async ({ set = {}, drop, add = [], ...expected }) => {
  const more = add.map((resource, at) => [`${entries}/${2 + at}`, { fullUrl: `resource:${2 + at}`, resource }])
  const content = changed(card, { ...set, ...Object.fromEntries(more) }, drop)
  assert.ok(isJsonObject(content))
  const verdict = await verifyCredential(issueCard(content, pair), {
    formats: credentialFormats,
    keys,
    clock: new Date('2022-06-01T00:00:00Z'),
  })
  const payload = verdict.checks.find(({ name }) => name === 'payload')
  assert.equal(verdict.status, expected.status, JSON.stringify(verdict.checks))
  if (expected.events) assert.deepEqual(verdict.events, expected.events)
  if (expected.payload !== undefined) assert.ok(payload?.detail?.includes(expected.payload), payload?.detail)
  else assert.equal(payload?.outcome, verdict.status === 'VERIFIED' ? 'pass' : 'fail', payload?.detail)
  const told = verdict.obstacles.map(({ details }) => details?.text).join('\n')
  if (expected.blocks === undefined) assert.equal(told, '')
  else assert.ok(told.includes(expected.blocks), told)
  const kept = valueAt(verdict.content, entries)
  const types = Array.isArray(kept) ? kept.map((entry) => valueAt(entry, 'resource/resourceType')) : []
  if (expected.resources) assert.deepEqual(types, expected.resources)
})
