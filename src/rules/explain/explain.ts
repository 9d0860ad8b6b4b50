/**
 * Why a define gave what it gave: its recording is walked from the define down to what was read, along the steps that decided. For a
 * false `and` these are the false ones, for a true `or` a true one, for a null what is null: all that is told would have to change
 * for the answer to change, and nothing else.
 */
import { objectsIn } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { Execution, Recording } from '../cql/run/recording.ts'
import type { OwnTexts } from './author-texts.ts'
import { dataOf, leaf } from './data.ts'
import type { Explanation } from './explanation.ts'
import { lacking, statement } from './facts.ts'
import { decidingElements, everyElement, whyEmpty, whyFull } from './lists.ts'
import { foundAt } from './notes.ts'
import { originOf, queryOf, sourceOf } from './origins.ts'
import { type Lack, Reason } from './reason.ts'
import { clauses, told } from './tell.ts'
import { shortText, type Voice, voiceOf } from './voice.ts'
import { isConversion, nameOf, reasonsOf, stripped, tupleSource, type Walk, whyAll } from './walk.ts'

/** What an explanation is made with. */
export interface Telling {
  /** Name of the define. */
  define: string
  /** A language tag or an Accept-Language value. */
  language: string | undefined
  /** What the authors of the rule and of what it includes have written: its source, and texts of their own. */
  texts: OwnTexts
}

/** The reasons of a define, and the data that it lacked. */
interface Explained {
  explanation: Explanation
  /** Clauses such as `birthDate of Patient is missing`, the nearest first; none where nothing was missing. In English. */
  missing: string[]
}

/** Steps of a walk at most: an explanation may be short, never costly. */
const mostSteps = 3000
const deepest = 60

/** Explains a define from its recording. */
export function explain(recording: Recording, telling: Telling): Explained {
  const voice = voiceOf(telling.language)
  const walk = new OneWalk(recording, voice, telling.texts)
  const { root } = recording
  const parts = walk.why(root)
  const [only] = parts
  const name = voice.say('quoted', { a: telling.define })
  const own = only?.isOwn && only.run === root ? only : undefined
  const about = { value: root.value, run: root, parts }
  const top = own ?? new Reason(voice.say('is', { a: name, v: voice.value(root.value) }), about)
  return { explanation: told(top, voice), missing: root.value === null ? clauses(top) : [] }
}

/**
 * One walk. It has no functions of its own: each would be a part of its shape, which is kept, and with it all that was looked at,
 * until the whole heap is collected.
 */
class OneWalk implements Walk {
  readonly recording: Recording
  readonly voice: Voice
  readonly #texts: OwnTexts
  #left = mostSteps
  #depth = 0
  #known = 0
  #exact = 0
  /** The deepest level of late, and how often the walk was cut short. */
  #reached = 0
  #cuts = 0

  constructor(recording: Recording, voice: Voice, texts: OwnTexts) {
    this.recording = recording
    this.voice = voice
    this.#texts = texts
  }

  snippet(run: Execution): string | undefined {
    return this.#texts.snippet(run)
  }

