/** A part of a unit expression (https://ucum.org/ucum §2) with its place in the text, from 1. */
type Part =
  | { kind: 'operator'; text: '.' | '/' }
  | { kind: 'open' }
  | { kind: 'close' }
  | { kind: 'annotation' }
  | { kind: 'factor'; text: string }
  | { kind: 'unit'; text: string; exponent: string; at: number }

const TOKEN =
  /([./])|([()])|(\{[^{}]*\})|(\d+(?![\d*^]))|((?:\[(?:[^[\]()\s]|\([^()[\]\s]+\))*\]|10[*^]|[^\d./(){}[\]+\-\s])+)([+-]?\d+)?/y

/** The parts of an expression in order; undefined where it has characters that belong to none. */
function partsOf(expression: string): Part[] | undefined {
  const parts: Part[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < expression.length) {
    const at = TOKEN.lastIndex + 1
    const found = TOKEN.exec(expression)
    if (!found) return undefined
    const [, operator, bracket, annotation, factor, unit, exponent = ''] = found
    if (operator) parts.push({ kind: 'operator', text: operator as '.' | '/' })
    else if (bracket) parts.push({ kind: bracket === '(' ? 'open' : 'close' })
    else if (annotation) parts.push({ kind: 'annotation' })
    else if (factor) parts.push({ kind: 'factor', text: factor })
    else if (unit) parts.push({ kind: 'unit', text: unit, exponent, at })
  }
  return parts
}

/** Whether the parts stand as the grammar has them: units and brackets joined by operators, an annotation behind or alone. */
export function isExpression(expression: string): boolean {
  let depth = 0
  let wantsUnit = true
  let mayAnnotate = true
  for (const [index, part] of (partsOf(expression) ?? []).entries()) {
    if (part.kind === 'annotation') {
      if (!mayAnnotate) return false
      wantsUnit = mayAnnotate = false
      continue
    }
    const isStart = part.kind === 'open' || part.kind === 'unit' || part.kind === 'factor'
    const isLeading = part.kind === 'operator' && part.text === '/' && index === 0
    if (isStart ? !wantsUnit : wantsUnit && !isLeading) return false
    if (part.kind === 'open') depth++
    if (part.kind === 'close' && --depth < 0) return false
    wantsUnit = part.kind === 'open' || part.kind === 'operator'
    mayAnnotate = true
  }
  return !wantsUnit && depth === 0
}

/**
 * An expression in words, e.g. `(milligram) / (deciliter)`; an annotation counts as a factor of 1. Undefined where a unit
 * has no name.
 */
export function unitInWords(expression: string, nameOf: (unit: string) => string | undefined): string | undefined {
  let words = ''
  for (const part of partsOf(expression) ?? []) {
    const follows = words !== '' && !words.endsWith('(') && !words.endsWith(' ')
    if (part.kind === 'operator') words += part.text === '/' ? (words === '' ? '1 / ' : ' / ') : ' * '
    else if (part.kind === 'open') words += '('
    else if (part.kind === 'close') words += ')'
    else if (part.kind === 'annotation') words += follows ? ' * 1' : '1'
    else if (part.kind === 'factor') words += part.text
    else {
      const name = nameOf(part.text)
      if (!name) return undefined
      words += part.exponent ? `(${name} ^ ${Number(part.exponent)})` : `(${name})`
    }
  }
  return words === '' ? undefined : words
}

/** What is wrong with an expression: its first unit that is none, else that it does not follow the grammar. */
export function unitFault(expression: string, isUnit: (unit: string) => boolean): string {
  const unknown = partsOf(expression)?.find((part) => part.kind === 'unit' && !isUnit(part.text))
  const fault =
    unknown?.kind === 'unit'
      ? `The unit '${unknown.text}' is unknown at character ${unknown.at}`
      : 'The expression does not follow the grammar of UCUM'
  return `Error processing unit '${expression}': ${fault}`
}
