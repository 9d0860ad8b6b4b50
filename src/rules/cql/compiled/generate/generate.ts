/**
 * Straight-line JavaScript for a define or function that has been compiled to steps and runs often: the same calls without the
 * closures. What is not written as code stays a step, which the code calls. Code has no text of a library: what one says enters
 * as numbered constants, and as names of members that are letters and digits.
 */
import { evaluateCode, type GeneratedCode, preamble } from '../../../../base/code/generated-code.ts'
import type { Json } from '../../../../base/json-value.ts'
import type { Direct, Place } from '../place.ts'
import { createUnit, TooLong } from './code.ts'
import { expressionCode } from './expressions.ts'
import { RUNTIME } from './runtime.ts'

/** The code of an expression, where the operands of its function are the names of its place. @throws TooLong */
export function generate(expression: Json | undefined, place: Place): GeneratedCode {
  const { writing, constants, functions } = createUnit()
  const entry = writing.addFunction((own) => {
    const code = expressionCode(expression, place, own)
    return `(${['r', ...place.slots.map((each) => `n${each}`)].join(', ')}) {\n${own.declarations()}return ${code};\n}`
  })
  const text = `${preamble(RUNTIME, constants)}${functions.join('\n')}
return ${entry};`
  return { text, constants }
}

/** The same as a function; undefined for what is too long or deep, and where code cannot be made of texts. */
export function generated(expression: Json | undefined, place: Place): Direct | undefined {
  try {
    return evaluateCode<Direct>(generate(expression, place), RUNTIME)
  } catch (error) {
    if (error instanceof TooLong || error instanceof RangeError) return undefined
    throw error
  }
}
