/**
 * The search parameters of every resource type as data: one table from which index values, query parsing and
 * the CapabilityStatement come (https://hl7.org/fhir/R4/searchparameter-registry.html).
 *
 * A path is a list of element names separated by dots. `name*` descends the element recursively
 * (`concept*` is every concept at every depth), `name[0]` takes the first alone, `name(type=x)` keeps those
 * whose member `type` is `x`. Arrays are walked implicitly. Choice elements are written out (`valueQuantity`).
 */
import { elementInfo, isResource } from '../elements.ts'

/** Types of search parameters that this server knows (https://hl7.org/fhir/R4/search.html#ptypes). */
export type SearchParameterType =
  | 'token'
  | 'string'
  | 'uri'
  | 'date'
  | 'reference'
  | 'number'
  | 'quantity'
  | 'composite'

/** One search parameter of a resource type. */
export interface SearchParameter {
  name: string
  type: SearchParameterType
  /** Where its values stand; empty for parameters that are computed (`_id`, `_text`). */
  paths: string[]
  /** What it finds, for people. */
  documentation: string
  /** Canonical of the standard's SearchParameter, when there is one. */
  definition?: string
  /** Names of the two parameters that a composite joins, and these themselves. */
  components?: [string, string]
  parts?: [SearchParameter, SearchParameter]
  /** Code system implied by elements of type `code`. */
  system?: string
  /** Resource types a reference may point to; other targets are not indexed. */
  target?: string[]
  /** Types that a chain joins when it names none; every type when absent. */
  joins?: string[]
}

type Row = [
  name: string,
  type: SearchParameterType,
  paths: string,
  documentation: string,
  more?: Partial<SearchParameter>,
]

const row = ([name, type, paths, documentation, more]: Row): SearchParameter => ({
  name,
  type,
  paths: paths === '' ? [] : paths.split(' '),
  documentation,
  ...more,
})

const publicationStatus = { system: 'http://hl7.org/fhir/publication-status' }

/** Parameters of every resource (https://hl7.org/fhir/R4/resource.html#search). */
const common: SearchParameter[] = (
  [
    ['_id', 'token', '', 'Logical id'],
    ['_lastUpdated', 'date', '', 'When the version came to be'],
    ['_tag', 'token', 'meta.tag', 'Tags of the resource'],
    ['_profile', 'uri', 'meta.profile', 'Profiles the resource claims', { joins: ['StructureDefinition'] }],
    ['_security', 'token', 'meta.security', 'Security labels'],
    ['_source', 'uri', 'meta.source', 'Where the resource comes from'],
    ['_text', 'string', '', 'Words of the narrative'],
    ['_content', 'string', '', 'Words of the whole resource'],
  ] satisfies Row[]
).map((each) => ({ ...row(each), definition: `http://hl7.org/fhir/SearchParameter/Resource-${each[0].slice(1)}` }))

/** What canonical resources have in common; a type keeps those whose element it has. */
const canonicalRows: Row[] = [
  ['date', 'date', 'date', 'Publication date'],
  ['description', 'string', 'description', 'Description'],
  ['identifier', 'token', 'identifier', 'Business identifier'],
  ['jurisdiction', 'token', 'jurisdiction', 'Intended jurisdiction'],
  ['name', 'string', 'name', 'Computer-friendly name'],
  ['publisher', 'string', 'publisher', 'Name of the publisher'],
  ['status', 'token', 'status', 'Publication status', publicationStatus],
  ['title', 'string', 'title', 'Human-friendly name'],
  ['url', 'uri', 'url', 'Canonical url; `url|version` for one business version'],
  ['version', 'token', 'version', 'Business version'],
  ['context', 'token', 'useContext.valueCodeableConcept', 'Use context, a concept'],
  ['context-type', 'token', 'useContext.code', 'Kind of use context'],
  [
    'context-quantity',
    'quantity',
    'useContext.valueQuantity useContext.valueRange',
    'Use context, a quantity or range',
  ],
  [
    'context-type-quantity',
    'composite',
    '',
    'Kind and quantity of one use context',
    { components: ['context-type', 'context-quantity'] },
  ],
  [
    'context-type-value',
    'composite',
    '',
    'Kind and concept of one use context',
    { components: ['context-type', 'context'] },
  ],
]

