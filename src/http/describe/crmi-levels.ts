/**
 * The levels of an artefact repository (http://hl7.org/fhir/uv/crmi/, artifact repository service): each is claimed when everything that
 * it asks for is there, and with all levels below it.
 */
import { searchParameters } from '../../fhir/search/parse-search.ts'
import type { BoundOperation } from '../context.ts'

/** Types that the levels are about, as far as R4 gives them the elements. */
const related = ['ActivityDefinition', 'Library', 'Measure', 'PlanDefinition']
const all = [...related, 'Questionnaire']

/** What one level asks for, beyond those below it. */
interface Level {
  name: 'shareable' | 'publishable' | 'authoring'
  canonical: string
  /** Search parameters, by the types that must have them. */
  searches: readonly (readonly [types: readonly string[], names: readonly string[]])[]
  /** Operations of those types; `system` of the whole. */
  operations: readonly string[]
  systemOperations: readonly string[]
}

const base = 'http://hl7.org/fhir/uv/crmi/CapabilityStatement'

/** The levels, lowest first. */
export const levels: readonly Level[] = [
  {
    name: 'shareable',
    canonical: `${base}/crmi-shareable-artifact-repository`,
    searches: [[all, ['_id', 'url', 'version', 'identifier', 'name', 'title', 'status', 'description']]],
    operations: [],
    systemOperations: [],
  },
  {
    name: 'publishable',
    canonical: `${base}/crmi-publishable-artifact-repository`,
    searches: [
      [all, ['date', 'effective', 'jurisdiction', 'context', 'context-type', 'context-quantity', 'context-type-value']],
      [related, ['topic', 'composed-of', 'depends-on', 'derived-from', 'predecessor', 'successor']],
    ],
    operations: ['package', 'data-requirements'],
    systemOperations: [],
  },
  {
    name: 'authoring',
    canonical: `${base}/crmi-authoring-artifact-repository`,
    searches: [],
    operations: ['draft', 'clone', 'release', 'approve', 'review', 'revise', 'withdraw', 'retire'],
    systemOperations: ['artifact-diff'],
  },
]

type Offered = Pick<BoundOperation, 'name' | 'system' | 'type' | 'instance'>

/** What keeps a level from being claimed; empty when nothing does. */
export function lacking(
  level: Level,
  offered: readonly Offered[],
  parametersOf: (type: string) => ReadonlySet<string> = namesOf,
): string[] {
  const searches = level.searches.flatMap(([types, names]) =>
    types.flatMap((type) => names.filter((name) => !parametersOf(type).has(name)).map((name) => `${type}?${name}`)),
  )
  const has = (name: string, type: string) =>
    offered.some((each) => each.name === name && each.type?.includes(type) && each.instance?.includes(type))
  const operations = level.operations.flatMap((name) =>
    all.filter((type) => !has(name, type)).map((type) => `${type}/$${name}`),
  )
  const ofSystem = level.systemOperations.filter((name) => !offered.some((each) => each.name === name && each.system))
  return [...searches, ...operations, ...ofSystem.map((name) => `$${name}`)]
}

const namesOf = (type: string): ReadonlySet<string> => new Set(searchParameters(type).keys())

/** Canonicals of the levels that are complete. */
export function completeLevels(
  offered: readonly Offered[],
  parametersOf?: (type: string) => ReadonlySet<string>,
): string[] {
  const canonicals: string[] = []
  for (const level of levels) {
    if (lacking(level, offered, parametersOf).length > 0) break
    canonicals.push(level.canonical)
  }
  return canonicals
}
