/**
 * Why a define is null: the define is run once more over a copy of its library in which every step is numbered, and the steps are
 * followed from the null down to the datum that was not there. What it says names elements, never values.
 */
import type { Library as ExecutableLibrary, PatientContext } from 'cql-execution'
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { childrenOf, expressionOf, type Found, resultNodes, type Scope, targetOf } from '../translate/elm-scope.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { FhirInstance } from './fhir-instance.ts'
import { type StepResults, tracedCopy, traceInto } from './trace.ts'

/** Enough to act on; a person reads no more. */
const mostClauses = 3
/** Steps followed at most: an explanation may be short, never costly. */
const mostSteps = 2000

/**
 * Clauses such as `birthDate of Patient is missing`, the nearest first; none where nothing is missing or nothing was found.
 * `open` makes a fresh context over the same data.
 */
export async function missingData(
  library: CompiledLibrary,
  define: string,
  open: (executable: ExecutableLibrary) => PatientContext,
): Promise<string[]> {
  const traced = tracedCopy(library)
  const results: StepResults = new Map()
  const context = open(traced.executable)
  traceInto(results, context)
  try {
    await traced.executable.expressions[define].execute(context)
  } catch {
    // What cannot be run twice cannot be explained; the null stands.
    return []
  }
  const node = expressionOf(traced, define)
  const walk: Walk = { results, steps: 0, path: new Set() }
  return node ? [...new Set(explain(walk, node, { library: traced, names: new Map() }))].slice(0, mostClauses) : []
}

interface Walk {
  results: StepResults
  steps: number
  /** Steps between the define and here: what calls itself ends. */
  path: Set<JsonObject>
}

const resultsOf = (walk: Walk, node: JsonObject) => walk.results.get(String(node.localId)) ?? []
const wasNull = (walk: Walk, node: JsonObject) => resultsOf(walk, node).some((each) => each == null)
const wasEmpty = (walk: Walk, node: JsonObject) =>
  resultsOf(walk, node).some((each) => Array.isArray(each) && each.length === 0)

const holdsNull = (value: unknown) => Array.isArray(value) && value.some((each) => each == null)

type Explainer = (walk: Walk, node: JsonObject, scope: Scope) => string[]

/** Clauses for a step that gave null. */
function explain(walk: Walk, node: JsonObject, scope: Scope): string[] {
  if (++walk.steps > mostSteps || walk.path.has(node)) return []
  walk.path.add(node)
  try {
    return (explainers[String(node.type)] ?? explainOperands)(walk, node, scope)
  } finally {
    walk.path.delete(node)
  }
}

const explainers: Record<string, Explainer> = {
  Null: () => [],
  ParameterRef: (_walk, node) => [`parameter ${node.name} has no value`],
  Property: explainProperty,
  ExpressionRef: explainTarget,
  FunctionRef: explainTarget,
  QueryLetRef: explainTarget,
  OperandRef: explainTarget,
  AliasRef: explainTarget,
  Retrieve: (walk, node) => (wasEmpty(walk, node) ? [`${localName(node.dataType)} is missing`] : []),
  If: (walk, node, scope) =>
    explainChoice(walk, { conditions: [node.condition], branches: [node.then, node.else] }, scope),
  Case: (walk, node, scope) => {
    const items = objectsIn(node.caseItem)
    const conditions = items.map((each) => each.when)
    return explainChoice(walk, { conditions, branches: [...items.map((each) => each.then), node.else] }, scope)
  },
}

/** What a reference stands for; a function that is not known (a conversion) by its operands. */
function explainTarget(walk: Walk, node: JsonObject, scope: Scope): string[] {
  const target = targetOf(node, scope)
  return target ? explain(walk, target.node, target.scope) : explainOperands(walk, node, scope)
}

/** By what is null below; else by what is empty there; else the operands do not decide it. */
function explainOperands(walk: Walk, node: JsonObject, scope: Scope): string[] {
  const below = childrenOf(node, scope)
  const nulls = below.filter((each) => wasNull(walk, each.node))
  const found = nulls.flatMap((each) => explain(walk, each.node, each.scope))
  if (nulls.length > 0) return found
  const empty = below.filter((each) => wasEmpty(walk, each.node))
  if (empty.length > 0) return empty.flatMap((each) => explain(walk, each.node, each.scope))
  const holding = below.filter((each) => resultsOf(walk, each.node).some(holdsNull))
  if (holding.length > 0) return holding.flatMap((each) => nullsWithin(walk, each.node, each.scope))
  if (node.type === 'As' || !wasNull(walk, node))
    return below.flatMap((each) => nullsWithin(walk, each.node, each.scope))
  const name = below.map((each) => dataName(walk, each.node, each.scope)).find((each) => each !== undefined)
  return name === undefined ? [] : [`${name} does not decide it`]
}

