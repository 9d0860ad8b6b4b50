import assert from 'node:assert/strict'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { divocText } from '../../../src/demo/issue-divoc.ts'
import { changed } from '../../support/cbor-json.ts'
import { walkSections } from '../../support/sections.ts'
import { base, vaccination } from './documents.ts'
import { contentOf, signers, verifyText } from './verify.ts'

interface EnvelopeCase {
  signer?: keyof typeof signers
  /** Whose key is trusted; the signer's when absent. */
  anchor?: keyof typeof signers
  /** Members of the anchor. */
  key?: object
  /** The context of the kind of certificate, signed. */
  context?: string
  /** Values by path, and paths that are left out, before it is signed. */
  set?: JsonObject
  drop?: string[]
  /** The same after it was signed. */
  change?: JsonObject
  replaced?: JsonObject
  replacedDrop?: string[]
  /** Members of the proof, signed with it. */
  signed?: JsonObject
  /** Members of the proof after it was signed, null leaves one out; null in place of all leaves out the proof. */
  proof?: JsonObject | null
  proofList?: number
  header?: Json
  /** A text of the JWS, and what stands for it; `$` is the end. */
  jws?: [string, string]
  signatureBytes?: number
  /** The only evidence is written twice, or its members are divided between two of one address. */
  twice?: boolean
  split?: boolean
  /** Address of a second evidence, otherwise like the first, before it is signed. */
  secondOf?: string
  /** Evidence, one value each, before it is signed by nobody. */
  many?: number
  clock?: string
  status: string
  warns?: string
}

const asObject = (json: Json): JsonObject => Object(json)

function changedProof(proof: JsonObject, each: EnvelopeCase): Json | undefined {
  if (each.proof === null) return undefined
  const members = Object.entries({ ...proof, ...each.proof }).filter(([, value]) => value !== null)
  const after = Object.fromEntries(members)
  if (typeof after.jws === 'string') after.jws = changedJws(after.jws, each)
  return each.proofList === undefined ? after : Array.from({ length: each.proofList }, () => after)
}

function changedJws(jws: string, { header, jws: texts, signatureBytes }: EnvelopeCase): string {
  const [first, , last = ''] = jws.split('.')
  const head = header === undefined ? first : Buffer.from(JSON.stringify(header)).toString('base64url')
  const bytes = Buffer.concat([Buffer.from(last, 'base64url'), Buffer.of(1)])
  const signature = bytes.subarray(0, signatureBytes ?? -1).toString('base64url')
  const whole = `${head}..${signature}`
  if (!texts) return whole
  return texts[0] === '$' ? whole + texts[1] : whole.replace(...texts)
}

function changedDocument(document: JsonObject, each: EnvelopeCase): JsonObject {
  const after = asObject(changed({ ...document, ...each.replaced }, each.change, each.replacedDrop))
  const [event = {}] = Array.isArray(after.evidence) ? after.evidence.map(asObject) : []
  if (each.twice) {
    // Without the parts that have no address: those would be others.
    const { verifier: _1, facility: _2, ...again } = event
    after.evidence = [event, again]
  }
  if (each.split) {
    const { totalDoses, effectiveUntil, ...one } = event
    const { id = null, type = null } = event
    const other = { id, type, dose: totalDoses ?? null, date: effectiveUntil ?? null }
    after.evidence = [{ ...one, totalDoses: 2 }, other]
  }
  if (each.many !== undefined) after.evidence = Array.from({ length: each.many / 2 }, () => ({ type: 'Vaccination' }))
  return after
}

walkSections<EnvelopeCase>('envelope.json', import.meta.url, async (each) => {
  const signer = signers[each.signer ?? 'ed25519']
  const plain = { ...vaccination(), ...(each.context ? { '@context': [base, each.context] } : {}) }
  const document = asObject(changed(plain, each.set, each.drop))
  if (each.secondOf)
    document.evidence = [document.evidence ?? []]
      .flat()
      .flatMap((one) => [one, { ...asObject(one), id: each.secondOf ?? '' }])
  // What nobody could sign is changed afterwards.
  const signable = each.status === 'INVALID_SIGNING_FORMAT' || each.status === 'UNSUPPORTED_CONTENT' ? plain : document
  const content = JSON.parse(String(await contentOf(signable, signer, { proof: each.signed ?? {} })))
  const { proof, ...signed } = content
  const sent = changedDocument(signable === document ? signed : document, each)
  const text = divocText(JSON.stringify({ ...sent, proof: changedProof(proof, each) }))
  const verdict = await verifyText(text, signers[each.anchor ?? each.signer ?? 'ed25519'], {
    ...(each.clock ? { clock: each.clock } : {}),
    ...(each.key ? { key: each.key } : {}),
  })
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  // Where the signature fails nothing more is looked at: one check fails, and what is not signed has no faults.
  const failed = verdict.checks.filter(({ outcome }) => outcome === 'fail').length
  assert.equal(failed, verdict.status === 'VERIFIED' ? 0 : 1, JSON.stringify(verdict.checks))
  if (each.warns) assert.equal(verdict.checks.find(({ name }) => name === each.warns)?.outcome, 'warn')
  // Nothing of it is told before it is verified, and every verified one says what its proof does not tell apart.
  if (verdict.status === 'VERIFIED')
    assert.match(verdict.checks.find(({ name }) => name === 'signature')?.detail ?? '', /dose and totalDoses/)
  else assert.ok(!JSON.stringify(verdict).includes('Ada Specimen'))
})
