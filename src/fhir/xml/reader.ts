/** What reading keeps in mind, and how it says where it failed. */
import type { SaxesParser } from 'saxes'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { FoundElement } from '../elements.ts'
import { badRequest, type FhirError, unprocessable } from '../error.ts'

/** One open element. */
export interface Frame {
  kind: 'node' | 'primitive' | 'holder' | 'xhtml'
  /** Type of the content, for {@link elementInfo}. */
  type: string
  /** JSON property in the parent. */
  property: string
  /** How it is declared; the root and the resource inside a holder have no declaration. */
  element: FoundElement | undefined
  index: number
  /** Members read so far; of a primitive those of its `_name`. */
  object: JsonObject
  value: Json | undefined
  /** Text of a number. */
  text: string | undefined
  /** How often each element occurred, by name without `[x]`. */
  seen: Map<string, number>
  extras: Map<string, Json[]>
  /** Where its tag opens, in the text. */
  start: number
}

/** The state of reading. */
export interface Reader {
  parser: SaxesParser<{ xmlns: true }>
  source: string
  maxDepth: number
  frames: Frame[]
  /** Elements open inside a narrative. */
  xhtmlDepth: number
  /** By prefix, as far as the narrative that is being read uses them. */
  namespaces: Map<string, string>
  /** Of the tag that is being read. */
  attributes: number
  start: number
  root: JsonObject | undefined
}

function expressionOf(reader: Reader, child: string): string {
  let path = ''
  for (const frame of reader.frames) {
    if (!frame.element) path ||= frame.type
    else path += `.${frame.element.name}${frame.element.isArray ? `[${frame.index}]` : ''}`
  }
  return child ? `${path}.${child}` : path
}

/** 400 for what is not well-formed, with line and column. */
export function malformed(reader: Reader, what: string): FhirError {
  const { line, column } = reader.parser
  return badRequest(
    {
      text: `Not well-formed XML at line ${line}, column ${column}: ${what}`,
      diagnostics: `line ${line}, column ${column}: ${what}`,
    },
    'structure',
  )
}

/** 422 for what is no FHIR, with line, column and the element. */
export function invalid(reader: Reader, what: string, child = ''): FhirError {
  const { line, column } = reader.parser
  const expression = expressionOf(reader, child)
  const detail = {
    text: `Not FHIR R4 XML at line ${line}, column ${column}: ${what}`,
    diagnostics: `line ${line}, column ${column}: ${what}`,
  }
  return unprocessable(expression ? { ...detail, expression } : detail, 'structure')
}

/** 400 for elements in elements in elements. */
export function tooDeep(reader: Reader): FhirError {
  const { line, column } = reader.parser
  return badRequest(
    {
      text: `The XML is nested more than ${reader.maxDepth} levels deep`,
      diagnostics: `line ${line}, column ${column}`,
    },
    'too-costly',
  )
}
