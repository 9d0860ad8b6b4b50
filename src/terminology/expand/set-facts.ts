/** What every expansion of a value set says, whatever page, text or language is asked for. */
import { keepPerObject } from '../../base/keep.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import type { Extension } from '../../fhir/types.ts'
import type { Steps } from '../../workers/budget.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { EXTENSION } from '../code-system/extensions.ts'
import { systemNames } from '../request/aliases.ts'
import type { ExpansionParameter } from '../request/expansion-parameters.ts'
import { artefactWarnings, warningOfBase } from '../request/resource-status.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import { requireMembers } from '../value-set/clause-members.ts'
import { isLeftOut, type LeftOut, NOTHING_LEFT_OUT } from '../value-set/listing.ts'
import type { Decisions, ValueSetQuery } from '../value-set/query.ts'

/** What follows from a value set and the versions of its code systems alone. It is shared by replies: nobody may change it. */
export interface SetFacts {
  /** Heads of every version of every system that the set takes codes from, each once. */
  heads: CodeSystemHead[]
  /** Whether a system of the set has members without end, of which the listed ones are no total. */
  isEndless: boolean
  /** Extensions that say that the set has members beyond those listed. */
  unclosed: readonly Extension[]
  /** What was used: code systems, value sets, supplements, and warnings about them. */
  used: readonly ExpansionParameter[]
  /** Whether it names or uses more than one version of a system: url → number of versions; undefined where of none. */
  versions: ReadonlyMap<string, number> | undefined
}

/** Kept as long as the decisions that they follow from, where nothing is left out and expressions of grammars are wanted. */
const keptIn = keepPerObject((_: Decisions) => new WeakMap<CompiledSet, SetFacts>())

/** The facts that were found before; undefined where they are to be found for this request. */
export const knownFacts = (set: CompiledSet, query: ValueSetQuery, wish: Wish): SetFacts | undefined =>
  isOrdinary(wish) ? keptIn(query.decided).get(set) : undefined

/** What a request takes away. */
interface Wish {
  without: LeftOut
  /** No expressions that are put together by a grammar. */
  withoutExpressions: boolean
}

const isOrdinary = ({ without, withoutExpressions }: Wish): boolean =>
  without === NOTHING_LEFT_OUT && !withoutExpressions

/** Finds them. @throws FhirError as {@link requireMembers} */
export function* findFacts(set: CompiledSet, query: ValueSetQuery, wish: Wish): Steps<SetFacts> {
  const heads = yield* usedSystems(set, query, wish.without)
  const entirely = openSystems(set, false)
  const open = wish.withoutExpressions ? openSystems(set, true) : entirely
  const facts: SetFacts = {
    heads,
    isEndless: heads.some((each) => each.unbounded?.basedOn && entirely.get(each.url) === 'whole'),
    unclosed: unclosed(heads, open).map((each) => Object.freeze(each)),
    used: usedArtefacts(set, heads, entirely).map((each) => Object.freeze(each)),
    versions: severalVersions(set, heads),
  }
  if (isOrdinary(wish)) keptIn(query.decided).set(set, facts)
  return facts
}

/** Heads of every version of every system that the set takes codes from, each once. */
function* usedSystems(set: CompiledSet, query: ValueSetQuery, without: LeftOut): Steps<CodeSystemHead[]> {
  const heads = new Map<string, CodeSystemHead>()
  for (const clause of contentOf(set).clauses) {
    if (!clause.system || isLeftOut(without, clause.identity, clause.version)) continue
    const { provider, resolution } = requireMembers(clause, query)
    if (query.pass(100)) yield
    if (resolution.isUnknown || isLeftOut(without, clause.identity, provider.head.version)) continue
    heads.set(formatCanonical(provider.head.url, provider.head.version), provider.head)
  }
  return [...heads.values()]
}

