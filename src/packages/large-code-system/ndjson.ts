/** Code systems as NDJSON: one concept a line, members as in CodeSystem.concept plus `parent` or `parents`. */

import type { Json, JsonObject } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import { cutLines } from './lines.ts'
import { readConcept, type SourceItem } from './source-concept.ts'

const MOST_BYTES = 4 << 20
const cut = { quoted: false, most: MOST_BYTES }

/** The CodeSystem that the first line may be: without concepts of its own. Undefined when the first line is a concept. */
export function readNdjsonHead(chunks: Iterable<Uint8Array>): CodeSystem | undefined {
  const [first] = cutLines(chunks, cut)
  if (first?.text === undefined) return undefined
  const value = objectOf(first.text)
  if ('fault' in value || value.object.resourceType !== 'CodeSystem' || 'concept' in value.object) return undefined
  return value.object as unknown as CodeSystem // has the resourceType; the validator of the import looks at the rest
}

/** The concepts of a file, and what is wrong with single lines. `withHead` leaves the first line out. */
export function* readNdjson(chunks: Iterable<Uint8Array>, withHead: boolean): Generator<SourceItem> {
  const notes: SourceItem[] = []
  let skip = withHead
  for (const { line, text, tooLong } of cutLines(chunks, cut)) {
    if (skip) {
      skip = false
      continue
    }
    if (text === undefined)
      yield { line, problem: tooLong ? `longer than ${MOST_BYTES} bytes` : 'not UTF-8', lost: true }
    else if (text.trim() !== '') {
      const value = objectOf(text)
      if ('fault' in value) yield { line, problem: value.fault, lost: true }
      else {
        const note = (problem: string) => notes.push({ line, problem, lost: false })
        const { parent, parents, concept, ...rest } = value.object
        if (concept !== undefined) note('concepts below it are left out: they need lines of their own')
        yield readConcept(rest, { line, parents: parentsOf([parent, parents], note) }, note)
        yield* notes.splice(0)
      }
    }
  }
}

function parentsOf(given: (Json | undefined)[], note: (problem: string) => void): string[] {
  const named = given.flat().filter((each) => each !== undefined && each !== null && each !== '')
  const codes = named.filter((each) => typeof each === 'string')
  if (codes.length < named.length) note('a parent that is no code was left out')
  return [...new Set(codes)]
}

function objectOf(text: string): { object: JsonObject } | { fault: string } {
  try {
    const value = parseJson(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { object: value }
    return { fault: 'not a JSON object' }
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const [first] = error.issues
    return { fault: first?.diagnostics?.replace(/^line 1, /, '') ?? error.message }
  }
}
