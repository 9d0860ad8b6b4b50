/** CodeSystem resources in JSON of any size, concept by concept. */

import type { Json, JsonObject } from '../../base/json-value.ts'
import { FhirError, unprocessable } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import { type ByteReader, readBytes } from './byte-reader.ts'
import { BYTE, syntaxFault, valueEnd } from './json-scan.ts'
import { readConcept, type SourceItem } from './source-concept.ts'
import { type ConceptStep, expect, memberAt, skipSpace, textOf, walkConcepts } from './walk-concepts.ts'

/** A CodeSystem without its concepts. */
export interface FhirJsonHead {
  head: CodeSystem
  /** Concepts of all levels. */
  concepts: number
}

/**
 * Reads a file to its end and keeps everything but the concepts; undefined for any other resource.
 * @throws FhirError 422 with line and column when it is not JSON
 */
export function readFhirJsonHead(chunks: Iterable<Uint8Array>): FhirJsonHead | undefined {
  const head: JsonObject = {}
  let concepts = 0
  for (const part of readResource(readBytes(chunks))) {
    if ('member' in part) head[part.member] = part.value
    else if (part.kind !== 'close') concepts += part.text.includes('"concept"') ? countWithin(parsePart(part)) : 1
    if (head.resourceType !== undefined && head.resourceType !== 'CodeSystem') return undefined
  }
  if (head.resourceType !== 'CodeSystem') return undefined
  return { head: head as unknown as CodeSystem, concepts } // the validator of the import looks at the rest
}

/** A concept and those below it that were read with it. */
function countWithin(concept: JsonObject): number {
  let count = 0
  const waiting: Json[] = [concept]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    count++
    const below = typeof next === 'object' && next !== null && !Array.isArray(next) ? next.concept : undefined
    if (Array.isArray(below)) for (const each of below) waiting.push(each)
  }
  return count
}

/** The concepts of a file, parents before children. */
export function* readFhirJson(chunks: Iterable<Uint8Array>): Generator<SourceItem> {
  const notes: SourceItem[] = []
  const open: { item: SourceItem; members: JsonObject; parent: string | undefined }[] = []
  for (const part of readResource(readBytes(chunks))) {
    if ('member' in part) continue
    const { kind, line } = part
    const note = (problem: string) => notes.push({ line, problem, lost: false })
    if (kind === 'close') {
      const begun = open.pop()
      if (begun && part.text !== '{}') yield* completed(begun, part, note)
    } else {
      const parent = open.at(-1)?.parent
      const members = parsePart(part)
      const item: SourceItem = part.spoiled
        ? { line, problem: 'not UTF-8', lost: true }
        : readConcept(members, { line, parents: parent === undefined ? [] : [parent] }, note)
      yield item
      const code = 'code' in item ? item.code : undefined
      if (kind === 'open') open.push({ item, members, parent: code ?? parent })
      else if (members.concept !== undefined) yield* conceptsBelow(members, { line, parent: code ?? parent }, note)
    }
    yield* notes.splice(0)
  }
}

type Note = (problem: string) => void

/** A concept once more, with the members that stood behind the concepts below it. */
function* completed(
  begun: { item: SourceItem; members: JsonObject },
  part: ConceptStep,
  note: Note,
): Generator<SourceItem> {
  const rest = parsePart(part)
  if (part.spoiled) note('what stands behind the concepts below a concept is not UTF-8, characters were replaced')
  const twice = Object.keys(rest).filter((name) => name === 'concept' || Object.hasOwn(begun.members, name))
  if (twice.length > 0) note(`${twice.join(', ')} occurs twice in a concept; the first one counts`)
  if (!('code' in begun.item)) return
  const { line, parents } = begun.item
  const item = readConcept({ ...rest, ...begun.members }, { line, parents }, note)
  if ('code' in item) yield { ...item, completes: begun.item }
}

/** Concepts of an object that is in memory whole: a resource, or a concept whose code stood behind the concepts below it. */
export function* conceptsBelow(
  members: JsonObject,
  place: { line: number; parent: string | undefined },
  note: Note,
): Generator<SourceItem> {
  const waiting: { concepts: Json | undefined; next: number; parent: string | undefined }[] = [
    { concepts: members.concept, next: 0, parent: place.parent },
  ]
  for (let level = waiting.at(-1); level; level = waiting.at(-1)) {
    const { concepts, parent } = level
    if (!Array.isArray(concepts) || level.next >= concepts.length) {
      waiting.pop()
      continue
    }
    const given = concepts[level.next++]
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      yield { line: place.line, problem: 'a concept is not an object', lost: true }
      continue
    }
    const item = readConcept(given, { line: place.line, parents: parent === undefined ? [] : [parent] }, note)
    yield item
    waiting.push({ concepts: given.concept, next: 0, parent: 'code' in item ? item.code : parent })
  }
}

function parsePart({ text, line }: ConceptStep): JsonObject {
  try {
    return parseJson(text) as JsonObject
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const where = error.issues[0]?.diagnostics ?? ''
    throw unprocessable(
      { text: `The file is not JSON: ${error.message}`, diagnostics: `in the concept of line ${line}: ${where}` },
      'structure',
    )
  }
}

/** The members of the resource that begins at the reader, its concepts step by step. */
function* readResource(reader: ByteReader): Generator<{ member: string; value: Json } | ConceptStep> {
  expect(reader, BYTE.openObject, 'a resource')
  skipSpace(reader)
  if (reader.peek() === BYTE.closeObject) return
  for (;;) {
    skipSpace(reader)
    const { key, value } = memberAt(reader, 0)
    reader.skip(value)
    if (key === 'concept' && reader.peek() === BYTE.openArray) yield* walkConcepts(reader)
    else {
      const end = valueEnd(reader, 0)
      const line = reader.line()
      const { text, spoiled } = textOf(reader, end)
      if (spoiled) throw unprocessable(`The file is not UTF-8: ${key} in line ${line}`, 'structure')
      yield { member: key, value: parsePart({ kind: 'leaf', line, text, spoiled }) as Json }
      reader.skip(end)
    }
    skipSpace(reader)
    if (reader.peek() === BYTE.closeObject) break
    expect(reader, BYTE.comma, "',' or '}'")
  }
  reader.skip(1)
  skipSpace(reader)
  if (reader.peek() >= 0) throw syntaxFault(reader, 0, 'the end')
}
