/** What kind of AuditEvent a request gives rise to, and what its profile and codes are. */
export interface AuditedTransaction {
  /** `read` and `search` as FHIR's interactions; `expand` is a read in SVCM; `operation` carries its parameters. */
  kind: 'read' | 'expand' | 'search' | 'operation'
  /** Code of http://hl7.org/fhir/restful-interaction. */
  interaction: 'read' | 'vread' | 'search' | 'operation'
  /** Transaction of IHE ITI, code and display. */
  code: string
  display: string
  /** Tail of the profile's canonical. */
  profile: string
}

const queries = new Map(
  Object.entries({
    ValueSet: { code: 'ITI-95', display: 'Query Value Set' },
    CodeSystem: { code: 'ITI-96', display: 'Query Code System' },
    ConceptMap: { code: 'ITI-100', display: 'Query Concept Map' },
  }),
)

const interactionOf = new Map<string, AuditedTransaction['interaction']>([
  ['/:type/:id', 'read'],
  ['/:type/:id/_history/:versionId', 'vread'],
  ['/:type', 'search'],
  ['/:type/_search', 'search'],
])

const expand = { kind: 'expand', interaction: 'read', code: 'ITI-97', display: 'Expand Value Set' } as const
const operation = { kind: 'operation', interaction: 'operation' } as const
const validate = { ...operation, code: 'ITI-99', display: 'Validate Code', profile: 'Code.Validate' } as const

/** Operations of IHE SVCM by resource type and name. */
const operations = new Map<string, AuditedTransaction>(
  Object.entries({
    ValueSet$expand: { ...expand, profile: 'ValueSet.Expand' },
    CodeSystem$lookup: { ...operation, code: 'ITI-98', display: 'Lookup Code', profile: 'CodeSystem.Lookup' },
    'ValueSet$validate-code': validate,
    'CodeSystem$validate-code': validate,
    ConceptMap$translate: { ...operation, code: 'ITI-101', display: 'Translate Code', profile: 'ConceptMap.Translate' },
  }),
)

/**
 * The SVCM transaction that a route of this server is part of; undefined for everything else
 * (https://profiles.ihe.net/ITI/SVCM, ITI-95 to ITI-101).
 * @param route pattern, as in the access log
 */
export function auditedTransaction(route: string, resourceType: string): AuditedTransaction | undefined {
  const dollar = route.indexOf('$')
  if (dollar >= 0) return operations.get(`${resourceType}${route.slice(dollar)}`)
  const interaction = interactionOf.get(route)
  const query = queries.get(resourceType)
  if (!interaction || !query) return undefined
  const kind = interaction === 'search' ? 'search' : 'read'
  return { kind, interaction, ...query, profile: `${resourceType}.${kind === 'search' ? 'Query' : 'Read'}` }
}
