/** Finds the profiles that a resource needs before it is checked: its own, those of its extensions, and all that these name. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { type Keep, keep } from '../../base/keep.ts'
import { FhirError, unprocessable } from '../error.ts'
import type { StructureDefinition } from '../types.ts'
import { namedType, typeCanonical } from './base-definitions.ts'
import { statedProfiles } from './check-base.ts'
import type { Profile } from './profile.ts'
import { type Definition, readProfile } from './read-profile.ts'
import type { Program, Steps } from './walk.ts'

/** Where profiles come from. */
export interface ProfileSource {
  /** The StructureDefinition of a canonical; undefined where there is none. */
  find(canonical: string): Promise<StructureDefinition | undefined>
  /** The elements of the snapshot, made where it has none. @throws FhirError 422 where that cannot be */
  snapshot(definition: StructureDefinition): Promise<readonly Definition[]>
  /** Grows when a definition changes. */
  revision(): number
}

/** Most profiles of one request, and profiles that are kept. */
const mostProfiles = 1500
const kept = 3000

/** Profiles once read, until a definition changes. */
export function createProfiles(source: ProfileSource) {
  let known: { revision: number; profiles: Keep<string, Promise<Profile | null>> } | undefined
  const profiles = () => {
    const revision = source.revision()
    if (known?.revision !== revision) known = { revision, profiles: keep(kept) }
    return known.profiles
  }
  return {
    /** @throws FhirError 422 for more profiles than one request may need */
    async load(canonicals: Iterable<string>): Promise<Program> {
      const program = new Map<string, Profile | null>()
      let open = [...new Set(canonicals)]
      while (open.length > 0) {
        if (program.size + open.length > mostProfiles)
          throw unprocessable(`More than ${mostProfiles} profiles are needed to check this`, 'too-costly')
        const found = await Promise.all(open.map((each) => profiles().of(each, () => read(source, each))))
        for (const [index, each] of open.entries()) {
          const profile = found[index] ?? null
          program.set(each, profile)
          if (profile && !program.has(profile.canonical)) program.set(profile.canonical, profile)
        }
        const needs = found.flatMap((each) => each?.needs ?? [])
        open = [...new Set(needs)].filter((each) => !program.has(each) && !isPlain(each))
      }
      return program
    },
  }
}

/** A type of R4 as a whole, with nothing that the walk over it does not see anyway. */
const isPlain = (canonical: string) => namedType(canonical) !== undefined

async function read(source: ProfileSource, canonical: string): Promise<Profile | null> {
  const definition = await source.find(canonical)
  if (!definition) return null
  try {
    return readProfile(definition, await source.snapshot(definition))
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return { ...readProfile(definition, []), fault: error.message }
  }
}

/** Canonicals that a resource names: profiles of it and all resources in it, definitions of extensions. */
export function* neededBy(resource: JsonObject): Steps<Set<string>> {
  const found = new Set<string>([typeCanonical('SimpleQuantity')])
  let count = 0
  const open: unknown[] = [resource]
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    if (Array.isArray(each)) for (const item of each) open.push(item)
    if (!isJsonObject(each)) continue
    if (typeof each.resourceType === 'string') for (const canonical of statedProfiles(each)) found.add(canonical)
    for (const name in each) {
      const member = each[name]
      if (typeof member !== 'object' || member === null) continue
      if (name === 'extension' || name === 'modifierExtension') for (const url of urlsOf(member)) found.add(url)
      open.push(member)
    }
    if (++count % 2000 === 0) yield
  }
  return found
}

function urlsOf(extensions: unknown): string[] {
  if (!Array.isArray(extensions)) return []
  return extensions.flatMap((each) =>
    isJsonObject(each) && typeof each.url === 'string' && each.url.includes(':') ? [each.url] : [],
  )
}
