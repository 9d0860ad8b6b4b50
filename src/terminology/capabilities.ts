import type { Resource, TerminologyCapabilitiesCodeSystemVersion } from '../fhir/types.ts'
import type { CodeSystemHead } from './code-system/code-system.ts'
import { BUILT_IN_SYSTEMS } from './code-system/implicit/implicit-systems.ts'
import { editionOf } from './request/aliases.ts'
import type { Artefacts } from './request/artefacts.ts'
import { preferredSystemFirst } from './request/versions.ts'

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

/**
 * Versions of one code system: code, which one counts where none is named, and of a release what may be asked of it
 * (https://hl7.org/fhir/R4/terminologycapabilities.html, codeSystem.version).
 */
function versionsShown(
  known: ReadonlyMap<string, CodeSystemHead | undefined>,
  preferred: ReturnType<typeof preferredSystemFirst>,
): TerminologyCapabilitiesCodeSystemVersion[] {
  const isReleased = [...known.values()].some((head) => head?.isRelease)
  const [best] = [...known].map(([version, head]) => ({ version, status: head?.status })).sort(preferred)
  return [...known]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, head]) => ({
      code,
      ...(isReleased && { isDefault: code === best?.version }),
      ...(head?.isRelease && { compositional: head.unbounded !== undefined }),
      ...(head?.declared && {
        ...(head.declared.languages.length > 0 && { language: [...head.declared.languages] }),
        filter: head.declared.filters.map((each) => ({ code: each.code, op: [...each.op] })),
        property: [...head.properties.keys()],
      }),
    }))
}

/** The TerminologyCapabilities resource for `/metadata?mode=terminology`: the systems that answer, and what is understood. */
export async function terminologyCapabilities(
  { url, software: { name, version } }: Instance,
  artefacts: Artefacts,
  now: Date,
): Promise<Resource> {
  const versions = new Map<string, Map<string, CodeSystemHead | undefined>>()
  const add = (uri: string, version: string | undefined, head?: CodeSystemHead) => {
    const known = versions.get(uri) ?? new Map<string, CodeSystemHead | undefined>()
    if (version) known.set(version, head ?? known.get(version))
    versions.set(uri, known)
  }
  for (const each of await artefacts.answering()) add(each.url, editionOf(each).version, each.head)
  for (const each of BUILT_IN_SYSTEMS) add(each.url, each.version)
  const preferred = preferredSystemFirst(artefacts.snomedEdition)
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
        ...(known.size > 0 && { version: versionsShown(known, preferred) }),
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
