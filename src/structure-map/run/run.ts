import type { Json, JsonObject } from '../../base/json-value.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { FhirPathBudget } from '../../fhir/fhirpath/budget.ts'
import { isEmpty, type Node, textSteps } from '../model/nodes.ts'
import type { RuleTarget } from '../model/structure.ts'
import type { Type } from '../model/types.ts'
import type { FaultPlace } from './fault.ts'

/**
 * What happened during a run, for `debug=true`; may hold personal data and is never logged. `at` is in milliseconds since
 * the run began, when the server gave a clock.
 */
export type TraceEvent =
  | {
      kind: 'rule'
      map: string
      group: string
      rule: string
      line?: number
      column?: number
      depth: number
      at?: number
    }
  | { kind: 'element'; rule: string; element: string }
  | { kind: 'log'; rule: string; text: string }

/** Receives the trace of one run. */
export interface TraceSink {
  event(event: TraceEvent): void
}

/** A value that a map did not write as it was given. Names places and reasons, never the value. */
export interface ValueRemark {
  /**
   * `left-out`: FHIR would refuse it for that element. `converted`: it was written in another form. `not-translated`: its
   * concept map has no translation, so the element has none from this rule.
   */
  kind: 'left-out' | 'converted' | 'not-translated'
  /** Path of the target element, e.g. `Patient.birthDate`; of a data type when it was not part of anything yet. */
  element: string
  /** FHIR type that the element has, or that was asked for; empty where neither is known; of `not-translated` the concept map. */
  type: string
  /** What was wrong with it, e.g. `must be a time such as 07:08:09`. */
  reason: string
  /** Where in the map; undefined for what no rule has made. */
  place: FaultPlace | undefined
}

/** What a map may use up before it is stopped with a 422 `too-costly`. */
export interface TransformLimits {
  /** Groups that call each other. */
  depth: number
  /**
   * Rules that fire, items that sources and expressions visit, elements that are made, objects that are copied, 64 characters
   * of text: what bounds the work and the size of the result.
   */
  steps: number
  /** Wall time; counts only when the server gives a clock to measure with. */
  milliseconds: number
}

/** Limits that leave room for a Bundle of 100,000 entries. */
export const DEFAULT_LIMITS: TransformLimits = { depth: 200, steps: 5_000_000, milliseconds: 20_000 }

/** The state of one run. */
export interface Run {
  /** The source instance. */
  root: Node
  /** The source as the FHIRPath engine gets it, once it has been needed. */
  wholeRoot: { value: Json | undefined } | undefined
  now: Date
  uuid(): string
  trace: TraceSink | undefined
  limits: TransformLimits
  /** Milliseconds since the run began; undefined without a clock. */
  elapsed: (() => number) | undefined
  steps: number
  /** Number of steps at which clock and limit are looked at again. */
  nextLook: number
  /** Pays for FHIRPath out of the same limit. */
  budget: FhirPathBudget
  /** Targets of `share` (by list rule) and `single` (by target), by the object they stand in. */
  shared: WeakMap<JsonObject, Map<string | RuleTarget, Node>> | undefined
  /** The result may have empty parts, which have to be taken out. */
  untidy: boolean
  /** Something was written where no definition says what may stand. */
  untyped: boolean
  /** Ids given to source resources that have none; the source itself is never changed. */
  ids: WeakMap<JsonObject, string> | undefined
  /** The rule that fires. */
  place: FaultPlace | undefined
  /** The element that is being written, for remarks: whose it is, its name, and the way inside a copied object. */
  holder: Type | undefined
  property: string
  inside: string[]
  /** Receives what could not be written as it was given. */
  remark: ((remark: ValueRemark) => void) | undefined
  /** Leave out a value that does not fit instead of failing. */
  tolerant: boolean
  /** Writing at the end of lists, as most rules do. */
  appending: Writing
}

/** Where in a list a new item goes; rules of one list may mix them. */
export type ListPlace = 'first' | 'last' | undefined

/** The run for which something is written, and where in a list. */
export interface Writing {
  run: Run
  place: ListPlace
}

/** Variables of one call of a group. */
export interface Frame {
  slots: (Node | undefined)[]
  run: Run
  depth: number
}

/** Notes whether what a rule made was left empty; called when the rule has had its say. */
export function noteEmpty(run: Run, node: Node | undefined): void {
  if (node && node.value !== undefined && isEmpty(node.value)) run.untidy = true
}

/** Counts the text of a value that was made. */
export function countText(run: Run, node: Node | undefined): void {
  if (typeof node?.value === 'string') run.steps += textSteps(node.value)
}

/** Counts a step, see {@link spend}. */
export function step(run: Run): void {
  spend(run, 1)
}

/** Counts steps; FhirError `too-costly`, to which the rule adds its place, when there have been too many or it has taken too long. */
export function spend(run: Run, steps: number): void {
  run.steps += steps
  if (run.steps <= run.nextLook) return
  run.nextLook = Math.min(run.steps + STEPS_BETWEEN_LOOKS, run.limits.steps)
  if (run.steps > run.limits.steps) {
    const text = `more than ${run.limits.steps} steps: the map does not end or the source is too big`
    throw unprocessable(text, 'too-costly')
  }
  if (run.elapsed && run.elapsed() > run.limits.milliseconds)
    throw unprocessable(`longer than ${run.limits.milliseconds} ms`, 'too-costly')
}

/** The clock is read every so many steps. */
const STEPS_BETWEEN_LOOKS = 1000
