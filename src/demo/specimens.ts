/** Specimens of every kind, with siblings that must not pass. */
import type { JsonObject } from '../base/json-value.ts'
import type { Decision } from '../evaluate/evaluation.ts'
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
  /** The verdict on it under the rules out of the box, while its own issuer is trusted. */
  kind: Decision
  /** What it is made as; of one that is not verified a verdict may name another of the same family. */
  format: string
  text: string
}

/** Names under which the kinds are written and shown, and their formats. */
const names: Record<SampleKind, [name: string, format: string]> = {
  'dcc-v': ['vaccination', 'hcert-dcc'],
  'dcc-t': ['test', 'hcert-dcc'],
  'dcc-r': ['recovery', 'hcert-dcc'],
  'ddcc-vs': ['ddcc-vaccination', 'hcert-ddcc-vs'],
  'ddcc-tr': ['ddcc-test', 'hcert-ddcc-tr'],
  dvc: ['dvc', 'hcert-dvc'],
  icvp: ['icvp', 'hcert-icvp'],
  'icvp-polio': ['polio', 'hcert-icvp'],
  link: ['link', 'hcert-link'],
  flat: ['flat', 'hcert-ddcc-vs'],
}

/** Endings of names by the verdict; without one a specimen is genuine. */
const kinds: [Decision, RegExp][] = [
  ['rejected', /-unmet$/],
  // What a link leads to is not asked for by the specimens' own server.
  ['undetermined', /-(?:incomplete|unknown|exchanged)$|^link$/],
  ['unverified', /-(?:expired|changed|forged|unsigned-person)$/],
]

const specimen = (format: string, name: string, text: string): DemoCredential => ({
  name,
  kind: kinds.find(([, ending]) => ending.test(name))?.[0] ?? 'accepted',
  format,
  text,
})

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
  const [name, format] = names[kind]
  const made = (ending: string, ...hcert: Parameters<typeof issueHcert>) =>
    specimen(format, `${name}${ending}`, issueHcert(...hcert))
  const variant = (which: SampleVariant) => made(`-${which}`, variantPayload(kind, which, options), signer)
  return [
    made('', payload, signer),
    ...variantsOf(kind).map(variant),
    made('-expired', samplePayload(kind, past), signer),
    made('-changed', payload, signer, { replacedPayload: changed }),
    made('-forged', payload, { ...signer, privateKey: forgerKey() }),
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
    specimen('shc', 'card', text(card(-1, 180), signer)),
    specimen('shc', 'card-unmet', text(card(-1, 180, firstDose), signer)),
    specimen('shc', 'card-unknown', text(card(-1, 180, unknownProduct), signer)),
    specimen('shc', 'card-expired', text(card(-400, -30), signer)),
    specimen('shc', 'card-changed', text(card(-1, 180), signer, { replacedPayload: card(-2, 180) })),
    specimen('shc', 'card-forged', text(card(-1, 180), { ...signer, privateKey: forgerKey() })),
  ]
}

/** The same of ICAO seals, which do not expire. */
function sealFamily({ seal }: DemoIssuer, now: Date): DemoCredential[] {
  const signer = { privateKey: seal.privateKey, certificate: seal.certificate.raw }
  const data = (days: number, change: { vaccine?: string; days?: number[] } = {}) =>
    sampleSeal({ issuer: demoCountry, issuedAt: daysFrom(now, days), ...change })
  return [
    specimen('icao-vds-nc', 'seal', issueSeal(data(-1), signer)),
    specimen('icao-vds-nc', 'seal-unmet', issueSeal(data(-1, { days: [30] }), signer)),
    specimen('icao-vds-nc', 'seal-unknown', issueSeal(data(-1, { vaccine: 'XM68M6' }), signer)),
    specimen('icao-vds-nc', 'seal-changed', issueSeal(data(-1), signer, data(-2))),
    specimen('icao-vds-nc', 'seal-forged', issueSeal(data(-1), { ...signer, privateKey: forgerKey() })),
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
    specimen('divoc', 'divoc', await issueDivoc(genuine, signer)),
    specimen('divoc', 'divoc-unmet', await issueDivoc(firstDose, signer)),
    specimen('divoc', 'divoc-expired', await issueDivoc(document(-400, -30), signer)),
    specimen('divoc', 'divoc-changed', await issueDivoc(genuine, signer, { replacedDocument: document(-2, 180) })),
    specimen('divoc', 'divoc-exchanged', await issueDivoc(firstDose, signer, exchanged)),
    specimen('divoc', 'divoc-unsigned-person', await issueDivoc(nameless, signer)),
    specimen('divoc', 'divoc-forged', await issueDivoc(genuine, forger)),
  ]
}

function withDose(document: JsonObject, members: JsonObject): JsonObject {
  const [event] = [document.evidence ?? []].flat()
  return { ...document, evidence: [{ ...Object(event), ...members }] }
}
