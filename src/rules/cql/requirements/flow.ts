/**
 * What the defines of a library ask of the data: every retrieve that is reached, with the elements of it that are looked at, found by
 * following ELM (https://cql.hl7.org/elm.html) without running it.
 */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { unprocessable } from '../../../fhir/error.ts'
import { definitions } from '../translate/elm.ts'
import { helpers } from '../translate/elm-scope.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { declared, libraryOf, type ReachedName } from './declared.ts'

/** A retrieve of a library that is reached. */
export interface ReachedRetrieve {
  node: JsonObject
  library: CompiledLibrary
  /** Paths of elements that are looked at, as ELM writes them. */
  paths: Set<string>
}

/** Everything that is reached. */
export interface Reached {
  retrieves: ReachedRetrieve[]
  valueSets: ReachedName[]
  codes: ReachedName[]
  codeSystems: ReachedName[]
  parameters: ReachedName[]
  /** Libraries whose defines or functions are reached. */
  libraries: Set<CompiledLibrary>
}

/** Where a value comes from: an element of what a retrieve gives, or a tuple of such. */
type Origin = { retrieve: ReachedRetrieve; path: string } | { tuple: Map<string, Origin[]> }

interface Scope {
  library: CompiledLibrary
  names: Map<string, Origin[]>
  /** Functions that are being followed: one that calls itself ends. */
  calls: readonly string[]
}

interface Walk extends Reached {
  steps: number
  byNode: Map<JsonObject, ReachedRetrieve>
  /** What the defines give that were followed. */
  defines: Map<JsonObject, Origin[]>
}

/** Steps of the worst library that anybody would write; functions that call functions multiply. */
const mostSteps = 200_000

/**
 * Follows the defines of that name, or all statements of the library.
 * @throws FhirError 422 too-costly
 */
export function reach(library: CompiledLibrary, names: readonly string[] | undefined): Reached {
  const walk: Walk = {
    retrieves: [],
    valueSets: [],
    codes: [],
    codeSystems: [],
    parameters: [],
    libraries: new Set([library]),
    steps: 0,
    byNode: new Map(),
    defines: new Map(),
  }
  for (const statement of definitions(library.elm, 'statements')) {
    if (names && !names.includes(String(statement.name))) continue
    if (statement.type === 'FunctionDef') follow(statement.expression, emptyScope(library), walk)
    else followDefine(statement, library, walk)
  }
  return walk
}

const emptyScope = (library: CompiledLibrary): Scope => ({ library, names: new Map(), calls: [] })

function followDefine(statement: JsonObject, library: CompiledLibrary, walk: Walk): Origin[] {
  const known = walk.defines.get(statement)
  if (known) return known
  // A define that refers to itself gives nothing more than it gives.
  walk.defines.set(statement, [])
  const origins = follow(statement.expression, emptyScope(library), walk)
  walk.defines.set(statement, origins)
  return origins
}

type Follow = (node: JsonObject, scope: Scope, walk: Walk) => Origin[]

function follow(node: Json | undefined, scope: Scope, walk: Walk): Origin[] {
  if (Array.isArray(node)) return node.flatMap((each) => follow(each, scope, walk))
  if (!isJsonObject(node)) return []
  if (++walk.steps > mostSteps)
    throw unprocessable('The library is too large or too deeply nested to be analysed', 'too-costly')
  const special = Object.hasOwn(follows, String(node.type)) ? follows[String(node.type)] : undefined
  if (special) return special(node, scope, walk)
  const origins = followMembers(node, scope, walk)
  return scalars.has(String(node.type)) ? [] : origins
}

/** Whatever a step is made of; what it gives may be any of it. */
function followMembers(node: JsonObject, scope: Scope, walk: Walk, but: readonly string[] = []): Origin[] {
  return Object.entries(node).flatMap(([name, value]) =>
    passedOver.has(name) || but.includes(name) ? [] : follow(value, scope, walk),
  )
}

/** Members that say what a step is, not what it is made of. */
const passedOver = new Set(['resultTypeSpecifier', 'resultTypeName', 'annotation', 'locator', 'signature'])

/** Steps that give true, false or a number, and so nothing of the data. */
const scalars = new Set([
  'Exists',
  'Equal',
  'NotEqual',
  'Equivalent',
  'Less',
  'LessOrEqual',
  'Greater',
  'GreaterOrEqual',
  'And',
  'Or',
  'Not',
  'Xor',
  'Implies',
  'IsNull',
  'IsTrue',
  'IsFalse',
  'In',
  'InValueSet',
  'AnyInValueSet',
  'Contains',
  'Count',
  'Is',
])

const follows: Record<string, Follow> = {
  Retrieve: followRetrieve,
  Property: followProperty,
  ExpressionRef: followReference,
  FunctionRef: followCall,
  AliasRef: named,
  OperandRef: named,
  QueryLetRef: named,
  Query: followQuery,
  Filter: followFilter,
  ForEach: followFilter,
  Tuple: (node, scope, walk) => [
    { tuple: new Map(objectsIn(node.element).map((each) => [String(each.name), follow(each.value, scope, walk)])) },
  ],
  ValueSetRef: (node, scope, walk) => remember('valueSets', node, scope, walk),
  CodeRef: (node, scope, walk) => remember('codes', node, scope, walk),
  CodeSystemRef: (node, scope, walk) => remember('codeSystems', node, scope, walk),
  ParameterRef: (node, scope, walk) => remember('parameters', node, scope, walk),
  ConceptRef: (node, scope, walk) => {
    const found = declared(node, 'concepts', scope)
    for (const code of objectsIn(found?.definition.code)) remember('codes', code, found ?? scope, walk)
    return []
  },
}

