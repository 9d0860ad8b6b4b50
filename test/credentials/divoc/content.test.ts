import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { divocText, issueDivoc } from '../../../src/demo/issue-divoc.ts'
import { changed, valueAt } from '../../support/cbor-json.ts'
import { walkSections } from '../../support/sections.ts'
import { testResult, vaccination, vaccinationOfV1 } from './documents.ts'
import { contentOf, signers, verifyText } from './verify.ts'

interface ContentCase {
  of?: 'vaccination' | 'vaccinationOfV1' | 'testResult'
  /** Values by path in the document, and paths that are left out, before it is signed. */
  set?: JsonObject
  drop?: string[]
  /** A second evidence: the first with these members. */
  addEvent?: JsonObject
  /** A member of the part at that path gets another name before it is signed. */
  rename?: [path: string, from: string, to: string]
  /** Values by path after it was signed. */
  change?: JsonObject
  status: string
  events?: string[]
  /** Events that core data sets are due of. */
  count?: number
  /** Part of what the check `payload` says; absent: it passes. */
  payload?: string
  /** Part of what makes `accepted` impossible; absent: nothing does. */
  blocks?: string
  /** A path where nothing is in the content, and values by path that are. */
  gone?: string
  value?: JsonObject
}

const makers = { vaccination, vaccinationOfV1, testResult }
const asObject = (json: unknown): JsonObject => Object(json)

function documentOf({ of = 'vaccination', set, drop, addEvent, rename }: ContentCase): JsonObject {
  const document = asObject(changed(makers[of](), set, drop))
  const events: Json[] = Array.isArray(document.evidence) ? document.evidence : []
  if (addEvent) events.push({ ...asObject(events[0]), ...addEvent })
  if (rename) {
    const [path, from, to] = rename
    const part = asObject(valueAt(document, path))
    part[to] = part[from] ?? null
    Reflect.deleteProperty(part, from)
  }
  return document
}

walkSections<ContentCase>('content.json', import.meta.url, async (each) => {
  const content = JSON.parse(String(await contentOf(documentOf(each), signers.ed25519)))
  const verdict = await verifyText(divocText(JSON.stringify(changed(content, each.change))), signers.ed25519)
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  const payload = verdict.checks.find(({ name }) => name === 'payload')
  if (each.payload !== undefined) assert.ok(payload?.detail?.includes(each.payload), payload?.detail)
  // What an unknown type says of a document is not in its statements: the proof does not cover it, and no more is looked at.
  else assert.equal(payload?.outcome, verdict.status === 'UNSUPPORTED_CONTENT' ? 'fail' : 'pass', payload?.detail)
  if (each.events) assert.deepEqual(verdict.events, each.events)
  if (each.count !== undefined) assert.equal(verdict.inputs[0]?.events, each.count)
  const told = verdict.obstacles.map(({ details }) => details?.text).join('\n')
  if (each.blocks === undefined) assert.equal(told, '')
  else assert.ok(told.includes(each.blocks), told)
  if (each.gone !== undefined) assert.equal(valueAt(verdict.content, each.gone) ?? undefined, undefined)
  for (const [path, value] of Object.entries(each.value ?? {})) assert.deepEqual(valueAt(verdict.content, path), value)
})

it('maps get the document with `context`, and those that compose resources age and postal code as FHIR has them', async () => {
  const document = asObject(changed(vaccination(), { 'credentialSubject/age': '36' }))
  const { content, inputs } = await verifyText(await issueDivoc(document, signers.rsa), signers.rsa)
  const [input] = inputs
  assert.ok(input?.composition)
  const { claims } = input
  const composition = input.composition()
  assert.deepEqual(claims, content)
  assert.deepEqual(valueAt(claims, 'context'), document['@context'])
  assert.equal(valueAt(claims, '@context'), undefined)
  assert.equal(valueAt(claims, 'credentialSubject/age'), '36')
  assert.deepEqual(valueAt(composition, 'credentialSubject/age'), {
    value: 36,
    unit: 'years',
    system: 'http://unitsofmeasure.org',
    code: 'a',
  })
  assert.equal(valueAt(composition, 'credentialSubject/address/postalCode'), '1')
  assert.equal(valueAt(composition, 'evidence/0/dose'), 2)
})
