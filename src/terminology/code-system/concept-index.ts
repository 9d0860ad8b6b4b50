import { formatCanonical } from '../../fhir/canonical.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept, Extension } from '../../fhir/types.ts'
import type { CodeSystemHead, CodeSystemProvider, ConceptProperty, Designation, Ref } from './code-system.ts'
import { EXTENSION, extensionText } from './extensions.ts'
import { buildHierarchy, type ConceptRow, type Hierarchy } from './hierarchy.ts'
import { asOrdinal, filteredSelection, rangeSelection } from './selection.ts'
import { buildTextIndex, type TextIndex } from './text-index.ts'

export type { ConceptRow } from './hierarchy.ts'

const PROPERTY_URI = 'http://hl7.org/fhir/concept-properties#'
const INACTIVE_STATUS = new Set(['retired', 'inactive', 'withdrawn'])

/** Compiles a CodeSystem resource; every answer about its codes comes from the result. */
export function indexCodeSystem(resource: CodeSystem): CodeSystemProvider {
  const head = headOf(resource)
  return indexConcepts(head, rowsOf(resource, head))
}

const unusable = (resource: CodeSystem, fault: string) =>
  unprocessable(
    `The CodeSystem '${formatCanonical(resource.url ?? '', resource.version)}' cannot be processed: ${fault}`,
  )

/**
 * What is known of a code system beside its concepts.
 * @throws FhirError 422 for one that has a modifier, which may change what its codes mean
 */
export function headOf(resource: CodeSystem): CodeSystemHead {
  if (resource.modifierExtension || resource.implicitRules || resource.property?.some(isModified))
    throw unusable(resource, 'it has a modifier that is not understood')
  const head: CodeSystemHead = {
    url: resource.url ?? '',
    name: resource.name ?? resource.title ?? resource.url ?? '',
    status: resource.status ?? 'unknown',
    experimental: resource.experimental === true,
    content: resource.content ?? 'complete',
    caseSensitive: resource.caseSensitive === true,
    ...(resource.caseSensitive === undefined && { caseUnstated: true as const }),
    properties: new Map(),
    supplements: [],
  }
  const standardsStatus = extensionText(resource.extension, EXTENSION.standardsStatus)
  if (resource.version) head.version = resource.version
  if (resource.language) head.language = resource.language
  if (standardsStatus) head.standardsStatus = standardsStatus
  if (resource.valueSet) head.valueSet = resource.valueSet
  if (resource.hierarchyMeaning) head.hierarchyMeaning = resource.hierarchyMeaning
  if (resource.versionNeeded) head.versionNeeded = true
  if (resource.compositional) head.compositional = true
  for (const property of resource.property ?? []) {
    head.properties.set(property.code, { ...(property.uri && { uri: property.uri }), type: property.type })
  }
  return head
}

/** Code of the property that has the standard meaning `name`: the one with that uri, else the one of that name. */
export function standardProperty(head: CodeSystemHead, name: string): string {
  for (const [code, { uri }] of head.properties) if (uri === PROPERTY_URI + name) return code
  return name
}

/** Reads the parents and children that a concept's properties name (`parent`, `subsumedBy`, `child`, or those with their uri). */
export function linkReader(head: CodeSystemHead) {
  const parentProperty = new Set([standardProperty(head, 'parent'), 'parent', 'subsumedBy'])
  const childProperty = new Set([standardProperty(head, 'child'), 'child'])
  const codes = (concept: CodeSystemConcept, wanted: Set<string>) =>
    (concept.property ?? []).flatMap((each) =>
      wanted.has(each.code) ? (each.valueCode ?? each.valueString) || [] : [],
    )
  return (concept: CodeSystemConcept): { parents: string[]; children: string[] } => ({
    parents: codes(concept, parentProperty),
    children: codes(concept, childProperty),
  })
}

function* rowsOf(resource: CodeSystem, head: CodeSystemHead): Generator<ConceptRow> {
  const links = linkReader(head)
  const parentsByChild = new Map<string, string[]>()
  const flat: { concept: CodeSystemConcept; parent?: string }[] = []
  const stack = (resource.concept ?? []).map((concept): (typeof flat)[number] => ({ concept })).reverse()
  for (let next = stack.pop(); next; next = stack.pop()) {
    flat.push(next)
    const { concept } = next
    requireParts(concept, resource)
    for (const child of links(concept).children) {
      parentsByChild.set(child, [...(parentsByChild.get(child) ?? []), concept.code])
    }
    for (const child of [...(concept.concept ?? [])].reverse()) stack.push({ concept: child, parent: concept.code })
  }
  for (const { concept, parent } of flat) {
    const named = [parent, ...links(concept).parents, ...(parentsByChild.get(concept.code) ?? [])]
    const parents = named.filter((each) => each !== undefined)
    const bare = !concept.definition && !concept.designation && !concept.property && !concept.extension
    yield { code: concept.code, display: concept.display, parents: [...new Set(parents)], ...(!bare && { concept }) }
  }
}

