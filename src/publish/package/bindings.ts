/** Which version of an artefact is meant, as a request or its manifest says (CRMI: artifact version bindable, manifestable operations). */
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { badRequest, issue, unprocessable } from '../../fhir/error.ts'
import type { Issue, Library, Parameter } from '../../fhir/types.ts'
import { manifestEntries } from '../lifecycle/manifest-shape.ts'

/** Versions by url. */
export interface VersionBindings {
  /** Where a reference says none. */
  fallback: ReadonlyMap<string, string>
  /** The only one that a reference may say. */
  required: ReadonlyMap<string, string>
  /** Whatever a reference says. */
  forced: ReadonlyMap<string, string>
}

/** The parameters that bind versions, by what they do. */
export const bindingParameters = {
  fallback: 'artifactVersion',
  required: 'checkArtifactVersion',
  forced: 'forceArtifactVersion',
} as const

/** Canonicals of those parameters, as they stand in a request. */
export type GivenBindings = Readonly<Record<keyof typeof bindingParameters, readonly string[]>>

/**
 * Reads them; what a manifest says counts where the request says nothing.
 * @throws FhirError 400 for what is not `url|version`, and for one url with two versions
 */
export function readBindings(given: GivenBindings, manifest: Library | undefined): VersionBindings {
  const fallback = versionsOf(given.fallback, bindingParameters.fallback)
  for (const [url, version] of manifest ? versionsOfManifest(manifest) : [])
    if (!fallback.has(url)) fallback.set(url, version)
  return {
    fallback,
    required: versionsOf(given.required, bindingParameters.required),
    forced: versionsOf(given.forced, bindingParameters.forced),
  }
}

function versionsOf(canonicals: readonly string[], parameter: string): Map<string, string> {
  const versions = new Map<string, string>()
  for (const canonical of canonicals) {
    const { url, version } = parseCanonical(canonical)
    const fault = (text: string) =>
      badRequest({ text: `${parameter} ${text}`, expression: `Parameters.parameter.where(name='${parameter}')` })
    if (url === '' || version === undefined) throw fault(`takes url|version; ${canonical} names no version`)
    const known = versions.get(url)
    if (known !== undefined && known !== version) throw fault(`names two versions of ${url}: ${known} and ${version}`)
    versions.set(url, version)
  }
  return versions
}

/** What a manifest is composed of and depends on; each url stands in one version (lifecycle/manifest-shape.ts). */
const versionsOfManifest = (manifest: Library): [url: string, version: string][] =>
  manifestEntries(manifest).flatMap(({ canonical }): [string, string][] => {
    const { url, version } = parseCanonical(canonical)
    return version === undefined ? [] : [[url, version]]
  })

/**
 * The canonical that a reference stands for under the bindings.
 * @throws FhirError 422 where it says another version than the one that it must
 */
export function bound(canonical: string, { fallback, required, forced }: VersionBindings): string {
  const { url, version } = parseCanonical(canonical)
  const force = forced.get(url)
  if (force !== undefined) return formatCanonical(url, force)
  const demanded = required.get(url)
  if (demanded !== undefined && version !== undefined && version !== demanded) {
    const text = `${canonical} is named, and ${bindingParameters.required} demands the version ${demanded}`
    throw unprocessable({ text, expression: 'Parameters.parameter' }, 'conflict')
  }
  return formatCanonical(url, version ?? demanded ?? fallback.get(url))
}

/** The same for `$expand` (https://hl7.org/fhir/R4/valueset-operation-expand.html, and the parameters of the terminology ecosystem). */
export function expansionParameters({ fallback, required, forced }: VersionBindings): Parameter[] {
  const named = (versions: ReadonlyMap<string, string>, system: string, valueSet: string) =>
    [...versions].flatMap(([url, version]) => {
      const valueCanonical = formatCanonical(url, version)
      return [
        { name: system, valueCanonical },
        { name: valueSet, valueCanonical },
      ]
    })
  return [
    ...named(fallback, 'system-version', 'default-valueset-version'),
    ...named(required, 'check-system-version', 'check-valueset-version'),
    ...named(forced, 'force-system-version', 'force-valueset-version'),
  ]
}

/** What is said of a version that was put in the place of another one. */
export const overridden = (canonical: string, by: string, path: string): Issue =>
  issue('business-rule', {
    severity: 'warning',
    text: `${path} names ${canonical}; ${by} takes its place, as ${bindingParameters.forced} says`,
    expression: path,
  })
