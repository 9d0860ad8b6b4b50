import { isPrimitive } from '../elements.ts'
import { operandEnd } from './operand.ts'

/**
 * Turns FHIRPath as maps and profiles write it into what the engine runs: strings in double quotes, `.value` on
 * primitives, bare names that are variables. Works on the engine's own syntax tree, so that spans are exact.
 */
/** A node of the engine's syntax tree, as far as it is used here. */
export interface SyntaxNode {
  type: string
  text?: string
  /** Of a variable whose name stands in quotes, in place of `text`. */
  delimitedText?: string
  /** 1-based. */
  start?: { line: number; column: number }
  length?: number
  /** Set on a name that starts a path. */
  atRoot?: number
  children?: SyntaxNode[]
}

/** What a rewritten expression needs at run time. */
export interface Rewritten {
  text: string
  /** Names after `%`. */
  constants: Set<string>
  /** Functions called. */
  functions: Set<string>
  /** Literal first arguments of regex functions, with their place in the text. */
  patterns: { text: string; line: number; column: number }[]
  /** Builds objects (`Coding { … }`). */
  constructs: boolean
}

/** Name under which `.value` is called: children named `value`, or the primitive itself. */
export const VALUE_FUNCTION = 'valueOfElement'

const TYPE_FUNCTIONS = new Set(['ofType', 'is', 'as'])
const REGEX_FUNCTIONS = new Set(['matches', 'matchesFull', 'replaceMatches'])

interface Edit {
  start: number
  end: number
  text: string
}

/** `"x"` becomes `'x'` (the engine has no such strings); single-quoted strings, backticks and comments stay. */
export function singleQuotes(expression: string): string {
  if (!expression.includes('"')) return expression
  return expression.replace(
    /'(?:\\.|[^\\'])*'|`(?:\\.|[^\\`])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*|"((?:\\.|[^\\"])*)"/g,
    (all, inner?: string) =>
      inner === undefined ? all : `'${inner.replace(/\\.|'/g, (c) => (c === "'" ? "\\'" : c))}'`,
  )
}

/** Rewrites an expression given its tree; `variables` are the names that mean `%name` wherever they start a path. */
export function rewrite(expression: string, tree: SyntaxNode, variables: ReadonlySet<string>): Rewritten {
  const found: Rewritten = {
    text: expression,
    constants: new Set(),
    functions: new Set(),
    patterns: [],
    constructs: false,
  }
  const edits: Edit[] = []
  const offsets = lineOffsets(expression)
  const visit = (node: SyntaxNode, inTypeFunction: boolean): void => {
    let typeFunction = inTypeFunction
    if (node.type === 'MemberInvocation' && !inTypeFunction) {
      const edit = memberEdit(node, variables, offsets)
      if (edit) edits.push(edit)
      if (edit?.text.startsWith('%')) found.constants.add(edit.text.replace(/[%`]/g, ''))
    } else if (node.type === 'PolarityExpression') {
      edits.push(...signEdits(node, expression, offsets))
    } else if (node.type === 'ExternalConstantTerm') {
      found.constants.add(node.text ?? '')
    } else if (node.type.startsWith('InstanceSelector')) {
      found.constructs = true
    } else if (node.type === 'Functn') {
      const name = node.text ?? ''
      found.functions.add(name)
      typeFunction = TYPE_FUNCTIONS.has(name)
      if (REGEX_FUNCTIONS.has(name)) collectPattern(node, found)
    } else {
      typeFunction = false
    }
    // The identifier and the parameter list of a function inherit its nature, deeper nodes only through terms.
    for (const child of node.children ?? []) visit(child, typeFunction || (inTypeFunction && isWrapper(node)))
  }
  visit(tree, false)
  edits.sort((a, b) => b.start - a.start || b.end - a.end)
  for (const edit of edits) found.text = found.text.slice(0, edit.start) + edit.text + found.text.slice(edit.end)
  return found
}

/**
 * The engine puts a sign before literals alone: it fails on elements, and on the empty collection, whose sign is empty
 * (http://hl7.org/fhirpath/N1/#math). So it becomes a factor, except that of a number.
 */
function signEdits(node: SyntaxNode, expression: string, offsets: number[]): Edit[] {
  const at = node.start
  if (!at) return []
  const start = (offsets[at.line - 1] ?? 0) + at.column - 1
  if (/^[+-]\s*\d/.test(expression.slice(start, start + 100))) return []
  const end = operandEnd(expression, start + 1)
  return [
    { start: end, end, text: ')' },
    { start, end: start + 1, text: node.text === '-' ? '(-1 * ' : '(1 * ' },
  ]
}

function isWrapper(node: SyntaxNode): boolean {
  return ['ParamList', 'TermExpression', 'InvocationTerm', 'InvocationExpression'].includes(node.type)
}

function memberEdit(node: SyntaxNode, variables: ReadonlySet<string>, offsets: number[]): Edit | undefined {
  const name = (node.text ?? '').replace(/^`(.*)`$/s, '$1')
  const identifier = node.children?.[0]
  const at = node.start ?? identifier?.start
  const length = node.length ?? identifier?.length
  if (!at || !length) return undefined
  const start = (offsets[at.line - 1] ?? 0) + at.column - 1
  if (node.atRoot !== undefined && variables.has(name)) return { start, end: start + length, text: `%${node.text}` }
  if (name === 'value') return { start, end: start + length, text: `${VALUE_FUNCTION}()` }
  // The engine takes the name of a type at the start of a path for the input itself; `code` of a code is an element that it has not.
  if (node.atRoot !== undefined && isPrimitive(name)) return { start, end: start + length, text: `$this.${node.text}` }
  return undefined
}

function collectPattern(node: SyntaxNode, found: Rewritten): void {
  let first = node.children?.[1]?.children?.[0]
  while (first && first.type !== 'LiteralTerm' && first.children?.length === 1) first = first.children[0]
  const text = first?.text
  if (first?.type !== 'LiteralTerm' || !text?.startsWith("'") || !first.start) return
  found.patterns.push({ text: unescapeString(text.slice(1, -1)), ...first.start })
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' }

function unescapeString(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, code: string) =>
    code.length === 5 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  )
}

function lineOffsets(text: string): number[] {
  const offsets = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) offsets.push(at + 1)
  return offsets
}
