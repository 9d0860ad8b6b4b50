import { createHash, type KeyObject, verify } from 'node:crypto'
import { crc32, inflateRawSync } from 'node:zlib'
import { at, fromBase64Url, strictJson } from './bytes.ts'
import type { Plain } from './declared.ts'

/** A DIVOC certificate taken apart (Verifiable Credentials Data Model 1.0, Linked Data Proofs). */
export interface Divoc {
  document: Plain
  proof: Plain
  /** What of it no signature covers. */
  faults: string[]
  verifies(key: KeyObject): boolean
}

/** Opens `B64:` and the zip in base64. @throws Error */
export function openDivoc(text: string): Divoc {
  const zip = Buffer.from(text.slice(4), 'base64')
  if (zip.toString('base64').replace(/=+$/, '') !== text.slice(4).replace(/=+$/, '')) throw new Error('base64')
  const whole = strictJson(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fileOf(zip)))
  const { proof = null, ...document } = whole as Record<string, Plain>
  const contexts = [document['@context'] ?? []].flat().map(String)
  if (contexts[0] !== 'https://www.w3.org/2018/credentials/v1' || !KNOWN.includes(contexts.slice(1).join()))
    throw new Error('contexts')
  if (
    /"@(?!context")[^"]*":/.test(JSON.stringify(document)) ||
    JSON.stringify(document).split('"@context":').length > 2
  )
    throw new Error('keywords')
  const { jws, ...options } = proof as Record<string, Plain>
  const [head = '', payload, signature, ...rest] = String(jws).split('.')
  const header = strictJson(fromBase64Url(head).toString())
  const suite = { RsaSignature2018: 'PS256', Ed25519Signature2018: 'EdDSA' }[String(options.type)]
  const isHeader = JSON.stringify(Object.entries(header ?? {}).sort()) === JSON.stringify(headerOf(suite ?? '').sort())
  if (!isHeader || payload !== '' || rest.length > 0 || options.proofPurpose !== 'assertionMethod')
    throw new Error('proof')
  const said = statementsOf(document as Plain)
  const signed = Buffer.concat([Buffer.from(`${head}.`), digest(proofStatements(options)), digest(said.quads)])
  const bytes = fromBase64Url(signature)
  return { document: document as Plain, proof, faults: said.faults, verifies: verifier(suite, signed, bytes) }
}

/** Contexts that are published for these documents. */
const KNOWN = ['vaccination/v1', 'vaccination/v2', 'testCertificate/v1'].map(
  (name) => `https://cowin.gov.in/credentials/${name}`,
)

const headerOf = (alg: string): [string, unknown][] => [
  ['alg', alg],
  ['b64', false],
  ['crit', ['b64']],
]

const digest = (text: string) => createHash('sha256').update(text).digest()

function verifier(suite: string | undefined, signed: Buffer, bytes: Buffer): Divoc['verifies'] {
  return (key) =>
    suite === 'EdDSA'
      ? key.asymmetricKeyType === 'ed25519' && verify(null, signed, key, bytes)
      : key.asymmetricKeyType === 'rsa' &&
        bytes.length * 8 === key.asymmetricKeyDetails?.modulusLength &&
        verify('sha256', signed, { key, padding: 6, saltLength: -2 }, bytes)
}

/** The one file of an archive, by its directory. @throws Error */
function fileOf(zip: Buffer): Buffer {
  const end = zip.length - 22
  const directory = zip.readUInt32LE(end + 16)
  if (zip.readUInt32LE(end) !== 0x06054b50 || zip.readUInt32LE(directory) !== 0x02014b50) throw new Error('zip')
  const name = zip.toString('latin1', directory + 46, directory + 46 + zip.readUInt16LE(directory + 28))
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28)
  const data = zip.subarray(start, start + zip.readUInt32LE(directory + 20))
  const file = zip.readUInt16LE(directory + 10) === 0 ? data : inflateRawSync(data, { maxOutputLength: 262_144 })
  if (name !== 'certificate.json' || crc32(file) !== zip.readUInt32LE(directory + 16)) throw new Error('zip')
  return file
}

