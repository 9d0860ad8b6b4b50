import { isDeepStrictEqual } from 'node:util'
import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { issue } from '../fhir/error.ts'
import { asJson } from '../fhir/json.ts'
import type { Bundle, Issue } from '../fhir/types.ts'
import type { Evaluation } from './evaluation.ts'
import { compareNames, writtenName } from './identity/names.ts'

type Subject = NonNullable<Evaluation['subject']>

/**
 * Finds the person: in the first core data set, else in the first Patient of the Bundle. Of several names the official one that is in
 * force at the clock counts, whatever their order.
 */
export function subjectOf(coreDataSets: JsonObject[], bundle: Bundle | undefined, clock?: Date): Subject | undefined {
  const fromCore = coreDataSets[0] ? read(coreDataSets[0], clock) : undefined
  if (fromCore?.name) return fromCore
  const patient = bundle?.entry?.find((entry) => entry.resource?.resourceType === 'Patient')?.resource
  const fromPatient = patient ? read(asJson(patient), clock) : undefined
  return fromPatient && Object.keys(fromPatient).length > 0 ? fromPatient : fromCore
}

function read(person: JsonObject, clock: Date | undefined): Subject {
  const subject: Subject = {}
  const name = best(person.name, clock)
    .map(nameText)
    .find((each) => each !== undefined)
  if (name) subject.name = name
  if (typeof person.birthDate === 'string' && person.birthDate !== '') subject.birthDate = person.birthDate
  const identifier = best(person.identifier, clock)
    .map(identifierText)
    .find((each) => each !== undefined)
  if (identifier) subject.identifier = identifier
  return subject
}

/** Ranks of `HumanName.use` and `Identifier.use`; without one a name counts as usual. */
const RANKS: Record<string, number> = { official: 0, usual: 1, temp: 2, secondary: 2, nickname: 3 }
/** What was given up, or hides who it is, stands in only where there is nothing else. */
const GIVEN_UP = new Set(['old', 'maiden', 'anonymous'])

/** The items of a list, the one that counts first; a single value is a list of one. */
function best(value: Json | undefined, clock: Date | undefined): Json[] {
  const items = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return items.length < 2 ? items : [...items].sort((a, b) => rank(a, clock) - rank(b, clock))
}

function rank(item: Json, clock: Date | undefined): number {
  if (!isJsonObject(item)) return 1
  const use = typeof item.use === 'string' ? item.use : 'usual'
  return (GIVEN_UP.has(use) ? 20 : (RANKS[use] ?? 3)) + (clock && hasEnded(item.period, clock) ? 10 : 0)
}

/** Whether a period ended before the clock; a date counts to its end, a partial one to the end of the month or year. */
function hasEnded(period: Json | undefined, clock: Date): boolean {
  const end = isJsonObject(period) ? period.end : undefined
  if (typeof end !== 'string') return false
  return end.length > 10 ? Date.parse(end) < clock.getTime() : end < clock.toISOString().slice(0, end.length)
}

/** A text, or a HumanName. */
function nameText(name: Json): string | undefined {
  if (typeof name === 'string') return name || undefined
  if (!isJsonObject(name)) return undefined
  if (typeof name.text === 'string' && name.text) return name.text
  const given = Array.isArray(name.given) ? name.given.filter((each) => typeof each === 'string') : []
  const family = typeof name.family === 'string' ? [name.family] : []
  return [...given, ...family].join(' ') || undefined
}

function identifierText(identifier: Json): string | undefined {
  if (typeof identifier === 'string') return identifier || undefined
  return isJsonObject(identifier) && typeof identifier.value === 'string' ? identifier.value : undefined
}

/** What speaks against all core data sets being about one person; nobody is named. */
export function personFaults(coreDataSets: JsonObject[]): Issue[] {
  const faults: Issue[] = []
  const differ = (what: string) =>
    issue('conflict', `The certified events are not about one person: their ${what} differ`)
  const [first, ...others] = coreDataSets
  if (others.some((each) => !isSameName(each.name, first?.name))) faults.push(differ('names'))
  // One that is absent beside one that is told was perhaps not one to be read: it agrees with none.
  const births = coreDataSets.map(({ birthDate }) => (typeof birthDate === 'string' ? birthDate : undefined))
  if (births.some((each) => births.some((other) => !agree(each, other)))) faults.push(differ('dates of birth'))
  return faults
}

/** What is known of the person of one credential. */
type Person = Pick<Evaluation, 'subject' | 'content'>

/**
 * What speaks against several credentials being about one person; nobody is named. Names must agree as travel documents write them,
 * dates of birth as far as they are told, and each must tell some: of one that tells none nobody can say whose it is.
 */
export function personsDoubts(persons: Person[]): Issue[] {
  const doubts = new Set<string>()
  if (!areOneName(persons.map(personNames))) doubts.add('names do not agree')
  for (const [at, a] of persons.entries()) {
    for (const b of persons.slice(at + 1)) {
      const [birthA, birthB] = [a.subject?.birthDate, b.subject?.birthDate]
      if (birthA === undefined || birthB === undefined) doubts.add('dates of birth are not all told')
      else if (!agree(birthA, birthB)) doubts.add('dates of birth differ')
      const [sexA, sexB] = [sexOf(a), sexOf(b)]
      if (sexA !== undefined && sexB !== undefined && sexA !== sexB) doubts.add('sexes differ')
    }
  }
  return [...doubts].map((what) =>
    issue('conflict', {
      severity: 'warning',
      text: `The credentials are not certainly about one person: their ${what}`,
    }),
  )
}

/** Whether each person has a name that every other has, too; most have the same text, which is compared once. */
function areOneName(persons: string[][]): boolean {
  const different = [...new Map(persons.map((names) => [JSON.stringify(names), names])).values()]
  const agrees = (a: string[], b: string[]) => b.some((each) => compareNames(a, writtenName(each)) === 'same')
  return different.every((a, at) => different.slice(at).every((b) => agrees(a, b)))
}

/** Administrative gender where it says something. */
function sexOf({ content }: Person): string | undefined {
  const [patient] = patientsOf(content)
  const sex = patient?.gender
  return sex === 'male' || sex === 'female' || sex === 'other' ? sex : undefined
}

const patientsOf = (content: Bundle | undefined): JsonObject[] =>
  (content?.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === 'Patient' ? [asJson(resource)] : []))

/** Most names of one person that are looked at. */
const mostNames = 5

/** The names under which a person is known: the one that is shown, and those of the Patient that were not given up. */
export function personNames({ subject, content }: Person): string[] {
  const names = patientsOf(content).flatMap(namesOf)
  return [...new Set([...(subject?.name === undefined ? [] : [subject.name]), ...names])].slice(0, mostNames)
}

/** Case, accents, hyphens and which comes first say nothing; letters of other alphabets are compared as travel documents write them. */
function isSameName(a: Json | undefined, b: Json | undefined): boolean {
  if (isDeepStrictEqual(a, b)) return true
  const [textA, textB] = [a, b].map((each) => (each === undefined ? undefined : nameText(each)))
  return textA !== undefined && textB !== undefined && compareNames([textA], writtenName(textB)) === 'same'
}

/** The names of a person that were not given up. */
function namesOf(person: JsonObject): string[] {
  const items = best(person.name, undefined).filter((each) => !isJsonObject(each) || !GIVEN_UP.has(String(each.use)))
  return items.flatMap((each) => nameText(each) ?? [])
}

/** A partial date agrees with every date in it. */
const agree = (a: string | undefined, b: string | undefined) =>
  a === undefined || b === undefined ? a === b : a.startsWith(b) || b.startsWith(a)
