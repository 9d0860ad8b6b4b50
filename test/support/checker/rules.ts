import type { Answer, Certified } from './declared.ts'

/** The rules that the tests use, as plain predicates over what was certified. */

/** The moment of a question with the day and the offset that it was given in. */
export interface Clock {
  instant: Date
  today: string
  offset: string
}

/** Reads a FHIR dateTime with an offset. */
export const clockOf = (text: string): Clock => ({
  instant: new Date(text),
  today: text.slice(0, 10),
  offset: /Z|[+-]\d\d:\d\d$/.exec(text)?.[0] ?? 'Z',
})

const every = (answers: Answer[]): Answer => (answers.includes(false) ? false : answers.includes(null) ? null : true)
const some = (answers: Answer[]): Answer => (answers.includes(true) ? true : answers.includes(null) ? null : false)
const dayNumber = (date: string) => Date.parse(date) / 86_400_000

/** First and last day, counted from 1970, that a date can mean. */
function days(date: string): [first: number, last: number] {
  const [year = 0, month] = date.split('-').map(Number)
  if (date.length >= 10) return [dayNumber(date.slice(0, 10)), dayNumber(date.slice(0, 10))]
  const after = month === undefined ? Date.UTC(year + 1, 0) : Date.UTC(year, month)
  return [dayNumber(date.length === 4 ? `${date}-01-01` : `${date}-01`), after / 86_400_000 - 1]
}

/** Whether the days from the date to today lie between two numbers, for every day that the date can mean. */
function ago(date: string | undefined, [least, most]: [number, number], { today }: Clock): Answer {
  if (date === undefined) return null
  const [longest, shortest] = days(date).map((day) => dayNumber(today) - day) as [number, number]
  return shortest >= least && longest <= most ? true : longest < least || shortest > most ? false : null
}

const singleDose = [
  ...['XM6QV1', 'XM0N24'].map((code) => `http://id.who.int/icd11/mms|${code}`),
  ...['XM6QV1', 'XM0N24'].map((code) => `http://id.who.int/icd/release/11/mms|${code}`),
  'https://ec.europa.eu/health/documents/community-register/html/|EU/1/20/1525',
  'http://hl7.org/fhir/sid/cvx|212',
  'YellowFever',
]
const isSingle = ({ codes }: Certified) => codes.some((code) => singleDose.includes(code))

/** Some vaccination completes its series and counts today. */
export function completeSeries(events: Certified[], clock: Clock, leastDays = 0): Answer {
  const answers = events
    .filter(({ kind }) => kind === 'v')
    .map((event) => {
      const { dose, total, date, from, until } = event
      const byNumbers = dose === undefined || total === undefined ? null : dose >= total
      return every([
        some([byNumbers, isSingle(event)]),
        from === undefined || ago(from, [0, Infinity], clock),
        until === undefined || ago(until, [-Infinity, 0], clock),
        ago(date, [Math.max(0, leastDays), Infinity], clock),
      ])
    })
  return some(answers)
}

/** Products that the documents of the tests name; of any other nobody says what it is. */
const listed = [
  'YellowFeverProductd2c75a15ed309658b3968519ddb31690',
  'PolioVaccineInactivatedIProduct532ef986c8042bbb15fee24056fdc4ed',
  'XM0N24',
  'XM0N50',
]
const isListed = ({ codes }: Certified): Answer =>
  codes.some((code) => listed.some((each) => code.endsWith(`|${each}`))) || null

/** Against yellow fever: from the tenth day on, for life (IHR, annex 7). */
export const yellowFever = (events: Certified[], clock: Clock): Answer =>
  some(
    events
      .filter(({ disease }) => disease === 'yellow-fever')
      .map((event) =>
        every([
          isListed(event),
          ago(event.date, [10, Infinity], clock),
          event.from === undefined || ago(event.from, [0, Infinity], clock),
        ]),
      ),
  )

/** Against poliomyelitis: 28 days to twelve months before today. */
export const poliomyelitis = (events: Certified[], clock: Clock): Answer =>
  some(
    events
      .filter(({ disease }) => disease === 'poliomyelitis')
      .map((event) =>
        every([
          isListed(event),
          ago(event.date, [28, daysOfTwelveMonths(clock)], clock),
          event.from === undefined || ago(event.from, [0, Infinity], clock),
          event.until === undefined || ago(event.until, [-Infinity, 0], clock),
        ]),
      ),
  )

/** How many days back a date can lie whose twelve months are not over today. */
function daysOfTwelveMonths({ today }: Clock): number {
  const isOver = (back: number) => {
    const [year = 0, month = 0, day = 0] = new Date((dayNumber(today) - back) * 86_400_000)
      .toISOString()
      .slice(0, 10)
      .split('-')
      .map(Number)
    const last = new Date(Date.UTC(year + 1, month, 0)).getUTCDate()
    return Date.UTC(year + 1, month - 1, Math.min(day, last)) < Date.parse(today)
  }
  let back = 360
  while (!isOver(back + 1)) back += 1
  return back
}

/** The same, of vaccines with one dose alone. */
export const singleDoseSchedule = (events: Certified[], clock: Clock): Answer =>
  completeSeries(events.filter(isSingle), clock)

const hours: Record<string, number> = {
  'http://loinc.org|LP6464-4': 72,
  'http://loinc.org|94500-6': 72,
  'icao|molecular': 72,
  'http://loinc.org|LP217198-3': 24,
  'icao|antigen': 24,
}

/** Whether a test was sampled at most so many hours ago; a day without time and offset can be any moment of it. */
function isRecent({ date = '', codes }: Certified, { instant, offset }: Clock): Answer {
  const most = codes.map((code) => hours[code]).find((each) => each !== undefined)
  const exact = /^(.{10}T\d\d:\d\d)(:\d\d[.\d]*)?(Z|[+-]\d\d)?:?(\d\d)?$/.exec(date)
  if (date === '' || most === undefined) return null
  const day = (at: 0 | 1) => new Date((days(date)[at] ?? 0) * 86_400_000).toISOString().slice(0, 10)
  const zone = exact?.[3] === 'Z' ? 'Z' : `${exact?.[3]}:${exact?.[4] ?? '00'}`
  const moments = exact?.[3]
    ? [`${exact[1]}${exact[2] ?? ':00'}${zone}`]
    : [`${day(0)}T00:00:00${offset}`, `${day(1)}T23:59:59${offset}`]
  const ages = moments.map((moment) => Math.trunc((instant.getTime() - Date.parse(moment)) / 1000))
  const answers = ages.map((age) => age >= 0 && age <= most * 3600)
  return answers.every(Boolean)
    ? true
    : ages.every((age) => age < 0) || ages.every((age) => age > most * 3600)
      ? false
      : null
}

/** A negative test in time, and no positive one that may be in time as well. */
export function validTest(events: Certified[], clock: Clock): Answer {
  const tests = events
    .filter(({ kind }) => kind === 't')
    .map((event) => ({ ...event, isRecent: isRecent(event, clock) }))
  if (tests.some((test) => test.detected === true && test.isRecent !== false)) return false
  return some(tests.map((test) => every([typeof test.detected === 'boolean' ? !test.detected : null, test.isRecent])))
}

/** A recovery from COVID-19 whose first positive test lies 11 to 180 days back. */
export const recoveryInWindow = (events: Certified[], clock: Clock): Answer =>
  some(
    events
      .filter(({ kind, codes }) => kind === 'r' && codes.includes('840539006'))
      .map(({ date }) => ago(date, [11, 180], clock)),
  )
