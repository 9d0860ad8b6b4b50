/** A concept as sources give it, whatever their format, checked in the same way. */
import type { CodeSystemConcept } from '../../fhir/types.ts'

/** One concept of a source. */
export interface SourceConcept {
  line: number
  code: string
  display?: string
  /** Codes of the parents that the format itself names, the first one makes the tree. */
  parents: string[]
  /** Definition, designations, properties and extensions; absent when there are none. */
  concept?: CodeSystemConcept
  /** Set by who takes it into an index: its row there. */
  row?: number | undefined
  /** The same concept as it came before, when this one has also what stood behind the concepts below it. */
  completes?: SourceConcept
}

/** What a source yields: concepts, and problems; `lost` when a concept was left out because of it. */
export type SourceItem = SourceConcept | { line: number; problem: string; lost: boolean }

type Json = Record<string, unknown>

const KNOWN = new Set(['code', 'display', 'definition', 'designation', 'property', 'extension', 'concept', 'id'])

/**
 * Reads a concept from a JSON object (members of CodeSystem.concept). Answers the problem when it has no usable code or one of
 * its members is not what FHIR says; `notes` are told of what was left out.
 */
export function readConcept(
  given: Json,
  place: { line: number; parents: string[] },
  note: (problem: string) => void,
): SourceItem {
  const { line, parents } = place
  const { code } = given
  if (typeof code !== 'string') {
    return { line, problem: code === undefined ? 'no code' : 'the code is not a text', lost: true }
  }
  const fault = faultOfCode(code)
  if (fault) return { line, problem: fault, lost: true }
  if (given.modifierExtension !== undefined)
    return { line, problem: `code '${code}': it has a modifier that is not understood`, lost: true }
  const about = (text: string) => note(`code '${code}': ${text}`)
  const made: SourceConcept = { line, code, parents }
  const display = textOf(given, 'display', about)
  if (display !== undefined) made.display = display
  const concept: CodeSystemConcept = { code }
  const definition = textOf(given, 'definition', about)
  if (definition !== undefined) concept.definition = definition
  const designation = listOf(given, 'designation', about).filter((each) => usable(each, 'value', about))
  if (designation.length > 0) concept.designation = designation as object[] as NonNullable<typeof concept.designation>
  const property = listOf(given, 'property', about).filter((each) => usable(each, 'code', about))
  if (property.length > 0) concept.property = property as object[] as NonNullable<typeof concept.property>
  const extension = listOf(given, 'extension', about).filter((each) => usable(each, 'url', about))
  if (extension.length > 0) concept.extension = extension as object[] as NonNullable<typeof concept.extension>
  const unknown = Object.keys(given).filter((name) => !KNOWN.has(name) && !name.startsWith('_'))
  if (unknown.length > 0) about(`unknown member ${unknown.join(', ')} left out`)
  if (Object.keys(concept).length > 1) made.concept = concept
  return made
}

/** Why a code cannot be used; undefined when it can. */
function faultOfCode(code: string): string | undefined {
  if (code === '' || code.trim() !== code)
    return code.trim() === '' ? 'no code' : `the code '${code}' has blanks around it`
  if (!code.isWellFormed()) return 'the code has half a character (lone surrogate)'
  if (code.length > 1000) return 'the code is longer than 1000 characters'
  return undefined
}

function textOf(given: Json, name: string, note: (problem: string) => void): string | undefined {
  const value = given[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') {
    note(`${name} is not a text and was left out`)
    return undefined
  }
  if (value.isWellFormed()) return value
  note(`${name} has half a character (lone surrogate), replaced`)
  return value.toWellFormed()
}

function listOf(given: Json, name: string, note: (problem: string) => void): Json[] {
  const value = given[name]
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each)))
    return value as Json[]
  note(`${name} is not a list of objects and was left out`)
  return []
}

function usable(entry: Json, required: string, note: (problem: string) => void): boolean {
  const value = entry[required]
  if (typeof value === 'string' && value !== '') return true
  note(`an entry without ${required} was left out`)
  return false
}
