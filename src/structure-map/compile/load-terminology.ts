import { FhirError } from '../../fhir/error.ts'
import type { ConceptMap, StructureMap } from '../../fhir/types.ts'
import type { MapEnvironment } from '../environment.ts'
import { constantsOf } from '../model/extensions.ts'
import type { Rule, RuleTarget } from '../model/structure.ts'
import { inlineTranslator, OID_MAP, type Translator, translateOid } from '../run/translate.ts'

type Warn = (text: string) => void

/** All rules of the maps, nested ones too. */
export function* allRules(maps: StructureMap[]): Generator<Rule> {
  const inside = function* (rules: Rule[]): Generator<Rule> {
    for (const rule of rules) {
      yield rule
      yield* inside(rule.rule ?? [])
    }
  }
  for (const map of maps) for (const group of map.group) yield* inside(group.rule)
}

/** Every text of a rule that may be FHIRPath. */
export function* allExpressions(maps: StructureMap[]): Generator<string> {
  for (const rule of allRules(maps)) {
    for (const { condition, check, logMessage } of rule.source) yield* [condition ?? '', check ?? '', logMessage ?? '']
    for (const target of rule.target ?? []) for (const each of target.parameter ?? []) yield each.valueString ?? ''
  }
  for (const map of maps) for (const constant of constantsOf(map)) yield constant.value
}

/** Looks up the value sets that expressions name; one that cannot be used is told. */
export async function loadMemberships(maps: StructureMap[], environment: MapEnvironment, warn: Warn) {
  const memberships = new Map<string, (code: string, system?: string) => boolean>()
  const asked = new Set<string>()
  for (const text of allExpressions(maps)) {
    for (const [, url = ''] of text.matchAll(/memberOf\(\s*['"]([^'"]+)['"]/g)) {
      if (asked.has(url)) continue
      asked.add(url)
      try {
        memberships.set(url, await environment.membership(url))
      } catch (error) {
        if (!(error instanceof FhirError) || error.status >= 500) throw error
        warn(`ValueSet ${url} cannot be used, memberOf() with it is empty: ${error.message}`)
      }
    }
  }
  return memberships
}

/** Looks up the concept maps that rules name; one that cannot be used is told. */
export async function loadTranslators(maps: StructureMap[], environment: MapEnvironment, warn: Warn) {
  const translators = new Map<string, Translator>()
  for (const url of conceptMapsToFind(maps, warn)) {
    try {
      translators.set(url, await environment.translator(url))
    } catch (error) {
      if (!(error instanceof FhirError) || error.status >= 500) throw error
      if (url === OID_MAP) translators.set(url, translateOid)
      else warn(`ConceptMap ${url} cannot be used, translate() with it is empty: ${error.message}`)
    }
  }
  return translators
}

/** What rules translate by and their map does not contain; `#id` that it does not contain is told. */
function conceptMapsToFind(maps: StructureMap[], warn: Warn): Set<string> {
  const urls = new Set<string>()
  for (const map of maps) {
    const own = inlineTranslators(map)
    for (const rule of allRules([map])) {
      for (const target of rule.target ?? []) {
        const url = translatedMap(target, map)
        if (url === undefined || own.has(url.replace(/^#/, ''))) continue
        if (url.startsWith('#')) warn(`StructureMap ${map.url} has no concept map ${url}, translate() with it is empty`)
        else urls.add(url)
      }
    }
  }
  return urls
}

/** The concept map that a target names, as literal or as constant of its map. */
function translatedMap({ transform, parameter }: RuleTarget, map: StructureMap): string | undefined {
  if (transform !== 'translate') return undefined
  const given = parameter?.[1]
  const constant = constantsOf(map).find((each) => each.name === given?.valueId)
  return given?.valueString ?? (constant && /^'([^'\\]*)'$/.exec(constant.value)?.[1])
}

/** The concept maps that are contained in a map, by id. */
export function inlineTranslators(map: StructureMap): Map<string, Translator> {
  const maps = (map.contained ?? []).filter((each): each is ConceptMap => each.resourceType === 'ConceptMap')
  return new Map(maps.map((each) => [each.id ?? '', inlineTranslator(each)]))
}
