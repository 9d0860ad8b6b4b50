/** Finds what is known to go wrong in published packages. Resources are reported, never changed: terminology acts on it. */
import { parseCanonical } from '../../fhir/canonical.ts'
import { issue } from '../../fhir/error.ts'
import type { CodeSystem, ConceptMap, Issue, Resource, StructureMap, ValueSet } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import { whereabouts } from '../../terminology/names.ts'
import { createPauses } from './pauses.ts'

/** What the search for defects knows beside the resources. */
export interface DefectContext {
  /** Canonical base of the package. */
  canonical: string | undefined
  storage: Pick<Storage, 'findCanonical'>
}

type ConceptMapGroup = NonNullable<ConceptMap['group']>[number]
type Concepts = NonNullable<CodeSystem['concept']>

/** Systems that have one publisher; anybody else's copy is a part of them at best. */
const foreignSystems =
  /^(http:\/\/snomed\.info\/|http:\/\/loinc\.org|http:\/\/unitsofmeasure\.org|http:\/\/hl7\.org\/fhir\/sid\/|http:\/\/id\.who\.int\/|http:\/\/www\.nlm\.nih\.gov\/|https:\/\/ec\.europa\.eu\/health\/documents\/community-register\/)/

/** Warnings about resources of one package, in order of the resources, unresolved canonicals last. */
export async function findDefects(resources: Resource[], context: DefectContext): Promise<Issue[]> {
  const issues: Issue[] = []
  const pause = createPauses()
  const codes = await codesBySystem(resources, pause)
  for (const resource of resources) {
    await pause()
    if ('url' in resource && resource.url?.includes('|')) issues.push(versionInUrl(resource, resource.url))
    if (resource.resourceType === 'CodeSystem') issues.push(...foreignCopy(resource, context))
    if (resource.resourceType === 'ConceptMap') issues.push(...oddGroups(resource, resources, codes))
    issues.push(...(await otherHolders(resource, context)))
  }
  issues.push(...(await unresolved(resources, context, pause)))
  return issues
}

const warning = (text: string, resource: Resource, code: Issue['code'] = 'business-rule') =>
  issue(code, { severity: 'warning', text: `${nameOf(resource)}: ${text}`, expression: resource.resourceType })

