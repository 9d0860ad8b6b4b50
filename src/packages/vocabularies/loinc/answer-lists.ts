/** Answer lists and their answers; an answer may stand in many lists. */
import type { ReleaseFiles } from '../source.ts'
import { faultAt, readTable } from '../table.ts'
import { requireCode } from './codes.ts'

/** An answer list. */
export interface AnswerList {
  name: string
  oid: string
  /** Its answers are codes of another system: the list names none of its own. */
  isExternal: boolean
  externalSystem: string
  externalLink: string
  /** Answers with their place in the sequence. */
  answers: Map<string, number>
  /** LOINC numbers that it is used for. */
  terms: Set<string>
}

/** An answer. */
interface Answer {
  text: string
  description: string
  lists: Set<string>
}

/** The lists of a release. */
export interface AnswerLists {
  lists: Map<string, AnswerList>
  answers: Map<string, Answer>
}

/** The answers of a list in their sequence. */
export const inSequence = ({ answers }: AnswerList): string[] =>
  [...answers].sort(([, a], [, b]) => a - b).map(([answer]) => answer)

/**
 * Reads lists and answers.
 * @throws FhirError 422 for an identifier that is none, with the line
 */
export function readAnswerLists(files: ReleaseFiles, name: string): AnswerLists {
  const lists = new Map<string, AnswerList>()
  const answers = new Map<string, Answer>()
  const form = {
    separator: ',',
    required: ['AnswerListId', 'AnswerListName', 'AnswerStringId', 'SequenceNumber', 'DisplayText'],
    optional: [
      'AnswerListOID',
      'ExtDefinedYN',
      'ExtDefinedAnswerListCodeSystem',
      'ExtDefinedAnswerListLink',
      'Description',
    ],
  } as const
  for (const { line, of } of readTable<(typeof form)['required' | 'optional'][number]>(
    { name, chunks: files.chunks(name) },
    form,
  )) {
    const id = requireCode(of.AnswerListId, 'LL', { name, line })
    let list = lists.get(id)
    if (!list) {
      list = {
        name: of.AnswerListName,
        oid: of.AnswerListOID,
        isExternal: of.ExtDefinedYN === 'Y',
        externalSystem: of.ExtDefinedAnswerListCodeSystem,
        externalLink: of.ExtDefinedAnswerListLink,
        answers: new Map(),
        terms: new Set(),
      }
      lists.set(id, list)
    }
    if (of.AnswerStringId === '') {
      if (!list.isExternal) throw faultAt(name, line, `the list ${id} has an answer without an identifier`)
      continue
    }
    const answer = requireCode(of.AnswerStringId, 'LA', { name, line })
    const place = Number(of.SequenceNumber === '' ? line : of.SequenceNumber)
    if (!Number.isFinite(place)) throw faultAt(name, line, `'${of.SequenceNumber.slice(0, 20)}' is no sequence number`)
    if (!list.answers.has(answer)) list.answers.set(answer, place)
    const known = answers.get(answer)
    if (known) known.lists.add(id)
    else answers.set(answer, { text: of.DisplayText, description: of.Description, lists: new Set([id]) })
  }
  return { lists, answers }
}

/**
 * Notes which terms use which lists; `link` is told of each pair.
 * @throws FhirError 422 for a term or a list that the release lacks
 */
export function linkAnswerLists(
  { files, name }: { files: ReleaseFiles; name: string },
  { lists }: AnswerLists,
  isTerm: (number: string) => boolean,
  link: (number: string, list: string) => void,
): void {
  const form = { separator: ',', required: ['LoincNumber', 'AnswerListId'] } as const
  for (const { line, of } of readTable({ name, chunks: files.chunks(name) }, form)) {
    const { LoincNumber: number, AnswerListId: id } = of
    if (!isTerm(number))
      throw faultAt(name, line, `the table of terms lacks ${number.slice(0, 40)}: this is not one whole release`)
    const list = lists.get(id)
    if (!list)
      throw faultAt(name, line, `the table of answer lists lacks ${id.slice(0, 40)}: this is not one whole release`)
    if (list.terms.has(number)) continue
    list.terms.add(number)
    link(number, id)
  }
}
