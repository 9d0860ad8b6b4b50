/** What names and references in ELM stand for, followed without running it. */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { definitions } from './elm.ts'
import type { CompiledLibrary } from './libraries.ts'

/** Where names of a node are looked up. */
export interface Scope {
  library: CompiledLibrary
  /** Aliases, lets and operands. */
  names: Map<string, Found>
}

/** A step and where its names are looked up. */
export interface Found {
  node: JsonObject
  scope: Scope
}

/** The library of conversions that the model needs; its bodies explain nothing. */
export const helpers = 'FHIRHelpers'

/** Operators that give one of their operands, or elements of it. */
const passing = new Set([
  'First',
  'Last',
  'SingletonFrom',
  'Distinct',
  'Flatten',
  'As',
  'ToList',
  'Union',
  'If',
  'Case',
])

/** Steps that a step hands on: what it gives is one of theirs, or made of theirs. */
export function resultNodes(node: JsonObject, scope: Scope): Found[] {
  if (node.type === 'Query') {
    const inner = queryScope(node, scope)
    const returned = isJsonObject(node.return) ? node.return.expression : undefined
    if (isJsonObject(returned)) return [{ node: returned, scope: inner }]
    return sourcesOf(node).map((each) => ({ node: each.expression, scope }))
  }
  const target = targetOf(node, scope)
  if (target) return [target]
  return passing.has(String(node.type)) ? childrenOf(node, scope) : []
}

/** What a reference stands for: a define, the body of a function, a let, an operand, an alias. */
export function targetOf(node: JsonObject, scope: Scope): Found | undefined {
  const name = String(node.name)
  if (node.type === 'QueryLetRef' || node.type === 'OperandRef' || node.type === 'AliasRef')
    return scope.names.get(name)
  if (node.type !== 'ExpressionRef' && node.type !== 'FunctionRef') return undefined
  const library = node.libraryName === undefined ? scope.library : includedLibrary(scope.library, node.libraryName)
  if (!library || library.identifier.id === helpers) return undefined
  if (node.type === 'ExpressionRef') {
    const found = expressionOf(library, name)
    return found && { node: found, scope: { library, names: new Map() } }
  }
  const operands = objectsIn(node.operand)
  const called = definitions(library.elm, 'statements').find(
    (each) =>
      each.type === 'FunctionDef' && each.name === name && [each.operand ?? []].flat().length === operands.length,
  )
  if (!called || !isJsonObject(called.expression)) return undefined
  const names: Scope['names'] = new Map()
  for (const [index, declared] of [called.operand ?? []].flat().entries()) {
    const operand = operands[index]
    if (isJsonObject(declared) && operand) names.set(String(declared.name), { node: operand, scope })
  }
  return { node: called.expression, scope: { library, names } }
}

function includedLibrary(library: CompiledLibrary, alias: Json): CompiledLibrary | undefined {
  const include = definitions(library.elm, 'includes').find((each) => each.localIdentifier === alias)
  const id = String(include?.path).slice(String(include?.path).lastIndexOf('/') + 1)
  return library.includes.find(
    ({ identifier }) =>
      identifier.id === id && (include?.version === undefined || include.version === identifier.version),
  )
}

/** The expression of a define. */
export function expressionOf(library: CompiledLibrary, define: string): JsonObject | undefined {
  const found = definitions(library.elm, 'statements').find(
    (each) => each.type !== 'FunctionDef' && each.name === define,
  )
  return isJsonObject(found?.expression) ? found.expression : undefined
}

function sourcesOf(query: JsonObject): { alias: string; expression: JsonObject }[] {
  const listed = [...[query.source ?? []].flat(), ...[query.relationship ?? []].flat()]
  return listed.flatMap((each) =>
    isJsonObject(each) && isJsonObject(each.expression)
      ? [{ alias: String(each.alias), expression: each.expression }]
      : [],
  )
}

/** Names that the clauses of a query may use. */
function queryScope(query: JsonObject, outer: Scope): Scope {
  const inner: Scope = { library: outer.library, names: new Map(outer.names) }
  for (const { alias, expression } of sourcesOf(query)) inner.names.set(alias, { node: expression, scope: outer })
  for (const each of [query.let ?? []].flat())
    if (isJsonObject(each) && isJsonObject(each.expression))
      inner.names.set(String(each.identifier), { node: each.expression, scope: inner })
  return inner
}

/** Expressions right below a node, through members that are none themselves (sources, lets, case items). */
export function childrenOf(node: JsonObject, scope: Scope): Found[] {
  const inner = node.type === 'Query' ? queryScope(node, scope) : scope
  const found: Found[] = []
  const look = (value: Json | undefined): void => {
    if (Array.isArray(value)) for (const each of value) look(each)
    else if (isJsonObject(value)) {
      if (typeof value.localId === 'string') found.push({ node: value, scope: inner })
      else for (const each of Object.values(value)) look(each)
    }
  }
  for (const each of Object.values(node)) look(each)
  return found
}
