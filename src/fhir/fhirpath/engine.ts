/** FHIRPath by the `fhirpath` package, which is read when the first expression is compiled: see fhirpath.ts. */

import fhirpath from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4'
import { keep, keepPerObject } from '../../base/keep.ts'
import { checkRegex } from '../../base/regex/regex.ts'
import { elementInfo } from '../elements.ts'
import { FhirError, unprocessable } from '../error.ts'
import { BUDGET, createObserver, stepBudget } from './budget.ts'
import type { CompiledFhirPath, FhirPathOptions, Surroundings, TypedNode } from './compiled.ts'
import { ENGINE_OPTIONS } from './engine-options.ts'
import { CLOCK, engineFunctions, exactText, isResourceNode, plainValue } from './functions.ts'
import type { FhirPathFunctions } from './host-functions.ts'
import { quoteEnd } from './quotes.ts'
import { readsInput } from './reads-input.ts'
import { type Rewritten, rewrite, type SyntaxNode, singleQuotes } from './rewrite.ts'
import { keepZones, WHOLE_UNITS } from './zone.ts'

type Engine = (input: unknown, variables: Record<string | symbol, unknown>) => unknown[]

keepZones()

const CACHE_ENTRIES = 2000
const DEFAULT_STEPS = 1_000_000
const NO_FUNCTIONS: FhirPathFunctions = {}
const NO_VARIABLES: ReadonlySet<string> = new Set()
const STANDARD_CONSTANTS: Record<string, string> = { sct: 'http://snomed.info/sct', loinc: 'http://loinc.org' }
/** Expressions compiled with the same functions; what is used most is asked for without them, or with those of one program. */
const compiledWith = keepPerObject((_: FhirPathFunctions) => keep<string, CompiledFhirPath>(CACHE_ENTRIES))

/** See fhirpath.ts. */
export function compileFhirPath(
  expression: string,
  functions: FhirPathFunctions = NO_FUNCTIONS,
  options: FhirPathOptions = {},
): CompiledFhirPath {
  const variables = options.variables ?? NO_VARIABLES
  const key = variables.size > 0 ? `${[...variables].sort().join()}\n${expression}` : expression
  return compiledWith(functions).of(key, () => compile(expression, functions, variables))
}

/** See fhirpath.ts. */
export function typed(
  value: unknown,
  type: string,
  { exact, extra }: { exact?: string | undefined; extra?: object | undefined } = {},
): TypedNode {
  if (exact !== undefined) return brand({ node: asDecimal(exact)[0], value, type, exact })
  let wrap = wrappers.get(type)
  if (!wrap) {
    wrap = fhirpath.compile({ base: type, expression: '$this' }, r4, ENGINE_OPTIONS)
    if (wrappers.size < 1000) wrappers.set(type, wrap)
  }
  // The package's own wrapper fails on numbers, and a bare number is what its arithmetic takes anyway.
  const [wrapped] = typeof value === 'number' ? [] : wrap(value ?? '')
  if (extra && isResourceNode(wrapped)) Object.assign(wrapped, { data: value ?? null, _data: extra })
  const node = wrapped ?? value
  return brand({ node, value, type })
}

const asDecimal = fhirpath.compile('$this.toDecimal()', r4, ENGINE_OPTIONS)

const wrappers = new Map<string, (value: unknown) => unknown[]>()

function compile(source: string, functions: FhirPathFunctions, variables: ReadonlySet<string>): CompiledFhirPath {
  const rewritten = parse(source, variables)
  const tree = fhirpath.parse(rewritten.text) as SyntaxNode
  const engine = fhirpath.compile(rewritten.text, r4, {
    ...ENGINE_OPTIONS,
    userInvocationTable: engineFunctions(functions),
    debugger: createObserver(tree),
    traceFn: (value, label) => functions.trace?.(label, [value].flat().map(plainValue)),
  }) as Engine
  const environment = environmentFor(rewritten, functions)
  const evaluate = (input: unknown, given?: Record<string, unknown>, surroundings?: Surroundings): unknown[] => {
    try {
      return engine(unwrap(input), environment(input, given, surroundings))
    } catch (error) {
      throw evaluationError(source, error)
    }
  }
  const run = (input: unknown, given?: Record<string, unknown>, surroundings?: Surroundings): unknown[] =>
    present(evaluate(input, given, surroundings).map(rewritten.constructs ? plainObject : plainValue))
  const nodes = (input: unknown, given?: Record<string, unknown>, surroundings?: Surroundings): TypedNode[] =>
    evaluate(input, given, surroundings)
      .map(typedResult)
      .filter((each) => (each.value !== null && each.value !== undefined) || each.extra !== undefined)
  return Object.assign(run, { nodes, readsInput: (given = {}) => readsInput(tree, given), expression: source })
}

function typedResult(node: unknown): TypedNode {
  const exact = exactText(node)
  const extra = isResourceNode(node) ? node._data : undefined
  const value = plainValue(node)
  return brand({
    node,
    value,
    type: typeOf(node),
    ...(exact === undefined ? {} : { exact }),
    ...(extra === null || extra === undefined || (typeof value === 'object' && value !== null) ? {} : { extra }),
  })
}

