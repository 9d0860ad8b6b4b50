import type { ValueSet } from '../../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system.ts'
import type { ImplicitSystem } from './implicit-system.ts'
import { countries } from './iso-3166.ts'
import { currencies } from './iso-4217.ts'
import { mimeTypes } from './mime-types.ts'

/** Systems whose data is big enough to be loaded only when asked for. */
const LAZY: Record<string, { version?: string; load(): Promise<ImplicitSystem> }> = {
  'urn:iso:std:iso:3166:-2': { load: async () => (await import('./iso-3166-2.ts')).subdivisions },
  'urn:ietf:bcp:47': { load: async () => (await import('./bcp-47.ts')).languageTags },
  'http://unitsofmeasure.org': { version: '2.2', load: async () => (await import('./ucum.ts')).units },
}

const systems = new Map<string, ImplicitSystem>([countries, currencies, mimeTypes].map((each) => [each.url, each]))

/** Systems that are computed rather than stored. */
export const BUILT_IN_SYSTEMS: { url: string; version?: string }[] = [
  ...[...systems.keys()].map((url) => ({ url })),
  ...Object.entries(LAZY).map(([url, { version }]) => ({ url, ...(version && { version }) })),
]

/** The implicit system of a url; `load` when it must be loaded first. */
export function implicitSystem(url: string): ImplicitSystem | 'load' | undefined {
  return systems.get(url) ?? (Object.hasOwn(LAZY, url) ? 'load' : undefined)
}

/** Loads a system that {@link implicitSystem} asked to load. */
export async function loadImplicitSystem(url: string): Promise<void> {
  const loaded = await LAZY[url]?.load()
  if (loaded) systems.set(url, loaded)
}

const made = new Map<ImplicitSystem, { from: ValueSet | undefined; provider: CodeSystemProvider }>()

/** The provider of an implicit system; `from` is the stored set whose codes an expansion lists. */
export function implicitProvider(system: ImplicitSystem, from: ValueSet | undefined): CodeSystemProvider {
  const known = made.get(system)
  if (known && known.from === from) return known.provider
  const provider = system.make(listedCodes(system, from))
  made.set(system, { from, provider })
  return provider
}

function listedCodes(system: ImplicitSystem, from: ValueSet | undefined) {
  if (!from || !system.listedIn) return undefined
  const includes = (from.compose?.include ?? []).filter((each) => each.system === system.url)
  const codes = includes.flatMap((each) => (each.concept ?? []).map((concept) => concept.code))
  return codes.length > 0 ? { codes: [...new Set(codes)], canonical: system.listedIn, definition: from } : undefined
}
