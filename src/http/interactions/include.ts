import { jsonSize } from '../../base/json-size.ts'
import { ownFirst } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import {
  type IncludeDirective,
  type ParsedSearch,
  referencesOf,
  searchParameters,
} from '../../fhir/search/parse-search.ts'
import { isSearchableType } from '../../fhir/search/search-parameters.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import type { Budget } from '../../workers/budget.ts'
import { isProtectedType } from '../audit/audit-event.ts'
import type { HttpContext } from '../context.ts'
import { supportedTypes } from '../describe/stored-types.ts'

/** Bounds of `_include`: what a page may draw in, and how often `:iterate` goes on. */
const maximumIncluded = 1000
const maximumRounds = 5
/** Of what is drawn in. */
const maximumCharacters = 5_000_000

/**
 * What `_include` and `_revinclude` draw in beside the matches; nothing twice
 * (https://hl7.org/fhir/R4/search.html#include).
 */
export async function included(
  context: HttpContext,
  matches: StoredVersion[],
  { include, revinclude }: Pick<ParsedSearch, 'include' | 'revinclude'>,
  budget: Budget,
): Promise<StoredVersion[]> {
  if (include.length + revinclude.length === 0) return []
  const seen = new Set(matches.map(nameOf))
  const found: StoredVersion[] = []
  let frontier = matches
  let left = maximumCharacters
  for (let round = 0; round < maximumRounds && frontier.length > 0; round++) {
    const due = ({ iterate }: IncludeDirective) => round === 0 || iterate
    const next: StoredVersion[] = []
    for (const version of frontier) {
      const drawn = [
        ...(await referenced(context, version, include.filter(due), budget)),
        ...(await budget.runAsync(() => referring(context, version, revinclude.filter(due)))),
      ]
      for (const each of drawn) {
        if (seen.has(nameOf(each)) || found.length + next.length >= maximumIncluded) continue
        seen.add(nameOf(each))
        left -= jsonSize(each.resource, left)
        if (left < 0) return [...found, ...next]
        next.push(each)
      }
    }
    found.push(...next)
    frontier = next
  }
  return found
}

async function referenced(
  context: HttpContext,
  version: StoredVersion,
  directives: IncludeDirective[],
  budget: Budget,
): Promise<StoredVersion[]> {
  const wanted = await budget.runAsync(async () => directives.flatMap((each) => referencesBy(version, each)))
  const found: StoredVersion[] = []
  for (const { reference, target } of wanted) {
    found.push(...(await budget.runAsync(() => resolve(context, reference, target))))
  }
  return found
}

interface Wanted {
  reference: string
  target: string | undefined
}

/** What a resource refers to, as far as a directive asks for it. */
function referencesBy({ type, resource }: StoredVersion, { source, parameter, target }: IncludeDirective): Wanted[] {
  if (!resource || source !== type) return []
  const known = searchParameters(source)
  const chosen =
    parameter === '*' ? [...known.values()].filter(({ type }) => type === 'reference') : [known.get(parameter)]
  const references = chosen.flatMap((each) => (each ? referencesOf(resource, each) : []))
  return [...new Set(references)].map((reference) => ({ reference, target }))
}

async function resolve(context: HttpContext, reference: string, target: string | undefined): Promise<StoredVersion[]> {
  const local = reference.startsWith(`${context.settings.baseUrl}/`)
    ? reference.slice(context.settings.baseUrl.length + 1)
    : reference
  const literal = /^([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(local)
  if (literal) {
    const [, type = '', id = ''] = literal
    if (!isSearchableType(type) || isHidden(context, type) || (target !== undefined && target !== type)) return []
    return present(await context.storage.read(type, id))
  }
  const { url, version } = parseCanonical(reference)
  for (const type of target === undefined ? supportedTypes : [target]) {
    if (isHidden(context, type)) continue
    const stored = ownFirst(await context.storage.findCanonical(type, url))
    const fitting = stored.find((each) => version === undefined || ('version' in each && each.version === version))
    if (fitting?.id !== undefined) return present(await context.storage.read(type, fitting.id))
  }
  return []
}

async function referring(
  context: HttpContext,
  version: StoredVersion,
  directives: IncludeDirective[],
): Promise<StoredVersion[]> {
  const found: StoredVersion[] = []
  const values = [{ value: `${version.type}/${version.id}` }]
  const url = version.resource && 'url' in version.resource ? version.resource.url : undefined
  if (url !== undefined) values.push({ value: url })
  for (const { source, parameter } of directives) {
    if (parameter === '*' || !isSearchableType(source) || isHidden(context, source)) continue
    const conditions = [{ parameter, values }]
    const query = { type: source, conditions, sort: [], count: maximumIncluded, total: 'none' as const }
    found.push(...(await context.storage.search(query)).matches)
  }
  return found
}

/** What no page draws in: what is not public, and what this server does not serve. */
const isHidden = ({ settings }: HttpContext, type: string): boolean =>
  isProtectedType(type) || settings.routes?.typeOff(type) !== undefined

function present(version: StoredVersion | undefined): StoredVersion[] {
  return version?.resource ? [version] : []
}

function nameOf({ type, id }: StoredVersion): string {
  return `${type}/${id}`
}
