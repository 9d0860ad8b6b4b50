import { parseCanonical } from '../fhir/canonical.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Artefacts } from './request/artefacts.ts'
import { createScope } from './request/scope.ts'
import { matchesVersion } from './request/versions.ts'
import { loaded, perform } from './request/work.ts'
import { propertyText } from './value-set/filters/property-values.ts'

/** Values of a property of a code, as texts, of a Coding the code; none where it has none, undefined where the system does not know the code. */
export type ConceptProperties = (code: string, property: string) => string[] | undefined

/**
 * Reads one version of a code system, `url` or `url|version`; afterwards it is asked synchronously. An active version counts before any
 * other; see {@link import('./terminology.ts').Terminology.properties}.
 */
export async function conceptProperties(
  canonical: string,
  artefacts: Artefacts,
  { drafts }: { drafts: boolean },
): Promise<ConceptProperties> {
  artefacts.refresh()
  const scope = createScope(artefacts, [])
  const { url, version } = parseCanonical(canonical)
  await perform(scope, loaded(scope, [{ type: 'CodeSystem', url }]))
  const versions = scope.systems(url)
  const provider = versions.find(({ head }) => version === undefined || matchesVersion(version, head.version))
  if (!provider) throw unprocessable(`A definition for CodeSystem '${canonical}' could not be found`, 'not-found')
  if (!drafts && version === undefined && provider.head.status !== 'active')
    throw unprocessable(`CodeSystem ${canonical} is not active on this server`, 'business-rule')
  return (code, property) => {
    const ref = provider.locate(code)
    if (ref === undefined) return undefined
    return provider
      .properties(ref)
      .filter((each) => each.code === property)
      .map(propertyText)
  }
}
