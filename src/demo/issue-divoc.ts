import { constants, type KeyObject, sign } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import { sha256 } from '../base/crypto/sha256.ts'
import type { JsonObject } from '../base/json-value.ts'
import { tolerantQuads } from '../json-ld/canonize.ts'
import { CREDENTIALS_V1, credentialContexts, SECURITY_V2 } from '../json-ld/credential-contexts.ts'

/** Issues DIVOC certificates for demonstration and tests; keys are made by the caller. */

/** Who signs: an Ed25519 or RSA key, and the name under which verifiers look it up. */
export interface DivocSigner {
  privateKey: KeyObject
  /** `proof.verificationMethod`. */
  method: string
}

/** How a certificate departs from an honest one. */
export interface DivocOptions {
  /** Stands in the certificate in place of the document that was signed. */
  replacedDocument?: JsonObject
  /** Members of the proof, signed with it. */
  proof?: JsonObject
  /** Members of the proof, changed after it was signed. */
  replacedProof?: JsonObject
}

/**
 * The text of a certificate over a document without proof: `B64:` and the zip in base64.
 * @throws TypeError for a document that has no statements
 */
export const issueDivoc = async (
  document: JsonObject,
  signer: DivocSigner,
  options: DivocOptions = {},
): Promise<string> => divocText(await divocContent(document, signer, options))

/**
 * The JSON of the same certificate, which goes into the archive.
 * @throws TypeError for a document that has no statements
 */
export async function divocContent(
  document: JsonObject,
  signer: DivocSigner,
  options: DivocOptions = {},
): Promise<string> {
  const proof = { ...(await proofOf(document, signer, options.proof)), ...options.replacedProof }
  return JSON.stringify({ ...(options.replacedDocument ?? document), proof })
}

/** A certificate of any content: the zip of one file, deflated, in base64. */
export const divocText = (content: string | Uint8Array): string =>
  `B64:${zipOf(Buffer.from(content)).toString('base64')}`

async function proofOf(document: JsonObject, signer: DivocSigner, more: JsonObject = {}): Promise<JsonObject> {
  const isRsa = signer.privateKey.asymmetricKeyType === 'rsa'
  const options: JsonObject = {
    type: isRsa ? 'RsaSignature2018' : 'Ed25519Signature2018',
    created: String(document.issuanceDate),
    verificationMethod: signer.method,
    proofPurpose: 'assertionMethod',
    ...more,
  }
  const header = base64url(JSON.stringify({ alg: isRsa ? 'PS256' : 'EdDSA', b64: false, crit: ['b64'] }))
  const signed = Buffer.concat([
    Buffer.from(`${header}.`),
    await statementsHash({ ...options, '@context': SECURITY_V2 }),
    await statementsHash(document),
  ])
  return { ...options, jws: `${header}..${signatureOf(signed, signer.privateKey).toString('base64url')}` }
}

/** The longest salt, as signers in the field have it. */
function signatureOf(data: Buffer, privateKey: KeyObject): Buffer {
  if (privateKey.asymmetricKeyType !== 'rsa') return sign(null, data, privateKey)
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return sign('sha256', data, { key: privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN })
}

async function statementsHash(document: object): Promise<Buffer> {
  const statements = await tolerantQuads(document, await credentialContexts())
  if (!statements) throw new TypeError('the document has no statements that could be signed')
  return sha256(statements.quads)
}

const base64url = (text: string) => Buffer.from(text).toString('base64url')

const FILE = Buffer.from('certificate.json')

/** An archive of one file (PKWARE APPNOTE 6.3): local header, data, directory of one entry, end. */
function zipOf(content: Buffer): Buffer {
  const data = deflateRawSync(content)
  const sizes = [crc32(content), data.length, content.length]
  const common = [u16(20), u16(0), u16(8), u16(0), u16(0x21), ...sizes.map(u32), u16(FILE.length), u16(0)]
  const local = Buffer.concat([u32(0x04034b50), ...common, FILE, data])
  const entry = [u32(0x02014b50), u16(20), ...common, u16(0), u16(0), u16(0), u32(0), u32(0), FILE]
  const directory = Buffer.concat(entry)
  const end = [u16(0), u16(0), u16(1), u16(1), u32(directory.length), u32(local.length), u16(0)]
  return Buffer.concat([local, directory, u32(0x06054b50), ...end])
}

/** A number of archives: 16 bits, little-endian. */
export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

/** The same of 32 bits. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Context of a vaccination, second version. */
export const VACCINATION_V2 = 'https://cowin.gov.in/credentials/vaccination/v2'

/** Document of a specimen: the second of two doses of an invented person; `issuer` is an address. */
export function sampleDivoc({
  issuer,
  issuedAt,
  expires,
}: {
  issuer: string
  issuedAt: Date
  expires?: Date
}): JsonObject {
  const day = (days: number) => new Date(issuedAt.getTime() + days * 86_400_000).toISOString().slice(0, 10)
  return {
    '@context': [CREDENTIALS_V1, VACCINATION_V2],
    type: ['VerifiableCredential', 'ProofOfVaccinationCredential'],
    credentialSubject: {
      type: 'Person',
      id: 'did:specimen:1',
      refId: 'X0000000',
      name: 'Ada Specimen',
      gender: 'Female',
      dob: '1985-03-14',
      nationality: 'Specimen',
      address: {
        streetAddress: '',
        district: 'Specimen',
        addressRegion: 'Specimen',
        addressCountry: 'XA',
        postalCode: 1,
      },
    },
    issuer,
    issuanceDate: issuedAt.toISOString(),
    ...(expires ? { expirationDate: expires.toISOString() } : {}),
    evidence: [
      {
        id: `${issuer}/vaccine/1`,
        certificateId: 'SPECIMEN-1',
        type: ['Vaccination'],
        batch: 'LOT-0000',
        vaccine: 'Pfizer',
        manufacturer: 'Pfizer Biotech',
        icd11Code: 'XM8NQ0',
        prophylaxis: 'COVID-19 vaccine, mRNA based',
        date: day(-30),
        effectiveStart: day(-30),
        effectiveUntil: day(335),
        dose: 2,
        totalDoses: 2,
        verifier: { name: 'Specimen vaccinator' },
        facility: { name: 'Specimen vaccination centre', address: { addressCountry: 'XA' } },
      },
    ],
    nonTransferable: 'true',
  }
}
