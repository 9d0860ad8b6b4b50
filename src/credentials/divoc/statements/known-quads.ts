import { hash } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { CREDENTIALS_V1 } from '../../../json-ld/credential-contexts.ts'
import { DATE_TIME, type Member, type Shape, shapes } from './shapes.ts'

/**
 * The short way from a DIVOC certificate to canonical N-Quads (URDNA2015), for documents of a known shape. It gives the same bytes as
 * the long way through JSON-LD, or nothing: whatever it does not know it leaves to the other. What it gives is whole, because
 * it takes no member that it does not know.
 */

const INTEGER = 'http://www.w3.org/2001/XMLSchema#integer'
const TYPE = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type'
const SECURITY = 'https://w3id.org/security#'

/** Addresses that JSON-LD takes as they stand, and N-Quads write so. */
const ADDRESS = /^(?:https?:\/\/|did:|urn:)[A-Za-z0-9._~:/?#[\]@!$&'()*+,;=%-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: N-Quads escape them
const CONTROL = /[\u0000-\u001f\u007f]/

/** One thing that statements are about. */
interface Thing {
  /** Its address in angle brackets; absent for a blank node. */
  address?: string
  /** Predicate and object, ready but for blank nodes; a set, since a statement that is made twice is one. */
  known: Set<string>
  /** Predicates in angle brackets, and the blank nodes they lead to. */
  blank: [predicate: string, thing: Thing][]
  /** What leads to it, where it is a blank node and no root. */
  from?: { predicate: string; subject: Thing }
  label?: string
}

/** Canonical N-Quads of a document without its proof; undefined when its shape is not known. */
export function knownQuads(document: JsonObject): string | undefined {
  const { '@context': contexts, ...members } = document
  if (!Array.isArray(contexts) || contexts.length !== 2 || contexts[0] !== CREDENTIALS_V1) return undefined
  const shape = typeof contexts[1] === 'string' ? shapes.get(contexts[1]) : undefined
  const things: Thing[] = []
  return shape && readPart(members, shape, things) && labelBlankNodes(things) ? writeQuads(things) : undefined
}

/** The same of a proof without its signature. */
export function knownProofQuads(options: JsonObject): string | undefined {
  const { type, created, verificationMethod, proofPurpose, ...others } = options
  if (Object.keys(others).length > 0 || typeof type !== 'string' || proofPurpose !== 'assertionMethod') return undefined
  const time = created === undefined ? undefined : literalOf(created, DATE_TIME)
  const method = addressOf(verificationMethod)
  if (time === undefined || method === undefined || !PROOF_TYPES.includes(type)) return undefined
  return (
    `_:c14n0 <http://purl.org/dc/terms/created> ${time} .\n` +
    `_:c14n0 <${TYPE}> <${SECURITY}${type}> .\n` +
    `_:c14n0 <${SECURITY}proofPurpose> <${SECURITY}assertionMethod> .\n` +
    `_:c14n0 <${SECURITY}verificationMethod> ${method} .\n`
  )
}

const PROOF_TYPES = ['RsaSignature2018', 'Ed25519Signature2018']

/** Reads a part and those below it into `things`; false when something of it is not known. */
function readPart(part: JsonObject, shape: Shape, things: Thing[], from?: Thing['from']): Thing | undefined {
  const thing: Thing = { known: new Set(), blank: [] }
  things.push(thing)
  const isAddressed = shape.hasAddress && part.id !== undefined
  if (isAddressed) {
    const address = addressOf(part.id)
    // Two parts of one address would be one thing.
    if (address === undefined || things.some((each) => each.address === address)) return undefined
    thing.address = address
  } else if (from) thing.from = from
  if (!readTypes(part, shape, thing)) return undefined
  for (const name of Object.keys(part)) {
    if ((name === 'id' && shape.hasAddress) || (name === 'type' && shape.types.length > 0)) continue
    const member = shape.members.get(name)
    if (!member || !readMember(part[name] ?? null, member, thing, things)) return undefined
  }
  const isEmpty = thing.known.size === 0 && thing.blank.length === 0
  return isEmpty ? undefined : thing
}

/** Exactly the types of the shape, in any order. */
function readTypes({ type }: JsonObject, { types }: Shape, thing: Thing): boolean {
  if (types.length === 0) return true
  const named = Array.isArray(type) ? type : [type]
  if (named.length !== types.length) return false
  for (const [name, iri] of types) {
    if (!named.includes(name)) return false
    thing.known.add(`<${TYPE}> <${iri}>`)
  }
  return true
}

function readMember(value: Json, { property, value: kind }: Member, thing: Thing, things: Thing[]): boolean {
  const predicate = `<${property}>`
  if (typeof kind === 'object' && ('one' in kind || 'many' in kind)) {
    const shape = 'one' in kind ? kind.one : kind.many
    const parts = 'many' in kind && Array.isArray(value) && value.length > 0 ? value : [value]
    return parts.every((each) => isJsonObject(each) && readLink(each, shape, { predicate, subject: thing }, things))
  }
  const object =
    kind === 'address' ? addressOf(value) : literalOf(value, kind === 'literal' ? undefined : kind.datatype)
  if (object === undefined) return false
  thing.known.add(`${predicate} ${object}`)
  return true
}

function readLink(
  part: JsonObject,
  shape: Shape,
  from: { predicate: string; subject: Thing },
  things: Thing[],
): boolean {
  const thing = readPart(part, shape, things, from)
  if (!thing) return false
  if (thing.address === undefined) from.subject.blank.push([from.predicate, thing])
  else from.subject.known.add(`${from.predicate} ${thing.address}`)
  return true
}

const addressOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && ADDRESS.test(value) ? `<${value}>` : undefined

/** A text or a whole number as N-Quads write it; only texts have another datatype. */
function literalOf(value: Json, datatype: string | undefined): string | undefined {
  if (typeof value === 'number') {
    const isWhole = datatype === undefined && Number.isSafeInteger(value) && !Object.is(value, -0)
    return isWhole ? `"${value}"^^<${INTEGER}>` : undefined
  }
  if (typeof value !== 'string' || CONTROL.test(value) || !value.isWellFormed()) return undefined
  const escaped = value.includes('\\') || value.includes('"') ? value.replace(/["\\]/g, '\\$&') : value
  return datatype === undefined ? `"${escaped}"` : `"${escaped}"^^<${datatype}>`
}

/**
 * Gives blank nodes their canonical names, in the order of their first-degree hashes (URDNA2015, 4.4 and 4.6). False when two have one
 * hash: what would tell them apart is left to the long way.
 */
function labelBlankNodes(things: Thing[]): boolean {
  const blank = things.filter(({ address }) => address === undefined)
  const hashed = blank.map((thing) => ({ thing, digest: firstDegreeHash(thing) }))
  hashed.sort((a, b) => (a.digest < b.digest ? -1 : 1))
  for (const [at, { thing, digest }] of hashed.entries()) {
    if (hashed[at + 1]?.digest === digest) return false
    thing.label = `_:c14n${at}`
  }
  return true
}

/** The statements that name the thing, itself as `_:a` and any other blank node as `_:z`. */
function firstDegreeHash({ known, blank, from }: Thing): string {
  const lines: string[] = []
  for (const each of known) lines.push(`_:a ${each} .\n`)
  for (const [predicate] of blank) lines.push(`_:a ${predicate} _:z .\n`)
  if (from) lines.push(`${from.subject.address ?? '_:z'} ${from.predicate} _:a .\n`)
  return hash('sha256', lines.sort().join(''), 'hex')
}

function writeQuads(things: Thing[]): string {
  const lines: string[] = []
  for (const { address, label = '', known, blank } of things) {
    const subject = address ?? label
    for (const each of known) lines.push(`${subject} ${each} .\n`)
    for (const [predicate, { label: object = '' }] of blank) lines.push(`${subject} ${predicate} ${object} .\n`)
  }
  return lines.sort().join('')
}
