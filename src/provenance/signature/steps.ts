/** The steps by which a signature over an artefact is judged, each a question of its own. */

import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import type { Provenance, Resource } from '../../fhir/types.ts'
import { fitsAlgorithm, isSignatureOf } from './algorithms.ts'
import { type Canonicalization, canonicalizations } from './canonicalization.ts'
import { commitment, purposeSystem } from './purposes.ts'
import { type ReadSignature, signingInput, textOf } from './read-signature.ts'
import type { Signature } from './sign.ts'
import type { Finding, JudgedKey, SignatureTrust } from './signer.ts'

/** The steps, in the order in which they are taken; the first that fails decides, and those after it are skipped. */
export const signatureSteps = [
  'parse',
  'algorithm',
  'key',
  'chain',
  'revocation',
  'signature',
  'time',
  'canonicalization',
  'target',
  'authority',
] as const

/** Name of a step. */
export type SignatureStepName = (typeof signatureSteps)[number]

/** What is judged, and by what. */
export interface VerifyOptions extends SignatureTrust {
  /** The moment of the question. */
  at: Date
}

/** The bytes that are signed, made when a step asks for them; a text says why there are none. */
export interface Content {
  bytes: Buffer | string
  hash: string | undefined
}

/** The resource that a signature is to be about. */
export interface Subject {
  resource: Resource
  content: Content
  canonicalization: Canonicalization
  /** Of a Provenance. */
  targets?: Provenance['target']
}

/** One signature, as it is judged. */
export interface Judging extends Subject, VerifyOptions {
  signature: Signature
  read: ReadSignature
  /** `sigT`; undefined when it is no such time. */
  signedAt: Date | undefined
}

type Step = (key: JudgedKey, judging: Judging) => Finding

/** What each step finds. */
export const steps: Record<Exclude<SignatureStepName, 'parse'>, Step> = {
  algorithm: algorithmStep,
  key: keyStep,
  chain: ({ chain }) => chain,
  revocation: ({ revocation }) => revocation,
  signature: signatureStep,
  time: timeStep,
  canonicalization: canonicalizationStep,
  target: targetStep,
  authority: ({ signer }, { authority, resource }) => authority(signer, resource),
}

function algorithmStep({ publicKey, algorithm: named }: JudgedKey, { read: { header } }: Judging): Finding {
  const algorithm = String(header.alg)
  if (!fitsAlgorithm(algorithm, publicKey)) return { fail: `the key is not one for ${algorithm}` }
  return named === undefined || named === algorithm ? algorithm : { fail: 'the key is for another algorithm' }
}

/** The issuer that a header names must be the one whose key it is, as far as either says so. */
function keyStep({ key, signer }: JudgedKey, { read: { header } }: Judging): Finding {
  if (typeof key !== 'string') return key
  const issuer = textOf(header, 'iss')
  if (header.kid === undefined) return { fail: 'its header names no key (kid)' }
  if (signer.issuer !== undefined && issuer !== undefined && issuer !== signer.issuer)
    return { fail: 'its header names another issuer than the one whose key it is' }
  return key
}

function signatureStep({ publicKey }: JudgedKey, { read, content, signature }: Judging): Finding {
  const { bytes, hash } = content
  if (typeof bytes === 'string') return { fail: bytes }
  const { header, signature: given } = read
  if (!isSignatureOf({ algorithm: String(header.alg), input: signingInput(read, bytes), signature: given }, publicKey))
    return { fail: 'it is not the signature of the key over this content' }
  if (header.hash !== undefined && header.hash !== hash)
    return { fail: 'the hash in its header is that of other content' }
  return purposeFault(header, signature) ?? 'it is the signature of the key over this content'
}

