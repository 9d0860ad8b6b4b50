/** Expression constraints as filters of value sets: property `constraint`, operator `=` (https://hl7.org/fhir/R4/snomedct.html). */
import { keep } from '../../../../base/keep.ts'
import { FhirError } from '../../../../fhir/error.ts'
import { finish } from '../../../../workers/budget.ts'
import { listMemory } from '../../../code-system/list-memory.ts'
import { firstNotBelow } from '../../../code-system/ordinals.ts'
import type { Selection } from '../../../code-system/selection.ts'
import { otherIssue, txIssue } from '../../../request/messages.ts'
import type { SnomedContent } from '../content.ts'
import { type EclSet, eclSet } from './ecl.ts'
import { EclError } from './syntax/ecl-error.ts'

/**
 * Bytes that the sets of expressions of one release have together while they are kept: what a client pages through is found once. Those
 * of all releases are forgotten when they are too many ({@link listMemory}).
 */
const keptBytes = 40 << 20

/** What a set weighs beside its lists: what was made of its text. */
const setBytes = 20_000

/** Characters of an expression that a message repeats. */
const mostRepeated = 200

/** What step of an evaluation counts as, in tests of a selection. */
const testsPerStep = 200

/**
 * The concepts of expression constraints over a release. Membership of one concept looks for no others; counting and listing do, in
 * steps. @throws FhirError 422 INVALID_ECL naming line and column, or too-costly
 */
export function eclConstraint(content: SnomedContent): (text: string) => Selection {
  const sets = keep<string, EclSet>(keptBytes, (_, set) => setBytes + set.keptBytes)
  const constraint = (text: string) => {
    if (text.length > mostRepeated)
      return selectionOf(
        said(text, () => eclSet(content, text)),
        text,
        () => {},
      )
    const set = sets.get(text) ?? said(text, () => eclSet(content, text))
    let weighed = -1
    // A set becomes heavier by what it is asked.
    const weigh = () => {
      if (set.keptBytes === weighed) return
      weighed = set.keptBytes
      sets.set(text, set)
    }
    weigh()
    return selectionOf(set, text, weigh)
  }
  listMemory.whenFull(constraint, () => sets.clear())
  return constraint
}

/** What work comes to; an error of the expression becomes one of the request. */
function said<T>(text: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof EclError ? eclFault(text, error) : error
  }
}

/** The error of an expression as the answer to a request. */
export function eclFault(text: string, error: EclError): FhirError {
  const shown = text.length > mostRepeated ? `${text.slice(0, mostRepeated)}…` : text
  const place = `line ${error.line}, column ${error.column}`
  if (error.kind === 'too-costly')
    return new FhirError(
      422,
      otherIssue('too-costly', `The ECL expression '${shown}' cannot be answered: ${error.message}`),
    )
  const what = error.kind === 'syntax' ? `Syntax error at ${place}: ${error.message}` : `${error.message} at ${place}`
  return new FhirError(422, txIssue('INVALID_ECL', [shown, what]))
}

/** @param asked is called whenever the set was asked: it may remember more */
function selectionOf(set: EclSet, text: string, asked: () => void): Selection {
  let found: Int32Array | undefined
  function* counting(): Generator<number, void, void> {
    if (found) return
    const steps = set.members()
    for (;;) {
      const step = said(text, () => steps.next())
      asked()
      if (step.done) {
        found = step.value
        return
      }
      yield testsPerStep
    }
  }
  const list = () => {
    // At once: whoever has others to think of counts in steps before.
    if (!found) {
      found = said(text, () => finish(set.members()))
      asked()
    }
    return found
  }
  const has = (concept: number) => {
    if (found) return found[firstNotBelow(found, concept)] === concept
    const is = said(text, () => set.has(concept))
    asked()
    return is
  }
  return {
    has: (ref) => typeof ref === 'number' && has(ref),
    size: () => list().length,
    at: (index) => list()[index] ?? -1,
    counting,
    get list() {
      return found
    },
  }
}