function severalVersions(set: CompiledSet, heads: CodeSystemHead[]): SetFacts['versions'] {
  const versions = new Map<string, number>()
  for (const url of namedVersions(set, heads)) versions.set(url, (versions.get(url) ?? 0) + 1)
  return [...versions.values()].some((count) => count > 1) ? versions : undefined
}

/** The url of a system once per version that the set names or uses. */
function namedVersions(set: CompiledSet, heads: CodeSystemHead[]): string[] {
  const named = new Set<string>()
  for (const clause of contentOf(set).clauses)
    if (clause.system && clause.version) named.add(`${clause.version}|${clause.system}`)
  const urls = [...named].map((each) => each.slice(each.indexOf('|') + 1))
  const used = heads.map((each) => each.url)
  return urls.length > used.length ? urls : used
}

/**
 * Systems of which the set takes more than it enumerates: all of it, or what a filter finds; `listed` where it takes no expressions of a
 * grammar, only what can be listed.
 */
function openSystems(set: CompiledSet, isWithoutExpressions: boolean): Map<string, Opening> {
  const open = new Map<string, Opening>()
  for (const { system, concepts, filters } of contentOf(set).clauses) {
    if (!system || concepts) continue
    const refuses = filters.some(({ property, value }) => property === 'expressions' && value === 'false')
    const opening = isWithoutExpressions || refuses ? 'listed' : filters.length > 0 ? 'filtered' : 'whole'
    const known = open.get(system)
    if (known === undefined || OPENINGS.indexOf(opening) > OPENINGS.indexOf(known)) open.set(system, opening)
  }
  return open
}

const OPENINGS = ['listed', 'filtered', 'whole'] as const
type Opening = (typeof OPENINGS)[number]

function unclosed(heads: CodeSystemHead[], open: Map<string, Opening>): Extension[] {
  const reasons: string[] = []
  let isUnclosed = false
  for (const { url, unbounded, content } of heads) {
    const opening = systemNames(url)
      .map((name) => open.get(name))
      .find((each) => each !== undefined)
    if (opening === undefined) continue
    const grammar = `The code System '${url}' has a grammar and so has infinite members`
    if (unbounded?.basedOn) reasons.push(`${grammar}. This extension is based on ${unbounded.basedOn}`)
    else if (unbounded && opening === 'whole') reasons.push(grammar)
    else if (unbounded && opening === 'filtered') isUnclosed = true
    else if (content === 'fragment') reasons.push(`This extension is based on a fragment of the code system ${url}`)
  }
  if (reasons.length === 0 && !isUnclosed) return []
  return [
    { url: EXTENSION.unclosed, valueBoolean: true },
    ...reasons.map((valueString) => ({ url: EXTENSION.unclosedReason, valueString })),
  ]
}

function usedArtefacts(set: CompiledSet, heads: CodeSystemHead[], open: Map<string, Opening>): ExpansionParameter[] {
  const parameters: ExpansionParameter[] = []
  const use = (name: string, valueUri: string) => {
    if (!parameters.some((each) => each.name === name && each.valueUri === valueUri))
      parameters.push({ name, valueUri })
  }
  for (const head of heads) use('used-codesystem', formatCanonical(head.url, head.version))
  for (const imported of contentOf(set).imports) {
    if (!imported.contained && imported.definition.url) use('used-valueset', imported.canonical)
  }
  for (const head of heads) for (const supplement of head.supplements) use('used-supplement', supplement)
  for (const head of heads) {
    if (head.content === 'fragment') use('used-fragment', formatCanonical(head.url, head.version))
  }
  for (const { warning, canonical } of artefactWarnings(set, heads)) use(`warning-${warning}`, canonical)
  for (const { url, unbounded } of heads) {
    const base = open.get(url) === 'whole' ? unbounded?.definition : undefined
    const warning = base && warningOfBase(base, set)
    if (warning) use(`warning-${warning}`, formatCanonical(base?.url, base?.version))
  }
  return parameters
}
