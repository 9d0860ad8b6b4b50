/** Which StructureDefinitions make one model: see README.md of the rules, "Data models". */
import { canonicalJson } from '../../base/json.ts'
import { mirroredFrom } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { StructureDefinition } from '../../fhir/types.ts'

/** Something that keeps a model from being used, and where. */
export interface ModelFault {
  /** Path of the element, or canonical of the StructureDefinition. */
  path: string
  /** The end of a sentence that begins with the path. */
  text: string
}

/** What a model is made of. */
export interface Gathered {
  /** It begins with this one. */
  root: StructureDefinition
  /** What the root is derived from, nearest first, then the root, then what is derived from it, each after its base. */
  family: StructureDefinition[]
  /** The definition that another one names, by canonical or by type. */
  find(named: string): StructureDefinition | undefined
  /** What is stored more than once with different content, of all that was found so far: which of them is meant nobody can say. */
  ambiguous(): ModelFault[]
}

/** Elements of all StructureDefinitions of the largest model that anybody would write rules over; R4 itself has some six thousand. */
const mostElements = 2000

/** Whether it is a model of its own kind, and no profile of one. */
export const isLogical = ({ kind, derivation }: StructureDefinition): boolean =>
  kind === 'logical' && derivation !== 'constraint'

/** What stands before `/StructureDefinition/` in a canonical: whoever publishes there publishes the model as a whole. */
export function placeOf(definition: { url?: string }): string {
  const { url } = parseCanonical(definition.url ?? '')
  const end = url.lastIndexOf('/StructureDefinition/')
  return url.slice(0, end < 0 ? Math.max(0, url.lastIndexOf('/')) : end)
}

/**
 * Gathers what belongs to a root; `given` are the definitions that may be used, preferred ones first. Nobody takes a canonical from whoever
 * publishes the root, nor from us.
 */
export function gather(root: StructureDefinition, given: readonly StructureDefinition[]): Gathered | ModelFault {
  const rank = (each: StructureDefinition) =>
    [mirroredFrom(root), undefined, mirroredFrom(each)].indexOf(mirroredFrom(each))
  const all = given.toSorted((a, b) => rank(a) - rank(b))
  const used = new Set<StructureDefinition>()
  const findAny = finder(root, all)
  const find = (canonical: string) => {
    const found = findAny(canonical)
    if (found) used.add(found)
    return found
  }
  const bases: StructureDefinition[] = []
  for (let each: StructureDefinition | undefined = root; each; ) {
    const base: StructureDefinition | undefined = each.baseDefinition ? find(each.baseDefinition) : undefined
    // A snapshot says it all.
    if (!base && each.baseDefinition && !each.snapshot && !isFoundation(each.baseDefinition))
      return { path: named(each), text: `is derived from ${each.baseDefinition}, which is not known to this server` }
    if (base && (base === root || bases.includes(base)))
      return { path: named(each), text: 'is derived from itself, by way of its bases' }
    if (base) bases.push(base)
    each = base
  }
  const family = [...bases.toReversed(), root, ...derivedFrom(root, all)]
  const elements = family.reduce((sum, each) => sum + elementsOf(each).length, 0)
  if (elements > mostElements)
    return {
      path: named(root),
      text: `has ${elements} elements with all that belongs to it, and may have ${mostElements}`,
    }
  const isRivalOf = (one: StructureDefinition) => (other: StructureDefinition) =>
    isLogical(other) &&
    named(other) === named(one) &&
    rank(other) === rank(one) &&
    (other.status === 'active') === (one.status === 'active') &&
    contentOf(other) !== contentOf(one)
  const ambiguous = () =>
    [...new Set([...family, ...used])]
      .filter((each) => all.some(isRivalOf(each)))
      .map((each) => ({ path: named(each), text: 'is stored more than once, with different content' }))
  return { root, family, find, ambiguous }
}

/** What a definition says, whatever the server has noted beside it. */
const contentOf = ({ id, meta, text, ...said }: StructureDefinition) => canonicalJson(said)

/** `url|version` of a definition. */
export const named = ({ url = '', version }: StructureDefinition): string =>
  version === undefined ? url : `${url}|${version}`

/** The elements of a definition, the root first. */
export const elementsOf = ({ snapshot, differential }: StructureDefinition) =>
  snapshot?.element ?? differential?.element ?? []

/** Where FHIR itself begins. */
const isFoundation = (canonical: string): boolean =>
  /^http:\/\/hl7\.org\/fhir\/StructureDefinition\/(?:Base|Element|BackboneElement|DataType|BackboneType)$/.test(
    parseCanonical(canonical).url,
  )

/** By canonical; in the version that is named, else in the root's own. A type is found where one definition alone declares it. */
function finder(root: StructureDefinition, all: readonly StructureDefinition[]): Gathered['find'] {
  const usable = [root, ...all].filter(isLogical)
  const preferred = (fit: StructureDefinition[]) => fit.find((each) => each.version === root.version) ?? fit[0]
  return (canonical) => {
    const { url, version } = parseCanonical(canonical)
    const byUrl = usable.filter((each) => each.url === url && (version === undefined || each.version === version))
    if (byUrl.length > 0) return preferred(byUrl)
    const byType = usable.filter(({ type }) => type === url)
    return new Set(byType.map((each) => each.url)).size === 1 ? preferred(byType) : undefined
  }
}

/** What the same publisher derives from the root under the same version, whatever he calls it: whoever else does begins a model of his own. */
function derivedFrom(root: StructureDefinition, all: readonly StructureDefinition[]): StructureDefinition[] {
  const near = all.filter(
    (each) =>
      isLogical(each) && each.version === root.version && placeOf(each) === placeOf(root) && each.url !== root.url,
  )
  const found: StructureDefinition[] = []
  const urls = new Set([root.url])
  for (let grown = true; grown; ) {
    grown = false
    for (const each of near) {
      if (urls.has(each.url) || !urls.has(parseCanonical(each.baseDefinition ?? '').url)) continue
      urls.add(each.url)
      found.push(each)
      grown = true
    }
  }
  return found
}
