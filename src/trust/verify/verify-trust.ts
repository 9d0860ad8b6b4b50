import { isJwsAlgorithm } from '../../base/crypto/jws-algorithms.ts'
import { certificatePrints, type TrustedKey } from '../keys/trusted-key.ts'
import { AUTHORITIES, authoritiesIn, authorityOf } from './authority.ts'
import { type Candidate, candidatesFor, type KeyHints } from './candidates.ts'
import {
  isOf,
  type Judging,
  STEPS,
  type TrustKeys,
  type TrustQuestion,
  type TrustStepName,
  trustSteps,
} from './steps.ts'
import { type ReadSubject, readSubject } from './subject.ts'

/** A step and how it ended. The detail never quotes what is judged. */
interface TrustStep {
  name: TrustStepName
  outcome: 'pass' | 'fail' | 'skipped'
  detail: string
}

/** The answer. Whose key it is stands there only when it is trusted. */
export interface TrustVerdict {
  result: boolean
  steps: TrustStep[]
  key?: TrustedKey
  /** The listed authority (SCA, DECA) that signed its certificate, or that it is. */
  authority?: { subject: string; thumbprint: string }
}

/**
 * Whether a signature, certificate or key id is to be trusted, by whose authority and why. Pure: it looks at the keys that it is given
 * and at nothing else. A key never counts by itself: `jwk`, `jku` and `x5u` are not looked at, a certificate counts when it is listed
 * or, as an upload key, under a listed authority that issues nothing else (`uploadAuthorities`). Where a key id means several keys, each is tried.
 */
export function verifyTrust(question: TrustQuestion, keys: TrustKeys): TrustVerdict {
  const read = readSubject(question.subject)
  if (typeof read === 'string') return failed([], read)
  const parsed: TrustStep = { name: 'parse', outcome: 'pass', detail: read.detail }
  if (read.jws && !isJwsAlgorithm(read.jws.algorithm))
    return failed([parsed], 'the algorithm is none of those that are read: ES256, ES384, ES512, PS256, RS256, EdDSA')
  const candidates = candidatesFor(read.hints, keys)
  if (typeof candidates === 'string' || candidates.length === 0)
    return failed([parsed, algorithmOf(read)], noKeyText(candidates, read.hints, keys))
  const meant = candidates.filter(({ key }) => isOf(key, question.participant))
  if (meant.length > MOST_CANDIDATES) return failed([parsed, algorithmOf(read)], CROWDED)
  const judging = { question, read, keys, authorities: authoritiesIn(keys) }
  const verdicts = (meant.length > 0 ? meant : candidates.slice(0, 1)).map((candidate) => judge(candidate, judging))
  const trusted = verdicts.find(({ result }) => result)
  const furthest = verdicts.reduce((best, each) => (passed(each) > passed(best) ? each : best))
  const verdict = trusted ?? furthest
  return { ...verdict, steps: [parsed, ...verdict.steps] }
}

/** Keys that are tried: each costs a signature or two, and requests of others wait. */
const MOST_CANDIDATES = 100
const CROWDED = `more than ${MOST_CANDIDATES} keys stand under the key id: name the participant, or send the certificate`

const algorithmOf = ({ jws }: ReadSubject): TrustStep =>
  jws
    ? { name: 'algorithm', outcome: 'pass', detail: jws.algorithm }
    : { name: 'algorithm', outcome: 'skipped', detail: 'nothing is signed' }

const passed = ({ steps }: TrustVerdict): number => steps.findIndex(({ outcome }) => outcome === 'fail')

function noKeyText(candidates: Candidate[] | string, { keyId, certificates }: KeyHints, keys: TrustKeys): string {
  if (typeof candidates === 'string') return candidates
  if (keys.unavailable !== undefined) return `no key counts: ${keys.unavailable}`
  if (certificates.length > 0) return 'the certificate is on no list, and no listed SCA signed it'
  if (keyId === undefined) return 'nothing names the key: a key id (kid) or certificate is needed'
  return 'no list has a key of this key id'
}

/** The steps so far, one that fails, and those after it. */
function failed(before: TrustStep[], detail: string): TrustVerdict {
  const [name = 'parse', ...later] = trustSteps.slice(before.length)
  const skipped = later.map((each): TrustStep => ({ name: each, outcome: 'skipped', detail: SKIPPED }))
  return { result: false, steps: [...before, { name, outcome: 'fail', detail }, ...skipped] }
}

const SKIPPED = 'a step before it failed'

/** The verdict on what cannot be read, for whoever reads it before it is asked about. */
export const unreadable = (detail: string): TrustVerdict => failed([], detail)

/** Takes every step for one key. */
function judge(candidate: Candidate, judging: Judging): TrustVerdict {
  const authority = authorityOf(candidate.key, judging.authorities)
  const judged = { ...judging, ...candidate, authority }
  const steps: TrustStep[] = []
  for (const [name, step] of Object.entries(STEPS)) {
    const finding = step(judged)
    const at: TrustStepName | undefined = trustSteps.find((each) => each === name)
    if (at === undefined) continue
    if (typeof finding === 'string') steps.push({ name: at, outcome: 'pass', detail: finding })
    else if ('skip' in finding) steps.push({ name: at, outcome: 'skipped', detail: finding.skip })
    else {
      const verdict = failed([PARSED, ...steps], finding.fail)
      return { ...verdict, steps: verdict.steps.slice(1) }
    }
  }
  const { key } = candidate
  const signer =
    authority?.certificate ?? (Object.values(AUTHORITIES).includes(key.usage) ? key.certificate : undefined)
  return {
    result: true,
    steps,
    key,
    ...(signer
      ? { authority: { subject: oneLine(signer.subject), thumbprint: certificatePrints(signer).thumbprint } }
      : {}),
  }
}

const PARSED: TrustStep = { name: 'parse', outcome: 'pass', detail: '' }

const oneLine = (name: string): string => name.split('\n').join(', ')
