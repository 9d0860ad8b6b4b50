import { primitiveFault } from '../../fhir/elements.ts'
import { badRequest, incomplete, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { Evaluation } from '../evaluation.ts'
import { personNames } from '../person.ts'
import type { EvaluateRequest } from '../request.ts'
import { readMachineReadableZone } from './machine-readable-zone.ts'
import { type Agreement, compareNames, type DocumentName, writtenName } from './names.ts'

/** What an identity document says of its holder. */
export interface IdentityDocument {
  /** As written, as in the machine-readable zone, or both. */
  names: DocumentName[]
  /** `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or with two digits for the year and what is unknown left out. */
  birthDates: string[]
}

const expressionOf = (part: string) => `Parameters.parameter.where(name='identity').part.where(name='${part}')`

/**
 * Reads the identity document of a question.
 * @throws FhirError 400 when it says nothing, has a name without letters, a date that is none, or a zone that was misread; nothing of
 * it is quoted
 */
export function readIdentityDocument({
  name,
  birthDate,
  mrz,
}: NonNullable<EvaluateRequest['identity']>): IdentityDocument {
  if (name === undefined && birthDate === undefined && mrz === undefined)
    throw badRequest({ text: 'identity needs name, birthDate or mrz', expression: expressionOf('name') }, 'required')
  const document: IdentityDocument = { names: [], birthDates: [] }
  if (name !== undefined) {
    const written = writtenName(name)
    if (written.words.length === 0)
      throw badRequest({
        text: 'identity.name has no letter, or is longer than any name',
        expression: expressionOf('name'),
      })
    document.names.push(written)
  }
  if (birthDate !== undefined) {
    if (primitiveFault('date', birthDate) !== undefined)
      throw badRequest({ text: 'identity.birthDate is no date of the calendar', expression: expressionOf('birthDate') })
    document.birthDates.push(birthDate)
  }
  if (mrz !== undefined) {
    const zone = readMachineReadableZone(mrz, expressionOf('mrz'))
    document.names.push(zone.name)
    document.birthDates.push(zone.birthDate.replace(/<.*$/, '').replace(/(..)(?=.)/g, '$1-'))
  }
  return document
}

/** How a person agrees with an identity document, and whether that may be relied on. */
interface Comparison {
  /** Absent when they cannot be compared. */
  code?: Evaluation['identity'] | undefined
  /** Why nobody should rely on it: makes `accepted` impossible. */
  doubt?: string | undefined
}

/**
 * Compares the person of every verified credential in an evaluation with the identity document (docs/evaluate.md, Identity): of several
 * the one that agrees least counts. `differs` rejects, what could not be compared leaves it undetermined; nothing of either person is
 * part of any issue.
 */
export function compareIdentity(evaluation: Evaluation, document: IdentityDocument): void {
  const linked = evaluation.linked.flatMap((file) => file.evaluation ?? [])
  const inner = [...new Set([...evaluation.evaluations, ...linked])].filter(({ status }) => status === 'VERIFIED')
  const isVerified = evaluation.status === 'VERIFIED'
  // Of one that is verified beside one that is not nothing may have been mapped.
  for (const each of inner) if (isVerified || each.subject) compareIdentity(each, document)
  if (!isVerified) return
  const person = { names: personNames(evaluation), birthDate: evaluation.subject?.birthDate }
  const own = inner.length > 0 && !evaluation.subject ? [] : [compare(person, document)]
  const all: Comparison[] = [
    ...own,
    ...inner.map(({ identity, obstacles }) => ({ code: identity, doubt: doubtOf(obstacles) })),
  ]
  const codes = all.map((each) => each.code)
  const code = worst(codes, codes.includes(undefined) ? codeRanks.slice(0, 1) : codeRanks)
  if (code) evaluation.identity = code
  if (code === 'differs') {
    evaluation.issues.push(differs)
    evaluation.decision = 'rejected'
  }
  const doubt = all.find((each) => each.doubt !== undefined)?.doubt
  if (doubt === undefined) return
  const obstacle = incomplete(`${prefix}${doubt}`)
  evaluation.issues.push(obstacle)
  evaluation.obstacles.push(obstacle)
  if (evaluation.decision === 'accepted') evaluation.decision = 'undetermined'
}

const codeRanks: Evaluation['identity'][] = ['differs', 'close', 'match']
const prefix = 'identity: '
const differs = issue('conflict', {
  severity: 'warning',
  text: 'The person of the credential is not the one of the identity document',
})

/** What was said of the comparison of one of several credentials. */
const doubtOf = (obstacles: Issue[]) =>
  obstacles
    .map(({ details }) => details?.text ?? '')
    .find((text) => text.startsWith(prefix))
    ?.slice(prefix.length)

/** The table of docs/evaluate.md, Identity. */
function compare(person: { names: string[]; birthDate: string | undefined }, document: IdentityDocument): Comparison {
  const name = worst(
    document.names.map((each) => compareNames(person.names, each)),
    nameRanks,
  )
  const born = worst(
    document.birthDates.map((each) => compareBirthDates(person.birthDate, each)),
    dateRanks,
  )
  if (name === 'differs' || born === 'differs') return { code: 'differs' }
  if (name === 'unknown') return { doubt: 'the names cannot be compared' }
  if (name === undefined) return born === 'absent' ? { doubt: noBirthDate } : { code: 'close' }
  if (name === 'doubtful') return { code: 'close', doubt: 'the names may be of one person, or of two' }
  if (born === 'absent') return { code: 'close', doubt: noBirthDate }
  return { code: name === 'same' && born === 'same' ? 'match' : 'close' }
}

const noBirthDate = 'the dates of birth cannot be compared'

const nameRanks: Agreement[] = ['differs', 'unknown', 'doubtful', 'close', 'same']
const dateRanks: DateAgreement[] = ['differs', 'absent', 'partial', 'same']

function worst<T>(found: T[], ranks: T[]): T | undefined {
  return ranks.find((each) => found.includes(each))
}

type DateAgreement = 'same' | 'partial' | 'differs' | 'absent'

/** Partial dates agree as far as they go; a zone has no century. */
function compareBirthDates(credential: string | undefined, document: string): DateAgreement {
  if (credential === undefined || document === '' || !/^\d{4}(?:-\d{2}){0,2}$/.test(credential)) return 'absent'
  const own = /^\d{4}/.test(document) ? credential : credential.slice(2)
  const [short, long] = own.length <= document.length ? [own, document] : [document, own]
  if (!long.startsWith(short)) return 'differs'
  return short.length === long.length && short.length >= 'YY-MM-DD'.length ? 'same' : 'partial'
}
