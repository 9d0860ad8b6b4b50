/** Specimens of every kind, with siblings that must not pass. */
import type { JsonObject } from '../base/json-value.ts'
import {
  type DemoIssuer,
  demoCardIssuer,
  demoCountry,
  demoDivocIssuer,
  demoDivocMethod,
  forgerKey,
} from './demo-issuer.ts'
import { issueDivoc, sampleDivoc } from './issue-divoc.ts'
import { type HcertSigner, issueHcert } from './issue-hcert.ts'
import { issueSeal, sampleSeal } from './issue-icao-vds-nc.ts'
import { issueCard, type SampleDose, sampleCard } from './issue-shc.ts'
import { type SampleVariant, variantPayload, variantsOf } from './sample-variants.ts'
import { type SampleKind, type SampleOptions, sampleKinds, samplePayload } from './samples.ts'

const dayMilliseconds = 86_400_000

/** One credential of the demonstration. */
export interface DemoCredential {
  /** File name without ending. */
  name: string
  text: string
}

/** Names under which the kinds are written and shown. */
const names: Record<SampleKind, string> = {
  'dcc-v': 'vaccination',
  'dcc-t': 'test',
  'dcc-r': 'recovery',
  'ddcc-vs': 'ddcc-vaccination',
  'ddcc-tr': 'ddcc-test',
  dvc: 'dvc',
  icvp: 'icvp',
  'icvp-polio': 'polio',
  link: 'link',
  flat: 'flat',
}

/** A credential of every kind that an issuer signs now, each with its forged, changed and expired siblings. */
export const specimens = async (issuer: DemoIssuer, now: Date): Promise<DemoCredential[]> => [
  ...sampleKinds.flatMap((kind) => hcertFamily(kind, issuer, now)),
  ...cardFamily(issuer, now),
  ...sealFamily(issuer, now),
  ...(await divocFamily(issuer, now)),
]

const daysFrom = (now: Date, days: number) => new Date(now.getTime() + days * dayMilliseconds)

/** A genuine specimen; where a rule decides, one that does not meet it, one that lacks a datum and one of a product that nobody knows; one that has expired; one whose content was changed; one signed by a stranger under the same key id. */
function hcertFamily(kind: SampleKind, issuer: DemoIssuer, now: Date): DemoCredential[] {
  const signer: HcertSigner = { privateKey: issuer.privateKey, keyId: issuer.keyId, algorithm: 'ES256' }
  const at = (days: number) => daysFrom(now, days)
  const options: SampleOptions = { issuer: demoCountry, issuedAt: at(-1), expires: at(180) }
  const past: SampleOptions = { issuer: demoCountry, issuedAt: at(-400), expires: at(-30) }
  const payload = samplePayload(kind, options)
  const changed = samplePayload(kind, { ...options, issuedAt: at(-2) })
  const name = names[kind]
  const variant = (which: SampleVariant) => ({
    name: `${name}-${which}`,
    text: issueHcert(variantPayload(kind, which, options), signer),
  })
  return [
    { name, text: issueHcert(payload, signer) },
    ...variantsOf(kind).map(variant),
    { name: `${name}-expired`, text: issueHcert(samplePayload(kind, past), signer) },
    { name: `${name}-changed`, text: issueHcert(payload, signer, { replacedPayload: changed }) },
    { name: `${name}-forged`, text: issueHcert(payload, { ...signer, privateKey: forgerKey() }) },
  ]
}

/** The same of SMART Health Cards. */
function cardFamily(issuer: DemoIssuer, now: Date): DemoCredential[] {
  const signer = { privateKey: issuer.privateKey, publicKey: issuer.certificate.publicKey }
  const card = (issued: number, expires: number, doses?: SampleDose[]) =>
    sampleCard({
      issuer: demoCardIssuer,
      issuedAt: daysFrom(now, issued),
      expires: daysFrom(now, expires),
      ...(doses ? { doses } : {}),
    })
  const firstDose = [{ vaccine: '208', days: 30 }]
  // CVX 213: a vaccine against COVID-19 that is not specified.
  const unknownProduct = [60, 30].map((days) => ({ vaccine: '213', days }))
  const text = (...parameters: Parameters<typeof issueCard>) => issueCard(...parameters)[0] ?? ''
  return [
    { name: 'card', text: text(card(-1, 180), signer) },
    { name: 'card-unmet', text: text(card(-1, 180, firstDose), signer) },
    { name: 'card-unknown', text: text(card(-1, 180, unknownProduct), signer) },
    { name: 'card-expired', text: text(card(-400, -30), signer) },
    { name: 'card-changed', text: text(card(-1, 180), signer, { replacedPayload: card(-2, 180) }) },
    { name: 'card-forged', text: text(card(-1, 180), { ...signer, privateKey: forgerKey() }) },
  ]
}

/** The same of ICAO seals, which do not expire. */
function sealFamily({ seal }: DemoIssuer, now: Date): DemoCredential[] {
  const signer = { privateKey: seal.privateKey, certificate: seal.certificate.raw }
  const data = (days: number, change: { vaccine?: string; days?: number[] } = {}) =>
    sampleSeal({ issuer: demoCountry, issuedAt: daysFrom(now, days), ...change })
  return [
    { name: 'seal', text: issueSeal(data(-1), signer) },
    { name: 'seal-unmet', text: issueSeal(data(-1, { days: [30] }), signer) },
    { name: 'seal-unknown', text: issueSeal(data(-1, { vaccine: 'XM68M6' }), signer) },
    { name: 'seal-changed', text: issueSeal(data(-1), signer, data(-2)) },
    { name: 'seal-forged', text: issueSeal(data(-1), { ...signer, privateKey: forgerKey() }) },
  ]
}

/**
 * The same of DIVOC certificates, and two that only this format has, whose proofs hold: dose and number of doses exchanged, and a person
 * who is not signed.
 */
async function divocFamily({ divocKey }: DemoIssuer, now: Date): Promise<DemoCredential[]> {
  const signer = { privateKey: divocKey, method: demoDivocMethod }
  const document = (issued: number, expires: number) =>
    sampleDivoc({ issuer: demoDivocIssuer, issuedAt: daysFrom(now, issued), expires: daysFrom(now, expires) })
  const genuine = document(-1, 180)
  const firstDose = withDose(genuine, { dose: 1, totalDoses: 2 })
  const nameless: JsonObject = { ...genuine, credentialSubject: { ...Object(genuine.credentialSubject), id: '' } }
  const forger = { privateKey: forgerKey('ed25519'), method: demoDivocMethod }
  const exchanged = { replacedDocument: withDose(genuine, { dose: 2, totalDoses: 1 }) }
  return [
    { name: 'divoc', text: await issueDivoc(genuine, signer) },
    { name: 'divoc-unmet', text: await issueDivoc(firstDose, signer) },
    { name: 'divoc-expired', text: await issueDivoc(document(-400, -30), signer) },
    { name: 'divoc-changed', text: await issueDivoc(genuine, signer, { replacedDocument: document(-2, 180) }) },
    { name: 'divoc-exchanged', text: await issueDivoc(firstDose, signer, exchanged) },
    { name: 'divoc-unsigned-person', text: await issueDivoc(nameless, signer) },
    { name: 'divoc-forged', text: await issueDivoc(genuine, forger) },
  ]
}

function withDose(document: JsonObject, members: JsonObject): JsonObject {
  const [event] = [document.evidence ?? []].flat()
  return { ...document, evidence: [{ ...Object(event), ...members }] }
}
