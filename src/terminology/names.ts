import { implicitSystem } from './code-system/implicit/implicit-systems.ts'
import { implicitValueSet } from './code-system/implicit/implicit-value-sets.ts'
import { publishedValueSet, systemNames } from './request/aliases.ts'
import { isLoincSet } from './vocabularies/loinc/implicit-sets.ts'

/** Where the engine finds what is asked for by a url. */
export interface Whereabouts {
  /** Urls under which it may be stored, the given one first. */
  urls: readonly string[]
  /** It is computed, and need not be stored at all. */
  isBuiltIn: boolean
}

/** The other names of a CodeSystem or ValueSet, and whether it is built in; of any other type the url alone. */
export function whereabouts(type: string, url: string): Whereabouts {
  if (type === 'CodeSystem') return { urls: systemNames(url), isBuiltIn: implicitSystem(url) !== undefined }
  if (type !== 'ValueSet') return { urls: [url], isBuiltIn: false }
  const published = publishedValueSet(url)
  return {
    urls: published === undefined ? [url] : [url, published],
    isBuiltIn: implicitValueSet(url) !== undefined || isLoincSet(url),
  }
}
