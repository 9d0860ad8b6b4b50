/**
 * A reply of $evaluate as the Verify view shows it (docs/evaluate.md, Out). Nothing of a reply is believed: what is missing, twice,
 * unknown, or at odds with the rest is a doubt, and with a doubt nothing is accepted.
 */

import { checkNames, type Status, statuses } from '../../../credentials/verdict-words.ts'
import {
  all,
  isMembers,
  listOf,
  type Members,
  onlyCode,
  parametersOf,
  type Told,
  text,
  textOf,
} from '../../api/parameters.ts'
import { type CertifiedContent, contentOf, plainName } from './content.ts'
import { type Rule, readRules } from './rule.ts'

/** Words of the reply. */
export const decisions = ['accepted', 'rejected', 'undetermined', 'unverified'] as const
/** One of them. */
export type Decision = (typeof decisions)[number]

/** Why a credential is not verified. */
export type FailureStatus = Exclude<Status, 'VERIFIED'>

/** How a check may end. */
const outcomes = ['pass', 'warn', 'fail', 'skipped'] as const
/** One of them. */
type Outcome = (typeof outcomes)[number]

/** A step that was made, or not. */
export interface Check {
  /** As the reply has it; perhaps none that is known. */
  name: string
  /** `unknown`: a word that the contract does not have. */
  outcome: Outcome | 'unknown'
  detail?: string
}

/** What speaks against believing a reply: a part of it is missing, unknown, twice, or says something else than the rest. */
export type Doubt =
  | 'reply'
  | 'decision'
  | 'status'
  | 'checks'
  | 'rules'
  | 'identity'
  | 'credentials'
  | 'linked'
  | 'outcome'
  | 'time'

/** Who signed, and where the key is from. */
interface Issuer {
  name?: string
  participant?: string
  keyId?: string
  trustDomain?: string
  keyUsage?: string
  trustList?: string
}

/** Whom the credential is about. */
interface Subject {
  name?: string
  /** May be partial. */
  birthDate?: string
  identifier?: string
}

/** A file behind a link. */
interface LinkedFile {
  contentType: string
  verdict?: Verdict
  content?: CertifiedContent
}

/** A whole reply, to be shown. */
export interface Verdict {
  decision: Decision
  /** `VERIFIED` or why it is not; undefined for a word that is unknown. */
  status?: Status
  /** The word of the reply, whatever it is. */
  statusTold: string
  doubts: Doubt[]
  format?: string
  issuer?: Issuer
  checks: Check[]
  subject?: Subject
  /** `unknown`: a word that the contract does not have. */
  identity?: 'match' | 'close' | 'differs' | 'unknown'
  content?: CertifiedContent
  rules: Rule[]
  issues: { severity: string; text: string }[]
  /** Content that counted, with its version and hash. */
  artefacts: { type: string; canonical: string; hash: string }[]
  evaluationDateTime?: string
  /** One for each credential, when there are several. */
  evaluations: Verdict[]
  /** Whether the rules ran once over all of several credentials, which are of one person. */
  isTogether: boolean
  linked: LinkedFile[]
}

/** What was asked, as far as a reply must agree with it. */
export interface Expected {
  /** The person was to be compared with an identity document. */
  identity?: boolean
  /** `text` one credential · `picture` as many as are on it · a number: so many texts. */
  credentials: 'text' | 'picture' | number
  /** They are of one person, and judged together. */
  together?: boolean
  /** The clock that was set. */
  clock?: string
  /** The server's time when it answered. */
  answeredAt?: Date
}

/** The clock of a reply may be so far from the time at which it was sent; in milliseconds. */
const mostDelay = 120_000

/** Reads a reply. */
export function readVerdict(reply: unknown, expected: Expected): Verdict {
  return read(reply, { ...expected, level: 0 })
}

interface Reading extends Expected {
  level: number
}