  spend(): boolean {
    if (--this.#left >= 0) return true
    this.#cuts++
    return false
  }

  isOpen(): boolean {
    return this.#known === 0
  }

  isExact(): boolean {
    return this.#exact > 0
  }

  whyExactly(run: Execution): Reason[] {
    this.#exact++
    try {
      return this.why(run)
    } finally {
      this.#exact--
    }
  }

  why(run: Execution): Reason[] {
    if (this.#depth >= deepest) {
      this.#cuts++
      return []
    }
    if (!this.spend()) return []
    // A run is asked for once for each that stands on it: asked in the same way, its reasons are the same.
    const found = foundAt(run, this)
    const asked = (this.#known === 0 ? 1 : 0) + (this.#exact > 0 ? 2 : 0)
    const before = found[asked]
    if (before && before.spent <= this.#left && this.#depth + before.height <= deepest) {
      this.#left -= before.spent
      this.#reached = Math.max(this.#reached, this.#depth + before.height)
      return before.reasons
    }
    const leftBefore = this.#left
    const cutsBefore = this.#cuts
    const reachedBefore = this.#reached
    this.#depth++
    this.#reached = this.#depth
    const isKnown = typeof run.value === 'boolean'
    if (isKnown) this.#known++
    try {
      const reasons = this.#look(run)
      // What was cut short would go on elsewhere.
      if (this.#cuts === cutsBefore)
        found[asked] = { reasons, spent: leftBefore - this.#left, height: this.#reached - this.#depth + 1 }
      return reasons
    } finally {
      this.#depth--
      this.#reached = Math.max(this.#reached, reachedBefore)
      if (isKnown) this.#known--
    }
  }

  #look(run: Execution): Reason[] {
    const parts = (deciders[run.type] ?? decideOther)(this, run)
    const text = this.#texts.ownText(run, this.voice)
    return text === undefined ? parts : [new Reason(text, { value: run.value, run, parts, isOwn: true })]
  }
}

type Decider = (walk: Walk, run: Execution) => Reason[]

const deciders: Record<string, Decider> = {
  Null: () => [],
  Literal: () => [],
  And: (walk, run) => byValue(walk, run, false),
  Or: (walk, run) => byValue(walk, run, true),
  Not: all,
  IsTrue: all,
  IsFalse: (walk, run) => reasonsOf(run.parts, (each) => walk.whyExactly(each)),
  Xor: all,
  Implies: decideImplies,
  IsNull: decideIsNull,
  Exists: (walk, run) =>
    reasonsOf(run.parts, (each) => (run.value === true ? whyFull(walk, each) : whyEmpty(walk, each))),
  AllTrue: (walk, run) => decidingElements(walk, run, false) ?? statement(walk, run),
  AnyTrue: (walk, run) => decidingElements(walk, run, true) ?? statement(walk, run),
  If: decideChoice,
  Case: decideChoice,
  Coalesce: decideCoalesce,
  ExpressionRef: decideName,
  QueryLetRef: decideName,
  OperandRef: decideName,
  FunctionRef: decideName,
  AliasRef: decideName,
  ParameterRef: decideParameter,
  Property: decideProperty,
  Retrieve: (walk, run) => (isEmpty(run) ? whyEmpty(walk, run) : [leaf(walk, run)]),
  Query: decideQuery,
}

const isEmpty = ({ value }: Execution) => Array.isArray(value) && value.length === 0

/** By everything below. */
function all(walk: Walk, run: Execution): Reason[] {
  // A null below `and` is enough to keep it from being true; a false below `or` is needed for that as well.
  const isEnough = walk.isOpen() || (run.type === 'And' && !walk.isExact())
  const asked = run.value === null && isEnough ? run.parts.filter(({ value }) => value === null) : run.parts
  return whyAll(walk, asked)
}

/** `and`, `or`: one operand that has the value which decides alone; else all; of a null the nulls. */
function byValue(walk: Walk, run: Execution, deciding: boolean): Reason[] {
  const { value, parts } = run
  if (value === null) return all(walk, run)
  if (value !== deciding) return whyAll(walk, parts)
  const found = parts.filter((each) => each.value === deciding)
  // What makes it false is all told; one true alternative is enough.
  return whyAll(walk, deciding ? found.slice(0, 1) : found)
}

function decideImplies(walk: Walk, run: Execution): Reason[] {
  const [left, right] = run.parts
  if (run.value !== true || !left || !right) return all(walk, run)
  return walk.why(left.value === false ? left : right)
}

function decideIsNull(walk: Walk, run: Execution): Reason[] {
  const [operand] = run.parts
  if (!operand) return []
  if (operand.value === null) {
    const found = walk.whyExactly(operand)
    if (found.length > 0) return found
    const { voice } = walk
    const text = () => voice.say('is', { a: nameOf(walk, operand), v: voice.value(null) })
    return [new Reason(text, { value: null, run: operand })]
  }
  return typeof operand.value === 'boolean' ? walk.why(operand) : [leaf(walk, operand), ...dataOf(walk, operand, true)]
}

/** `if`, `case`: the branch that was taken, and the conditions that led to it; where it is a plain null, what was null in them. */
function decideChoice(walk: Walk, run: Execution): Reason[] {
  const { step, parts } = run
  const items = step.caseItem === undefined ? [] : objectsIn(step.caseItem)
  const [taken, asked]: [Execution[], Execution[]] = [[], []]
  for (const each of parts) {
    const isBranch = each.step === step.then || each.step === step.else || items.some(({ then }) => then === each.step)
    if (isBranch) taken.push(each)
    else asked.push(each)
  }
  const open = run.value === null && walk.isOpen() ? asked.filter(({ value }) => value === null) : []
  // The one that was asked last decided; those before it had let it come to that.
  const conditions = open.length > 0 ? open : asked.toReversed()
  return reasonsOf([...taken, ...conditions], (each) => whyValue(walk, each))
}

/** Reasons of a Boolean, the data of anything else. */
const whyValue = (walk: Walk, run: Execution) =>
  typeof run.value === 'boolean' || run.value === null ? walk.why(run) : dataOf(walk, run, false)

function decideCoalesce(walk: Walk, run: Execution): Reason[] {
  const at = run.parts.findIndex(({ value }) => value !== null)
  const counting = at < 0 ? run.parts : run.parts.slice(0, at + 1)
  return reasonsOf(counting, (each) => (each.value === null ? walk.whyExactly(each) : whyValue(walk, each)))
}

/** A define, a let: by its name, then by what it stands for; a function and its operands by what they stand for alone. */
function decideName(walk: Walk, run: Execution): Reason[] {
  const origin = originOf(run, walk.recording)
  if (!origin) return isConversion(run) ? decideOther(walk, run) : [leaf(walk, run)]
  const parts = whyValue(walk, origin)
  const isNamed = run.type === 'ExpressionRef' || run.type === 'QueryLetRef'
  return isNamed && isTruth(run) ? [titled(walk, run, parts)] : parts
}

/** Whether a step says true, false or nothing of that kind. */
const isTruth = ({ step, value }: Execution) =>
  typeof value === 'boolean' || (value === null && step.resultTypeName === '{urn:hl7-org:elm-types:r1}Boolean')

/** A named Boolean over its reasons; one that its author has put in words of his own needs no name. */
function titled(walk: Walk, run: Execution, parts: Reason[]): Reason {
  const [only, other] = parts
  if (only?.isOwn && !other) return only
  const named = leaf(walk, run)
  const about = only && !other && only.text === named.text ? only.parts : parts
  return new Reason(() => named.text, { value: run.value, run, parts: about })
}

function decideParameter(walk: Walk, run: Execution): Reason[] {
  if (run.value !== null) return [leaf(walk, run)]
  const name = String(run.step.name)
  const lack: Lack = { phrase: 'noParameter', name: () => name, isBeside: !walk.isOpen() }
  return [new Reason(() => walk.voice.say('noParameter', { a: name }), { value: null, run, lack })]
}

function decideProperty(walk: Walk, run: Execution): Reason[] {
  const element = tupleSource(run, walk.recording)
  if (element) {
    const parts = whyValue(walk, element)
    return isTruth(run) ? [titled(walk, run, parts)] : parts
  }
  if (run.value !== null) return [leaf(walk, run)]
  const { value, run: source } = sourceOf(run)
  if (source && (value === null || isEmpty(source))) return walk.why(source)
  const text = () => walk.voice.say('missing', { a: nameOf(walk, run) })
  const lack: Lack = { phrase: 'missing', name: (voice) => nameOf(walk, run, voice), isBeside: !walk.isOpen() }
  return [new Reason(text, { value: null, run, lack })]
}

/** A query over one thing, and one whose list is null or empty. */
function decideQuery(walk: Walk, run: Execution): Reason[] {
  const aggregate = objectsIn([run.step.aggregate])[0]?.expression
  const steps = run.parts.filter((each) => each.step === aggregate)
  if (steps.length > 0) return [...reasonsOf(steps, (each) => dataOf(walk, each, false)), ...everyElement(walk, run)]
  if (Array.isArray(run.value)) return isEmpty(run) ? whyEmpty(walk, run) : everyElement(walk, run)
  const { sources, iterations } = queryOf(run)
  const returned = iterations.find((each) => each.returned)?.returned
  if (returned) return whyValue(walk, returned)
  return run.value === null
    ? reasonsOf(sources, (each) => (each.value === null ? walk.why(each) : []))
    : [leaf(walk, run)]
}

/** Operators whose result is no Boolean hand on what they were made of; Booleans are told as they are. */
function decideOther(walk: Walk, run: Execution): Reason[] {
  const { value, parts } = run
  if (typeof value === 'boolean' && !isConversion(run)) return statement(walk, run)
  if (value !== null) return dataOf(walk, run, false)
  if (run.type === 'As' && stripped(run).value !== null) return []
  if (isComparison(run)) return statement(walk, run)
  if (parts.length === 0) return []
  const picked = pickedNull(walk, run)
  return picked ? walk.why(picked) : lacking(walk, run)
}

const isComparison = (run: Execution) => isTruth(run) && !isPicking(run.type)

const isPicking = (type: string) => /^(?:First|Last|SingletonFrom|Indexer|As)$/.test(type)

/** The null element that `First` and the like picked of what a query returned. */
function pickedNull(walk: Walk, run: Execution): Execution | undefined {
  if (!isPicking(run.type)) return undefined
  const [list] = run.parts
  const query = list && (originOf(stripped(list), walk.recording) ?? stripped(list))
  if (query?.type !== 'Query') return undefined
  return queryOf(query).iterations.find((each) => each.returned?.value === null)?.returned
}

/** A group of alternatives of a rule set as one explanation. */
export function explainGroup(value: Json, parts: Explanation[], language: string | undefined): Explanation {
  const voice = voiceOf(language)
  return { text: shortText(voice.say('alternatives', { v: voice.value(value) })), value, parts }
}