/** Nobody makes the signature of an author of that of a reviewer: the header names every purpose that the element does. */
function purposeFault({ srCms }: JsonObject, { type }: Signature): Finding | undefined {
  const signed = (Array.isArray(srCms) ? srCms : []).map((each) => {
    const { commId } = isJsonObject(each) ? each : {}
    return isJsonObject(commId) ? commId.id : undefined
  })
  const named = Array.isArray(type) ? type : []
  const isSigned = named.every(
    ({ system, code }) => system === purposeSystem && signed.includes(`${oid}${String(code)}`),
  )
  if (named.length === 0) return { fail: 'it does not say what it is for (type)' }
  return isSigned ? undefined : { fail: 'its header says that it is for something else than its type (srCms)' }
}

const oid = commitment(1).commId.id.replace(/1\.2\.840.*$/, '')

/** Clocks may differ by so much. */
const toleranceMilliseconds = 5 * 60_000

function timeStep({ period }: JudgedKey, { signedAt, signature, at }: Judging): Finding {
  if (!signedAt) return { fail: 'its header has no signing time (sigT)' }
  const when = typeof signature.when === 'string' ? Date.parse(signature.when) : Number.NaN
  if (when !== signedAt.getTime()) return { fail: 'its time (when) is not that of its header (sigT)' }
  if (signedAt.getTime() > at.getTime() + toleranceMilliseconds) return { fail: 'it is signed in the future' }
  if (period?.from && signedAt < period.from) return { fail: 'it was signed before the period of the key' }
  if (period?.until && signedAt > period.until) return { fail: 'it was signed after the period of the key' }
  return 'its time is that of its header, and not in the future'
}

/** A time in the one form of `sigT`; undefined for any other, and for a day that there is not. */
export function timeOf(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return undefined
  const time = new Date(text)
  return Number.isNaN(time.getTime()) || `${time.toISOString().slice(0, 19)}Z` !== text ? undefined : time
}

function canonicalizationStep(_key: JudgedKey, { read, signature, canonicalization }: Judging): Finding {
  const wanted = canonicalizations[canonicalization]
  if (read.header.canon !== wanted) return { fail: `its header names another canonicalization (canon) than ${wanted}` }
  const { targetFormat } = signature
  const [type, ...parameters] = String(targetFormat)
    .split(';')
    .map((each) => each.trim())
  const isSame =
    type === 'application/fhir+json' && parameters.length === 1 && parameters[0] === `canonicalization=${wanted}`
  return isSame ? wanted : { fail: `its targetFormat must be application/fhir+json;canonicalization=${wanted}` }
}

/** System of URIs. */
const uriSystem = 'urn:ietf:rfc:3986'

function targetStep(_key: JudgedKey, { read: { header }, resource, targets }: Judging): Finding {
  if (!targets) return { skip: 'a Bundle has no target beside itself' }
  const { url, version } = artefactCanonical(resource) ?? {}
  if (url === undefined) return { fail: 'the resource has no canonical url' }
  if (header.url !== undefined && header.url !== url) return { fail: 'its header names another artefact (url)' }
  if (header.version !== undefined && header.version !== version)
    return { fail: 'its header names another version of the artefact (version)' }
  const name = artefactName(resource)
  const target = targets.find(({ identifier }) => identifier?.system === uriSystem && identifier.value === name)
  if (!target) return { fail: 'no target of the Provenance names the artefact and its version (identifier)' }
  const referred =
    target.type ?? /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+(?:\/_history\/[^/]+)?$/.exec(target.reference ?? '')?.[1]
  if (referred !== undefined && referred !== resource.resourceType)
    return { fail: 'the target of the Provenance is of another type' }
  return 'target, header and resource name one artefact'
}

/** Whether a signature says that it is about another target of its Provenance. */
export function isOfOther({ url, version }: JsonObject, { resource, targets = [] }: Subject): boolean {
  if (typeof url !== 'string' || targets.length < 2) return false
  const named = typeof version === 'string' ? `${url}|${version}` : url
  if (named === artefactName(resource)) return false
  return targets.some(({ identifier }) => identifier?.system === uriSystem && identifier.value === named)
}
