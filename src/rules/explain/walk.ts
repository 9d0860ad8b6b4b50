import { FhirInstance } from '../cql/run/fhir-instance.ts'
import type { Execution, Recording } from '../cql/run/recording.ts'
import { helpers } from '../cql/translate/elm-scope.ts'
import { elementOf, sourceOf } from './origins.ts'
import type { Reason } from './reason.ts'
import { shortText, type Voice } from './voice.ts'

/** One explanation on its way from the define down to what was read. */
export interface Walk {
  recording: Recording
  voice: Voice
  /** Why a step gave what it gave; empty for what explains nothing. */
  why(run: Execution): Reason[]
  /** What the author wrote, as short as a name; undefined where it is not known. */
  snippet(run: Execution): string | undefined
  /** Whether all from the define down to here is null. */
  isOpen(): boolean
  /** As `why`, where it matters that a null is a null and not a false: with all that it needs to stay one, not only what is null. */
  whyExactly(run: Execution): Reason[]
  /** Whether that is asked. */
  isExact(): boolean
  /** Spends one step; false when there are none left. */
  spend(): boolean
}

/** The reasons of several runs, one after the other. */
export function reasonsOf(runs: readonly Execution[], why: (run: Execution) => Reason[]): Reason[] {
  let all: Reason[] = []
  let isShared = false
  for (const each of runs) {
    const found = why(each)
    if (found.length === 0) continue
    if (all.length === 0) {
      all = found
      isShared = true
      continue
    }
    if (isShared) all = [...all]
    isShared = false
    for (const reason of found) all.push(reason)
  }
  return all
}

/** Why several runs gave what they gave. */
export const whyAll = (walk: Walk, runs: readonly Execution[]): Reason[] => reasonsOf(runs, (each) => walk.why(each))

/** Steps that give their operand in another type. */
const conversions: ReadonlySet<string> = new Set([
  'As',
  ...['Boolean', 'Concept', 'Date', 'DateTime', 'Decimal', 'Integer', 'List', 'Long', 'Quantity'].map(
    (to) => `To${to}`,
  ),
  ...['ToRatio', 'ToString', 'ToTime'],
])

/** Whether a step only hands on its operand, in another type. */
export function isConversion({ type, step }: Execution): boolean {
  if (type === 'FunctionRef') return step.libraryName === helpers
  return conversions.has(type) || (type.startsWith('Convert') && /^Convert\w*$/.test(type))
}

/** The step whose value a conversion was given. */
export function stripped(run: Execution): Execution {
  const [only, other] = run.parts
  return isConversion(run) && only && !other ? stripped(only) : run
}

const written = new Set(['Literal', 'Null', 'Quantity', 'Ratio', 'Code', 'Concept'])
const composed = new Set(['List', 'Interval', 'Date', 'DateTime', 'Time', 'Negate'])

/** Whether a value stands in the rule as it is. */
function isWritten(run: Execution): boolean {
  const { type, parts } = stripped(run)
  return written.has(type) || (composed.has(type) && parts.every(isWritten))
}

const signs: Record<string, string> = { Add: '+', Subtract: '-', Multiply: '*', Divide: '/' }

/** What a value is called in a sentence. */
export function nameOf(walk: Walk, run: Execution, voice = walk.voice): string {
  const inner = stripped(run)
  const { step, type, parts, value } = inner
  const name = String(step.name)
  if (isWritten(inner)) return voice.value(value)
  switch (type) {
    case 'ExpressionRef':
      return name === 'Patient' ? name : voice.say('quoted', { a: name })
    case 'ParameterRef':
    case 'ValueSetRef':
      return voice.say('quoted', { a: name })
    case 'QueryLetRef':
    case 'AliasRef':
    case 'OperandRef':
      return name
    case 'Retrieve':
      return localName(step.dataType)
    case 'Property':
      return propertyName(walk, inner, voice)
    default: {
      // A step that the translator has put in stands at the place of what it was made for.
      const isOwn = parts.every((each) => each.step.locator !== step.locator)
      const snippet = isOwn ? walk.snippet(inner) : undefined
      if (snippet !== undefined) return snippet
      const names = parts.map((each) => nameOf(walk, each, voice))
      const sign = signs[type]
      return shortText(sign ? names.join(` ${sign} `) : `${type}(${names.join(', ')})`)
    }
  }
}

/** `element of Type`; of a tuple of the rule's own, the element. */
function propertyName(walk: Walk, run: Execution, voice: Voice): string {
  const { value, run: source } = sourceOf(run)
  const path = pathOf(run, value)
  if (path === '') return source ? nameOf(walk, source, voice) : String(run.step.scope)
  const type = value instanceof FhirInstance ? (value.fhirClass.label ?? value.fhirClass.name) : undefined
  if (type !== undefined) return voice.say('of', { a: path, t: type })
  return path
}

/** The path of a property without the `value` that a FHIR primitive holds. */
function pathOf({ step }: Execution, source: unknown): string {
  const path = String(step.path)
  if (path !== 'value') return path.replace(/\.value$/, '')
  return source instanceof FhirInstance && !source.fhirClass.primitive ? path : ''
}

/** A name without the namespace of its model. */
export const localName = (name: unknown): string => String(name).replace(/^\{.*\}/, '')

/** `name (value)`, or the value alone where that is the name. */
export function named(walk: Walk, run: Execution): string {
  const v = walk.voice.value(run.value)
  return isWritten(run) ? v : walk.voice.say('with', { a: nameOf(walk, run), v })
}

/** The run that gave the element of a tuple that a property reads. */
export function tupleSource(run: Execution, recording: Recording): Execution | undefined {
  return run.type === 'Property' ? elementOf(sourceOf(run).value, String(run.step.path), recording) : undefined
}
