import { parseCanonical } from '../fhir/canonical.ts'
import { badRequest } from '../fhir/error.ts'
import { booleanParameter, textParameter } from '../fhir/operation.ts'
import type { Parameter, Parameters } from '../fhir/types.ts'
import type { Steps } from '../workers/budget.ts'
import { requireSameArtefact } from './request/agreement.ts'
import { txError } from './request/messages.ts'
import { type Request, resourceParameter } from './request/request.ts'
import { queryOf, valueSetRules } from './request/requested-set.ts'
import { valueSetOf } from './request/scope.ts'
import { loaded, type Work } from './request/work.ts'
import { type Clause, type CompiledSet, contentOf } from './value-set/clause.ts'
import { enumeratedRefs, findEnumerated } from './value-set/clause-members.ts'
import { compileValueSet } from './value-set/compile.ts'
import { list, NOTHING_LEFT_OUT } from './value-set/listing.ts'
import type { ValueSetQuery } from './value-set/query.ts'
import { resolveSystem } from './value-set/resolve-clause.ts'

/** How two value sets relate, with the members that show it where they are known. */
interface Comparison {
  result: 'same' | 'superset' | 'subset' | 'overlapping' | 'disjoint' | 'empty'
  expanded: boolean
  /** Members of both, of this one alone, of the other alone; absent where whole systems were compared. */
  codes?: { common: string[]; missing: string[]; extra: string[] }
}

/** `ValueSet/$compare`: how two value sets relate; they are expanded only if their definitions do not tell. */
export function* compareValueSets(request: Request): Work<Parameters> {
  const { parameters } = request
  const one = yield* compiledSide(request, 'this')
  const other = yield* compiledSide(request, 'other')
  const query = queryOf(request, one.canonical)
  for (const set of [one, other]) yield* findEnumerated(contentOf(set).long, query)
  const comparison = byDefinition(one, other, query) ?? (yield* byExpansion(one, other, query, request))
  const parameter: Parameter[] = [
    { name: 'result', valueCode: comparison.result },
    { name: 'message', valueString: MESSAGES[comparison.result](one.canonical, other.canonical) },
    { name: 'performed-expansion', valueBoolean: comparison.expanded },
  ]
  const isSame = comparison.expanded && comparison.result === 'same'
  if (comparison.codes && !isSame && booleanParameter(parameters, 'diagnostics') === true) {
    for (const [kind, codes] of Object.entries(comparison.codes)) {
      if (codes.length > 0) parameter.push({ name: `${kind}-codes`, valueString: codes.toSorted().join(',') })
    }
  }
  return { resourceType: 'Parameters', parameter }
}

const MESSAGES: Record<Comparison['result'], (one: string, other: string) => string> = {
  same: (one, other) => `The value sets ${one} and ${other} contain the same codes`,
  superset: (one, other) => `The valueSet ${one} is a super-set of the valueSet ${other}`,
  subset: (one, other) => `The valueSet ${one} is a sub-set of the valueSet ${other}`,
  overlapping: (one, other) =>
    `Both value sets ${one} and ${other} contain the codes the other doesn't, but there is some overlap`,
  disjoint: (one, other) => `No shared codes between the value sets ${one} and ${other}`,
  empty: (one, other) => `Both the value sets ${one} and ${other} are empty`,
}

function* compiledSide(request: Request, side: 'this' | 'other'): Work<CompiledSet> {
  const { parameters, scope } = request
  const given = resourceParameter(parameters, `${side}ValueSet`, 'ValueSet')
  const url = textParameter(parameters, `${side}Url`)
  if (given) requireSameArtefact(given, { url, version: undefined, versionName: '' })
  if (!given && url === undefined) throw badRequest(`Send ${side}Url or ${side}ValueSet`, 'required')
  if (!given && url !== undefined) yield* loaded(scope, [{ type: 'ValueSet', url: parseCanonical(url).url }])
  const definition = given ?? valueSetOf(scope, url ?? '')
  if (!definition) throw txError('Unable_to_resolve_value_Set_', [url], 404)
  return yield* compileValueSet(definition, { scope, valueSetRules: valueSetRules(request), supplements: [] })
}

