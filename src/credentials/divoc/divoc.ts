import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import {
  type Claim,
  type CredentialFormat,
  type Envelope,
  type Failure,
  type Finding,
  failureOf,
  type Limits,
  type Scanned,
  type VerificationKey,
} from '../credential-format.ts'
import { instantSeconds } from '../encoding/instant.ts'
import { readOneFileZip } from '../encoding/one-file-zip.ts'
import { parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { hcertKeyUsage } from '../hcert/usage.ts'
import { signatureMatches } from '../signature-algorithms.ts'
import { divocInput } from './certificate-input.ts'
import { openDocument } from './content.ts'
import { documentFault, isUnambiguous } from './document.ts'
import { exchangeRemark } from './exchange.ts'
import { divocLayers } from './layers.ts'
import { type Proof, readProof, signedBytes } from './proof.ts'
import { type SignedStatements, signedStatements } from './statements/statements.ts'
import { CERTIFICATE_FILE, isZipText, zipOfText } from './zip-text.ts'

/**
 * DIVOC certificate (Verifiable Credentials Data Model 1.0 with a linked data proof): zip, in base64 or one character for each byte →
 * JSON-LD document → proof over its canonical statements (URDNA2015).
 */
export const divoc: CredentialFormat = {
  name: 'divoc',
  issuers: 'address',
  recognises: (scanned) => {
    const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
    return isZipText(text)
  },
  decode: decodeDivoc,
  layers: divocLayers,
  // A signer whose certificate allows some events alone must be good for these.
  keyUsage: hcertKeyUsage,
  kinds: { divoc: { input: divocInput } },
}

const failure = failureOf('divoc')

function decodeDivoc(scanned: Scanned, limits: Limits): Envelope | Failure {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  if (text.length > limits.zipCharacters)
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.zipCharacters} characters`)
  const zip = zipOfText(text)
  if (!zip) return failure('encoding', 'INVALID_ENCODING', 'neither base64 nor the bytes of a zip archive')
  const file = readOneFileZip(zip, CERTIFICATE_FILE, limits.inflatedBytes)
  if (!(file instanceof Uint8Array)) {
    const status = file.check === 'encoding' ? 'INVALID_ENCODING' : 'INVALID_COMPRESSION'
    return failure(file.check, status, file.detail)
  }
  const json = parseStrictJsonBytes(file, limits.jsonDepth)
  if (json === undefined)
    return failure('encoding', 'INVALID_ENCODING', 'the file in the zip is not JSON with every member once')
  return readDocument(json, limits)
}

function readDocument(json: Json, limits: Limits): Envelope | Failure {
  const envelopeFault = (detail: string) =>
    failure('envelope', 'INVALID_SIGNING_FORMAT', `linked data proof: ${detail}`)
  if (!isJsonObject(json)) return envelopeFault('the document is not an object')
  const { proof: proofMember, ...document } = json
  const proof = readProof(proofMember, limits.jsonDepth)
  if (typeof proof === 'string') return envelopeFault(proof)
  const fault = documentFault(document)
  if (fault?.check === 'envelope') return envelopeFault(fault.detail)
  if (fault) return failure('payload', 'UNSUPPORTED_CONTENT', fault.detail)
  return envelopeOf(document, proof)
}

function envelopeOf(document: JsonObject, proof: Proof): Envelope {
  const { verificationMethod } = proof.options
  let statements: ReturnType<typeof signedStatements> | undefined
  let isWhole = false
  const verifies = (found: SignedStatements | undefined, { publicKey }: VerificationKey): boolean => {
    if (!found) return false
    isWhole = found.isWhole
    return signatureMatches(proof.algorithm, publicKey, signedBytes(proof, found), proof.signature)
  }
  return {
    format: 'divoc',
    issuer: document.issuer,
    // Only a name to look up: nothing is fetched.
    keyId: isKeyId(verificationMethod) ? verificationMethod : undefined,
    algorithm: proof.algorithm.name,
    verify: (key) => {
      // The statements are the same for every key.
      statements ??= signedStatements(document, proof.options)
      return statements instanceof Promise
        ? statements.then((found) => verifies(found, key))
        : verifies(statements, key)
    },
    /** Known once the statements are: nothing counts as covered before. */
    get coverage() {
      return isWhole && isUnambiguous(document) ? ('whole' as const) : ('partial' as const)
    },
    period: periodOf(document),
    remarks: remarksOf(document),
    // Certificates carry a number by which issuers can be asked; no list of them is published.
    revocation: () => undefined,
    open: () => openDocument(document),
  }
}

/** A name that can be looked up and shown. */
const isKeyId = (method: Json | undefined): method is string =>
  typeof method === 'string' && /^[!-~]{1,256}$/.test(method)

function periodOf({ issuanceDate, validFrom, expirationDate, validUntil }: JsonObject): Envelope['period'] {
  const period: Envelope['period'] = {}
  if (issuanceDate !== undefined) period.issuedAt = timeClaim(issuanceDate)
  if (validFrom !== undefined) period.notBefore = timeClaim(validFrom)
  const ends = [expirationDate, validUntil].filter((each) => each !== undefined).map(timeClaim)
  const [first] = ends
  if (first !== undefined) period.expires = ends.reduce(earlier)
  return period
}

const earlier = (a: Claim, b: Claim): Claim =>
  typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : 'not-a-number'

function timeClaim(value: Json): Claim {
  return (typeof value === 'string' ? instantSeconds(value) : undefined) ?? 'not-a-number'
}

function remarksOf({ issuanceDate }: JsonObject): Finding[] {
  const undated: Finding = { check: 'validity-period', detail: 'the credential does not say when it was issued' }
  return issuanceDate === undefined ? [undated, exchangeRemark] : [exchangeRemark]
}
