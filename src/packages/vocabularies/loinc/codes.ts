/** How the identifiers of LOINC look: terms, parts, answer lists, answers and groups. */
import { faultAt } from '../table.ts'

/** Kinds of identifiers by how they begin; a term begins with a digit. */
export type CodeKind = '' | 'LP' | 'LL' | 'LA' | 'LG'

const FORM = /^(LP|LL|LA|LG)?\d{1,9}-\d$/

/** Whether a text has the form of an identifier of that kind. */
const isCode = (text: string, kind: CodeKind): boolean => {
  const form = FORM.exec(text)
  return form !== null && (form[1] ?? '') === kind
}

/** The kind of an identifier; undefined for any other text. */
export const kindOf = (text: string): CodeKind | undefined => {
  const form = FORM.exec(text)
  return form === null ? undefined : ((form[1] ?? '') as CodeKind)
}

/** An identifier of that kind, or the error that says where there is none: columns that have moved are found by it. */
export function requireCode(text: string, kind: CodeKind, place: { name: string; line: number }): string {
  if (isCode(text, kind)) return text
  const what = { '': 'a LOINC number', LP: 'a part', LL: 'an answer list', LA: 'an answer', LG: 'a group' }[kind]
  throw faultAt(place.name, place.line, `'${text.slice(0, 40)}' is not the number of ${what}`)
}