/** What the definitions alone tell: equal ones, whole systems, enumerations. */
function byDefinition(one: CompiledSet, other: CompiledSet, query: ValueSetQuery): Comparison | undefined {
  const isWhole = (set: CompiledSet) =>
    isPlain(set) && set.includes.every((each) => !each.concepts && each.filters.length === 0)
  const isEnumerated = (set: CompiledSet) =>
    isPlain(set) && set.includes.every((each) => each.concepts && each.filters.length === 0)
  if (isEnumerated(one) && isEnumerated(other)) {
    const keys = (set: CompiledSet) =>
      set.includes.flatMap((each) => codesOf(each, query).map((code) => `${systemKey(each)}#${code}`))
    return relate(new Set(keys(one)), new Set(keys(other)), false)
  }
  if (describe(one) === describe(other)) return { result: 'same', expanded: false }
  if (isWhole(one) && isWhole(other)) {
    const keys = (set: CompiledSet) => new Set(set.includes.map(systemKey))
    return { result: relate(keys(one), keys(other), false).result, expanded: false }
  }
  return undefined
}

const isPlain = (set: CompiledSet) =>
  set.excludes.length === 0 &&
  !set.dropsInactive &&
  set.includes.length > 0 &&
  set.includes.every((each) => each.identity !== undefined && each.imports.length === 0 && each.missing.length === 0)

const systemKey = (clause: Clause) => `${clause.identity}|${clause.version}`

/** The codes a clause enumerates, as their system writes them where it is here. */
function codesOf(clause: Clause, query: ValueSetQuery): string[] {
  const codes = [...(clause.concepts?.keys() ?? [])]
  const { provider } = resolveSystem(clause, query)
  if (!provider) return codes
  return enumeratedRefs(clause, provider).map((ref, index) =>
    ref === undefined ? (codes[index] ?? '') : provider.code(ref),
  )
}

/** A definition as text that does not depend on the order of its parts. */
function describe(set: CompiledSet): string {
  const clauses = (kind: Clause[]) =>
    kind
      .map((clause) =>
        JSON.stringify([
          systemKey(clause),
          [...(clause.concepts?.keys() ?? [])].toSorted(),
          clause.filters.map(({ property, op, value }) => JSON.stringify([property, op, value])).toSorted(),
          clause.imports.map(describe).toSorted(),
          clause.missing.toSorted(),
        ]),
      )
      .toSorted()
  return JSON.stringify([set.dropsInactive, set.versionsMatch, clauses(set.includes), clauses(set.excludes)])
}

function* byExpansion(one: CompiledSet, other: CompiledSet, query: ValueSetQuery, request: Request): Steps<Comparison> {
  const most = request.around.limits.expansionCodes
  return relate(yield* keysOf(one, query, most), yield* keysOf(other, query, most), true)
}

/** `system#code` of every member. */
function* keysOf(set: CompiledSet, query: ValueSetQuery, most: number): Steps<Set<string>> {
  const listing = yield* list(set, query, { activeOnly: false, without: NOTHING_LEFT_OUT, most })
  if (listing === 'tooMany') throw txError('VALUESET_TOO_COSTLY', [set.canonical, `>${most}`])
  const keys = new Set<string>()
  for (let index = 0; index < listing.size; index++) {
    if (query.pass(1)) yield
    const entry = listing.at(index)
    if (entry) keys.add(`${entry.clause.identity}#${entry.provider.code(entry.ref)}`)
  }
  return keys
}

function relate(ours: Set<string>, theirs: Set<string>, expanded: boolean): Comparison {
  const plain = (keys: Set<string>) => [...keys].map((key) => key.slice(key.indexOf('#') + 1))
  const common = new Set([...ours].filter((key) => theirs.has(key)))
  const missing = new Set([...ours].filter((key) => !theirs.has(key)))
  const extra = new Set([...theirs].filter((key) => !ours.has(key)))
  const codes = { common: plain(common), missing: plain(missing), extra: plain(extra) }
  return { result: resultOf(common.size, missing.size, extra.size), expanded, codes }
}

function resultOf(common: number, missing: number, extra: number): Comparison['result'] {
  if (common + missing + extra === 0) return 'empty'
  if (missing + extra === 0) return 'same'
  if (common === 0) return 'disjoint'
  if (missing > 0 && extra > 0) return 'overlapping'
  return missing > 0 ? 'superset' : 'subset'
}
