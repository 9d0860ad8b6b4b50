import { calendarUnitCode } from '../../base/calendar-units.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { typeNames } from '../../fhir/elements.ts'
import { FhirError } from '../../fhir/error.ts'
import { type CompiledFhirPath, compileFhirPath, type FhirPathFunctions, typed } from '../../fhir/fhirpath/fhirpath.ts'
import { createCursor, describeToken } from '../language/cursor.ts'
import { type Expression, parseExpression, partsOf, visitExpression } from '../language/parse-expression.ts'
import type { MapRemarks } from '../model/map-remarks.ts'
import { nearest } from '../model/nearest-element.ts'
import type { Node } from '../model/nodes.ts'
import type { Type } from '../model/types.ts'
import { TransformFault } from '../run/fault.ts'
import type { Frame, Run } from '../run/run.ts'
import { type CompiledExpression, type ExpressionHost, NeedsEngine } from './expression-types.ts'
import { compileNative } from './native.ts'
import { typeArgument } from './native-types.ts'
import { fromEngine } from './native-values.ts'
import { type Scope, slotOf, unboundText } from './scope.ts'
import { typeOfPath } from './static-type.ts'
import { rootOf, withoutEmpty } from './without-empty.ts'

/** What compiling an expression takes beside its text. */
export interface ExpressionContext {
  host: ExpressionHost
  functions: FhirPathFunctions
  remarks: MapRemarks
  /** Leaves everything to the FHIRPath engine. */
  engineOnly?: boolean
}

/** Reads an expression on its own; FhirError with line and column when it is not FHIRPath. */
export function readExpression(text: string): { expression: Expression; text: string } {
  const cursor = createCursor(text, false)
  try {
    const expression = parseExpression(cursor)
    if (cursor.token.kind !== 'end') cursor.fail(`Unexpected ${describeToken(cursor.token)} after the expression`)
    const errors = cursor.issues.filter((each) => each.severity === 'error')
    if (errors.length === 0) return { expression, text: cursor.render(0, cursor.index(), true) }
  } catch (error) {
    if (cursor.issues.length === 0) throw error
  }
  throw new FhirError(
    422,
    cursor.issues.filter((each) => each.severity === 'error'),
  )
}

/**
 * Compiles FHIRPath of a rule. What can be runs as closures over nodes; the rest, and values for which the closures
 * do not suffice (dates, quantities), go to the FHIRPath engine.
 */
export function compileExpression(
  source: string,
  scope: Scope,
  context: ExpressionContext,
  focus?: Type,
): CompiledExpression {
  const { expression, text } = readExpression(source)
  checkNames(expression, scope, context)
  checkPaths(expression, { scope, focus, remarks: context.remarks })
  const native = context.engineOnly ? undefined : compileNative(expression, scope, context.host)
  if (!native) return engineExpression(expression, text, { scope, context })
  let engine: CompiledExpression | undefined
  return (frame, focus) => {
    if (engine) return engine(frame, focus)
    try {
      return native(frame, focus)
    } catch (error) {
      if (!(error instanceof NeedsEngine)) throw error
      const compiled = engineExpression(expression, text, { scope, context })
      const result = compiled(frame, focus)
      // The next values are likely to be of the same kind.
      engine = compiled
      return result
    }
  }
}

function engineExpression(
  expression: Expression,
  text: string,
  { scope, context }: { scope: Scope; context: ExpressionContext },
): CompiledExpression {
  const names = [...namesIn(expression)].filter(
    (name) => slotOf(scope, name) !== undefined || scope.constants.has(name),
  )
  const added = addedNames(expression)
  let compiled: CompiledFhirPath | undefined
  return (frame, focus) => {
    compiled ??= compileFhirPath(text, context.functions, { variables: new Set(names) })
    const { run } = frame
    const given = (name: string) => (node: Node) => toEngine(node, run, added.has(name))
    const root = rootOf(run)
    const variables: Record<string, unknown> = { resource: root, rootResource: root, context: root }
    for (const name of names) variables[name] = valuesOf(name, scope, frame).map(given(name))
    const input = focus.map(given('$this'))
    context.host.run = run
    const surroundings = { clock: run.now, budget: run.budget, wholeUnits: true }
    return compiled.nodes(input.length === 1 ? input[0] : input, variables, surroundings).map(fromEngine)
  }
}

function valuesOf(name: string, scope: Scope, frame: Frame): Node[] {
  const slot = slotOf(scope, name)
  if (slot === undefined) return scope.constants.get(name)?.(frame, []) ?? []
  const node = frame.slots[slot]
  return node && (node.value !== undefined || node.extra) ? [node] : []
}

