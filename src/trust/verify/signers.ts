/** Keys of the network that sign artefacts: upload keys (usage UP), by key id or by a certificate that comes along. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { publicKeyThumbprint, type TrustedKey } from '../keys/trusted-key.ts'
import { authoritiesIn, authorityOf } from './authority.ts'
import { type Candidate, candidatesFor } from './candidates.ts'
import { type Judged, STEPS, type TrustKeys } from './steps.ts'

/** What a step found, see steps.ts. */
type Finding = ReturnType<(typeof STEPS)['key']>

/** A key of a participant, and how it stands as that of a signature over an artefact. */
export interface ArtefactSigner {
  key: TrustedKey
  /** Whether it is known here, and vouched for. */
  known: Finding
  /** Whether its certificate is good at the time, and one for uploads. */
  chain: Finding
  revocation: Finding
}

/** What a signature says of its key. */
export interface SignerQuestion {
  /** As lists have it. */
  keyId: string
  /** Leaf first. */
  certificates: readonly X509Certificate[]
  /** When it was signed. */
  at: Date
}

/**
 * The keys that a signature over an artefact may mean. A document signer is none, listed or not: a certificate counts as that of an
 * upload key where a list has it as one, and never because an authority that signs both signed it.
 */
export function artefactSigners({ keyId, certificates, at }: SignerQuestion, keys: TrustKeys): ArtefactSigner[] {
  const candidates = candidatesFor({ keyId, certificates: [], thumbprint: undefined }, keys)
  if (typeof candidates === 'string') return []
  const authorities = authoritiesIn(keys)
  const [leaf] = certificates
  return candidates.map((candidate): ArtefactSigner => {
    const judged: Judged = {
      ...candidate,
      question: { subject: { keyId }, usage: 'UP', at },
      read: { detail: '', hints: { keyId, certificates: [...certificates] } },
      keys,
      authorities,
      authority: authorityOf(candidate.key, authorities),
    }
    return {
      key: candidate.key,
      known: first([STEPS.key, knownStep, STEPS.list], judged),
      chain: leafFault(leaf, candidate) ?? first([STEPS.period, STEPS.usage, STEPS.chain], judged),
      revocation: STEPS.revocation(judged),
    }
  })
}

/** The first that fails, else the last. */
function first(steps: readonly ((judged: Judged) => Finding)[], judged: Judged): Finding {
  let found: Finding = ''
  for (const step of steps) {
    found = step(judged)
    if (typeof found === 'object' && 'fail' in found) return found
  }
  return found
}

const knownStep = ({ key }: Judged): Finding =>
  key.participant === '' ? { fail: 'the key is of no participant' } : 'the key of a participant'

function leafFault(leaf: X509Certificate | undefined, { key }: Candidate): Finding | undefined {
  if (!leaf || publicKeyThumbprint(leaf.publicKey) === key.publicKeyThumbprint) return undefined
  return { fail: 'the certificate holds another key than the one that the key id names' }
}

/**
 * What any list says against a public key or its certificate, so that nobody signs with a key that is withdrawn elsewhere; undefined
 * when nothing is.
 */
export function objectionTo(
  key: KeyObject,
  certificate: X509Certificate | undefined,
  keys: TrustKeys,
): string | undefined {
  const print = publicKeyThumbprint(key)
  const isSame = (each: TrustedKey) => each.publicKeyThumbprint === print
  const listed = keys.find({}).find((each) => isSame(each) && each.status !== 'current')
  if (listed) return `a list says that it is ${listed.status}`
  const out = keys.leftOut.find((each) => isSame(each.key))
  if (out) return out.reason
  const objection = certificate && keys.objectionTo?.(certificate)
  return objection === undefined ? undefined : `a list says that it is ${objection}`
}