const relatedArtifact = (type: string) => `relatedArtifact(type=${type}).resource`
const relatedRows: Row[] = [
  ['composed-of', 'reference', relatedArtifact('composed-of'), 'What it is composed of'],
  ['depends-on', 'reference', `${relatedArtifact('depends-on')} library`, 'What it depends on'],
  ['derived-from', 'reference', relatedArtifact('derived-from'), 'What it is derived from'],
  ['effective', 'date', 'effectivePeriod', 'When it is in force'],
  ['predecessor', 'reference', relatedArtifact('predecessor'), 'What came before it'],
  ['successor', 'reference', relatedArtifact('successor'), 'What comes after it'],
  ['topic', 'token', 'topic', 'Topics'],
]

const artifactPath =
  'extension(url=http://hl7.org/fhir/StructureDefinition/artifact-relatedArtifact).valueRelatedArtifact.resource'
const artifactRows: Row[] = [
  ['library', 'reference', artifactPath, 'Library that uses it (related artifact)', { target: ['Library'] }],
  ['artifact', 'reference', artifactPath, 'Artefact that uses it (related artifact)'],
]

const experimental: Row = ['experimental', 'token', 'experimental', 'For testing only']

const specific: Record<string, Row[]> = {
  ValueSet: [
    ['code', 'token', 'expansion.contains*.code compose.include.concept.code', 'A code it lists'],
    ['expansion', 'uri', 'expansion.identifier', 'Identifier of the stored expansion'],
    ['reference', 'uri', 'compose.include.system', 'Code system it draws from', { joins: ['CodeSystem'] }],
    [
      'keyword',
      'token',
      'extension(url=http://hl7.org/fhir/StructureDefinition/valueset-keyWord).valueString',
      'Keyword',
    ],
    [
      'codesystem',
      'uri',
      'compose.include.system compose.exclude.system',
      'Code system in its definition',
      { joins: ['CodeSystem'] },
    ],
    [
      'valueset',
      'reference',
      'compose.include.valueSet compose.exclude.valueSet',
      'Value set in its definition',
      { joins: ['ValueSet'] },
    ],
    ...artifactRows,
  ],
  CodeSystem: [
    ['code', 'token', 'concept*.code', 'A code it defines'],
    [
      'content-mode',
      'token',
      'content',
      'How complete it is',
      { system: 'http://hl7.org/fhir/codesystem-content-mode' },
    ],
    ['language', 'token', 'concept*.designation.language', 'Language of a designation'],
    ['supplements', 'reference', 'supplements', 'Code system it supplements', { joins: ['CodeSystem'] }],
    ['system', 'uri', 'url', 'The system of its codes (same as url)'],
    ['valueset', 'reference', 'valueSet', 'Value set of all its codes', { joins: ['ValueSet'] }],
    ...artifactRows,
  ],
  ConceptMap: [
    ['source', 'reference', 'sourceCanonical', 'Source value set', { joins: ['ValueSet'] }],
    ['target', 'reference', 'targetCanonical', 'Target value set', { joins: ['ValueSet'] }],
    // canonical is a kind of uri: a map that names its value set as canonical is found by its uri, too
    ['source-uri', 'reference', 'sourceUri sourceCanonical', 'Source value set by uri', { joins: ['ValueSet'] }],
    ['target-uri', 'reference', 'targetUri targetCanonical', 'Target value set by uri', { joins: ['ValueSet'] }],
    ['source-system', 'uri', 'group.source', 'Source code system', { joins: ['CodeSystem'] }],
    ['target-system', 'uri', 'group.target', 'Target code system', { joins: ['CodeSystem'] }],
    ['source-code', 'token', 'group.element.code', 'Code that is mapped'],
    ['target-code', 'token', 'group.element.target.code', 'Code that is mapped to'],
    ['dependson', 'uri', 'group.element.target.dependsOn.property', 'Property a mapping depends on'],
    ['product', 'uri', 'group.element.target.product.property', 'Property a mapping produces'],
    ['other', 'reference', 'group.unmapped.url', 'Map that serves unmapped codes', { joins: ['ConceptMap'] }],
  ],
  NamingSystem: [
    [
      'id-type',
      'token',
      'uniqueId.type',
      'Kind of identifier',
      { system: 'http://hl7.org/fhir/namingsystem-identifier-type' },
    ],
    ['kind', 'token', 'kind', 'codesystem, identifier or root', { system: 'http://hl7.org/fhir/namingsystem-type' }],
    ['period', 'date', 'uniqueId.period', 'When an identifier is valid'],
    ['responsible', 'string', 'responsible', 'Who maintains the system'],
    ['telecom', 'token', 'contact.telecom', 'Contact details of the publisher'],
    ['type', 'token', 'type', 'Category of the system'],
    ['value', 'string', 'uniqueId.value', 'A unique identifier of the system'],
    ['contact', 'string', 'contact.name', 'Name of a contact'],
  ],
  Library: [
    ...relatedRows,
    ['type', 'token', 'type', 'Kind of library'],
    ['content-type', 'token', 'content.contentType', 'Media type of its content'],
    [
      'part-of',
      'reference',
      'extension(url=http://hl7.org/fhir/StructureDefinition/artifact-isOwned).valueReference',
      'Artefact that owns it',
    ],
  ],
  PlanDefinition: [
    ...relatedRows,
    ['type', 'token', 'type', 'Kind of plan'],
    [
      'definition',
      'reference',
      'action*.definitionCanonical action*.definitionUri',
      'Activity, plan or questionnaire an action uses',
      { joins: ['ActivityDefinition', 'PlanDefinition', 'Questionnaire'] },
    ],
  ],
  ActivityDefinition: relatedRows,
  Measure: relatedRows,
  StructureMap: [],
  StructureDefinition: [
    ['abstract', 'token', 'abstract', 'Cannot be used in instances'],
    ['base', 'reference', 'baseDefinition', 'Definition it derives from', { joins: ['StructureDefinition'] }],
    ['base-path', 'token', 'snapshot.element.base.path differential.element.base.path', 'Path an element comes from'],
    [
      'derivation',
      'token',
      'derivation',
      'specialization or constraint',
      { system: 'http://hl7.org/fhir/type-derivation-rule' },
    ],
    experimental,
    [
      'ext-context',
      'token',
      'context.type',
      'Where an extension may stand',
      { system: 'http://hl7.org/fhir/extension-context-type' },
    ],
    ['keyword', 'token', 'keyword', 'Keyword'],
    [
      'kind',
      'token',
      'kind',
      'primitive-type, complex-type, resource or logical',
      { system: 'http://hl7.org/fhir/structure-definition-kind' },
    ],
    ['path', 'token', 'snapshot.element.path differential.element.path', 'Path of an element'],
    ['type', 'uri', 'type', 'Type it defines or constrains'],
    [
      'valueset',
      'reference',
      'snapshot.element.binding.valueSet',
      'Value set an element is bound to',
      { joins: ['ValueSet'] },
    ],
  ],
  OperationDefinition: [
    ['base', 'reference', 'base', 'Operation it specialises'],
    ['code', 'token', 'code', 'Name of the operation'],
    ['input-profile', 'reference', 'inputProfile', 'Profile of the input', { joins: ['StructureDefinition'] }],
    ['instance', 'token', 'instance', 'At instance level'],
    ['kind', 'token', 'kind', 'operation or query', { system: 'http://hl7.org/fhir/operation-kind' }],
    ['output-profile', 'reference', 'outputProfile', 'Profile of the output', { joins: ['StructureDefinition'] }],
    ['system', 'token', 'system', 'At system level'],
    ['type', 'token', 'type', 'At type level'],
  ],
  SearchParameter: [
    ['base', 'token', 'base', 'Resource type it applies to'],
    ['code', 'token', 'code', 'Name in the URL'],
    ['component', 'reference', 'component.definition', 'Parameter a composite uses', { joins: ['SearchParameter'] }],
    ['derived-from', 'reference', 'derivedFrom', 'Parameter it is derived from'],
    ['target', 'token', 'target', 'Type a reference points to'],
    ['type', 'token', 'type', 'Kind of parameter', { system: 'http://hl7.org/fhir/search-param-type' }],
  ],
  Questionnaire: [
    ['code', 'token', 'item*.code', 'Code of an item'],
    ['definition', 'uri', 'item*.definition', 'Definition of an item'],
    ['effective', 'date', 'effectivePeriod', 'When it is in force'],
    ['subject-type', 'token', 'subjectType', 'Type of its subject', { system: 'http://hl7.org/fhir/resource-types' }],
  ],
  ImplementationGuide: [
    ['depends-on', 'reference', 'dependsOn.uri', 'Guide it depends on'],
    experimental,
    [
      'global',
      'reference',
      'global.profile',
      'Profile that applies to all resources',
      { joins: ['StructureDefinition'] },
    ],
    ['resource', 'reference', 'definition.resource.reference', 'Resource in the guide'],
  ],
  CapabilityStatement: [
    ['fhirversion', 'token', 'fhirVersion', 'FHIR version'],
    ['format', 'token', 'format', 'Format'],
    ['guide', 'reference', 'implementationGuide', 'Guide it follows', { joins: ['ImplementationGuide'] }],
    ['mode', 'token', 'rest.mode', 'client or server', { system: 'http://hl7.org/fhir/restful-capability-mode' }],
    [
      'resource',
      'token',
      'rest.resource.type',
      'Resource type it mentions',
      { system: 'http://hl7.org/fhir/resource-types' },
    ],
    [
      'resource-profile',
      'reference',
      'rest.resource.profile',
      'Profile it requires',
      { joins: ['StructureDefinition'] },
    ],
    ['security-service', 'token', 'rest.security.service', 'Security service'],
    ['software', 'string', 'software.name', 'Software'],
    [
      'supported-profile',
      'reference',
      'rest.resource.supportedProfile',
      'Profile it supports',
      { joins: ['StructureDefinition'] },
    ],
  ],
  Provenance: [
    ['target', 'reference', 'target', 'What it is about'],
    ['agent', 'reference', 'agent.who', 'Who took part'],
    ['agent-role', 'token', 'agent.role', 'Role of an agent'],
    ['agent-type', 'token', 'agent.type', 'How an agent took part'],
    ['entity', 'reference', 'entity.what', 'What was used'],
    ['location', 'reference', 'location', 'Where it happened'],
    ['patient', 'reference', 'target', 'Target that is a patient', { target: ['Patient'] }],
    ['recorded', 'date', 'recorded', 'When it was recorded'],
    ['when', 'date', 'occurredDateTime occurredPeriod', 'When it happened'],
    ['signature-type', 'token', 'signature.type', 'Why it was signed'],
  ],
  Bundle: [
    ['composition', 'reference', 'entry[0].resource', 'Composition of a document', { target: ['Composition'] }],
    ['identifier', 'token', 'identifier', 'Persistent identifier'],
    ['message', 'reference', 'entry[0].resource', 'Header of a message', { target: ['MessageHeader'] }],
    ['timestamp', 'date', 'timestamp', 'When it was assembled'],
    ['type', 'token', 'type', 'Kind of bundle', { system: 'http://hl7.org/fhir/bundle-type' }],
  ],
  AuditEvent: [
    ['action', 'token', 'action', 'C, R, U, D or E', { system: 'http://hl7.org/fhir/audit-event-action' }],
    ['address', 'string', 'agent.network.address', 'Network address of an agent'],
    ['agent', 'reference', 'agent.who', 'Who took part'],
    ['agent-name', 'string', 'agent.name', 'Name of an agent'],
    ['agent-role', 'token', 'agent.role', 'Role of an agent'],
    ['altid', 'token', 'agent.altId', 'Other id of an agent'],
    ['date', 'date', 'recorded', 'When it was recorded'],
    ['entity', 'reference', 'entity.what', 'What was touched'],
    ['entity-name', 'string', 'entity.name', 'Name of an entity'],
    ['entity-role', 'token', 'entity.role', 'Role of an entity'],
    ['entity-type', 'token', 'entity.type', 'Kind of an entity'],
    ['outcome', 'token', 'outcome', 'Success or failure', { system: 'http://hl7.org/fhir/audit-event-outcome' }],
    ['patient', 'reference', 'agent.who entity.what', 'Patient among agents and entities', { target: ['Patient'] }],
    ['policy', 'uri', 'agent.policy', 'Policy that allowed it'],
    ['site', 'token', 'source.site', 'Site of the source'],
    ['source', 'reference', 'source.observer', 'Who reported it'],
    ['subtype', 'token', 'subtype', 'Specific kind of event'],
    ['type', 'token', 'type', 'Kind of event'],
  ],
  Endpoint: [
    ['connection-type', 'token', 'connectionType', 'Protocol'],
    ['organization', 'reference', 'managingOrganization', 'Who manages it', { joins: ['Organization'] }],
    ['payload-type', 'token', 'payloadType', 'Kind of content'],
  ],
  Organization: [
    ['name', 'string', 'name alias', 'Name or alias'],
    ['active', 'token', 'active', 'Still in use'],
    ['address', 'string', 'address', 'Any part of the address'],
    ['address-country', 'string', 'address.country', 'Country of the address'],
    ['endpoint', 'reference', 'endpoint', 'Technical endpoints', { joins: ['Endpoint'] }],
    ['partof', 'reference', 'partOf', 'Organisation it is part of', { joins: ['Organization'] }],
    ['type', 'token', 'type', 'Kind of organisation'],
  ],
  Basic: [
    ['author', 'reference', 'author', 'Who created it'],
    ['code', 'token', 'code', 'Kind of resource'],
    ['created', 'date', 'created', 'When it was created'],
    ['subject', 'reference', 'subject', 'What it is about'],
  ],
}

