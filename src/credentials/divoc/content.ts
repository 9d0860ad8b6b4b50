import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { EventKind, Obstacle, Opened } from '../credential-format.ts'
import { birthDate, count, type Datum, deciding, moment, text } from '../data.ts'
import { plainTexts } from '../encoding/plain-text.ts'
import { type Fields, lostObstacles, mapOf, readFields } from '../shape.ts'
import { contradictions } from './exchange.ts'

/** A text, or a number that stands for one. */
const textOrNumber: Datum = (value) => (typeof value === 'number' && Number.isFinite(value) ? { value } : text(value))

const address: Fields = {
  streetAddress: text,
  streetAddress2: text,
  district: text,
  city: text,
  addressRegion: text,
  addressCountry: text,
  postalCode: textOrNumber,
}
const circumstances: Fields = {
  verifier: mapOf({ id: text, name: text, 'sign-image': text }),
  facility: mapOf({ id: text, name: text, address: mapOf(address), 'seal-image': text }),
}
const certificate: Fields = { id: text, certificateId: text, feedbackUrl: text, infoUrl: text, batch: text }
const vaccination: Fields = {
  ...certificate,
  ...circumstances,
  vaccine: deciding(text),
  manufacturer: text,
  icd11Code: deciding(text),
  prophylaxis: deciding(text),
  date: deciding(moment),
  effectiveStart: deciding(moment),
  effectiveUntil: deciding(moment),
  dose: deciding(count),
  totalDoses: deciding(count),
}
const testDetails: Fields = {
  ...certificate,
  ...circumstances,
  testType: deciding(text),
  testName: text,
  manufacturer: text,
  disease: deciding(text),
  sampleOrigin: text,
  result: deciding(text),
  sampleCollectionTimestamp: deciding(moment),
  resultTimestamp: moment,
  expiry: deciding(moment),
}
/** Kinds of certificate: type of the credential, type of its evidence, and what that certifies. */
const kinds: { proofOf: string; evidence: string; event: EventKind; fields: Fields }[] = [
  { proofOf: 'ProofOfVaccinationCredential', evidence: 'Vaccination', event: 'v', fields: vaccination },
  { proofOf: 'ProofOfTestCertificateCredential', evidence: 'TestDetails', event: 't', fields: testDetails },
]
const person: Fields = {
  id: text,
  refId: text,
  uhid: text,
  name: text,
  gender: text,
  sex: text,
  dob: birthDate('1.3.0'),
  age: textOrNumber,
  nationality: text,
  address: mapOf(address),
}
const credential: Fields = {
  id: text,
  issuer: text,
  issuanceDate: text,
  expirationDate: text,
  nonTransferable: text,
}
/** Members that are read elsewhere: by the proof, or here as parts. */
const parts = ['@context', 'type', 'proof', 'credentialSubject', 'evidence']

/** Reads a verified document; a text says why it is none of a known kind. */
export function openDocument(document: JsonObject): Opened | string {
  const { json, remarks } = plainTexts(withoutUnknown(document))
  if (!isJsonObject(json)) return 'the document is no object'
  const types = listOfTexts(json.type)
  const [kind, ...others] = kinds.filter(({ proofOf }) => types.includes(proofOf))
  if (!kind || others.length > 0 || !types.includes('VerifiableCredential'))
    return 'not a certificate of one known kind'
  const { credentialSubject: subject, evidence } = json
  if (!isJsonObject(subject) || !Array.isArray(evidence)) return 'no person, or no list of evidence'
  const events = evidence.filter(isJsonObject)
  if (events.length < evidence.length || events.length === 0) return 'an evidence is not an object'
  if (!events.every((each) => isOfType(each, kind.evidence)))
    return 'an evidence is of another kind than the certificate'
  if (!isOfType(subject, 'Person')) return 'the subject is not a person'
  if (hasLists([subject, ...events])) return 'a list where one value belongs'
  const obstacles = [
    ...unknownMembers(json, credential, parts),
    ...unknownMembers(subject, person, ['type']),
    ...events.flatMap((each) => unknownMembers(each, kind.fields, ['type'])),
    ...(types.length > 2 ? [blocks('The certificate has a further type, which is not known')] : []),
    ...contradictions(json, events),
  ]
  const { '@context': _, ...members } = json
  const root = readFields(members, credential, 'certificate')
  const holder = readFields(subject, person, 'credentialSubject')
  const read = events.map((each) => readFields(each, kind.fields, 'evidence'))
  return {
    content: {
      context: json['@context'] ?? null,
      ...root.value,
      type: types,
      credentialSubject: holder.value,
      evidence: read.map(({ value }) => value),
    },
    formats: ['divoc'],
    events: [kind.event],
    remarks: [...new Set([...remarks, ...[root, holder, ...read].flatMap((each) => each.remarks)])],
    obstacles: unique([
      ...obstacles,
      ...lostObstacles(
        read.flatMap(({ lost }) => lost),
        'the evidence',
      ),
    ]),
    certificateIds: read.flatMap(({ value }) => (typeof value.certificateId === 'string' ? [value.certificateId] : [])),
  }
}

const blocks = (text: string): Obstacle => ({ text, blocks: true })

const unique = (obstacles: Obstacle[]): Obstacle[] => [...new Map(obstacles.map((each) => [each.text, each])).values()]

const listOfTexts = (value: Json | undefined): string[] =>
  [value ?? []].flat().filter((each) => typeof each === 'string')

const isOfType = ({ type }: JsonObject, name: string): boolean => {
  const types = [type ?? []].flat()
  return types.length === 1 && types[0] === name
}

/** Real certificates write so what is not known; null says nothing in JSON-LD. */
const UNKNOWN: (Json | undefined)[] = ['', '-', null]

function withoutUnknown(json: Json): Json {
  if (Array.isArray(json)) return json.map(withoutUnknown)
  if (!isJsonObject(json)) return json
  const known = Object.entries(json).filter(([, value]) => !UNKNOWN.includes(value))
  return Object.fromEntries(known.map(([name, value]) => [name, withoutUnknown(value)]))
}

/** Only types come in lists: in the proof a list of values is as many statements, of which any reader would take another. */
function hasLists(json: Json): boolean {
  if (Array.isArray(json)) return json.some((each) => Array.isArray(each) || hasLists(each))
  if (!isJsonObject(json)) return false
  return Object.entries(json).some(([name, value]) => (Array.isArray(value) ? name !== 'type' : hasLists(value)))
}

/**
 * Members that are signed and not read: a status to be looked up, or a known one under its full address, so that what is read is
 * not all that was said.
 */
function unknownMembers(part: JsonObject, fields: Fields, others: string[]): Obstacle[] {
  const known = [...Object.keys(fields), ...others]
  return hasUnknown(part, known) ? [blocks('The certificate has members that this server does not know')] : []
}

/** Parts of person and evidence, whose members are the same wherever they stand. */
const nested: Record<string, string[]> = {
  address: Object.keys(address),
  verifier: ['id', 'name', 'sign-image'],
  facility: ['id', 'name', 'address', 'seal-image'],
}

function hasUnknown(part: JsonObject, known: string[]): boolean {
  return Object.entries(part).some(([name, value]) => {
    if (!known.includes(name)) return true
    const below = Object.hasOwn(nested, name) ? nested[name] : undefined
    return below !== undefined && isJsonObject(value) && hasUnknown(value, below)
  })
}
