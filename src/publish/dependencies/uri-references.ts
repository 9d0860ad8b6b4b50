/** Elements of R4 that name an artefact, though their type is `uri` or the artefact is told by the system of a code. */

/** What such an element says beside its text. */
export interface UriReference {
  types: readonly string[]
  /** Whether the artefact cannot be used without what is named. */
  isNeeded: boolean
  /** Sibling that holds the business version. */
  version?: string
  /** Whether a text names an artefact at all. */
  names?(text: string): boolean
}

const isAddress = (text: string) => /^(?:https?:|urn:)/.test(text)

/** By the path at which the element is declared (https://hl7.org/fhir/R4/, the pages of the types). */
export const uriReferences: Readonly<Record<string, UriReference>> = {
  'ValueSet.compose.include.system': { types: ['CodeSystem'], isNeeded: true, version: 'version' },
  'ConceptMap.sourceUri': { types: ['ValueSet'], isNeeded: true },
  'ConceptMap.targetUri': { types: ['ValueSet'], isNeeded: true },
  'ConceptMap.group.source': { types: ['CodeSystem'], isNeeded: true, version: 'sourceVersion' },
  'ConceptMap.group.target': { types: ['CodeSystem'], isNeeded: true, version: 'targetVersion' },
  // `#define` names nothing but a part of the library beside it.
  'Expression.reference': { types: ['Library'], isNeeded: true, names: isAddress },
  // Types of R4 are codes; logical models are told by their address.
  'ElementDefinition.type.code': { types: ['StructureDefinition'], isNeeded: true, names: isAddress },
  'PlanDefinition.action.definitionUri': {
    types: ['ActivityDefinition', 'PlanDefinition', 'Questionnaire'],
    isNeeded: true,
    names: isAddress,
  },
  'Questionnaire.item.definition': { types: ['StructureDefinition'], isNeeded: false, names: isAddress },
}

/** Elements of the type `canonical` that have their business version in a sibling. */
export const versionedElements: Readonly<Record<string, string>> = { 'ImplementationGuide.dependsOn.uri': 'version' }

/** Elements whose codes are told by system and version: a requirement on data that names a code outright. */
export const codedElements: ReadonlySet<string> = new Set(['DataRequirement.codeFilter.code'])

/** Elements of the type `canonical` that say whence an artefact comes or what it is like, and without which it can be used. */
export const looseElements: ReadonlySet<string> = new Set([
  'CodeSystem.valueSet',
  'Questionnaire.derivedFrom',
  'SearchParameter.derivedFrom',
  'CapabilityStatement.instantiates',
  'ElementDefinition.constraint.source',
])

/** Kinds of relatedArtifact without which an artefact cannot be used (http://hl7.org/fhir/related-artifact-type). */
export const neededRelations: ReadonlySet<string> = new Set(['depends-on', 'composed-of'])