// ---------- what a document says as statements (JSON-LD 1.1, URDNA2015) ----------

const S = 'https://schema.org/'
const C = 'https://www.w3.org/2018/credentials#'
const X = 'http://www.w3.org/2001/XMLSchema#'

const words = (text: string, to: (word: string) => string) =>
  Object.fromEntries(text.split(' ').map((each) => [each.split('=')[0], to(each.split('=').at(-1) ?? '')]))
const schema = (text: string) => words(text, (word) => S + word)
const local = (text: string) => words(text, (word) => `vac:${word}`)

/** Properties by part and member; what is not there is dropped. */
const properties: Record<string, Record<string, string>> = {
  VerifiableCredential: {
    ...words('credentialSubject evidence issuer issuanceDate expirationDate', (word) => C + word),
    ...local('nonTransferable'),
  },
  Person: {
    ...schema('refId=id uhid=id name age=Number dob=date gender nationality address=PostalAddress'),
  },
  Vaccination: {
    ...schema('certificateId=id feedbackUrl=url infoUrl=url batch=id vaccine=id manufacturer=id icd11Code=id'),
    ...schema('prophylaxis=name date effectiveStart=date effectiveUntil=date dose=doseValue totalDoses=doseValue'),
    ...local('verifier facility=Facility'),
  },
  TestDetails: {
    ...schema('certificateId=id feedbackUrl=url infoUrl=url batch=id manufacturer=id testType=id testName=name'),
    ...schema('disease=id sampleOrigin=id result=id sampleCollectionTimestamp=dateTime resultTimestamp=dateTime'),
    ...schema('expiry=dateTime'),
    ...local('verifier facility=Facility'),
  },
  address: {
    ...schema('streetAddress addressRegion addressCountry postalCode'),
    ...local('streetAddress2=addressLine2 city district'),
  },
  verifier: schema('id name sign-image=image'),
  facility: schema('name address=PostalAddress seal-image=image'),
}
const types: Record<string, string> = {
  VerifiableCredential: `${C}VerifiableCredential`,
  ProofOfVaccinationCredential: `${S}ProofOfVaccinationCredential`,
  ProofOfTestCertificateCredential: `${S}ProofOfTestCredential`,
  Person: `${S}Person`,
  Vaccination: 'vac:Vaccination',
  TestDetails: 'vac:TestDetails',
}

interface Statement {
  subject: string
  rest: string
  object: string
}

interface Reading {
  statements: Statement[]
  faults: Set<string>
  ids: string[]
  blank: number
}

/** Canonical N-Quads, and what of the document they leave out. @throws Error for parts that only their place tells apart */
export function statementsOf(document: Plain): { quads: string; faults: string[] } {
  const reading: Reading = { statements: [], faults: new Set(), ids: [], blank: 0 }
  const { '@context': _, ...members } = document as Record<string, Plain>
  readPart(members, '', reading)
  if (new Set(reading.ids).size < reading.ids.length) reading.faults.add('two parts of one address')
  return { quads: canonical(reading.statements), faults: [...reading.faults] }
}

const isPart = (value: Plain): value is Record<string, Plain> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A part under a member of that name; its own name in the statements. */
function readPart(part: Record<string, Plain>, member: string, reading: Reading): string {
  const named = [part.type ?? []].flat().map(String)
  const kind = Object.hasOwn(properties, member)
    ? member
    : (named.find((each) => Object.hasOwn(properties, each)) ?? '')
  const known = Object.hasOwn(properties, kind) ? (properties[kind] ?? {}) : {}
  const hasId = typeof part.id === 'string' && !Object.hasOwn(known, 'id')
  const subject = hasId ? `<${part.id}>` : `_:b${reading.blank++}`
  if (hasId) reading.ids.push(String(part.id))
  if (hasId && !/^[a-z]+:\S*$/i.test(String(part.id))) reading.faults.add('a part without an address')
  for (const type of named) {
    const iri = Object.hasOwn(types, type) ? types[type] : undefined
    if (iri === undefined) reading.faults.add('an unknown type')
    else add(reading, subject, 'http://www.w3.org/1999/02/22-rdf-syntax-ns#type', `<${iri}>`)
  }
  for (const [name, value] of Object.entries(part)) {
    if (name === 'type' || (name === 'id' && hasId)) continue
    const property = Object.hasOwn(known, name) ? known[name] : undefined
    if (property === undefined) {
      if (value !== null) reading.faults.add('a member that is not signed')
      continue
    }
    for (const each of [value].flat(9))
      if (each !== null) add(reading, subject, property, objectOf(each, name, reading))
  }
  return subject
}

