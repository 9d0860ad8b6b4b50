import { hasBase64Letters } from '../../base/crypto/base64.ts'
import { sha256Hex } from '../../base/crypto/sha256.ts'

/**
 * A second, slow reader of trust lists. It knows nothing of JSON-LD and of the first reader: it reads the canonical N-Quads whose
 * hash was signed, and nothing else. What the first reader takes from the document must be found here.
 */

/** A trust list as its signed statements have it. */
export interface SignedList {
  id: string
  created: string
  /** One text per key, in the form of {@link keyLine}. */
  keys: string[]
  /** Ids of a reference list. */
  references: string[]
}

/** What both readers must agree on for one key. */
export interface SignedKey {
  keyId: string
  participant: string
  domain: string
  usage: string
  /** DID of the list that it was taken from. */
  controller: string
  /** DER, leaf first. */
  certificates: Uint8Array[]
}

/** A key as one line of text: two readers agree when they have the same lines. */
export function keyLine({ keyId, participant, domain, usage, controller, certificates }: SignedKey): string {
  const prints = certificates.map((der) => sha256Hex(der))
  return [participant, domain, usage, keyId, controller, ...prints].join(' ')
}

const SECURITY = 'https://w3id.org/security#'
const CONTROLLER = `${SECURITY}controller`
const METHOD = `${SECURITY}verificationMethod`
const JWK = `${SECURITY}publicKeyJwk`
const TYPE = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type'
const CREATED = 'http://purl.org/dc/terms/created'
const JSON_LITERAL = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON'
const DATE_TIME = 'http://www.w3.org/2001/XMLSchema#dateTime'
/** The network's code systems, of each environment. */
const CODED = /^https:\/\/smart\.who\.int\/trust\/ValueSet-(Participants|Domains|KeyUsage)(?:-DEV|-UAT)?\.jsonld$/

/** One statement: an address or a literal with its type. */
interface Value {
  iri?: string
  literal?: string
  type?: string
}

/** Statements about one thing, by predicate. */
type Statements = Map<string, Value[]>

/** Reads the signed list; a text says what it is that no trust list says. */
export function readSignedQuads(quads: { document: string; proof: string }): SignedList | string {
  const about = parseQuads(quads.document)
  const proof = parseQuads(quads.proof)
  if (typeof about === 'string') return about
  if (typeof proof === 'string') return proof
  const lists = [...about].filter(([, statements]) => statements.has(METHOD))
  const [list] = lists
  if (!list || lists.length > 1) return `the signed statements are about ${lists.length} lists`
  const [id, statements] = list
  if (statements.size !== 2 || !only(statements.get(CONTROLLER))?.iri) return 'the signed list has other members'
  const [proofStatements] = [...proof.values()]
  const created = proof.size === 1 ? only(proofStatements?.get(CREATED)) : undefined
  if (created?.literal === undefined || created.type !== DATE_TIME) return 'the signed proof has no time of its own'
  return readMethods(about, { id, created: created.literal, methods: statements.get(METHOD) ?? [] })
}

function readMethods(
  about: Map<string, Statements>,
  { id, created, methods }: { id: string; created: string; methods: Value[] },
): SignedList | string {
  const signed: SignedList = { id, created, keys: [], references: [] }
  for (const { iri } of methods) {
    if (iri === undefined) return 'the signed list holds something that is no address'
    const statements = about.get(iri)
    const key = statements && readKey(iri, statements)
    if (typeof key === 'string') return `${iri}: ${key}`
    if (key) signed.keys.push(keyLine(key))
    else signed.references.push(iri)
  }
  if (about.size !== 1 + signed.keys.length) return 'statements are signed about things that the list does not hold'
  return signed
}

/** Exactly six statements make a key. */
function readKey(iri: string, statements: Statements): SignedKey | string {
  const coded = new Map<string, string>()
  for (const [predicate, values] of statements) {
    const name = CODED.exec(predicate)?.[1]
    if (name === undefined) continue
    const value = only(values)?.iri
    if (!value?.startsWith(`${predicate}#`)) return `${name} is signed otherwise`
    coded.set(name, value.slice(predicate.length + 1))
  }
  const [participant, domain, usage] = ['Participants', 'Domains', 'KeyUsage'].map((name) => coded.get(name))
  const certificates = readCertificates(only(statements.get(JWK)))
  const isKey = only(statements.get(TYPE))?.iri === `${SECURITY}JsonWebKey2020`
  const controller = only(statements.get(CONTROLLER))?.iri
  if (!participant || !domain || !usage || !certificates || !isKey || !controller || statements.size !== 6) {
    return 'its signed statements are not those of a key'
  }
  return {
    keyId: fragmentOf(iri),
    participant: participant.toUpperCase(),
    domain,
    usage: usage === 'CSCA' ? 'SCA' : usage,
    controller,
    certificates,
  }
}

/** Certificates of a JSON literal; none where one is not plain base64. */
function readCertificates(value: Value | undefined): Uint8Array[] | undefined {
  if (value?.literal === undefined || value.type !== JSON_LITERAL) return undefined
  const jwk: unknown = JSON.parse(value.literal)
  const list: unknown = typeof jwk === 'object' && jwk !== null && 'x5c' in jwk ? jwk.x5c : undefined
  if (!Array.isArray(list)) return undefined
  const isPlain = list.every((text) => typeof text === 'string' && hasBase64Letters(text))
  return isPlain ? list.map((text) => Buffer.from(text, 'base64')) : []
}

function fragmentOf(iri: string): string {
  const [, fragment = ''] = /#(.*)$/s.exec(iri) ?? []
  try {
    return decodeURIComponent(fragment)
  } catch {
    return fragment
  }
}

const only = (values: Value[] | undefined): Value | undefined => (values?.length === 1 ? values[0] : undefined)

const IRI = '<([^\\s<>"{}|\\\\^`]+)>'
const LITERAL = '("[^"\\\\]*(?:\\\\.[^"\\\\]*)*")'
const QUAD = new RegExp(`^(?:${IRI}|(_:c14n\\d+)) ${IRI} (?:${IRI}|${LITERAL}(?:\\^\\^${IRI})?) \\.$`)

/** The escapes of canonical N-Quads are among those of JSON. */
function readLiteral(quoted: string, type: string | undefined): Value | undefined {
  try {
    return { literal: JSON.parse(quoted), ...(type === undefined ? {} : { type }) }
  } catch {
    return undefined // a control character: no value of a trust list holds one
  }
}

/** Statements by subject. */
function parseQuads(text: string): Map<string, Statements> | string {
  const about = new Map<string, Statements>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, iri, blank, predicate = '', object, literal, type] = QUAD.exec(line) ?? []
    const subject = iri ?? blank
    if (subject === undefined) return 'a signed statement has an unexpected form'
    const statements = about.get(subject) ?? new Map<string, Value[]>()
    about.set(subject, statements)
    const value = object === undefined ? readLiteral(literal ?? '', type) : { iri: object }
    if (!value) return 'a signed text has an unexpected form'
    statements.set(predicate, [...(statements.get(predicate) ?? []), value])
  }
  return about
}
