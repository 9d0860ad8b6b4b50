/** A server that follows links, and a sharer whom it may ask. */
import { randomBytes } from 'node:crypto'
import type { JsonObject } from '../../../src/base/json-value.ts'
import type { CborInput } from '../../../src/demo/cbor-encode.ts'
import { demoCardIssuer, demoCountry, demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { hcertClaims, issueHcert } from '../../../src/demo/issue-hcert.ts'
import { cardFile, issueHealthLink, type LinkContent, linkClaims } from '../../../src/demo/issue-health-link.ts'
import { cardJws, sampleCard } from '../../../src/demo/issue-shc.ts'
import { samplePayload } from '../../../src/demo/samples.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { type Sharer, startSharer } from '../../support/sharer.ts'

/** Everything that a test of links needs. */
export interface LinkWorld {
  sharer: Sharer
  dataDir: string
  /** Reads the trust lists again. */
  reload(): Promise<unknown>
  /** Asks `$evaluate` about a text with `followLinks`, and reads the reply. */
  ask(text: string, more?: Parameter[]): Promise<Reply>
  /** A link of the sharer to a path. */
  link(path: string, more?: Partial<LinkContent>, scheme?: 'shlink' | 'vhlink'): string
  /** A certificate that holds links. */
  certificate(...links: string[]): string
  /** One that holds these kinds of certificate, by their keys. */
  certificateOf(...kinds: [number, CborInput][]): string
  /** An EU certificate of a complete vaccination, or a forgery of it. */
  vaccination(forged?: boolean): string
  /** A file of cards, each of so many doses of a person, sealed. */
  cards(...cards: JsonObject[]): string
  card(more?: { doses?: number; family?: string; forged?: boolean }): JsonObject & { jws?: string }
  close(): Promise<void>
}

/** A reply as tests look at it. */
export interface Reply {
  decision: string
  status: string
  /** The outcome and detail of a check. */
  check(name: string): { outcome: string; detail: string }
  issues: string[]
  linked: { contentType: string; evaluation?: Reply; content?: JsonObject }[]
  subject: Record<string, string> | undefined
  names: string[]
  text: string
}

/** Reads a reply of `$evaluate`. */
export function readReply(parameters: Parameters): Reply {
  const all = parameters.parameter ?? []
  const value = (parts: Parameter[], name: string) => {
    const found = parts.find((each) => each.name === name)
    return String(found?.valueCode ?? found?.valueString ?? '')
  }
  const outcome = Object(all.find(({ name }) => name === 'outcome')?.resource)
  const subject = all.find(({ name }) => name === 'subject')?.part
  return {
    decision: value(all, 'decision'),
    status: value(all, 'status'),
    check(name) {
      const part = all.find((each) => each.name === 'check' && value(each.part ?? [], 'name') === name)?.part ?? []
      return { outcome: value(part, 'outcome'), detail: value(part, 'detail') }
    },
    issues: (outcome.issue ?? []).map((each: { details?: { text?: string } }) => each.details?.text ?? ''),
    linked: all
      .filter(({ name }) => name === 'linked')
      .map(({ part = [] }) => {
        const inner = part.find(({ name }) => name === 'evaluation')?.resource
        const content = part.find(({ name }) => name === 'content')?.resource
        return {
          contentType: value(part, 'contentType'),
          ...(inner ? { evaluation: readReply(inner as Parameters) } : {}),
          ...(content ? { content: Object(content) } : {}),
        }
      }),
    subject: subject && Object.fromEntries(subject.map(({ name, valueString }) => [name, String(valueString)])),
    names: all.map(({ name }) => name),
    text: JSON.stringify(parameters),
  }
}

/** The rule of the tests: a card with two doses of this product is complete. */
const dayMilliseconds = 86_400_000

/** Opens a server and a sharer. */
export async function openLinkWorld(environment: Record<string, string> = {}): Promise<LinkWorld> {
  const sharer = await startSharer()
  const hosts = JSON.stringify([sharer.peer.listed])
  const { server, dataDir, close } = await openTestServer({ NETWORK: 'on', NETWORK_HOSTS: hosts, ...environment })
  const now = new Date()
  const issuer = demoIssuer(dataDir, now)
  const signer = { privateKey: issuer.privateKey, publicKey: issuer.certificate.publicKey }
  const issuedAt = new Date(now.getTime() - dayMilliseconds)
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000)
  const signsWith = { privateKey: issuer.privateKey, keyId: issuer.keyId, algorithm: 'ES256' } as const
  const expires = new Date(now.getTime() + 30 * dayMilliseconds)
  const times = { issuer: demoCountry, issuedAt: seconds(issuedAt), expires: seconds(expires) }
  return {
    sharer,
    dataDir,
    reload: () => server.trust.reload(),
    async ask(text, more = []) {
      const parameter: Parameter[] = [
        { name: 'credential', valueString: text },
        { name: 'followLinks', valueBoolean: true },
        ...more,
      ]
      return readReply(await server.evaluate.answer({ resourceType: 'Parameters', parameter }, {}))
    },
    link: (path, more, scheme = 'shlink') =>
      issueHealthLink({ url: `${sharer.peer.origin}${path}`, key: sharer.key, ...more }, scheme),
    certificate: (...links) => issueHcert(linkClaims(links, times), signsWith),
    certificateOf(...kinds) {
      const claims = hcertClaims({ ...times, certificate: [0, null] })
      claims.set(-260, new Map(kinds))
      return issueHcert(claims, signsWith)
    },
    vaccination(forged = false) {
      const options = { issuer: demoCountry, issuedAt, expires }
      const replaced = forged ? { replacedPayload: samplePayload('dcc-t', options) } : {}
      return issueHcert(samplePayload('dcc-v', options), signsWith, replaced)
    },
    cards: (...cards) =>
      sharer.seal(
        cardFile(cards.map(({ jws, ...card }) => (typeof jws === 'string' ? jws : cardJws(card, signer)))),
        'application/smart-health-card',
        { isCompressed: true, nonce: randomBytes(12) },
      ),
    card({ doses = 2, family = 'Specimen', forged = false } = {}) {
      const card = doubled(sampleCard({ issuer: demoCardIssuer, issuedAt }), doses, family)
      if (!forged) return card
      const replacedPayload = doubled(sampleCard({ issuer: demoCardIssuer, issuedAt }), doses, 'Forged')
      return { ...card, jws: cardJws(card, signer, { replacedPayload }) }
    },
    async close() {
      await close()
      await sharer.peer.close()
    },
  }
}

/** A card with another number of doses, four weeks apart, and another name. */
function doubled(card: JsonObject, doses: number, family: string): JsonObject {
  const copy = structuredClone(card)
  const bundle = Object(copy.vc).credentialSubject.fhirBundle
  const [patient, dose] = bundle.entry
  patient.resource.name[0].family = family
  const given = new Date(dose.resource.occurrenceDateTime).getTime()
  const others = Array.from({ length: doses }, (_, at) => ({
    fullUrl: `resource:${at + 1}`,
    resource: {
      ...dose.resource,
      occurrenceDateTime: new Date(given - at * 28 * dayMilliseconds).toISOString().slice(0, 10),
    },
  }))
  bundle.entry = [patient, ...others]
  return copy
}
