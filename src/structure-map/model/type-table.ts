import type { StructureDefinition } from '../../fhir/types.ts'
import { logicalType, type TypeTable } from './logical-type.ts'
import { lastPart, mayKeep, r4Name, r4Type, type Type } from './types.ts'

export type { TypeTable } from './logical-type.ts'

/** Canonicals that a definition needs beside itself: its base, and the logical models of its elements. */
export function neededTypes(definition: StructureDefinition): string[] {
  const needed = new Set<string>()
  if (definition.baseDefinition) needed.add(definition.baseDefinition)
  for (const element of definition.snapshot?.element ?? definition.differential?.element ?? []) {
    for (const type of element.type ?? []) {
      needed.add(type.code)
      if (!r4Name(type.code)) for (const profile of type.profile ?? []) needed.add(profile)
    }
  }
  return [...needed].filter((each) => !r4Name(each))
}

/** Most names that a table finds without looking. */
const MOST_NAMES = 500

/** A table over definitions by the canonical they were asked for. */
export function createTypeTable(definitions: ReadonlyMap<string, StructureDefinition>): TypeTable {
  const byUrl = new Map<string, Type>()
  const byName = new Map<string, StructureDefinition>()
  for (const definition of definitions.values()) {
    for (const name of [definition.name, lastPart(definition.type), definition.type, definition.id]) {
      if (name && !byName.has(name)) byName.set(name, definition)
    }
  }
  const found = new Map<string, Type>()
  const table: TypeTable = {
    find(urlOrName) {
      const known = found.get(urlOrName)
      if (known) return known
      const type = look(urlOrName)
      // Instances say what they are, in whatever words: what stands behind a bar is theirs, and not to be kept.
      const isOurs = !urlOrName.includes('|') || definitions.has(urlOrName)
      if (type && isOurs && mayKeep(urlOrName, found, MOST_NAMES)) found.set(urlOrName, type)
      return type
    },
  }
  const look = (urlOrName: string): Type | undefined => {
    const bare = urlOrName.split('|')[0] ?? urlOrName
    const definition = definitions.get(urlOrName) ?? definitions.get(bare)
    if (definition) return build(definition)
    const r4 = r4Name(bare)
    if (r4) return r4Type(r4)
    const named = byName.get(bare)
    return named ? build(named) : undefined
  }
  const build = (definition: StructureDefinition): Type | undefined => {
    const known = byUrl.get(definition.url)
    if (known) return known
    const type =
      definition.derivation === 'constraint' && definition.kind !== 'logical'
        ? profileOf(definition)
        : logicalType(definition, table)
    if (type) byUrl.set(definition.url, type)
    return type
  }
  return table
}

/** A profile is its base type; the url tells what it was asked for. */
function profileOf(definition: StructureDefinition): Type | undefined {
  const base = r4Type(r4Name(definition.type) ?? definition.type)
  return base ? { ...base, url: definition.url, base } : undefined
}
