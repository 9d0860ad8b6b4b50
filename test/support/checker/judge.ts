import { at } from './bytes.ts'
import { readFacts } from './content.ts'
import type { Answer, Certified, DeclaredKey, Facts, Plain } from './declared.ts'
import { type Demands, dueWarnings, keyObjections } from './keys.ts'
import { type Opened, open } from './open.ts'
import { readReply, replyFaults, type Shown } from './reply.ts'
import type { Clock } from './rules.ts'
import { codings, dateText, detection } from './values.ts'

/** A rule that a question runs; `id` as {@link Shown} has it. */
export interface NamedRule {
  id: string
  answer(events: Certified[], clock: Clock): Answer
}

/** A question with everything that its right answer depends on. */
export interface Question extends Omit<Demands, 'instant'> {
  texts: string[]
  keys: DeclaredKey[]
  clock: Clock
  rules(facts: Facts): NamedRule[]
  /** Texts of the content that a reply to an unverified credential must not hold. */
  markers: string[]
  /** Whether it was sent as bytes, which have no text encoding. */
  isRaw?: boolean
}

/** What an answer may be: `forged` says why not VERIFIED, `doubts` why not accepted. */
export interface Judgement {
  forged: string[]
  doubts: string[]
  /** Those of the doubts that are about the content, not about rules. */
  contentDoubts: string[]
  answers: { id: string; answer: Answer }[]
  /** Checks that must warn where it is VERIFIED. */
  warnings: string[]
  facts?: Facts
}

/** Judges a question from the specification alone. */
export function judge({ texts, keys, clock, rules, ...demands }: Question): Judgement {
  let opened: Opened
  try {
    opened = open(texts)
  } catch (error) {
    return {
      forged: [`cannot be opened: ${error instanceof Error ? error.message : error}`],
      doubts: [],
      contentDoubts: [],
      answers: [],
      warnings: [],
    }
  }
  const facts = readFacts(opened)
  const keyFaults = keyObjections(opened, facts, keys, { ...demands, instant: clock.instant })
  const forged = [...facts.faults, ...keyFaults, ...periodObjections(opened, clock)]
  const answers = rules(facts).map(({ id, answer }) => ({ id, answer: answer(facts.events, clock) }))
  const unmet = answers.filter(({ answer }) => answer !== true).map(({ id, answer }) => `${id} is ${answer}`)
  const doubts = [...facts.doubts, ...unmet, ...(answers.length === 0 ? ['no rule applies'] : [])]
  return { forged, doubts, contentDoubts: facts.doubts, answers, warnings: dueWarnings(opened, facts, keys), facts }
}

/** Seconds of a date with a time and an offset, or of a day; what is no such text is no time. */
function instantOf(value: Plain | undefined): Plain | undefined {
  if (value === undefined) return undefined
  const isTime = dateText(value) !== undefined && /^.{10}(T.*(Z|[+-]\d\d:\d\d))?$/.test(String(value))
  return isTime ? Date.parse(String(value)) / 1000 : null
}

function periodObjections({ family, payload }: Opened, { instant }: Clock): string[] {
  const now = instant.getTime() / 1000
  const isFlat = family === 'hcert' && at(payload, '-260') === undefined
  const flat = (name: string, time: string) => {
    const date = at(payload, name)
    return date === undefined || date === null
      ? undefined
      : Date.parse(`${dateText(date)?.slice(0, 10)}T${time}Z`) / 1000
  }
  const starts =
    family === 'hcert'
      ? [at(payload, '5'), at(payload, '6'), isFlat ? flat('valid_from', '00:00:00') : undefined]
      : family === 'divoc'
        ? [instantOf(at(payload, 'issuanceDate'))]
        : [at(payload, 'nbf')]
  const ends =
    family === 'hcert'
      ? [at(payload, '4'), isFlat ? flat('valid_until', '23:59:59') : undefined]
      : [family === 'divoc' ? instantOf(at(payload, 'expirationDate')) : at(payload, 'exp')]
  const isBad = (claim: Plain | undefined, isPast: (time: number) => boolean) =>
    claim !== undefined && !(typeof claim === 'number' && Number.isFinite(claim) && !isPast(claim))
  return [
    ...(starts.some((claim) => isBad(claim, (time) => time > now)) ? ['not yet valid'] : []),
    ...(ends.some((claim) => isBad(claim, (time) => time < now)) ? ['expired'] : []),
  ]
}