/** `if`, `case`: the conditions that were null, and the branch that was taken; where that is a plain null, whatever was null in the conditions. */
function explainChoice(
  walk: Walk,
  { conditions, branches }: { conditions: (Json | undefined)[]; branches: (Json | undefined)[] },
  scope: Scope,
): string[] {
  const asked = conditions.filter(isJsonObject)
  const taken = branches.filter(isJsonObject).filter((each) => wasNull(walk, each))
  const own = asked.filter((each) => wasNull(walk, each)).flatMap((each) => explain(walk, each, scope))
  const found = [...own, ...taken.flatMap((each) => explain(walk, each, scope))]
  return found.length > 0 ? found : asked.flatMap((each) => nullsWithin(walk, each, scope))
}

/** Clauses for the nulls below a step that is itself not null (`exists (… where X is null)`). */
function nullsWithin(walk: Walk, node: JsonObject, scope: Scope): string[] {
  if (++walk.steps > mostSteps || walk.path.has(node)) return []
  walk.path.add(node)
  try {
    return childrenOf(node, scope).flatMap((each) =>
      wasNull(walk, each.node) ? explain(walk, each.node, each.scope) : nullsWithin(walk, each.node, each.scope),
    )
  } finally {
    walk.path.delete(node)
  }
}

function explainProperty(walk: Walk, node: JsonObject, scope: Scope): string[] {
  const source = sourceOf(node, scope)
  if (!source) return []
  if (isJsonObject(node.source) && wasNull(walk, node.source)) return explain(walk, source.node, source.scope)
  const element = tupleElement(walk, source, String(node.path))
  if (element) return explain(walk, element.node, element.scope)
  const name = dataName(walk, node, scope)
  return name === undefined ? [] : [`${name} is missing`]
}

/** What a property is read from: an expression, or what an alias or operand stands for. */
function sourceOf(node: JsonObject, scope: Scope): Found | undefined {
  if (isJsonObject(node.source)) return { node: node.source, scope }
  return scope.names.get(String(node.scope))
}

/** `element of Type` for what a step reads, when it reads data. */
function dataName(walk: Walk, node: JsonObject, scope: Scope): string | undefined {
  if (++walk.steps > mostSteps) return undefined
  if (node.type !== 'Property') {
    const target = targetOf(node, scope)
    if (target) return dataName(walk, target.node, target.scope)
    return childrenOf(node, scope)
      .map((each) => dataName(walk, each.node, each.scope))
      .find((each) => each !== undefined)
  }
  const source = sourceOf(node, scope)
  if (!source) return undefined
  const element = tupleElement(walk, source, String(node.path))
  if (element) return dataName(walk, element.node, element.scope)
  const path = String(node.path).replace(/(?:^|\.)value$/, '')
  if (path === '') return dataName(walk, source.node, source.scope)
  const type = typeName(walk, source)
  return type === undefined ? path : `${path} of ${type}`
}

/** FHIR type that a step gave or holds, as its values say; else as the translator says. */
function typeName(walk: Walk, { node, scope }: Found): string | undefined {
  for (const value of resultsOf(walk, node).flat())
    if (value instanceof FhirInstance) return value.fhirClass.label ?? value.fhirClass.name
  const target = targetOf(node, scope)
  if (target) return typeName(walk, target)
  return typeof node.resultTypeName === 'string' ? shownName(node.resultTypeName) : undefined
}

/** A type as people are told of it: a part of a core data set (`DDCCCoreDataSetVS.Vaccination`) is what its element is called. */
function shownName(qualified: string): string {
  const name = localName(qualified)
  const part = qualified.startsWith('{http://hl7.org/fhir}') ? undefined : /\.([^.]+)$/.exec(name)?.[1]
  return part === undefined ? name : part.charAt(0).toLowerCase() + part.slice(1)
}

const localName = (name: Json | undefined) => String(name).replace(/^\{.*\}/, '')

/** The expression that an element of a tuple was made with, when a step gives tuples of the rule's own. */
function tupleElement(walk: Walk, from: Found, name: string): Found | undefined {
  if (++walk.steps > mostSteps) return undefined
  const { node, scope } = from
  if (node.type === 'Tuple') {
    const elements = objectsIn(node.element)
    const value = elements.find((each) => each.name === name)?.value
    return isJsonObject(value) ? { node: value, scope } : undefined
  }
  for (const each of resultNodes(node, scope)) {
    const found = tupleElement(walk, each, name)
    if (found) return found
  }
  return undefined
}