/** What an expression needs beside the caller's variables is known beforehand; most need nothing. */
function environmentFor(rewritten: Rewritten, functions: FhirPathFunctions) {
  const needsClock = ['now', 'today', 'timeOfDay'].some((name) => rewritten.functions.has(name))
  const defaults = ['resource', 'rootResource', 'sct', 'loinc'].filter((name) => rewritten.constants.has(name))
  return (
    input: unknown,
    given: Record<string, unknown> = {},
    { clock, budget, wholeUnits }: Surroundings = {},
  ): Record<string | symbol, unknown> => {
    const environment: Record<string | symbol, unknown> = { [BUDGET]: budget ?? stepBudget(DEFAULT_STEPS) }
    for (const name of defaults) environment[name] = STANDARD_CONSTANTS[name] ?? unwrap(input)
    for (const name of rewritten.constants) if (Object.hasOwn(given, name)) environment[name] = unwrap(given[name])
    if (wholeUnits) environment[WHOLE_UNITS] = true
    if (needsClock) environment[CLOCK] = clock ?? functions.now?.()
    return environment
  }
}

/** The longest invariants of R4 have some thousand characters; the parser's time and stack grow with length and depth. */
const longestExpression = 10_000
const deepestExpression = 100

/** @throws FhirError 422 too-costly for a text that the parser is not to be troubled with */
function checkCost(source: string): void {
  if (source.length > longestExpression)
    throw unprocessable(`a FHIRPath expression is longer than ${longestExpression} characters`, 'too-costly')
  let depth = 0
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? ''
    if ('([{'.includes(char) && ++depth > deepestExpression)
      throw unprocessable(`a FHIRPath expression nests more than ${deepestExpression} brackets`, 'too-costly')
    if (')]}'.includes(char)) depth--
    if ('\'"`'.includes(char)) at = quoteEnd(source, at)
  }
}

function parse(source: string, variables: ReadonlySet<string>): Rewritten {
  checkCost(source)
  const text = singleQuotes(source)
  let tree: SyntaxNode
  try {
    tree = fhirpath.parse(text) as SyntaxNode
  } catch (error) {
    throw syntaxError(source, error)
  }
  const rewritten = rewrite(text, tree, variables)
  for (const pattern of rewritten.patterns) {
    const fault = checkRegex(pattern.text)
    if (fault) throw faultAt(source, fault, pattern.line, pattern.column)
  }
  return rewritten
}

function syntaxError(source: string, error: unknown): FhirError {
  const message = error instanceof Error ? error.message : String(error)
  const place = /^line: (\d+); column: (\d+); message: (.*)/.exec(message)
  if (!place) return faultAt(source, 'cannot be parsed', 1, 1)
  const [, line, column, detail = ''] = place
  const shortened = detail
    .replace(/ expecting \{.*$/, '')
    .replace("mismatched input '<EOF>'", 'the expression ends too early')
  return faultAt(source, shortened, Number(line), Number(column) + 1)
}

function faultAt(source: string, fault: string, line: number, column: number): FhirError {
  return unprocessable(
    { text: `FHIRPath "${shown(source)}": ${fault}`, diagnostics: `line ${line}, column ${column}: ${fault}` },
    'invalid',
  )
}

const shown = (source: string) => (source.length > 300 ? `${source.slice(0, 300)}…` : source)

/** The engine quotes data in its messages, which may be personal: only what the expression itself says is kept. */
function evaluationError(source: string, error: unknown): FhirError {
  if (error instanceof FhirError) return error
  const message = error instanceof Error ? error.message : String(error)
  const safe = message
    .replace(/[[{][\s\S]*[\]}]/g, '…')
    .replace(/"[^"]*"|'[^']*'/g, (quoted) => (source.includes(quoted.slice(1, -1)) ? quoted : '…'))
    .replace(/(got:?|Cannot) .*$/s, '$1 …')
  // The stack, or the length of an array or text, has come to its end.
  return unprocessable(
    { text: `FHIRPath "${shown(source)}": ${safe}` },
    error instanceof RangeError ? 'too-costly' : 'processing',
  )
}

/** Built objects may hold the engine's own numbers and dates deep inside. */
function plainObject(result: unknown): unknown {
  const value = plainValue(result)
  return typeof value === 'object' && value !== null
    ? JSON.parse(JSON.stringify(value, (_, each) => plainValue(each)))
    : value
}

function present(values: unknown[]): unknown[] {
  return values.includes(null) || values.includes(undefined)
    ? values.filter((value) => value !== null && value !== undefined)
    : values
}

function unwrap(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrap)
  return isTypedNode(value) ? value.node : value
}

/** Told apart by identity: plain JSON may have members of the same names. */
const typedNodes = new WeakSet<object>()

function brand(node: TypedNode): TypedNode {
  typedNodes.add(node)
  return node
}

function isTypedNode(value: unknown): value is TypedNode {
  return typeof value === 'object' && value !== null && typedNodes.has(value)
}

function typeOf(node: unknown): string {
  const type = fhirpath.types(node)[0] ?? ''
  const name = type.startsWith('FHIR.') ? type.slice(5) : type
  if (!isResourceNode(node) || (name !== 'BackboneElement' && !name.startsWith('System.'))) return name
  // The engine's model says less of backbone elements, extensions, ids and urls than R4 does.
  const { parentResNode, path, propName } = node
  const element = parentResNode?.path && propName ? elementInfo(parentResNode.path, propName) : undefined
  return element?.childType || (name.startsWith('System.') ? name : (path ?? name))
}
