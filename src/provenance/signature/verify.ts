/** Whether a signature over an artefact holds, by whom it is, and which step of the scheme decides. Pure: clock, keys and authority are given. */

import type { X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Bundle, Provenance, Resource } from '../../fhir/types.ts'
import { isKnownAlgorithm } from './algorithms.ts'
import { type Canonicalization, canonicalBytes } from './canonicalization.ts'
import { isAuthors } from './purposes.ts'
import { headerCertificates, readSignature, textOf } from './read-signature.ts'
import type { Signature } from './sign.ts'
import type { AskedKey, JudgedKey, Signer } from './signer.ts'
import {
  type Content,
  isOfOther,
  type Judging,
  type SignatureStepName,
  type Subject,
  signatureSteps,
  steps,
  timeOf,
  type VerifyOptions,
} from './steps.ts'

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

function contentOf(resource: Resource, canonicalization: Canonicalization): Content {
  try {
    const bytes = canonicalBytes(resource, canonicalization)
    return { bytes, hash: sha256Hex(bytes) }
  } catch (error) {
    if (error instanceof FhirError) return { bytes: 'the resource has no canonical bytes', hash: undefined }
    throw error
  }
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
