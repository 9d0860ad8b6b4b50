/** The data behind a value: what was read of the content, and which parameters. */
import type { Execution } from '../cql/run/recording.ts'
import { originOf } from './origins.ts'
import { Reason } from './reason.ts'
import { isConversion, nameOf, reasonsOf, tupleSource, type Walk } from './walk.ts'

/** Steps that write a value out, or ask the clock. */
const constants = new Set(['Literal', 'Null', 'Quantity', 'Ratio', 'Code', 'Concept', 'ValueSetRef', 'CodeSystemRef'])

/**
 * Sentences about the data that a value was made of. `isTold`: the sentence around it names the value already, so that a datum which
 * it reads itself is not told twice.
 */
export function dataOf(walk: Walk, run: Execution, isTold: boolean): Reason[] {
  if (!walk.spend() || constants.has(run.type)) return []
  if (run.value === null) return walk.why(run)
  switch (run.type) {
    case 'ParameterRef':
      return isTold ? [] : [leaf(walk, run)]
    case 'ExpressionRef':
    case 'FunctionRef':
    case 'QueryLetRef':
    case 'OperandRef': {
      const origin = originOf(run, walk.recording)
      if (origin) return dataOf(walk, origin, false)
      if (isConversion(run)) return reasonsOf(run.parts, (each) => dataOf(walk, each, isTold))
      // What an aggregate has come to so far is told by its steps.
      return run.type === 'QueryLetRef' ? [] : [leaf(walk, run)]
    }
    case 'AliasRef': {
      const origin = originOf(run, walk.recording)
      if (origin && typeof run.value !== 'object') return dataOf(walk, origin, false)
      return isTold || typeof run.value === 'object' ? [] : [leaf(walk, run)]
    }
    case 'Property': {
      const element = tupleSource(run, walk.recording)
      if (element) return dataOf(walk, element, false)
      return isTold ? [] : [leaf(walk, run)]
    }
    case 'If':
    case 'Case':
    case 'Coalesce':
    case 'Query':
    case 'Retrieve':
      return walk.why(run)
    default:
      return reasonsOf(run.parts, (each) => dataOf(walk, each, isTold && isConversion(run)))
  }
}

/** A value by its name; of resources, how many there are. */
export function leaf(walk: Walk, run: Execution): Reason {
  const { voice } = walk
  const { value } = run
  const text = () =>
    run.type === 'Retrieve' && Array.isArray(value)
      ? voice.say('there', { a: nameOf(walk, run), n: value.length })
      : voice.say('is', { a: nameOf(walk, run), v: voice.value(value) })
  return new Reason(text, { value, run })
}
