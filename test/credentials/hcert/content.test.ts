import assert from 'node:assert/strict'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { decodeCbor } from '../../../src/credentials/encoding/cbor.ts'
import { readCborJson } from '../../../src/credentials/encoding/cbor-json.ts'
import { type CborInput, encodeCbor } from '../../../src/demo/cbor-encode.ts'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { type SampleKind, samplePayload } from '../../../src/demo/samples.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { walkCases } from '../../support/cases.ts'
import { cborOf, changed, valueAt } from '../../support/cbor-json.ts'
import { testIssuer } from '../../support/issuer.ts'

interface ContentCase {
  kind: SampleKind
  /** Values by path in the certificate, as {@link cborOf} reads them. */
  set?: JsonObject
  drop?: string[]
  /** Further claims beside those that every certificate has; `{$text: …}` under a name that stays a text. */
  claims?: JsonObject
  status: string
  payload: string
  /** Part of what the check `payload` says. */
  detail?: string
  format?: string
  events?: string[]
  /** Path of what must not go on. */
  absent?: string
  /** Values as they go on. */
  becomes?: JsonObject
  /** `accepted` is impossible. */
  blocks?: true
}

const issuer = testIssuer()
const keys = anchorKeySource([issuer.anchor])
const sample = { issuer: 'XA', issuedAt: new Date('2022-01-01'), expires: new Date('2023-01-01') }

/** The certificate of a specimen, as JSON, and how it is put back. */
function taken(kind: SampleKind): { json: Json; put(certificate: CborInput): Map<CborInput, CborInput> } {
  const payload = samplePayload(kind, sample)
  const toJson = (item: CborInput) => {
    const read = readCborJson(decodeCbor(encodeCbor(item), { depth: 32, items: 9999 })?.value)
    assert.ok(typeof read !== 'string')
    return read.json
  }
  if (!(payload instanceof Map)) {
    return { json: toJson(payload), put: (certificate) => (certificate instanceof Map ? certificate : new Map()) }
  }
  const hcert = payload.get(-260)
  assert.ok(hcert instanceof Map)
  const [[key, value] = [0, null]] = [...hcert]
  return { json: toJson(value), put: (certificate) => new Map([...payload, [-260, new Map([[key, certificate]])]]) }
}

function claimOf([name, value]: [string, Json]): [CborInput, CborInput] {
  const isText = typeof value === 'object' && value !== null && '$text' in value
  return [isText || !/^\d+$/.test(name) ? name : Number(name), isText ? cborOf(Object(value).$text) : cborOf(value)]
}

walkCases<ContentCase>('content.json', import.meta.url, async (each) => {
  const { json, put } = taken(each.kind)
  const payload = put(cborOf(changed(json, each.set, each.drop)))
  for (const [name, value] of Object.entries(each.claims ?? {}).map(claimOf)) payload.set(name, value)
  const verdict = await verifyCredential([issueHcert(payload, issuer.signer)], {
    formats: credentialFormats,
    keys,
    clock: new Date('2022-06-01T00:00:00Z'),
  })
  const check = verdict.checks.find(({ name }) => name === 'payload')
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  assert.equal(check?.outcome, each.payload, check?.detail)
  if (each.detail !== undefined) assert.ok(check?.detail?.includes(each.detail), check?.detail)
  if (each.format !== undefined) assert.equal(verdict.format, each.format)
  if (each.events !== undefined) assert.deepEqual(verdict.events, each.events)
  assert.equal(verdict.obstacles.length > 0, each.blocks ?? false, JSON.stringify(verdict.obstacles))
  const hcert = Object(Object(verdict.content)['-260'])
  const certificate = each.kind === 'flat' ? verdict.content : Object.values(hcert)[0]
  if (each.absent !== undefined) assert.equal(valueAt(certificate, each.absent), undefined)
  for (const [path, value] of Object.entries(each.becomes ?? {})) assert.deepEqual(valueAt(certificate, path), value)
  if (each.status !== 'VERIFIED') assert.equal(verdict.content, undefined)
})
