/** Texts from files. The files stay where they are: nothing is kept in the browser. */
import type { Library } from 'fhir/r4.js'
import { cqlOf, type Draft, mapDraft, type Part } from './document/artefacts.ts'
import { cqlHead, fmlHead } from './document/header.ts'
import { jsonObject } from './document/json-text.ts'

/** Longer files are none of these. */
const mostBytes = 2_000_000

/** What some files hold: a CQL text or Library with its rule sets, or a map; undefined for anything else. */
export async function draftOfFiles(files: readonly File[]): Promise<Draft | undefined> {
  if (files.length === 0 || files.some(({ size }) => size > mostBytes)) return undefined
  return draftOfTexts(await Promise.all(files.map((each) => each.text())))
}

/** The same of texts. A rule has exactly one library, and a map stands alone. */
export function draftOfTexts(given: readonly string[]): Draft | undefined {
  const parts = given.map(partOf)
  const found = parts.flatMap((each) => each ?? [])
  if (found.length !== given.length) return undefined
  const [map, ...rest] = found
  if (map?.type === 'StructureMap') return rest.length === 0 ? mapDraft(map.text) : undefined
  const libraries = found.filter(({ type }) => type === 'Library')
  const plans = found.filter(({ type }) => type === 'PlanDefinition')
  if (libraries.length !== 1 || libraries.length + plans.length !== found.length) return undefined
  return { kind: 'rule', parts: [...libraries, ...plans.map((each, at) => ({ ...each, key: `plan-${at}` }))] }
}

function partOf(given: string): Part | undefined {
  const text = given.replace(/^\uFEFF/, '')
  const object = jsonObject(text)
  if (object?.resourceType === 'PlanDefinition')
    return { key: 'plan', type: 'PlanDefinition', language: 'json', text, kept: text }
  if (object?.resourceType === 'Library') {
    const resource = { ...object, resourceType: 'Library' } as Library
    const cql = cqlOf(resource)
    return cql === undefined
      ? undefined
      : { key: 'library', type: 'Library', language: 'cql', text: cql, kept: cql, resource }
  }
  if (object) return undefined
  if (cqlHead(text)) return { key: 'library', type: 'Library', language: 'cql', text, kept: text }
  return fmlHead(text) ? { key: 'map', type: 'StructureMap', language: 'fml', text, kept: text } : undefined
}
