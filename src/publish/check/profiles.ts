/**
 * What an artefact must have when it says that it is shareable, publishable, computable, executable, expanded or a manifest: the profiles
 * of CRMI (http://hl7.org/fhir/uv/crmi/, profiles), and those of R4 itself (https://hl7.org/fhir/R4/shareablevalueset.html and the like).
 */
import { nearestName } from '../../base/nearest.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { manifestFaults } from '../lifecycle/manifest-shape.ts'

const crmi = 'http://hl7.org/fhir/uv/crmi/StructureDefinition/'
const core = 'http://hl7.org/fhir/StructureDefinition/'

/** One demand: an element that must or should be there, or something that is looked at. */
type Demand =
  | { element: string; isWish?: boolean }
  /** What is wrong, with the element, as the end of a sentence; undefined when nothing is. */
  | { element: string; fault(resource: Resource): string | undefined }

const elements = (...names: string[]): Demand[] => names.map((element) => ({ element }))
const wishes = (...names: string[]): Demand[] => names.map((element) => ({ element, isWish: true }))

const shareable = [
  ...elements('url', 'version', 'title', 'status', 'description'),
  ...wishes('name', 'experimental', 'publisher'),
]
const publishable = [...shareable, ...elements('date')]
const coreShareable = elements('url', 'version', 'name', 'status', 'experimental', 'publisher', 'description')

/** Whether one of the contents of a Library has a media type. */
const contentOf = (pattern: RegExp, what: string): Demand => ({
  element: 'content',
  fault: (resource) => {
    const { content } = asJson(resource)
    const types = Array.isArray(content) ? content.map((each) => asMembers(each).contentType) : []
    return types.some((each) => typeof each === 'string' && pattern.test(each)) ? undefined : `has no ${what}`
  },
})

const asMembers = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const libraryType = (code: string): Demand => ({
  element: 'type',
  fault: (resource) => {
    const { coding } = asMembers(asJson(resource).type)
    const codes = Array.isArray(coding) ? coding.map((each) => asMembers(each).code) : []
    return codes.includes(code) ? undefined : `is not ${code}`
  },
})

const manifest: Demand = {
  element: 'relatedArtifact',
  fault: (resource) => (resource.resourceType === 'Library' ? manifestFaults(resource)[0] : 'is no manifest'),
}

const expanded: Demand = {
  element: 'expansion',
  fault: (resource) => {
    const { timestamp, contains, total } = asMembers(asJson(resource).expansion)
    if (timestamp === undefined) return 'has no timestamp'
    return Array.isArray(contains) || total === 0 ? undefined : 'has no members'
  },
}

/** Demands by what a profile is called: `crmi-` and a capability, then the type in lower case. */
const capabilities: Readonly<Record<string, { types?: readonly string[]; demands: readonly Demand[] }>> = {
  shareable: { demands: shareable },
  publishable: { demands: publishable },
  computablelibrary: {
    types: ['Library'],
    demands: [...elements('type'), contentOf(/^text\/|json$/, 'text of a logic')],
  },
  computablevalueset: { types: ['ValueSet'], demands: elements('compose') },
  computableplandefinition: { types: ['PlanDefinition'], demands: elements('type', 'action') },
  executablelibrary: {
    types: ['Library'],
    demands: [
      ...elements('type'),
      contentOf(/^application\/elm\+(?:xml|json)$/, 'translated logic (application/elm+json)'),
    ],
  },
  executablevalueset: { types: ['ValueSet'], demands: [...elements('expansion'), expanded] },
  expandedvalueset: { types: ['ValueSet'], demands: [...elements('expansion'), expanded] },
  manifestlibrary: {
    types: ['Library'],
    demands: [libraryType('asset-collection'), ...elements('relatedArtifact'), manifest],
  },
  moduledefinitionlibrary: { types: ['Library'], demands: [libraryType('module-definition')] },
}

