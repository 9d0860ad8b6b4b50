/** What $verify-signature says of the signatures of a Provenance (docs/provenance.md). */
import { type Part, parametersOf } from './parameters.ts'
import type { Reading } from './reading.ts'

/** One step on the way to the verdict. */
interface Step {
  name: string
  outcome: 'pass' | 'fail' | 'skipped' | 'unknown'
  detail: string
}

/**
 * `holds`: the signature of an author holds · `broken`: a step failed · `no-author`: nothing failed, and yet no author vouches · `unclear`: the
 * answer was not understood, and counts for nothing
 */
type SignatureState = 'holds' | 'broken' | 'no-author' | 'unclear'

/** A verdict. */
export interface Verdict {
  state: SignatureState
  message: string
  signers: { issuer: string; name: string; participant: string; kid: string }[]
  steps: Step[]
}

/** Reads the answer; `unclear` for anything that is not understood in every part. */
export function verdictOf(value: unknown): Verdict {
  const answer = parametersOf(value)
  if (!answer) return { state: 'unclear', message: '', signers: [], steps: [] }
  const parts = [answer, ...answer.all('signature')]
  const steps = parts.flatMap((part) => part.all('step')).map(stepOf)
  const state = stateOf(answer, steps)
  // Who signed something that counts for nothing does not vouch for what holds by another's signature.
  const signers = parts
    .filter((part) => state !== 'holds' || part.first('result') === true)
    .flatMap((part) => part.all('signer'))
    .map((each) => ({
      issuer: each.text('issuer'),
      name: each.text('name'),
      participant: each.text('participant'),
      kid: each.text('kid'),
    }))
  return { state, message: answer.text('message'), signers, steps }
}

function stateOf(answer: Part, steps: Step[]): SignatureState {
  const all = [answer, ...answer.all('signature')]
  const results = all.map((each) => each.first('result'))
  if (all.some((each) => each.all('result').length > 1)) return 'unclear'
  if (results.some((each) => typeof each !== 'boolean')) return 'unclear'
  if (steps.length === 0 || steps.some(({ outcome }) => outcome === 'unknown')) return 'unclear'
  const isFailed = steps.some(({ outcome }) => outcome === 'fail')
  if (results[0] === true) return isFailed ? 'unclear' : 'holds'
  return isFailed ? 'broken' : 'no-author'
}

const outcomes = ['pass', 'fail', 'skipped'] as const

function stepOf(part: Part): Step {
  const outcome = part.text('outcome')
  return {
    name: part.text('name'),
    outcome: outcomes.find((each) => each === outcome) ?? 'unknown',
    detail: part.text('detail'),
  }
}

/** What a Provenance says of itself. */
export interface Vouching {
  id: string
  recorded: string
  /** References to what it is about. */
  targets: string[]
  activity: string
  agents: string[]
  isSigned: boolean
}

/** Reads a Provenance. */
export function vouchingOf(provenance: Reading): Vouching {
  const who = (agent: Reading) => {
    const reference = agent.child('who')
    return reference.text('display') || reference.text('reference') || reference.child('identifier').text('value')
  }
  const [activity] = provenance.child('activity').children('coding')
  return {
    id: provenance.text('id'),
    recorded: provenance.text('recorded'),
    targets: provenance.children('target').map((each) => each.text('reference')),
    activity: provenance.child('activity').text('text') || activity?.text('display') || activity?.text('code') || '',
    agents: provenance.children('agent').map(who).filter(Boolean),
    isSigned: provenance.children('signature').length > 0,
  }
}

/**
 * Whether a reference of a Provenance is about the version that is shown. One without version is about what is there now: the server judges
 * it by that, and it says nothing of a version that was asked for by its number.
 */
export function isAbout(
  target: string,
  { type, id, versionId, shown }: { type: string; id: string; versionId?: string | undefined; shown: string },
): boolean {
  const [, found, named] = /^(?:.*\/)?([A-Za-z]+\/[A-Za-z0-9.-]+?)(?:\/_history\/([A-Za-z0-9.-]+))?$/.exec(target) ?? []
  return found === `${type}/${id}` && (named === undefined ? versionId === undefined : named === shown)
}