/** Types whose elements of those names mean something else, so that only their own rows count. */
const withoutCanonical = new Set(['Provenance', 'Bundle', 'AuditEvent'])

const tables = new Map<string, ReadonlyMap<string, SearchParameter>>()

/**
 * Search parameters of a resource type by name: those of every resource, those of canonical resources as far as
 * the type has the element, and its own. Any R4 type has an answer.
 */
export function searchParameters(type: string): ReadonlyMap<string, SearchParameter> {
  const known = tables.get(type)
  if (known) return known
  const made = new Map<string, SearchParameter>(common.map((each) => [each.name, each]))
  const define = (each: Row) => {
    const definition = `http://hl7.org/fhir/SearchParameter/${type}-${each[0]}`
    made.set(each[0], { ...row(each), definition })
  }
  if (!withoutCanonical.has(type)) for (const each of canonicalRows) if (applies(type, each)) define(each)
  for (const each of Object.hasOwn(specific, type) ? (specific[type] ?? []) : []) define(each)
  for (const each of made.values()) {
    const [first, second] = (each.components ?? []).map((name) => made.get(name))
    if (first && second) each.parts = [first, second]
  }
  // what is no R4 type may be any text from outside: it must not grow the table
  if (isResource(type)) tables.set(type, made)
  return made
}

/** Resource types that have search parameters of their own, in alphabetical order. */
export const searchableTypes: readonly string[] = Object.keys(specific).sort()
const searchable = new Set(searchableTypes)

/** Whether resources of that type are stored and searched. */
export const isSearchableType = (type: string): boolean => searchable.has(type)

function applies(type: string, [name, , paths]: Row): boolean {
  const element = name.startsWith('context') ? 'useContext' : (paths.split(/[ .]/)[0] ?? '')
  return elementInfo(type, element) !== undefined
}
