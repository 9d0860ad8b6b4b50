import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/base/json-value.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../src/demo/issue-icao-vds-nc.ts'
import { cardKeyId, issueCard, sampleCard } from '../../src/demo/issue-shc.ts'
import { type SampleKind, samplePayload } from '../../src/demo/samples.ts'
import type { Parameter } from '../../src/fhir/types.ts'
import { type Change, changedSpecimen } from '../support/changed-specimen.ts'
import { keyPairFor, testIssuer } from '../support/issuer.ts'
import { walkSections } from '../support/sections.ts'
import { openVerdicts } from '../support/verdicts.ts'

const { ask } = await openVerdicts()
const clock = '2026-06-01T12:00:00Z'
const issuedAt = new Date('2026-05-31T12:00:00Z')
const sample = { issuer: 'XA', issuedAt, expires: new Date('2026-12-01T00:00:00Z') }
const issuer = testIssuer()
const stranger = testIssuer()
const sealer = testIssuer({ country: 'UY', extendedKeyUsage: [sealKeyUsage] })
const cards = keyPairFor('ES256')
const cardIssuer = 'https://issuer.example/cards'
const cardKey = { ...cards.publicKey.export({ format: 'jwk' }), kid: cardKeyId(cards.publicKey), iss: cardIssuer }
const anchors = [
  issuer.anchor,
  sealer.sca.raw.toString('base64'),
  Buffer.from(JSON.stringify(cardKey)).toString('base64'),
]

interface DecisionCase extends Change {
  kind: SampleKind | 'shc' | 'icao'
  /** Instead of a specimen. */
  text?: string
  forged?: true
  /** Signed by a key that nobody trusts. */
  stranger?: true
  prefix?: string
  suffix?: string
  chunks?: number
  /** The clock. */
  at?: string
  decision?: string
  status: string
}

function textsOf({ kind, text, forged, stranger: isStranger, chunks = 1, ...change }: DecisionCase): string[] {
  if (text !== undefined) return [text]
  if (kind === 'shc') return issueCard(sampleCard({ issuer: cardIssuer, issuedAt }), cards, { chunks })
  if (kind === 'icao') {
    const signer = { privateKey: sealer.signer.privateKey, certificate: sealer.dsc.raw }
    return [issueSeal(sampleSeal({ issuer: 'URY', issuedAt }), signer)]
  }
  const replaced = forged ? { replacedPayload: samplePayload(kind, { ...sample, issuer: 'XB' }) } : {}
  const payload = changedSpecimen(kind, change, sample)
  return [issueHcert(payload, (isStranger ? stranger : issuer).signer, replaced)]
}

walkSections<DecisionCase>('decisions.json', import.meta.url, async (each) => {
  const [first = '', ...parts] = textsOf(each).map((text) => `${each.prefix ?? ''}${text}${each.suffix ?? ''}`)
  const { http, decision, status, text } = await ask({
    resourceType: 'Parameters',
    parameter: [
      { name: 'credential', valueString: first },
      ...parts.map((valueString) => ({ name: 'credentialPart', valueString })),
      { name: 'evaluationDateTime', valueDateTime: each.at ?? clock },
      ...anchors.map((valueBase64Binary) => ({ name: 'trustAnchor', valueBase64Binary })),
    ],
  })
  assert.equal(http, 200, text)
  assert.equal(status, each.status, text)
  if (each.decision !== undefined) assert.equal(decision, each.decision, text)
  if (decision === 'unverified') assert.doesNotMatch(text, /"name":"(?:subject|coreDataSet|content|rule)"|Specimen/)
})

interface QuestionCase {
  /** Parameters beside credential, clock and anchor. */
  parameters?: (Parameter & JsonObject)[]
  /** Which of those three are not sent. */
  omit?: string[]
  http: number
  /** Part of the answer. */
  says?: string
  /** What the answer must not repeat. */
  never?: string
}

const good = issueHcert(samplePayload('dcc-v', sample), issuer.signer)

walkSections<QuestionCase>('questions.json', import.meta.url, async ({ parameters = [], omit = [], ...expected }) => {
  const usual: Parameter[] = [
    { name: 'credential', valueString: good },
    { name: 'evaluationDateTime', valueDateTime: clock },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
  ]
  const parameter = [...usual.filter(({ name }) => !omit.includes(name)), ...parameters]
  const { http, text, issues } = await ask({ resourceType: 'Parameters', parameter })
  assert.equal(http, expected.http, text)
  if (expected.says !== undefined) assert.ok(issues.join('\n').includes(expected.says), issues.join('\n'))
  if (expected.never !== undefined) assert.ok(!text.includes(expected.never), text)
  if (http !== 200) assert.ok(!text.includes(good.slice(0, 40)))
})