const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id ?? ''}`

function versionInUrl(resource: Resource, url: string): Issue {
  const { version } = parseCanonical(url)
  return warning(`the url contains a version; found as ${parseCanonical(url).url}, version ${version ?? ''}.`, resource)
}

function foreignCopy(system: CodeSystem, { canonical }: DefectContext): Issue[] {
  if (system.content !== 'complete' || !system.url || !isForeign(system.url, canonical)) return []
  const text = `republishes ${system.url} as complete (${system.concept?.length ?? 0} codes); it counts as a fragment.`
  return [warning(text, system)]
}

function isForeign(url: string, canonical: string | undefined): boolean {
  if (canonical && url.startsWith(canonical)) return false
  return foreignSystems.test(url)
}

/** Same `url|version` under another id: the one written last is taken. */
async function otherHolders(resource: Resource, { storage }: DefectContext): Promise<Issue[]> {
  if (!('url' in resource) || !resource.url) return []
  const { url, version } = parseCanonical(resource.url)
  const business = ('version' in resource ? resource.version : undefined) ?? version ?? ''
  const stored = await storage.findCanonical(resource.resourceType, url)
  const others = stored.filter(
    (each) => each.id !== resource.id && 'version' in each && (each.version ?? '') === business,
  )
  if (others.length === 0) return []
  return [
    warning(
      `has the same url and version as ${others.map(nameOf).join(', ')}; the one written last is used.`,
      resource,
    ),
  ]
}

type CodesBySystem = Map<string, Map<string, Set<Resource>>>

/** Codes seen per system, by resource: what a code system defines, value sets list and maps mention. */
async function codesBySystem(resources: Resource[], pause: () => Promise<void>): Promise<CodesBySystem> {
  const made = new Map<string, Map<string, Set<Resource>>>()
  const add = (system: string | undefined, code: string | undefined, from: Resource) => {
    if (system === undefined || code === undefined) return
    const codes = made.get(system) ?? new Map<string, Set<Resource>>()
    made.set(system, codes)
    codes.set(code, (codes.get(code) ?? new Set()).add(from))
  }
  for (const resource of resources) {
    await pause()
    if (resource.resourceType === 'CodeSystem')
      for (const code of conceptCodes(resource.concept)) add(resource.url, code, resource)
    if (resource.resourceType === 'ValueSet') {
      for (const include of resource.compose?.include ?? []) {
        for (const each of include.concept ?? []) add(include.system, each.code, resource)
      }
    }
    if (resource.resourceType === 'ConceptMap') {
      for (const group of resource.group ?? []) {
        for (const code of sourceCodes(group)) add(group.source, code, resource)
        for (const code of targetCodes(group)) add(group.target, code, resource)
      }
    }
  }
  return made
}

function conceptCodes(concepts: Concepts | undefined): string[] {
  const made: string[] = []
  // an own stack: nesting comes from outside
  const open = [...(concepts ?? [])]
  for (let each = open.pop(); each; each = open.pop()) {
    made.push(each.code)
    if (each.concept) open.push(...each.concept)
  }
  return made
}

const sourceCodes = (group: ConceptMapGroup) => (group.element ?? []).flatMap((each) => each.code ?? [])
const targetCodes = (group: ConceptMapGroup) =>
  (group.element ?? []).flatMap((each) => (each.target ?? []).flatMap((target) => target.code ?? []))

function oddGroups(map: ConceptMap, resources: Resource[], codes: CodesBySystem): Issue[] {
  const issues: Issue[] = []
  for (const group of map.group ?? []) {
    for (const system of new Set([group.source, group.target])) {
      const isArtefact = resources.some(
        (each) => each.resourceType !== 'CodeSystem' && 'url' in each && each.url === system,
      )
      if (isArtefact || /\/(ValueSet|ConceptMap)\//.test(system ?? '')) {
        issues.push(warning(`a group names ${system ?? ''}, which is no code system.`, map))
      }
    }
    if (isSwapped(map, group, codes)) {
      const text = `source and target of a group are exchanged: its element codes belong to ${group.target ?? ''}, not to ${group.source ?? ''}.`
      issues.push(warning(text, map))
    }
  }
  return issues
}

/** All element codes are strange to the source and known in the target, by what other resources say. */
function isSwapped(map: ConceptMap, group: ConceptMapGroup, codes: CodesBySystem): boolean {
  if (group.source === group.target) return false
  const knownElsewhere = (system: string | undefined, code: string) => {
    const from = codes.get(system ?? '')?.get(code)
    return from !== undefined && [...from].some((each) => each !== map)
  }
  const elements = sourceCodes(group)
  if (elements.length === 0 || elements.some((code) => knownElsewhere(group.source, code))) return false
  return (
    elements.some((code) => knownElsewhere(group.target, code)) &&
    targetCodes(group).some((code) => knownElsewhere(group.source, code))
  )
}

interface Need {
  types: string[]
  url: string
  by: Resource
}

/** Canonicals that neither the package nor the store has: one warning each, with who needs it. */
async function unresolved(resources: Resource[], context: DefectContext, pause: () => Promise<void>): Promise<Issue[]> {
  const own = new Set(
    resources.flatMap((each) =>
      'url' in each && each.url ? [`${each.resourceType} ${parseCanonical(each.url).url}`] : [],
    ),
  )
  const needs = new Map<string, { types: string[]; by: Resource[] }>()
  for (const { types, url, by } of resources.flatMap(needsOf)) {
    const known = needs.get(url)
    if (known) known.by.push(by)
    else needs.set(url, { types, by: [by] })
  }
  const issues: Issue[] = []
  for (const [canonical, { types, by }] of needs) {
    await pause()
    const { url } = parseCanonical(canonical)
    if (url.startsWith('http://hl7.org/fhir/StructureDefinition/')) continue
    const found = await Promise.all(types.map((type) => isHere(type, url, own, context)))
    if (found.some((each) => each)) continue
    const users = [...new Set(by.map(nameOf))]
    const shown = users.length > 3 ? `${users.slice(0, 3).join(', ')} and ${users.length - 3} more` : users.join(', ')
    const text = `${types.join(' or ')} ${canonical} is not here; needed by ${shown}.`
    issues.push(issue('not-found', { severity: 'warning', text }))
  }
  return issues
}

/** Whether the package or the store has it, under whatever name, or it is built in. */
async function isHere(type: string, url: string, own: Set<string>, context: DefectContext): Promise<boolean> {
  const { urls, isBuiltIn } = whereabouts(type, url)
  if (isBuiltIn || urls.some((each) => own.has(`${type} ${each}`))) return true
  for (const each of urls) if ((await context.storage.findCanonical(type, each)).length > 0) return true
  return false
}

function needsOf(resource: Resource): Need[] {
  const need = (types: string[], url: string | undefined): Need[] => {
    return url === undefined || url.includes('*') || url.startsWith('#') ? [] : [{ types, url, by: resource }]
  }
  switch (resource.resourceType) {
    case 'ValueSet':
      return valueSetNeeds(resource, need)
    case 'ConceptMap':
      return [...need(['ValueSet'], resource.sourceCanonical), ...need(['ValueSet'], resource.targetCanonical)]
    case 'StructureDefinition':
      return need(['StructureDefinition'], resource.baseDefinition)
    case 'StructureMap':
      return mapNeeds(resource, need)
    default:
      return []
  }
}

type NeedOf = (types: string[], url: string | undefined) => Need[]

function valueSetNeeds(valueSet: ValueSet, need: NeedOf): Need[] {
  const includes = [...(valueSet.compose?.include ?? []), ...(valueSet.compose?.exclude ?? [])]
  return includes.flatMap((include) => [
    ...(include.valueSet ?? []).flatMap((url) => need(['ValueSet'], url)),
    // a list of codes stands for itself, a whole system or a filter needs the system
    ...(include.concept || !include.system ? [] : need(['CodeSystem'], include.system)),
  ])
}

function mapNeeds(map: StructureMap, need: NeedOf): Need[] {
  const conditions = JSON.stringify(map.group ?? []).matchAll(/memberOf\('([^'"]+)'\)/g)
  return [
    ...(map.structure ?? []).flatMap((each) => need(['StructureDefinition'], each.url)),
    ...(map.import ?? []).flatMap((url) => need(['StructureMap'], url)),
    ...[...conditions].flatMap((each) => need(['ValueSet'], each[1])),
  ]
}
