import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isCountryCode } from '../../src/base/iso-3166.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { unprocessable } from '../../src/fhir/error.ts'
import type { ConceptMap, Resource, StructureDefinition, StructureMap, ValueSet } from '../../src/fhir/types.ts'
import { createMaps, type MapEnvironment, type MapOptions, parseMap, printMap } from '../../src/structure-map/maps.ts'
import { inlineTranslator } from '../../src/structure-map/run/translate.ts'

const FOLDER = join(import.meta.dirname, '../../../shared/corpora/structure-map')
const RUNNER = join(import.meta.dirname, '../../../shared/tools/map-runner/run.mjs')

/** One case of the map corpora, see the runner's README. */
export interface MapCase {
  corpus: string
  id: string
  kind: 'parse' | 'roundtrip' | 'parse-error' | 'transform' | 'transform-error'
  requires: string[]
  optional?: boolean
  supporting?: string[]
  maps: string[]
  map?: string | string[]
  source?: string
  expect: {
    assert?: [string, string, Json][]
    structureMap?: string
    file?: string
    normalise?: string
    allow?: string[]
  }
}

/** Comparison as the runner does it. */
interface Comparison {
  check(assertion: [string, string, Json], actual: unknown): string | null
  diff(expected: unknown, actual: unknown): string[]
  normMap(map: unknown): unknown
  normaliseBundle(bundle: unknown, allow?: string[]): unknown
}

/** Text of a file of the corpora. */
export function corpusText(path: string): string {
  return readFileSync(join(FOLDER, path), 'utf8').replace(/^\uFEFF/, '')
}

/** All cases. */
export function mapCases(): MapCase[] {
  return JSON.parse(corpusText('cases.json'))
}

/** The runner's comparison functions. */
export async function comparison(): Promise<Comparison> {
  return await import(RUNNER)
}

/** An environment over artefacts in memory: codes are looked up literally, without any of the server's aliases. */
export function memoryEnvironment(artefacts: Resource[]): MapEnvironment {
  const ofType = <T extends Resource>(type: T['resourceType']) =>
    artefacts.filter((each): each is T => each.resourceType === type)
  return {
    async findMaps(url) {
      const [wanted = '', version] = url.split('|')
      const pattern = new RegExp(
        `^${wanted
          .split('*')
          .map((part) => part.replace(/[.?+^$()[\]{}|\\]/g, '\\$&'))
          .join('.*')}$`,
      )
      return ofType<StructureMap>('StructureMap').filter(
        (each) => pattern.test(each.url) && (!version || each.version === version),
      )
    },
    findStructure: async (url) =>
      ofType<StructureDefinition>('StructureDefinition').find(
        (each) => each.url === url || each.name === url || each.type === url,
      ),
    async membership(url) {
      // A filter on a system that R4 core does not have; the server's own terminology knows it.
      if (url.endsWith('/iso3166-1-3')) return (code) => code.length === 3 && isCountryCode(code)
      const valueSet = ofType<ValueSet>('ValueSet').find((each) => each.url === url)
      if (!valueSet) throw unprocessable(`There is no ValueSet ${url}`, 'not-found')
      return (code, system) => isMember(valueSet, artefacts, { code, system })
    },
    async translator(map) {
      const known =
        typeof map !== 'string'
          ? map
          : ofType<ConceptMap>('ConceptMap').find((each) => each.url === map || each.id === map)
      if (!known) throw unprocessable(`There is no ConceptMap ${String(map)}`, 'not-found')
      return inlineTranslator(known)
    },
    revision: () => 1,
  }
}

function isMember(
  valueSet: ValueSet,
  artefacts: Resource[],
  coding: { code: string; system: string | undefined },
): boolean {
  return (valueSet.compose?.include ?? []).some((include) => {
    if (coding.system !== undefined && include.system !== coding.system) return false
    if (include.concept) return include.concept.some((each) => each.code === coding.code)
    return artefacts.some(
      (each) =>
        each.resourceType === 'CodeSystem' &&
        each.url === include.system &&
        (each.concept ?? []).some((concept) => concept.code === coding.code),
    )
  })
}

/** What is wrong with one case; empty when it passes. */
export async function runMapCase(given: MapCase, options: MapOptions = {}): Promise<string[]> {
  const compare = await comparison()
  if (given.kind === 'parse' || given.kind === 'roundtrip' || given.kind === 'parse-error')
    return runParse(given, compare)
  const artefacts = [...(given.supporting ?? []), ...given.maps].map(readArtefact)
  const maps = createMaps(memoryEnvironment(artefacts), options)
  let value: Json = JSON.parse(corpusText(given.source ?? ''))
  let count = 0
  const call = {
    now: new Date('2026-01-02T03:04:05Z'),
    uuid: () => `00000000-0000-4000-8000-${String(++count).padStart(12, '0')}`,
  }
  try {
    for (const url of [given.map ?? []].flat()) value = (await maps.compile(url)).run(value, call)
  } catch (error) {
    if (given.kind === 'transform-error') return []
    return [String(error), ...(error instanceof Error && !('issues' in error) ? [error.stack ?? ''] : [])]
  }
  if (given.kind === 'transform-error') return ['an error is expected']
  return compareResult(given, value, compare)
}

function runParse(given: MapCase, compare: Comparison): string[] {
  let map: StructureMap
  try {
    map = parseMap(corpusText(given.maps[0] ?? '')).map
  } catch (error) {
    return given.kind === 'parse-error' ? [] : [String(error)]
  }
  if (given.kind === 'parse-error') return ['an error is expected']
  const faults = (given.expect.assert ?? []).map((each) => compare.check(each, map)).filter((each) => each !== null)
  if (given.expect.structureMap) {
    faults.push(
      ...compare.diff(compare.normMap(JSON.parse(corpusText(given.expect.structureMap))), compare.normMap(map)),
    )
  }
  if (given.kind === 'roundtrip')
    faults.push(...compare.diff(compare.normMap(map), compare.normMap(parseMap(printMap(map)).map)))
  return faults
}

function readArtefact(path: string): Resource {
  const text = corpusText(path)
  return /^\s*\{/.test(text) ? JSON.parse(text) : parseMap(text).map
}

function compareResult(given: MapCase, actual: Json, compare: Comparison): string[] {
  const { file, assert = [], normalise, allow } = given.expect
  if (!file) return assert.map((each) => compare.check(each, actual)).filter((each) => each !== null)
  const normal = (value: unknown) => (normalise === 'bundle' ? compare.normaliseBundle(value, allow) : value)
  return compare.diff(normal(JSON.parse(corpusText(file)) as JsonObject), normal(actual))
}