function named({ name }: JsonObject, { names }: Scope): Origin[] {
  return names.get(String(name)) ?? []
}

function followRetrieve(node: JsonObject, scope: Scope, walk: Walk): Origin[] {
  followMembers(node, scope, walk)
  let retrieve = walk.byNode.get(node)
  if (!retrieve) {
    retrieve = { node, library: scope.library, paths: new Set() }
    walk.byNode.set(node, retrieve)
    walk.retrieves.push(retrieve)
  }
  return [{ retrieve, path: '' }]
}

function followProperty(node: JsonObject, scope: Scope, walk: Walk): Origin[] {
  const from = isJsonObject(node.source)
    ? follow(node.source, scope, walk)
    : (scope.names.get(String(node.scope)) ?? [])
  return look(from, String(node.path))
}

/** An element of origins. */
function look(from: readonly Origin[], path: string): Origin[] {
  return from.flatMap((origin): Origin[] => {
    if ('tuple' in origin) return origin.tuple.get(path) ?? []
    const whole = origin.path === '' ? path : `${origin.path}.${path}`
    origin.retrieve.paths.add(whole)
    return [{ retrieve: origin.retrieve, path: whole }]
  })
}

function followReference(node: JsonObject, scope: Scope, walk: Walk): Origin[] {
  const library = libraryOf(node, scope)
  if (!library || library.identifier.id === helpers) return []
  walk.libraries.add(library)
  const found = definitions(library.elm, 'statements').find(
    (each) => each.type !== 'FunctionDef' && each.name === node.name,
  )
  return found ? followDefine(found, library, walk) : []
}

function followCall(node: JsonObject, scope: Scope, walk: Walk): Origin[] {
  const operands = objectsIn(node.operand).map((each) => follow(each, scope, walk))
  const library = libraryOf(node, scope)
  // Conversions look at the whole of what they are given, which is told by its own path.
  if (!library || library.identifier.id === helpers) return []
  walk.libraries.add(library)
  const called = definitions(library.elm, 'statements').filter(
    (each) =>
      each.type === 'FunctionDef' && each.name === node.name && objectsIn(each.operand).length === operands.length,
  )
  const key = `${library.canonical} ${node.name} ${operands.length}`
  if (scope.calls.includes(key)) return []
  // Overloads: which of them is called is told by types, and each is followed.
  return called.flatMap((each) => {
    const names = new Map(objectsIn(each.operand).map(({ name }, index) => [String(name), operands[index] ?? []]))
    return follow(each.expression, { library, names, calls: [...scope.calls, key] }, walk)
  })
}

function followQuery(node: JsonObject, outer: Scope, walk: Walk): Origin[] {
  const scope: Scope = { ...outer, names: new Map(outer.names) }
  const sources = objectsIn(node.source).map((each) => {
    const origins = follow(each.expression, outer, walk)
    scope.names.set(String(each.alias), origins)
    return origins
  })
  for (const each of objectsIn(node.let)) scope.names.set(String(each.identifier), follow(each.expression, scope, walk))
  for (const each of objectsIn(node.relationship)) {
    const inner: Scope = { ...scope, names: new Map(scope.names) }
    inner.names.set(String(each.alias), follow(each.expression, scope, walk))
    follow(each.suchThat, inner, walk)
  }
  follow(node.where, scope, walk)
  const returned = isJsonObject(node.return) ? follow(node.return.expression, scope, walk) : undefined
  const given = returned ?? (sources.length === 1 ? (sources[0] ?? []) : [])
  if (isJsonObject(node.aggregate)) return follow(node.aggregate, scope, walk)
  followSort(node.sort, given, scope, walk)
  return given
}

/** A sort names elements of what the query gives. */
function followSort(sort: Json | undefined, given: Origin[], scope: Scope, walk: Walk): void {
  if (!isJsonObject(sort)) return
  const inner: Scope = { ...scope, names: new Map([...scope.names, ['$this', given]]) }
  for (const by of objectsIn(sort.by)) {
    if (typeof by.path === 'string') look(given, by.path)
    for (const name of identifiers(by.expression)) look(given, name)
    follow(by.expression, inner, walk)
  }
}

function identifiers(node: Json | undefined): string[] {
  if (Array.isArray(node)) return node.flatMap(identifiers)
  if (!isJsonObject(node)) return []
  const own = node.type === 'IdentifierRef' && typeof node.name === 'string' ? [node.name] : []
  return [...own, ...Object.values(node).flatMap(identifiers)]
}

function followFilter(node: JsonObject, outer: Scope, walk: Walk): Origin[] {
  const source = follow(node.source, outer, walk)
  const scope: Scope = { ...outer, names: new Map([...outer.names, [String(node.scope ?? '$this'), source]]) }
  const inner = followMembers(node, scope, walk, ['source'])
  return node.type === 'Filter' ? source : inner
}

/** Remembers a definition that is named, once, and what it is made of. */
function remember(section: Section, node: JsonObject, scope: Pick<Scope, 'library'>, walk: Walk): Origin[] {
  const found = declared(node, section, scope)
  if (!found || walk[section].some(({ definition }) => definition === found.definition)) return []
  walk[section].push(found)
  const { codeSystem } = found.definition
  if (isJsonObject(codeSystem)) remember('codeSystems', codeSystem, found, walk)
  return []
}

type Section = 'valueSets' | 'codes' | 'codeSystems' | 'parameters'
