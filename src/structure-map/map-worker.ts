/**
 * Program of the process in which maps of unknown origin are read, compiled and run: what a step of them costs is their author's choice, so
 * the process has limits (computing time, memory). What a map needs of the store is asked of the server. `map-jobs.ts` is its only user.
 */

import { randomUUID } from 'node:crypto'
import { stringifyJson } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { keep } from '../base/keep.ts'
import { unprocessable } from '../fhir/error.ts'
import { asJson, isOfType, parseJson } from '../fhir/json.ts'
import type { Issue, StructureDefinition, StructureMap } from '../fhir/types.ts'
import { parseXml } from '../fhir/xml/read.ts'
import { type Ask, serveJobs } from '../workers/serve-jobs.ts'
import { type MapPieces, takeApart } from './map-pieces.ts'
import { createMaps, type MapEnvironment, parseMap, printMap, printReadable, readR5, type TraceEvent } from './maps.ts'
import type { Translator } from './run/translate.ts'

/** An instance and the map that is applied to it, as texts: exact decimals are lost between processes otherwise. */
export interface TransformJob {
  /** JSON of the map, or its canonical. */
  map: { json: string } | { canonical: string }
  /** JSON of maps that come before stored ones. */
  supporting: string[]
  content: { format: 'json' | 'xml'; text: string | Uint8Array }
  /** What `now()` says, an instant. */
  now: string
  debug: boolean
  /** Whether the result is wanted as XML, when it is that of a logical model. */
  xml: boolean
}

/** What came of a map. */
export interface TransformAnswer {
  /** JSON. */
  result: string
  xml?: string
  warnings: Issue[]
  /** With `debug`; may hold personal data and is never logged. */
  events: TraceEvent[]
}

/** One thing to do. */
export type MapJob =
  | { transform: TransformJob }
  | { parse: string; strict: boolean }
  | { format: string; strict: boolean }
  | { print: string }

/** Its outcome. */
export type MapAnswer = TransformAnswer | { map: MapPieces } | { text: string }

/** What the process asks of the server. */
export type MapQuestion =
  | { maps: string }
  | { structure: string }
  | { valueSet: string; code?: string; system?: string | undefined }
  | { conceptMap: string; code?: string; system?: string | undefined }

/** Most events of a trace that are sent back. */
const traceLimit = 10_000
/** A result that the server can still read without holding up others. */
const resultLimit = 4_000_000

serveJobs<MapJob, MapAnswer>(async (job, ask) => {
  if ('transform' in job) return transform(job.transform, ask)
  if ('print' in job) return { text: bounded(printReadable(readR5(readMap(job.print)))) }
  const { strict } = job
  if ('format' in job) return { text: bounded(printMap(parseMap(job.format, { strict }).map)) }
  const map = takeApart(parseMap(job.parse, { strict }).map)
  for (const each of [map.head, map.rules.join('')]) bounded(each)
  return { map }
})

async function transform(job: TransformJob, ask: Ask): Promise<TransformAnswer> {
  const maps = createMaps(askingEnvironment(ask))
  const supporting = job.supporting.map(readMap)
  const compiled = await maps.compile('json' in job.map ? readMap(job.map.json) : job.map.canonical, supporting)
  const events: TraceEvent[] = []
  const trace = { event: (event: TraceEvent) => events.length < traceLimit && events.push(event) }
  const result = compiled.run(readContent(job.content), {
    now: new Date(job.now),
    uuid: randomUUID,
    ...(job.debug ? { trace } : {}),
  })
  const xml = job.xml ? compiled.writeXml(result) : undefined
  return {
    result: bounded(stringifyJson(result)),
    ...(xml === undefined ? {} : { xml: bounded(xml) }),
    warnings: compiled.warnings,
    events,
  }
}

function bounded(text: string): string {
  if (text.length <= resultLimit) return text
  throw unprocessable(`the result is larger than ${resultLimit} characters`, 'too-costly')
}

function readContent({ format, text }: TransformJob['content']): Json {
  return format === 'json' ? parseJson(text) : asJson(parseXml(text))
}

function readMap(json: string): StructureMap {
  const map = parseJson(json)
  if (!isOfType(map, 'StructureMap')) throw new Error('the server sends what it took for a StructureMap')
  return map
}

function askingEnvironment(ask: Ask): MapEnvironment {
  // The server answers each kind of question in its own shape.
  const put = <T>(question: MapQuestion) => ask(question) as T
  return {
    findMaps: async (maps) => put<StructureMap[]>({ maps }),
    findStructure: async (structure) => put<StructureDefinition | undefined>({ structure }),
    async membership(valueSet) {
      put({ valueSet })
      return remembered((code, system) => put<boolean>({ valueSet, code, system }))
    },
    async translator(conceptMap) {
      if (typeof conceptMap !== 'string') throw new Error('contained concept maps are read in the process itself')
      put({ conceptMap })
      return remembered((code, system) => put<ReturnType<Translator>>({ conceptMap, code, system }))
    },
    revision: () => 1,
  }
}

/** Answers that are remembered of one value set or concept map. */
const mostAnswers = 10_000

/** A question of a code that is put to the server once. */
function remembered<T>(askServer: (code: string, system?: string) => T): (code: string, system?: string) => T {
  const known = keep<string, T>(mostAnswers)
  return (code, system) => known.of(`${system ?? ''}|${code}`, () => askServer(code, system))
}
