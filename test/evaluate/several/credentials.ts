import type { JsonObject } from '../../../src/base/json-value.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { issueSeal, sampleSeal, sealKeyUsage } from '../../../src/demo/issue-icao-vds-nc.ts'
import { cardKeyId, issueCard, sampleCard } from '../../../src/demo/issue-shc.ts'
import { type SampleKind, samplePayload } from '../../../src/demo/samples.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { changed, valueAt } from '../../support/cbor-json.ts'
import { keyPairFor, testIssuer } from '../../support/issuer.ts'
import { dose } from '../../support/verdicts.ts'

/** Credentials of several formats about one invented person, issued when the test runs, and questions about several of them. */

const issuedAt = new Date('2026-05-31T12:00:00Z')
const issuer = testIssuer()
const otherIssuer = testIssuer({ country: 'XB' })
const stranger = testIssuer()
const sealer = testIssuer({ country: 'UY', extendedKeyUsage: [sealKeyUsage] })
const cards = keyPairFor('ES256')
const cardIssuer = 'https://issuer.example/cards'
const cardKey = { ...cards.publicKey.export({ format: 'jwk' }), kid: cardKeyId(cards.publicKey), iss: cardIssuer }
const anchors = [
  issuer.anchor,
  otherIssuer.anchor,
  sealer.sca.raw.toString('base64'),
  Buffer.from(JSON.stringify(cardKey)).toString('base64'),
]

/** One credential of a case. */
export interface Made {
  /** An EU DCC: changes of the person (`fn`, `gn`, `dob`) and of its one vaccination. */
  dcc?: JsonObject
  /** A SMART Health Card: changes by path of its Patient (`0/…`) and its Immunization (`1/…`). */
  card?: JsonObject
  /** An ICAO seal: changes by path. */
  seal?: JsonObject
  specimen?: SampleKind
  text?: string
  by?: 'other' | 'stranger'
  isForged?: true
  /** Seconds since 1970. */
  expires?: number
  chunks?: number
}

/** One credential of a case, or the one at a place before it again; with its chunks turned round, or without one of them. */
export type Shown = Made & { same?: number; isTurned?: true; lost?: number }

/** The texts of the credentials of a case. */
export function credentialsOf(shown: Shown[]): string[][] {
  const made: string[][] = []
  for (const { same, isTurned, lost, ...each } of shown) {
    const texts = same === undefined ? textsOf(each) : (made[same] ?? [])
    const turned = isTurned ? texts.toReversed() : texts
    made.push(lost === undefined ? turned : turned.toSpliced(lost, 1))
  }
  return made
}

/** The texts of a credential: one, or its chunks. */
export function textsOf(made: Made): string[] {
  const { text, card, seal, chunks = 1 } = made
  if (text !== undefined) return [text]
  if (card)
    return issueCard(cardOf(card), cards, {
      chunks,
      ...(made.isForged ? { replacedPayload: cardOf({ '1/lotNumber': 'X' }) } : {}),
    })
  if (seal) {
    const data = changed(sampleSeal({ issuer: 'URY', issuedAt }), seal) as JsonObject
    return [issueSeal(data, { privateKey: sealer.signer.privateKey, certificate: sealer.dsc.raw })]
  }
  const { signer } = made.by === 'stranger' ? stranger : made.by === 'other' ? otherIssuer : issuer
  const payload = made.specimen ? specimen(made.specimen) : dccOf(made)
  return [
    issueHcert(
      payload,
      signer,
      made.isForged ? { replacedPayload: dccOf({ ...made, dcc: { ...made.dcc, dt: '2026-05-02' } }) } : {},
    ),
  ]
}

const specimen = (kind: SampleKind): CborInput =>
  samplePayload(kind, { issuer: 'XA', issuedAt, expires: new Date('2026-12-01T00:00:00Z') })

function dccOf({ dcc = {}, by, expires = 1_790_000_000 }: Made): CborInput {
  const { fn = 'Specimen', gn = 'Ada', dob = '1985-03-14', ...change } = dcc
  const ci = `URN:UVCI:01:XA:${String(change.dn ?? 2)}${String(change.dt ?? '')}`
  const certificate = { ver: '1.3.0', nam: { fn, gn }, dob, v: [dose({ ci, ...change })] }
  return hcertClaims({
    issuer: by === 'other' ? 'XB' : 'XA',
    issuedAt: 1_780_000_000,
    expires,
    certificate: [1, certificate as CborInput],
  })
}

/** The card of the specimen with the last of its doses alone. */
function cardOf(change: JsonObject): JsonObject {
  const card = sampleCard({ issuer: cardIssuer, issuedAt })
  const place = 'vc/credentialSubject/fhirBundle/entry'
  const entries = valueAt(card, place)
  if (!Array.isArray(entries)) throw new Error('a card has entries')
  const dose = { fullUrl: 'resource:1', resource: entries.at(-1)?.resource }
  const paths = Object.entries({ '1/occurrenceDateTime': '2026-05-01', ...change }).map(
    ([path, value]): [string, JsonObject[string]] => [`${place}/${path.replace('/', '/resource/')}`, value],
  )
  return changed(card, { [place]: [entries[0], dose], ...Object.fromEntries(paths) }) as JsonObject
}

const partsOf = ([first = '', ...parts]: string[]): Parameter[] => [
  { name: 'credential', valueString: first },
  ...parts.map((valueString) => ({ name: 'credentialPart', valueString })),
]

/** Clock and keys of a question. */
export const surroundings: Parameter[] = [
  { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
  ...anchors.map((valueBase64Binary) => ({ name: 'trustAnchor', valueBase64Binary })),
]

/** A question about credentials of one person: the first, and the others beside it. */
export function questionAbout([first = [], ...others]: string[][], ...more: Parameter[]): Parameters {
  const further = others.map((texts) => ({ name: 'furtherCredential', part: partsOf(texts) }))
  return { resourceType: 'Parameters', parameter: [...partsOf(first), ...further, ...surroundings, ...more] }
}
