import { type SearchParameter, searchModifiers, searchParameters } from '../../fhir/search/parse-search.ts'
import type { CapabilityStatement } from '../../fhir/types.ts'
import { isAppendOnly, isProtectedType } from '../audit/audit-event.ts'
import type { BoundOperation, HttpContext } from '../context.ts'
import { completeLevels } from './crmi-levels.ts'
import { operationDefinitionUrl } from './operation-definitions.ts'
import { security } from './security.ts'
import { servedTypes, takesWrites } from './stored-types.ts'

type Rest = NonNullable<CapabilityStatement['rest']>[number]
type RestResource = NonNullable<Rest['resource']>[number]

const feature = 'http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature'

/** Version of HL7's terminology test suite that the terminology operations follow. */
const testSuiteVersion = '1.9.3'

/** Interactions of every type; the routes answer exactly these. */
const interactions: NonNullable<RestResource['interaction']> = (
  ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'history-type', 'create', 'search-type'] as const
).map((code) => ({ code }))

/** Types whose resources stay as they are: PUT makes one or repeats it, and anything else is a conflict. */
const unchanging = new Set<string>(['Provenance'])

/** Not possible with types that only grow. */
const changing = new Set<string>(['update', 'patch', 'delete'])

/**
 * What this server can do, made from the tables that also do it, so that it cannot lie
 * (https://hl7.org/fhir/R4/capabilitystatement.html; IHE SVCM ITI-Y3; terminology ecosystem "features").
 */
export function capabilityStatement(context: HttpContext): CapabilityStatement {
  const { baseUrl } = context.settings
  return {
    resourceType: 'CapabilityStatement',
    id: 'server',
    extension: features,
    url: `${baseUrl}/metadata`,
    version: context.software.version,
    name: 'Vidimus',
    title: 'vidimus terminology and business-rules server',
    status: 'active',
    experimental: !context.settings.production,
    date: context.software.releaseDate,
    publisher: 'vidimus',
    description: 'FHIR R4 terminology and business rules for the WHO Global Digital Health Certification Network.',
    kind: 'instance',
    instantiates: [
      'http://hl7.org/fhir/CapabilityStatement/terminology-server',
      'https://profiles.ihe.net/ITI/SVCM/CapabilityStatement/IHE.SVCM.TerminologyRepository',
      ...completeLevels(context.operations),
    ],
    software: context.software,
    implementation: { description: 'vidimus', url: baseUrl },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json', 'application/fhir+xml'],
    rest: [rest(context)],
  }
}

const features: NonNullable<CapabilityStatement['extension']> = [
  {
    url: feature,
    extension: [
      { url: 'definition', valueCanonical: 'http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version' },
      { url: 'value', valueCode: testSuiteVersion },
    ],
  },
  {
    url: feature,
    extension: [
      {
        url: 'definition',
        valueCanonical: 'http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter',
      },
      { url: 'value', valueBoolean: true },
    ],
  },
]

function rest(context: HttpContext): Rest {
  const system = context.operations.filter((each) => each.system)
  const made: Rest = {
    mode: 'server',
    security: security(context),
    resource: servedTypes(context).map((type) => restResource(context, type)),
    interaction: [
      { code: 'batch' },
      ...(takesWrites(context) ? [{ code: 'transaction' as const }] : []),
      { code: 'history-system' },
    ],
    searchParam: [
      {
        name: '_filter',
        type: 'special',
        documentation: 'An expression of https://hl7.org/fhir/R4/search_filter.html over the parameters of the type.',
      },
    ],
  }
  if (system.length > 0) made.operation = system.map((each) => restOperation(context, each))
  return made
}

function restResource(context: HttpContext, type: string): RestResource {
  const parameters = [...searchParameters(type).values()]
  const references = parameters.filter((each) => each.type === 'reference').map(({ name }) => `${type}:${name}`)
  const operations = context.operations.filter((each) => each.type?.includes(type) || each.instance?.includes(type))
  const writes = takesWrites(context)
  const isFixed = isAppendOnly(type) || !writes
  const isKept = unchanging.has(type)
  const made: RestResource = {
    // The table holds types of R4 alone; a test compares it with the definitions.
    type: type as RestResource['type'],
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: interactions.filter(
      ({ code }) => (writes || code !== 'create') && !(isFixed && changing.has(code)) && !(isKept && code === 'patch'),
    ),
    // Versions of what only grows are there, but no update could name one.
    versioning: isFixed || isKept ? 'versioned' : 'versioned-update',
    referencePolicy: ['literal', 'logical'],
    readHistory: true,
    updateCreate: !isFixed,
    conditionalCreate: writes,
    conditionalRead: 'full-support',
    conditionalUpdate: !isFixed && !isKept,
    conditionalDelete: isFixed ? 'not-supported' : 'single',
    searchParam: parameters.map(({ name, type: kind, definition, documentation }) => ({
      name,
      type: kind,
      ...(definition === undefined ? {} : { definition }),
      documentation: `${documentation}. Modifiers: ${searchModifiers({ name, type: kind })
        .map((each) => `:${each}`)
        .join(' ')}.`,
    })),
  }
  if (references.length > 0) made.searchInclude = references
  const referring = isProtectedType(type) ? [] : referringTo(context, type)
  if (referring.length > 0) made.searchRevInclude = referring
  if (operations.length > 0) made.operation = operations.map((each) => restOperation(context, each))
  return made
}

/** What `_revinclude` takes of a type: references of others that may point to it, as far as everybody may see them. */
function referringTo(context: HttpContext, type: string): string[] {
  const mayRefer = ({ type: kind, target, joins }: SearchParameter) =>
    kind === 'reference' && (target ?? joins)?.includes(type) !== false
  return servedTypes(context)
    .filter((source) => !isProtectedType(source))
    .flatMap((source) => [...searchParameters(source).values()].filter(mayRefer).map(({ name }) => `${source}:${name}`))
}

function restOperation(context: HttpContext, operation: BoundOperation) {
  return {
    name: operation.name,
    definition: operation.base ?? operationDefinitionUrl(context, operation),
    documentation: operation.title,
  }
}