/** Profiles of R4 itself, by the tail of their urls. */
const coreProfiles: Readonly<Record<string, { type: string; demands: readonly Demand[] }>> = {
  shareablevalueset: { type: 'ValueSet', demands: coreShareable },
  shareablecodesystem: { type: 'CodeSystem', demands: [...coreShareable, ...elements('caseSensitive', 'content')] },
  shareablelibrary: { type: 'Library', demands: coreShareable },
  shareableplandefinition: { type: 'PlanDefinition', demands: coreShareable },
  shareableactivitydefinition: { type: 'ActivityDefinition', demands: coreShareable },
  shareablemeasure: { type: 'Measure', demands: coreShareable },
  computableplandefinition: { type: 'PlanDefinition', demands: elements('library') },
}

/** Profiles of CRMI that say nothing of an artefact's content that is checked here. */
const known = ['artifactAssessment', 'artifactAssessmentBasic', 'manifestparameters', 'expansionparameters']

/** What a resource lacks of the profiles that it claims: errors, wishes of a profile and profiles of CRMI that nobody knows are warnings. */
export function profileFaults(resource: Resource): Issue[] {
  const profiles = resource.meta?.profile
  if (!Array.isArray(profiles)) return []
  return profiles.flatMap((each, at) => (typeof each === 'string' ? faultsOf(resource, each, at) : []))
}

function faultsOf(resource: Resource, profile: string, index: number): Issue[] {
  const { url } = parseCanonical(profile)
  const type = resource.resourceType
  const expression = `${type}.meta.profile[${index}]`
  if (url.startsWith(core)) {
    const found = Object.hasOwn(coreProfiles, url.slice(core.length)) ? coreProfiles[url.slice(core.length)] : undefined
    if (!found) return []
    return found.type === type ? lacking(resource, url, found.demands) : [otherType(url, found.type, expression)]
  }
  if (!url.startsWith(crmi)) return []
  const name = url.slice(crmi.length).replace(/^crmi-/, '')
  if (known.includes(name)) return []
  const capability = Object.keys(capabilities).find((each) => name === each || name === `${each}${type.toLowerCase()}`)
  const found = capability === undefined ? undefined : capabilities[capability]
  if (found && (found.types ?? [type]).includes(type)) return lacking(resource, url, found.demands)
  if (found) return [otherType(url, found.types?.join(', ') ?? '', expression)]
  return [unknownProfile(name, url, expression)]
}

/** A capability of another type is a claim that does not hold; anything else is a profile that this server has never heard of. */
function unknownProfile(name: string, url: string, expression: string): Issue {
  const capability = ['shareable', 'publishable'].find((each) => name.startsWith(each))
  if (capability !== undefined && isTypeName(name.slice(capability.length)))
    return otherType(url, name.slice(capability.length), expression)
  const near = nearestName(name, Object.keys(capabilities))
  const hint = near === undefined ? '' : ` The nearest one is crmi-${near}.`
  const text = `${url} is no profile of CRMI that this server knows: the content was not held against it.${hint}`
  return issue('not-found', { severity: 'warning', text, expression })
}

const lifeTypes = [
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'Library',
  'PlanDefinition',
  'ActivityDefinition',
  'StructureMap',
  'StructureDefinition',
  'NamingSystem',
  'Measure',
  'Questionnaire',
  'OperationDefinition',
  'SearchParameter',
  'ImplementationGuide',
  'CapabilityStatement',
  'GraphDefinition',
]
const isTypeName = (text: string): boolean => lifeTypes.some((each) => each.toLowerCase() === text)

function otherType(url: string, type: string, expression: string): Issue {
  return issue('business-rule', { text: `${url} is a profile of ${type}, and not of this type`, expression })
}

function lacking(resource: Resource, url: string, demands: readonly Demand[]): Issue[] {
  const type = resource.resourceType
  const members = asJson(resource)
  const name = url.split('/').pop()
  return demands.flatMap((demand): Issue[] => {
    const { element } = demand
    if (!elementInfo(type, element)) return []
    const expression = `${type}.${element}`
    if ('fault' in demand) {
      const fault = members[element] === undefined ? undefined : demand.fault(resource)
      const text = `${expression} ${fault}, which the profile ${name} demands`
      return fault === undefined ? [] : [issue('business-rule', { text, expression })]
    }
    if (members[element] !== undefined) return []
    if (demand.isWish) {
      const text = `${expression} is absent, which the profile ${name} recommends`
      return [issue('informational', { severity: 'warning', text, expression })]
    }
    return [issue('required', { text: `${expression} is absent, which the profile ${name} demands`, expression })]
  })
}
