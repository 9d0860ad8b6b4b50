/**
 * What of an invariant can be told from which elements are there. Most invariants of R4 are of the kind `a.empty() or …`, and answered
 * so in a hundredth of the time; the rest is left to FHIRPath.
 */
import type { JsonObject } from '../../../base/json-value.ts'
import { keep } from '../../../base/keep.ts'
import { choiceProperty, elementInfo } from '../../elements.ts'

/** Undefined where it depends on more than what is there. */
type Answer = boolean | undefined
type Test = (object: JsonObject, type: string) => Answer

const untold: Test = () => undefined
const compiled = keep<string, Test>(3000)

/** Whether an expression is true of an object, as far as presence tells. */
export const byPresence = (expression: string, object: JsonObject, type: string): Answer =>
  compiled.of(expression, () => (expression.length > 3000 ? untold : compile(expression, 0)))(object, type)

/** Parentheses deeper than anybody writes. */
const deepest = 20

function compile(given: string, depth: number): Test {
  const text = unwrapped(given.trim())
  if (depth > deepest) return untold
  for (const [names, combine] of operators) {
    const parts = split(text, names)
    if (parts.length === 1) continue
    const [first, ...rest] = parts.map(({ text: part, operator }) => ({ test: compile(part, depth + 1), operator }))
    if (!first) return untold
    return (object, type) =>
      rest.reduce<Answer>(
        (left, { test, operator }) => combine(operator, left, () => test(object, type)),
        first.test(object, type),
      )
  }
  return atom(text)
}

type Combine = (operator: string, left: Answer, right: () => Answer) => Answer

const or = (left: Answer, right: () => Answer): Answer => {
  if (left === true) return true
  const other = right()
  return other === true ? true : left === undefined || other === undefined ? undefined : false
}

const not = (answer: Answer): Answer => (answer === undefined ? undefined : !answer)

/** From the loosest to the tightest (http://hl7.org/fhirpath/N1/#operator-precedence); of one line from left to right. */
const operators: [names: string[], combine: Combine][] = [
  [['implies'], (_, left, right) => or(not(left), right)],
  [
    ['or', 'xor'],
    (operator, left, right) => {
      if (operator === 'or') return or(left, right)
      const other = right()
      return left === undefined || other === undefined ? undefined : left !== other
    },
  ],
  [['and'], (_, left, right) => not(or(not(left), () => not(right())))],
]

/** Parts between operators that stand outside parentheses and quotes. */
function split(text: string, names: string[]): { text: string; operator: string }[] {
  const parts: { text: string; operator: string }[] = []
  let operator = ''
  let start = 0
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if ('\'"`'.includes(char)) at = closing(text, at)
    else if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char)) depth--
    else if (depth === 0 && /\s/.test(char)) {
      const found = names.find(
        (name) => text.startsWith(name, at + 1) && /[\s(]/.test(text[at + 1 + name.length] ?? ''),
      )
      if (found === undefined) continue
      parts.push({ text: text.slice(start, at), operator })
      operator = found
      start = at + 1 + found.length
      at += found.length
    }
  }
  return [...parts, { text: text.slice(start), operator }]
}

/** Index of the quote that closes. */
function closing(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === text[start]) return at
  }
  return text.length
}

/** Without parentheses that stand around the whole. */
function unwrapped(text: string): string {
  if (!text.startsWith('(')) return text
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if ('\'"`'.includes(char)) at = closing(text, at)
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at === text.length - 1 ? unwrapped(text.slice(1, -1).trim()) : text
  }
  return text
}

function atom(text: string): Test {
  const found = /^([a-z]\w*)\.(exists|empty)\(\)(\.not\(\))?$/.exec(text)
  if (!found) return untold
  const [, name = '', kind, negated] = found
  const whenThere = (kind === 'exists') === (negated === undefined)
  return (object, type) => {
    const there = isThere(object, type, name)
    return there === undefined ? undefined : there === whenThere
  }
}

function isThere(object: JsonObject, type: string, name: string): Answer {
  const element = elementInfo(type, name)
  if (!element) return undefined
  const has = (property: string) => isAny(object[property]) || isAny(object[`_${property}`])
  if (!element.choice || element.name !== name) return has(name)
  return element.types.some((each) => has(choiceProperty(name, each)))
}

const isAny = (value: unknown) => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