const isModified = ({ modifierExtension }: { modifierExtension?: Extension[] | undefined }) =>
  modifierExtension !== undefined

/** 422 for a concept that lacks what every concept must have, or has what nobody understands, naming the resource. */
export function requireParts(concept: CodeSystemConcept, resource: CodeSystem): void {
  const { code, designation, property } = concept
  const isAltered = isModified(concept) || designation?.some(isModified) || property?.some(isModified)
  const fault = !code
    ? 'a concept has no code'
    : designation?.some((each) => !each.value)
      ? `a designation of the concept '${code}' has no value`
      : property?.some((each) => !each.code)
        ? `a property of the concept '${code}' has no code`
        : isAltered
          ? `the concept '${code}' has a modifier that is not understood`
          : undefined
  if (fault !== undefined) throw unusable(resource, fault)
}

/** Compiles concepts, given one after the other; a code that comes twice keeps its first concept. */
export function indexConcepts(head: CodeSystemHead, rows: Iterable<ConceptRow>): CodeSystemProvider {
  const { codes, displays, concepts, ordinalOf, parent, end, extraParents } = buildHierarchy(rows)
  const anyCase = head.caseSensitive ? undefined : caseFolder(codes, head)
  const used = new Set(head.properties.keys())
  const statusProperty = standardProperty(head, 'status')
  const flags = conceptFlags(head, concepts, used)
  const detail = (ref: Ref) => concepts[asOrdinal(ref)]
  const all = rangeSelection(0, codes.length)
  let text: TextIndex | undefined
  const { subsumes, parentsOf, childrenOf } = relationsOf({ parent, end, extraParents })
  return {
    head,
    all,
    hierarchical: parent.some((each) => each >= 0),
    hasInactive: flags.some((each) => (each & 1) === 1),
    locate: (code) => ordinalOf.get(code) ?? anyCase?.(code),
    code: (ref) => codes[asOrdinal(ref)] ?? '',
    display: (ref) => displays[asOrdinal(ref)],
    definition: (ref) => detail(ref)?.definition,
    designations: (ref) => detail(ref)?.designation ?? NO_DESIGNATIONS,
    properties: (ref) => propertiesOf(detail(ref)),
    extensions: (ref) => detail(ref)?.extension ?? NO_EXTENSIONS,
    isInactive: (ref) => ((flags[asOrdinal(ref)] ?? 0) & 1) === 1,
    isAbstract: (ref) => ((flags[asOrdinal(ref)] ?? 0) & 2) === 2,
    status: (ref) => statusOf(detail(ref), statusProperty),
    parents: (ref) => parentsOf(asOrdinal(ref)),
    children: (ref) => childrenOf(asOrdinal(ref)),
    subsumes,
    descendants: (ref) =>
      extraParents.size === 0
        ? rangeSelection(asOrdinal(ref), end[asOrdinal(ref)] ?? 0)
        : filteredSelection(all, (each) => subsumes(ref, each)),
    hasProperty: (code) => used.has(code),
    search: (wanted) => {
      text ??= buildTextIndex(codes.length, (ordinal) => textsOf(codes[ordinal], displays[ordinal], concepts[ordinal]))
      return text.search(wanted)
    },
  }
}

/**
 * Finds a code without regard to case: of several the first; none where the system does not say that case is of no
 * account, for then several show that it is. The index is made for the first code that is not found as it is written.
 */
function caseFolder(codes: string[], { caseUnstated }: CodeSystemHead): (code: string) => number | undefined {
  let folded: Map<string, number | undefined> | undefined
  return (wanted) => {
    folded ??= foldedCodes(codes, caseUnstated === true)
    return folded.get(wanted.toLowerCase())
  }
}

function foldedCodes(codes: string[], onlyUnique: boolean): Map<string, number | undefined> {
  const folded = new Map<string, number | undefined>()
  codes.forEach((code, ordinal) => {
    const lower = code.toLowerCase()
    if (!folded.has(lower)) folded.set(lower, ordinal)
    else if (onlyUnique) folded.set(lower, undefined)
  })
  return folded
}