function read(reply: unknown, expected: Reading): Verdict {
  const told = expected.level > 4 ? undefined : parametersOf(reply)
  if (!told) return { ...nothing, doubts: ['reply'] }
  const decision = decisions.find((each) => each === onlyCode(told, 'decision'))
  const statusTold = onlyCode(told, 'status') ?? ''
  const status = statuses.find((each) => each === statusTold)
  const doubts = new Set<Doubt>()
  const { rules, areSound } = readRules(all(told, 'rule'))
  if (!areSound) doubts.add('rules')
  if (onlyOnce.some((name) => all(told, name).length > 1)) doubts.add('reply')
  const verdict: Verdict = {
    ...nothing,
    decision: decision ?? 'undetermined',
    statusTold,
    ...(status && { status }),
    checks: all(told, 'check').map(readCheck),
    rules,
    issues: readIssues(told),
    artefacts: readArtefacts(told),
    ...parts(told),
    ...inner(told, expected),
  }
  if (!decision) doubts.add('decision')
  if (!status || (status === 'VERIFIED') === (decision === 'unverified')) doubts.add('status')
  if (!areComplete(verdict.checks)) doubts.add('checks')
  if (verdict.identity === 'unknown') doubts.add('identity')
  if (!isOfThisTime(verdict.evaluationDateTime, expected)) doubts.add('time')
  if (decision === 'accepted') for (const each of objections(verdict, expected)) doubts.add(each)
  const isAtOdds = doubts.has('decision') || doubts.has('status') || (doubts.size > 0 && decision === 'accepted')
  return { ...verdict, decision: isAtOdds ? 'undetermined' : verdict.decision, doubts: [...doubts] }
}

/** Two of them are none: nobody knows which of two persons, say, the verdict is about. */
const onlyOnce = ['subject', 'content', 'issuer', 'format', 'evaluationDateTime'] as const

const nothing: Verdict = {
  decision: 'undetermined',
  statusTold: '',
  doubts: [],
  checks: [],
  rules: [],
  issues: [],
  artefacts: [],
  evaluations: [],
  isTogether: false,
  linked: [],
}

/** What only an accepted credential must have. */
function* objections(verdict: Verdict, { identity, credentials, together, level }: Reading): Iterable<Doubt> {
  const { status, checks, rules, issues, evaluations, linked } = verdict
  if (status !== 'VERIFIED') yield 'status'
  if (!checks.every(mayBeAccepted)) yield 'checks'
  if (identity && verdict.identity === undefined) yield 'identity'
  // What was not asked was not compared.
  if (level === 0 && !identity && verdict.identity !== undefined) yield 'identity'
  if (verdict.identity === 'differs') yield 'identity'
  if (issues.some(({ severity }) => !['warning', 'information'].includes(severity))) yield 'outcome'
  const decisive = rules.filter(({ isInformative }) => !isInformative)
  if (decisive.some(({ result }) => result !== true)) yield 'rules'
  const isLed = linked.some((each) => each.verdict?.decision === 'accepted')
  const isOfSeveral = credentials === 'picture' && !together && evaluations.length > 1
  if (decisive.length === 0 && !isLed && !isOfSeveral) yield 'rules'
  if (evaluations.length !== numberOf(credentials, evaluations.length)) yield 'credentials'
  if (together && evaluations.length < 2) yield 'credentials'
  const isGood = ({ decision, status: inside, checks: made }: Verdict) =>
    inside === 'VERIFIED' &&
    areComplete(made) &&
    made.every(mayBeAccepted) &&
    (verdict.isTogether || decision === 'accepted')
  if (!evaluations.every(isGood)) yield 'credentials'
  if (linked.some((each) => each.verdict && each.verdict.decision !== 'accepted')) yield 'linked'
}

/** How many evaluations there must be inside of an accepted one. */
function numberOf(credentials: Expected['credentials'], found: number): number {
  if (credentials === 'text') return 0
  if (credentials === 'picture') return found === 1 ? 0 : found
  return credentials
}

const skippable: readonly string[] = ['encoding', 'compression', 'revocation']
const mayBeAccepted = ({ name, outcome }: Check) =>
  outcome === 'pass' || outcome === 'warn' || (outcome === 'skipped' && skippable.includes(name))

/** Every check once, each with an outcome that is known. */
function areComplete(checks: readonly Check[]): boolean {
  return (
    checks.length === checkNames.length &&
    checkNames.every((name) => checks.some((each) => each.name === name)) &&
    checks.every(({ outcome }) => outcome !== 'unknown')
  )
}

function isOfThisTime(told: string | undefined, { clock, answeredAt, level }: Reading): boolean {
  if (told === undefined) return false
  if (clock !== undefined) return told === clock
  if (level > 0 || answeredAt === undefined) return true
  return Math.abs(new Date(told).getTime() - answeredAt.getTime()) <= mostDelay
}

