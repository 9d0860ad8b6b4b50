import assert from 'node:assert/strict'
import type { JsonObject } from '../../../src/base/json-value.ts'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { keyPairFor } from '../../support/issuer.ts'
import { walkSections } from '../../support/sections.ts'

interface EnvelopeCase {
  prefix?: string
  suffix?: string
  cut?: number
  chunks?: number
  /** Which chunks are sent, in that order. */
  order?: number[]
  /** A text of every chunk but the first, and what stands for it. */
  replace?: [string, string]
  /** Members of the JWS header; null leaves one out. */
  header?: Record<string, string | string[] | null>
  issuer?: string
  card?: JsonObject
  clock?: string
  /** The card's revocation identifier, and the list that came with the key. */
  rid?: string
  crl?: JsonObject
  crlVersion?: number
  status: string
  /** Outcome of the check. */
  revocation?: string
}

const iss = 'https://issuer.example/cards'
const pair = keyPairFor('ES256')
const kid = cardKeyId(pair.publicKey)

function textsOf({
  prefix,
  suffix = '',
  cut,
  chunks = 1,
  order,
  replace,
  header = {},
  ...each
}: EnvelopeCase): string[] {
  const issuer = each.issuer ?? iss
  const card = sampleCard({ issuer, issuedAt: new Date('2022-01-01'), expires: new Date('2023-01-01') })
  const vc = { ...Object(card.vc), ...(each.rid === undefined ? {} : { rid: each.rid }) }
  const members = Object.fromEntries(Object.entries(header).map(([name, value]) => [name, value ?? undefined]))
  const all = issueCard({ ...card, vc, ...each.card }, pair, { chunks, header: members })
  const sent = (order ?? [...all.keys()]).map((at) => all[at] ?? '')
  return sent.map((text, at) => {
    const replaced = replace && at > 0 ? text.replace(...replace) : text
    const whole = `${prefix === undefined ? replaced : replaced.replace('shc:/', prefix)}${suffix}`
    return cut === undefined ? whole : whole.slice(0, cut)
  })
}

walkSections<EnvelopeCase>('envelope.json', import.meta.url, async (each) => {
  const { crl, crlVersion, clock = '2022-06-01T00:00:00Z' } = each
  const anchor = {
    ...pair.publicKey.export({ format: 'jwk' }),
    kid,
    iss,
    ...(crlVersion === undefined ? {} : { crlVersion }),
    ...(crl ? { crl: { kid, method: 'rid', ctr: 1, ...crl } } : {}),
  }
  const verdict = await verifyCredential(textsOf(each), {
    formats: credentialFormats,
    keys: anchorKeySource([Buffer.from(JSON.stringify(anchor))]),
    clock: new Date(clock),
  })
  assert.equal(verdict.status, each.status, JSON.stringify(verdict.checks))
  const revocation = verdict.checks.find(({ name }) => name === 'revocation')
  if (each.revocation !== undefined) assert.equal(revocation?.outcome, each.revocation)
})
