/** Whether a signature over an artefact holds, by whom it is, and which step of the scheme decides. Pure: clock, keys and authority are given. */

import type { X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Bundle, Provenance, Resource } from '../../fhir/types.ts'
import { fitsAlgorithm, isKnownAlgorithm, isSignatureOf } from './algorithms.ts'
import { type Canonicalization, canonicalBytes, canonicalizations } from './canonicalization.ts'
import { commitment, isAuthors, purposeSystem } from './purposes.ts'
import { headerCertificates, type ReadSignature, readSignature, signingInput, textOf } from './read-signature.ts'
import type { Signature } from './sign.ts'
import type { AskedKey, Finding, JudgedKey, SignatureTrust, Signer } from './signer.ts'

/** The steps, in the order in which they are taken; the first that fails decides, and those after it are skipped. */
const signatureSteps = [
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
type SignatureStepName = (typeof signatureSteps)[number]

/** A step and how it ended. The detail never quotes what is judged. */
interface SignatureStep {
  name: SignatureStepName
  outcome: 'pass' | 'fail' | 'skipped'
  detail: string
}

/** The verdict on one signature. */
export interface SignatureVerdict {
  result: boolean
  steps: SignatureStep[]
  /** Whose it is; there only when the signature itself was proved. */
  signer?: Signer
  /** Whether it claims to be that of an author, which its header confirms when it holds. */
  isAuthors: boolean
  /** It says that it is about another target of the same Provenance; it was not judged, and says nothing of this one. */
  isOfOtherTarget?: true
}

/** The verdict on all signatures of a Provenance over one resource. */
export interface ProvenanceVerdict {
  /** Whether an author's signature holds and none fails. */
  result: boolean
  signatures: SignatureVerdict[]
  /** SHA-256 of the canonical bytes, lower-case hex; absent when there are none. */
  hash?: string
}

/** What is judged, and by what. */
export interface VerifyOptions extends SignatureTrust {
  /** The moment of the question. */
  at: Date
}

/** Most signatures that are judged: each costs a signature or two, and requests of others wait. */
const mostSignatures = 20

/**
 * Judges the signatures of a Provenance over a resource: as it was signed, its id included; `text` and `meta` do not count.
 */
export function verifyProvenance(
  { provenance, resource }: { provenance: Provenance; resource: Resource },
  options: VerifyOptions,
): ProvenanceVerdict {
  const content = contentOf(resource, 'static')
  const given = provenance.signature ?? []
  const targets = provenance.target ?? []
  const subject = { resource, content, targets, canonicalization: 'static' as const }
  const signatures =
    given.length === 0 || given.length > mostSignatures
      ? [failed([], given.length === 0 ? 'it has no signature' : `it has more than ${mostSignatures} signatures`)]
      : given.map((each) => verifySignature(each, subject, options))
  const own = signatures.filter(({ isOfOtherTarget }) => !isOfOtherTarget)
  return {
    result: own.every(({ result }) => result) && own.some((each) => each.isAuthors && each.result),
    signatures,
    ...(content.hash === undefined ? {} : { hash: content.hash }),
  }
}

/** Judges the signature of a Bundle over the rest of it. */
export function verifyBundle(bundle: Bundle, options: VerifyOptions): ProvenanceVerdict {
  const canonicalization = bundle.type === 'document' ? 'document' : 'bundle'
  const content = contentOf(bundle, canonicalization)
  const verdict = bundle.signature
    ? verifySignature(bundle.signature, { resource: bundle, content, canonicalization }, options)
    : failed([], 'it has no signature')
  return {
    result: verdict.result,
    signatures: [verdict],
    ...(content.hash === undefined ? {} : { hash: content.hash }),
  }
}

/** The bytes that are signed, made when a step asks for them; a text says why there are none. */
interface Content {
  bytes: Buffer | string
  hash: string | undefined
}

function contentOf(resource: Resource, canonicalization: Canonicalization): Content {
  try {
    const bytes = canonicalBytes(resource, canonicalization)
    return { bytes, hash: sha256Hex(bytes) }
  } catch (error) {
    if (error instanceof FhirError) return { bytes: 'the resource has no canonical bytes', hash: undefined }
    throw error
  }
}

interface Subject {
  resource: Resource
  content: Content
  canonicalization: Canonicalization
  /** Of a Provenance. */
  targets?: Provenance['target']
}

interface Judging extends Subject, VerifyOptions {
  signature: Signature
  read: ReadSignature
  /** `sigT`; undefined when it is no such time. */
  signedAt: Date | undefined
}

/** What a step after `parse` and before a key is known finds. */
function verifySignature(signature: Signature, subject: Subject, options: VerifyOptions): SignatureVerdict {
  const read = isJsonObject(signature) ? readSignature(signature) : 'it is no Signature'
  if (typeof read === 'string') return failed([], read)
  const { header } = read
  const claimsAuthor = isAuthors(Array.isArray(signature.type) ? signature.type : undefined)
  const told = (verdict: SignatureVerdict): SignatureVerdict => ({ ...verdict, isAuthors: claimsAuthor })
  if (isOfOther(header, subject))
    return { ...failed([], 'it is about another target of the Provenance'), isOfOtherTarget: true }
  const before: SignatureStep[] = [passed('parse', 'a detached JWS')]
  const algorithm = header.alg
  if (!isKnownAlgorithm(algorithm))
    return told(failed(before, 'the algorithm is none of ES256, ES384, PS256, RS256, EdDSA'))
  const certificates = headerCertificates(header)
  if (typeof certificates === 'string') return told(failed([...before, passed('algorithm', algorithm)], certificates))
  const judging: Judging = { ...options, ...subject, signature, read, signedAt: timeOf(textOf(header, 'sigT')) }
  const keys = options.findKeys(askedKey(judging, certificates))
  if (typeof keys === 'string') return told(failed([...before, passed('algorithm', algorithm)], keys))
  const verdicts = keys.slice(0, mostKeys).map((key) => judge(key, before, judging))
  const [first = failed([...before, passed('algorithm', algorithm)], 'no key is known here by this key id')] = verdicts
  const furthest = verdicts.reduce((best, each) => (progress(each) > progress(best) ? each : best), first)
  return told(verdicts.find(({ result }) => result) ?? furthest)
}

/** Keys that are tried: each costs a verification. */
const mostKeys = 20

/** How far a verdict came. */
const progress = ({ steps }: SignatureVerdict): number => {
  const at = steps.findIndex(({ outcome }) => outcome === 'fail')
  return at < 0 ? steps.length : at
}

const askedKey = ({ read: { header }, signedAt, at }: Judging, certificates: X509Certificate[]): AskedKey => ({
  keyId: textOf(header, 'kid'),
  issuer: textOf(header, 'iss'),
  certificates,
  // Without a time the step `time` fails; until then it is judged as one of now.
  signedAt: signedAt ?? at,
})

type Step = (key: JudgedKey, judging: Judging) => Finding

const steps: Record<Exclude<SignatureStepName, 'parse'>, Step> = {
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

/** Takes every step for one key. */
function judge(key: JudgedKey, before: readonly SignatureStep[], judging: Judging): SignatureVerdict {
  const taken = [...before]
  const isProved = () => taken.some(({ name, outcome }) => name === 'signature' && outcome === 'pass')
  for (const name of signatureSteps) {
    if (name === 'parse') continue
    const finding = steps[name](key, judging)
    if (typeof finding === 'string') taken.push(passed(name, finding))
    else if ('skip' in finding) taken.push({ name, outcome: 'skipped', detail: finding.skip })
    else return { ...failed(taken, finding.fail), ...(isProved() ? { signer: key.signer } : {}) }
  }
  return { result: true, steps: taken, signer: key.signer, isAuthors: false }
}

const passed = (name: SignatureStepName, detail: string): SignatureStep => ({ name, outcome: 'pass', detail })

/** The steps so far, one that fails, and those after it. */
function failed(before: readonly SignatureStep[], detail: string): SignatureVerdict {
  const [name = 'parse', ...later] = signatureSteps.slice(before.length)
  const skipped = later.map(
    (each): SignatureStep => ({ name: each, outcome: 'skipped', detail: 'a step before it failed' }),
  )
  return { result: false, steps: [...before, { name, outcome: 'fail', detail }, ...skipped], isAuthors: false }
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
function timeOf(text: string | undefined): Date | undefined {
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
function isOfOther({ url, version }: JsonObject, { resource, targets = [] }: Subject): boolean {
  if (typeof url !== 'string' || targets.length < 2) return false
  const named = typeof version === 'string' ? `${url}|${version}` : url
  if (named === artefactName(resource)) return false
  return targets.some(({ identifier }) => identifier?.system === uriSystem && identifier.value === named)
}
