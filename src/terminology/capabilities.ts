import type { Resource } from '../fhir/types.ts'
import { BUILT_IN_SYSTEMS } from './code-system/implicit/implicit-systems.ts'
import { editionOf } from './request/aliases.ts'
import type { Artefacts } from './request/artefacts.ts'

/** Parameters of $expand and $validate-code that the engine understands, for TerminologyCapabilities. */
const EXPANSION_PARAMETERS = [
  'activeOnly',
  'allowMaximumSizeExpansion',
  'check-system-version',
  'check-valueset-version',
  'count',
  'default-valueset-version',
  'designation',
  'diagnostics',
  'displayLanguage',
  'excludeNested',
  'excludeNotForUI',
  'excludePostCoordinated',
  'exclude-system',
  'filter',
  'force-system-version',
  'force-valueset-version',
  'includeDefinition',
  'includeDesignations',
  'includeDraft',
  'limitedExpansion',
  'offset',
  'property',
  'system-version',
  'tx-resource',
  'url',
  'useSupplement',
  'valueSet',
  'valueSetVersion',
]

/** The running server, as its TerminologyCapabilities name it. */
export interface Instance {
  /** The FHIR base. */
  url: string
  software: { name: string; version: string }
}

/** The TerminologyCapabilities resource for `/metadata?mode=terminology`: the systems that answer, and what is understood. */
export async function terminologyCapabilities(
  { url, software: { name, version } }: Instance,
  artefacts: Artefacts,
  now: Date,
): Promise<Resource> {
  const versions = new Map<string, Set<string>>()
  const add = (uri: string, version: string | undefined) => {
    const known = versions.get(uri) ?? new Set<string>()
    if (version) known.add(version)
    versions.set(uri, known)
  }
  for (const each of await artefacts.answering()) add(each.url, editionOf(each).version)
  for (const each of BUILT_IN_SYSTEMS) add(each.url, each.version)
  return {
    resourceType: 'TerminologyCapabilities',
    url: `${url}/TerminologyCapabilities/vidimus`,
    version: '1.0.0',
    name: 'VidimusTerminologyCapabilities',
    title: 'Terminology capabilities of vidimus',
    status: 'active',
    date: now.toISOString(),
    kind: 'instance',
    software: { name, version },
    implementation: { description: 'Terminology service', url },
    codeSearch: 'all',
    codeSystem: [...versions]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([uri, known]) => ({
        uri,
        ...(known.size > 0 && { version: [...known].sort().map((code) => ({ code })) }),
        subsumption: true,
      })),
    expansion: {
      hierarchical: true,
      paging: true,
      incomplete: false,
      parameter: EXPANSION_PARAMETERS.map((name) => ({ name })),
      textFilter: 'Every word of the filter begins a word of the code, display or a designation; case does not matter.',
    },
    validateCode: { translations: true },
    translation: { needsMap: false },
  }
}