function add({ statements }: Reading, subject: string, property: string, object: string): void {
  const statement = { subject, rest: ` <${property}> `, object }
  if (!statements.some((each) => JSON.stringify(each) === JSON.stringify(statement))) statements.push(statement)
}

function objectOf(value: Plain, name: string, reading: Reading): string {
  if (isPart(value)) return readPart(value, name, reading)
  if (name === 'issuer') {
    if (!/^[a-z]+:\S*$/i.test(String(value))) reading.faults.add('an issuer without an address')
    return `<${value}>`
  }
  if (typeof value === 'boolean') return `"${value}"^^<${X}boolean>`
  if (typeof value === 'number') {
    const isWhole = Number.isInteger(value) && Math.abs(value) < 1e21
    return isWhole
      ? `"${value.toFixed(0)}"^^<${X}integer>`
      : `"${value.toExponential(15).replace(/(\d)0*e\+?/, '$1E')}"^^<${X}double>`
  }
  const text = `"${escaped(String(value))}"`
  return /^(?:issuance|expiration)Date$/.test(name) ? `${text}^^<${X}dateTime>` : text
}

/** N-Quads, canonical form: what RDF Dataset Canonicalization escapes. */
function escaped(text: string): string {
  const short: Record<string, string> = { '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r', '"': '"', '\\': '\\' }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped
  return text.replace(/[\u0000-\u001f\u007f"\\]/g, (each) =>
    short[each] === undefined
      ? `\\u${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
      : `\\${short[each]}`,
  )
}

function canonical(statements: Statement[]): string {
  const blank = [...new Set(statements.flatMap(({ subject, object }) => [subject, object]))].filter((each) =>
    each.startsWith('_:'),
  )
  const hashes = blank.map((id) => {
    const name = (each: string) => (each === id ? '_:a' : each.startsWith('_:') ? '_:z' : each)
    const lines = statements
      .filter(({ subject, object }) => subject === id || object === id)
      .map(({ subject, rest, object }) => `${name(subject)}${rest}${name(object)} .\n`)
    return [createHash('sha256').update(lines.sort().join('')).digest('hex'), id] as const
  })
  if (new Set(hashes.map(([hash]) => hash)).size < hashes.length) throw new Error('parts that nothing tells apart')
  const labels = new Map(hashes.sort().map(([, id], index) => [id, `_:c14n${index}`]))
  const named = (each: string) => labels.get(each) ?? each
  return statements
    .map(({ subject, rest, object }) => `${named(subject)}${rest}${named(object)} .\n`)
    .sort()
    .join('')
}

/** The proof without its signature, as security/v2 reads it. */
export function proofStatements({ type, created, verificationMethod }: Record<string, Plain>): string {
  const security = 'https://w3id.org/security#'
  return [
    ` <http://purl.org/dc/terms/created> "${escaped(String(created))}"^^<${X}dateTime>`,
    ` <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <${security}${type}>`,
    ` <${security}proofPurpose> <${security}assertionMethod>`,
    ` <${security}verificationMethod> <${verificationMethod}>`,
  ]
    .map((each) => `_:c14n0${each} .\n`)
    .join('')
}

/** Members of the document that are read, by part; whatever else is signed stands in the way of a yes. */
export function hasOthers(document: Plain): boolean {
  const lists = (value: Plain | undefined): boolean =>
    isPart(value ?? null) &&
    Object.entries(value ?? {}).some(([name, each]) => (Array.isArray(each) ? name !== 'type' : lists(each)))
  const events = [at(document, 'evidence') ?? []].flat()
  return [at(document, 'credentialSubject'), ...events].some(lists)
}