function readCheck({ part }: Told): Check {
  const detail = text(part, 'detail')
  return {
    name: onlyCode(part, 'name') ?? '',
    outcome: outcomes.find((each) => each === onlyCode(part, 'outcome')) ?? 'unknown',
    ...(detail && { detail }),
  }
}

function readIssues(told: Told[]): Verdict['issues'] {
  return all(told, 'outcome').flatMap(({ resource }) =>
    listOf(resource?.issue).map((each) => {
      const issue: Members = isMembers(each) ? each : {}
      const details = isMembers(issue.details) ? issue.details : {}
      const said = textOf(details.text) ?? textOf(issue.diagnostics) ?? textOf(issue.code) ?? ''
      return { severity: textOf(issue.severity) ?? '', text: said }
    }),
  )
}

function readArtefacts(told: Told[]): Verdict['artefacts'] {
  const known = all(told, 'artefact').map(({ part }) => ({
    type: text(part, 'type') ?? '',
    canonical: text(part, 'canonical') ?? '',
    hash: text(part, 'hash') ?? '',
  }))
  // A server that tells no hashes still names its maps and value sets.
  const named = [...all(told, 'structureMap'), ...all(told, 'valueSet')].flatMap(({ name, value }) =>
    typeof value === 'string' && !known.some(({ canonical }) => canonical === value)
      ? [{ type: name === 'valueSet' ? 'ValueSet' : 'StructureMap', canonical: value, hash: '' }]
      : [],
  )
  return [...known, ...named]
}

const issuerParts = ['name', 'participant', 'keyId', 'trustDomain', 'keyUsage', 'trustList'] as const
const subjectParts = ['name', 'birthDate', 'identifier'] as const
const identities = ['match', 'close', 'differs'] as const

function parts(told: Told[]): Partial<Verdict> {
  const [issuer] = all(told, 'issuer')
  const [subject, ...otherSubjects] = all(told, 'subject')
  const identity = onlyCode(told, 'identity')
  const content = all(told, 'content')[0]?.resource
  const format = text(told, 'format')
  const evaluationDateTime = text(told, 'evaluationDateTime')
  const hasIdentity = all(told, 'identity').length > 0
  return {
    ...(format && { format }),
    ...(issuer && { issuer: pick(issuer.part, issuerParts) }),
    ...(subject && otherSubjects.length === 0 && { subject: pick(subject.part, subjectParts) }),
    ...(hasIdentity && { identity: identities.find((each) => each === identity) ?? ('unknown' as const) }),
    ...(content && { content: contentOf(content) }),
    ...(evaluationDateTime && { evaluationDateTime }),
  }
}

function pick<Name extends string>(part: Told[], names: readonly Name[]): Partial<Record<Name, string>> {
  const found: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const value = text(part, name)
    const shown = name === 'name' ? plainName(value ?? '') : value
    if (shown) found[name] = shown
  }
  return found
}

function inner(told: Told[], { level, clock, together }: Reading): Partial<Verdict> {
  const below: Reading = { credentials: 'picture', level: level + 1, ...(clock && { clock }) }
  return {
    isTogether: together === true,
    evaluations: all(told, 'evaluation').map(({ resource }) => read(resource, { ...below, credentials: 'text' })),
    linked: all(told, 'linked').map(({ part }): LinkedFile => {
      const evaluation = all(part, 'evaluation')[0]?.resource
      const content = all(part, 'content')[0]?.resource
      return {
        contentType: text(part, 'contentType') ?? '',
        ...(evaluation && { verdict: read(evaluation, below) }),
        ...(content && { content: contentOf(content) }),
      }
    }),
  }
}

/** Several replies of which nobody said that they are of one person, as one: the least favourable is the word. */
export function sideBySide(verdicts: readonly Verdict[]): Verdict {
  const [first] = verdicts
  if (!first) return { ...nothing, doubts: ['reply'] }
  if (verdicts.length === 1) return first
  const byFavour: readonly Decision[] = ['unverified', 'rejected', 'undetermined', 'accepted']
  const worst = byFavour.flatMap((word) => verdicts.filter(({ decision }) => decision === word))[0] ?? first
  const { decision, status, statusTold, doubts, format, issuer, checks, evaluationDateTime } = worst
  return {
    ...nothing,
    decision,
    statusTold,
    doubts,
    checks,
    ...(status && { status }),
    ...(format && { format }),
    ...(issuer && { issuer }),
    ...(evaluationDateTime && { evaluationDateTime }),
    evaluations: [...verdicts],
  }
}