/** How a reply departs from what it may be; empty when it does not. */
export function disagreements(question: Question, reply: Plain, judgement = judge(question)): string[] {
  const shown = readReply(reply)
  const { forged, doubts, answers, warnings, facts } = judgement
  const found = replyFaults(shown, question).map((rule) => `the reply breaks the rule "${rule}"`)
  if (shown.status === 'VERIFIED') {
    found.push(...forged.map((reason) => `VERIFIED, but ${reason}`))
    const silent = warnings.filter(
      (name) => !shown.checks.some((check) => check.name === name && check.outcome === 'warn'),
    )
    found.push(...silent.map((name) => `VERIFIED without a warning of ${name}`))
  }
  if (shown.decision === 'accepted') found.push(...doubts.map((reason) => `accepted, but ${reason}`))
  if (shown.decision === 'rejected' && !answers.some(({ answer }) => answer === false))
    found.push('rejected, but no rule is false')
  if (shown.decision === 'accepted') {
    for (const { id } of answers) if (!shown.rules.some((rule) => rule.id === id)) found.push(`accepted without ${id}`)
  }
  if (shown.status === 'VERIFIED' && facts && forged.length === 0) found.push(...shownOtherwise(shown, facts))
  return found
}

/** What is shown against what was signed. */
function shownOtherwise(
  { subject, coreDataSets, resourceTypes, decision }: Shown,
  { persons, events }: Facts,
): string[] {
  const found: string[] = []
  const { name, birthDate, identifier } = subject
  const isSigned = (shown: string | undefined, signed: (string | undefined)[]) =>
    shown === undefined || signed.some((each) => each?.trim() === shown.trim())
  if (
    !isSigned(
      name,
      persons.flatMap(({ names }) => names),
    )
  )
    found.push('the name shown is not the signed one')
  if (
    !isSigned(
      birthDate,
      persons.map((each) => each.birthDate),
    )
  )
    found.push('the birth date shown is not the signed one')
  if (
    !isSigned(
      identifier,
      persons.flatMap(({ identifiers }) => identifiers),
    )
  )
    found.push('the identifier shown is not a signed one')
  const signed = [...events]
  for (const event of coreDataSets.map(shownEvent)) {
    const place = signed.findIndex((each) => isShownAs(each, event))
    if (place < 0) found.push('an event is shown that was not signed so')
    else signed.splice(place, 1)
  }
  const ran = resourceTypes.filter((type) => ['Immunization', 'Observation', 'Condition'].includes(type))
  if (decision === 'accepted' && signed.length > 0) found.push('accepted, but not every signed event is shown')
  if (decision === 'accepted' && ran.length !== events.length)
    found.push('accepted over more or fewer events than signed')
  return found
}

type ShownEvent = Omit<Certified, 'codes'>

/** Nothing may be shown that was not signed; what was signed may be missing. Of a result that is both, either may stand. */
function isShownAs(signed: ShownEvent, shown: ShownEvent): boolean {
  const day = (date: unknown) => (typeof date === 'string' ? date.slice(0, 10) : date)
  const isSame = (own: unknown, other: unknown) => other === undefined || own === other
  const isSameResult = signed.detected === 'both' || isSame(signed.detected, shown.detected)
  const isSameDose = isSame(signed.dose, shown.dose) && isSame(signed.total, shown.total)
  return signed.kind === shown.kind && isSame(day(signed.date), day(shown.date)) && isSameDose && isSameResult
}

function shownEvent(coreDataSet: Plain): ShownEvent {
  const [vaccination, test, recovery] = ['vaccination', 'test', 'recovery'].map((each) => at(coreDataSet, each))
  const event = vaccination ?? test ?? recovery
  const date = at(event, 'date') as string | undefined
  const [dose, total] = [at(event, 'dose'), at(event, 'totalDoses')] as (number | undefined)[]
  const kind = vaccination ? 'v' : test ? 't' : 'r'
  return { kind, date, dose, total, detected: kind === 't' ? detection(codings(at(event, 'result'))) : undefined }
}