/** A node for the engine: with its R4 type where the JSON alone would not show it. */
function toEngine(node: Node, run: Run, isAdded: boolean): unknown {
  const { type, exact } = node
  if (exact !== undefined) return typed(node.value, type.name, { exact })
  const value = node.value === run.root.value ? rootOf(run) : withoutEmpty(node.value, run)
  const extra = withoutEmpty(node.extra, run)
  const quantity = isAdded ? calendarQuantity(node) : undefined
  if (quantity) return typed(quantity, 'Quantity')
  if (type.inferred || (type.kind !== 'primitive' && type.kind !== 'complex')) return value
  // Numbers and booleans are what they look like; the engine takes text by its type, for dates have operators.
  if (type.kind === 'primitive' && typeof value !== 'string' && !extra) return value
  return typed(value, type.name, typeof extra === 'object' && extra !== null ? { extra } : {})
}

/** Maps calculate with `{value, unit: "years"}`; the engine wants the UCUM code as well. */
function calendarQuantity({ type, value }: Node): JsonObject | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'code' in value) return undefined
  if (type.kind === 'primitive' || typeof value.value !== 'number' || typeof value.unit !== 'string') return undefined
  const code = calendarUnitCode(value.unit)
  return code === undefined ? undefined : { ...value, system: 'http://unitsofmeasure.org', code }
}

/** Names after `%`, and bare ones that may be variables of the rule. */
function namesIn(expression: Expression): Set<string> {
  const names = new Set<string>()
  visitExpression(expression, (each) => {
    if (each.kind === 'variable' || (each.kind === 'member' && !each.target)) names.add(each.name)
  })
  return names
}

/** Of those, and of `$this`, the ones that are added to something, or subtracted, as they are. */
function addedNames(expression: Expression): Set<string> {
  const names = new Set<string>()
  visitExpression(expression, (each) => {
    if (each.kind !== 'binary' || (each.operator !== '+' && each.operator !== '-')) return
    const right = each.right.kind === 'group' ? each.right.inner : each.right
    if (right.kind === 'variable' || right.kind === 'this' || (right.kind === 'member' && !right.target))
      names.add(right.name)
  })
  return names
}

/** What the engine binds by itself. */
const ENGINE_VARIABLES = new Set([
  'resource',
  'rootResource',
  'context',
  'ucum',
  'sct',
  'loinc',
  'factory',
  'terminologies',
])

/**
 * Tells of `%names` that nothing binds and of types that there are not, on both of which the engine fails.
 */
function checkNames(expression: Expression, scope: Scope, { remarks, host }: ExpressionContext): void {
  const defined = new Set<unknown>(ENGINE_VARIABLES)
  const read: string[] = []
  visitExpression(expression, (each) => {
    if (each.kind === 'variable') read.push(each.name)
    const [first] = each.kind === 'call' && each.name === 'defineVariable' ? each.arguments : []
    if (first?.kind === 'literal') defined.add(first.value)
    const type = each.kind === 'type' ? each.type : each.kind === 'call' ? typeArgument(each) : undefined
    if (type !== undefined && !host.findType(type))
      remarks.problem(`there is no type '${type}' for a FHIRPath expression${nearest(type, typeNames())}`)
  })
  for (const name of read) {
    if (!defined.has(name) && slotOf(scope, name) === undefined && !scope.constants.has(name))
      remarks.problem(unboundText(name, scope, `%${name}`))
  }
}

interface PathPlace {
  scope: Scope
  /** Type of the input, where it is known: not within the arguments of a function, which have inputs of their own. */
  focus: Type | undefined
  remarks: MapRemarks
}

/** Tells of elements that the paths of an expression go through and the definitions do not have. */
function checkPaths(expression: Expression, at: PathPlace): void {
  if (expression.kind === 'member') checkPath(expression, at)
  if (expression.kind === 'call') {
    if (expression.target) checkPaths(expression.target, at)
    if (typeArgument(expression) !== undefined) return
    for (const each of expression.arguments) checkPaths(each, { ...at, focus: undefined })
  } else for (const each of partsOf(expression)) checkPaths(each, at)
}

function checkPath(expression: Expression, { scope, focus, remarks }: PathPlace): void {
  const path: string[] = []
  let root = expression
  while (root.kind === 'member' && root.target) {
    path.unshift(root.name)
    root = root.target
  }
  const slot = root.kind === 'variable' || root.kind === 'member' ? slotOf(scope, root.name) : undefined
  if (slot !== undefined) typeOfPath(scope.counter.types[slot], path, { remarks, side: 'source' })
  else if (root.kind === 'this') typeOfPath(focus, path, { remarks, side: 'source' })
  else if (root.kind === 'member' && !/^[A-Z]/.test(root.name) && !scope.constants.has(root.name))
    typeOfPath(focus, [root.name, ...path], { remarks, side: 'source' })
}

/** The first result as a condition: an empty one is false, anything but a Boolean is true. */
export function isTrue(nodes: Node[]): boolean {
  if (nodes.length > 1) throw new TransformFault('a condition has several results')
  const [only] = nodes
  return only !== undefined && only.value !== false
}
