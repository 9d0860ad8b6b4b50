/**
 * Elements with `isSummary` of the standard's definitions, at the top level, beside those that canonical resources
 * have in common; a test compares the table with the definitions.
 */
const own: Record<string, string> = {
  ActivityDefinition: 'identifier description effectivePeriod kind code doNotPerform',
  AuditEvent: 'type subtype action recorded outcome outcomeDesc purposeOfEvent',
  Basic: 'identifier code subject created author',
  Bundle: 'identifier type timestamp total link entry signature',
  CapabilityStatement:
    'kind instantiates imports software implementation fhirVersion format patchFormat implementationGuide rest messaging document',
  CodeSystem:
    'identifier caseSensitive valueSet hierarchyMeaning compositional versionNeeded content supplements count filter property',
  ConceptMap: 'identifier source target',
  Endpoint: 'identifier status connectionType name managingOrganization period payloadType payloadMimeType address',
  ImplementationGuide: 'packageId license fhirVersion dependsOn global',
  Library: 'identifier type description effectivePeriod content',
  Measure:
    'identifier description effectivePeriod disclaimer scoring compositeScoring type riskAdjustment rateAggregation rationale clinicalRecommendationStatement improvementNotation definition guidance',
  NamingSystem: 'kind uniqueId',
  OperationDefinition: 'kind affectsState code base resource system type instance',
  Organization: 'identifier active type name partOf',
  PlanDefinition: 'identifier type description effectivePeriod',
  Provenance: 'target recorded',
  Questionnaire: 'identifier subjectType effectivePeriod code',
  SearchParameter: 'description code base type',
  StructureDefinition:
    'identifier keyword fhirVersion kind abstract context contextInvariant type baseDefinition derivation',
  StructureMap: 'identifier structure import group',
  ValueSet: 'identifier immutable',
}
const canonical =
  'url version name title status experimental date publisher contact useContext jurisdiction implicitRules'.split(' ')

/** Types that are no canonical resources: their elements of those names mean something else. */
const plain = new Set(['AuditEvent', 'Basic', 'Bundle', 'Endpoint', 'Organization', 'Provenance'])

const tables = new Map<string, ReadonlySet<string>>(
  Object.entries(own).map(([type, names]) => [
    type,
    new Set([...(plain.has(type) ? ['implicitRules'] : canonical), ...names.split(' ')]),
  ]),
)
const unlisted: ReadonlySet<string> = new Set(canonical)

/** Names of the top-level elements that `_summary=true` keeps; what the type does not have does no harm. */
export function summaryElements(type: string): ReadonlySet<string> {
  return tables.get(type) ?? unlisted
}