/** Bits of every concept (inactive 1, abstract 2); notes the properties in use on the way. */
function conceptFlags(
  head: CodeSystemHead,
  concepts: (CodeSystemConcept | undefined)[],
  used: Set<string>,
): Uint8Array {
  const read = flagReader(head)
  return Uint8Array.from(concepts, (concept) => {
    for (const property of concept?.property ?? []) used.add(property.code)
    return read(concept)
  })
}

/** Reads the bits of a concept: inactive 1, abstract 2. */
export function flagReader(head: CodeSystemHead): (concept: CodeSystemConcept | undefined) => number {
  const names = {
    abstract: standardProperty(head, 'notSelectable'),
    inactive: standardProperty(head, 'inactive'),
    status: standardProperty(head, 'status'),
  }
  return (concept) => flagsOf(concept, names)
}

/** Questions about ancestry, answered by the numbering and, where concepts have several parents, by climbing. */
function relationsOf({ parent, end, extraParents }: Pick<Hierarchy, 'parent' | 'end' | 'extraParents'>) {
  const within = (ancestor: number, ref: number) => ref >= ancestor && ref < (end[ancestor] ?? 0)
  const subsumes = (ancestor: Ref, descendant: Ref) =>
    within(asOrdinal(ancestor), asOrdinal(descendant)) ||
    (extraParents.size > 0 && climbs(asOrdinal(ancestor), asOrdinal(descendant)))
  const climbs = (ancestor: number, start: number) => {
    const seen = new Set([start])
    for (const ref of seen) {
      if (within(ancestor, ref)) return true
      for (const up of parentsOf(ref)) seen.add(up)
    }
    return false
  }
  const parentsOf = (ref: number) => {
    const tree = parent[ref] ?? -1
    const extra = extraParents.get(ref)
    return tree < 0 ? (extra ?? []) : extra ? [tree, ...extra] : [tree]
  }
  const extraChildren = new Map<number, number[]>()
  for (const [child, ups] of extraParents) {
    for (const up of ups) extraChildren.set(up, [...(extraChildren.get(up) ?? []), child])
  }
  const childrenOf = (ref: number) => {
    const below: number[] = []
    for (let child = ref + 1; child < (end[ref] ?? 0); child = end[child] ?? child + 1) below.push(child)
    return below.concat(extraChildren.get(ref) ?? [])
  }
  return { subsumes, parentsOf, childrenOf }
}

const NO_DESIGNATIONS: Designation[] = []
const NO_EXTENSIONS: Extension[] = []
const NO_PROPERTIES: ConceptProperty[] = []

/** CodeSystem.concept.property.value[x] in R4. */
const VALUE_MEMBERS = [
  'valueCode',
  'valueString',
  'valueCoding',
  'valueBoolean',
  'valueInteger',
  'valueDecimal',
  'valueDateTime',
] as const

/** Property values in a form that names the member once. */
export function propertiesOf(concept: Pick<CodeSystemConcept, 'property'> | undefined): ConceptProperty[] {
  if (!concept?.property) return NO_PROPERTIES
  const found: ConceptProperty[] = []
  for (const property of concept.property) {
    for (const member of VALUE_MEMBERS) {
      const value = property[member]
      if (value === undefined) continue
      found.push({ code: property.code, member, value })
      break
    }
  }
  return found
}

/** Property `status`, else the standards status extension. */
export function statusOf(concept: CodeSystemConcept | undefined, property: string): string | undefined {
  if (!concept) return undefined
  const found = concept.property?.find((each) => each.code === property)
  return found?.valueCode ?? found?.valueString ?? extensionText(concept.extension, EXTENSION.standardsStatus)
}

/** Bit 0: inactive, bit 1: abstract. */
function flagsOf(
  concept: CodeSystemConcept | undefined,
  names: { abstract: string; inactive: string; status: string },
): number {
  if (!concept?.property && !concept?.extension) return 0
  const isTrue = (code: string) =>
    concept.property?.some(
      (each) =>
        each.code === code && (each.valueBoolean === true || each.valueCode === 'true' || each.valueString === 'true'),
    )
  const status = statusOf(concept, names.status)
  const inactive = isTrue(names.inactive) || (status !== undefined && INACTIVE_STATUS.has(status))
  return (inactive ? 1 : 0) | (isTrue(names.abstract) || isTrue('abstract') ? 2 : 0)
}

/** Texts by which a concept is found: code, display, designations. */
export function textsOf(code = '', display: string | undefined, concept: CodeSystemConcept | undefined): string[] {
  const texts = display ? [code, display] : [code]
  for (const designation of concept?.designation ?? []) texts.push(designation.value)
  return texts
}
