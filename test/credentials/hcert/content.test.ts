import assert from 'node:assert/strict'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import type { SampleKind } from '../../../src/demo/samples.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { valueAt } from '../../support/cbor-json.ts'
import { type Change, changedSpecimen } from '../../support/changed-specimen.ts'
import { testIssuer } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

interface ContentCase extends Change {
  kind: SampleKind
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

walkSections<ContentCase>('content.json', import.meta.url, async (each) => {
  const payload = changedSpecimen(each.kind, each, sample)
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
