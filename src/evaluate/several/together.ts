import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../base/json-value.ts'
import type { Scanned } from '../../credentials/credential-format.ts'
import { incomplete, issue } from '../../fhir/error.ts'
import type { Bundle, Issue } from '../../fhir/types.ts'
import { decide, type Evaluation } from '../evaluation.ts'
import { standingAlone } from '../map/mapped.ts'
import { seededUuids } from '../map/seeded-uuids.ts'
import { personsDoubts } from '../person.ts'
import { judge } from '../run-rules.ts'
import { begin, mapInto, type Question, ruleNotRun, tooManyEvents, type Verified, verifySingle } from '../single.ts'
import { mergeContents } from './merge-contents.ts'
import { mergeCoreDataSets } from './merge-core-data-sets.ts'

/** One of several credentials of a question. */
interface Part extends Verified {
  question: Question
  /** Its place among the credentials of the question, from 1. */
  number: number
  /** What rules may run over, or why they may not. */
  content?: Bundle | { notRun: Issue }
}

/** Does work of one credential when its turn has come: others are answered in between. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

/**
 * Judges several credentials of one person: each is verified alone; when all are VERIFIED and of one person, the rules run once over the
 * events of all. One that is not verified makes the whole `unverified`, and then nothing of any is mapped.
 */
export async function evaluateTogether(question: Question, scanned: Scanned[], inTurn: InTurn): Promise<Evaluation> {
  const known = new Map<string, Part>()
  const parts: Part[] = []
  for (const credential of scanned) {
    const key = textOf(credential)
    const part = known.get(key) ?? (await inTurn(() => verifyPart(question, credential, parts.length + 1)))
    known.set(key, part)
    parts.push(part)
  }
  const different = [...known.values()]
  const evaluations = parts.map(({ evaluation }) => evaluation)
  const repeated = parts.length > different.length ? [sameTwice] : []
  const unverified = different.filter(({ evaluation }) => evaluation.status !== 'VERIFIED')
  const [worst] = unverified
  if (worst) {
    for (const { evaluation } of different) clear(evaluation)
    const issues = unverified.flatMap(({ evaluation, number }) => numbered(evaluation.issues, number))
    return { ...worst.evaluation, evaluations, issues: [...repeated, ...issues, notMapped] }
  }
  for (const part of different)
    part.content = await inTurn(() => mapInto(part.evaluation, part.question, part.verification.inputs))
  const whole = await judgeTogether(question, different)
  whole.evaluations = evaluations
  whole.issues.unshift(...repeated)
  for (const { evaluation } of different) evaluation.issues.push(judgedTogether)
  return whole
}

/** The chunks of a card in any order are one card. */
function textOf(credential: Scanned): string {
  if (credential instanceof Uint8Array) return `bytes ${Buffer.from(credential).toString('base64')}`
  return `text ${JSON.stringify([...credential].sort())}`
}

async function verifyPart(whole: Question, credential: Scanned, number: number): Promise<Part> {
  const question = { ...whole, request: { ...whole.request, credential } }
  const verification = await verifySingle(question)
  const evaluation = begin(question, verification)
  const { follow, request } = question
  if (request.followLinks && follow && verification.links.length > 0) {
    await follow(question, { verification, evaluation })
    evaluation.obstacles.push(notJudgedTogether)
    evaluation.issues.push(notJudgedTogether)
  }
  return { question, verification, evaluation, number }
}

/** Of what is unverified as a whole nothing is shown. */
function clear(evaluation: Evaluation): void {
  Object.assign(evaluation, { subject: undefined, coreDataSets: [], content: undefined, rules: [], linked: [] })
  if (evaluation.decision !== 'unverified') evaluation.decision = 'undetermined'
}

/** All are verified and mapped: the rules run once, over the events of all. */
async function judgeTogether(question: Question, parts: Part[]): Promise<Evaluation> {
  const { environment, request, named } = question
  const [first] = parts
  if (!first) throw new TypeError('there is no credential to judge')
  const all = parts.map(({ evaluation }) => evaluation)
  const whole: Evaluation = {
    ...first.evaluation,
    coreDataSets: distinct(all.flatMap(({ coreDataSets }) => coreDataSets)),
    content: undefined,
    issues: parts.flatMap(({ evaluation, number }) => numbered(evaluation.issues, number)),
    obstacles: parts.flatMap(({ evaluation, number }) => numbered(evaluation.obstacles, number)),
    structureMaps: [...new Set(all.flatMap(({ structureMaps }) => structureMaps))],
    linked: [],
  }
  const content = contentOf(whole, parts)
  const judgement = await judge(environment, {
    request,
    verifications: parts.map(({ verification }) => verification),
    named,
    content,
    coreDataSets: mergeCoreDataSets(all.map(({ coreDataSets }) => coreDataSets)),
  })
  whole.rules = judgement.rules
  whole.valueSets = judgement.valueSets
  whole.issues.push(...judgement.issues)
  whole.obstacles.push(...judgement.obstacles)
  whole.decision = decide(true, whole)
  // What lies behind a link was judged by itself, and its no is a no.
  if (all.some(({ decision }) => decision === 'rejected')) whole.decision = 'rejected'
  return whole
}

/** The resources of all credentials, or why rules cannot run over them. */
function contentOf(whole: Evaluation, parts: Part[]): Bundle | { notRun: Issue } {
  const contents: { number: number; bundle: Bundle }[] = []
  let notRun: { notRun: Issue } | undefined
  for (const { content, number } of parts) {
    if (content && !('notRun' in content)) {
      // Maps that the question names write what they like: contents are put together by the addresses of their entries.
      const bundle = standingAlone(content, seededUuids(`${whole.clockText} ${number}`))
      contents.push({ number, bundle })
    } else notRun ??= content ?? { notRun: notJudgedTogether }
  }
  const doubts = personsDoubts(parts.map(({ evaluation }) => evaluation))
  if (doubts.length > 0) {
    // Nothing is judged for one person by what another one has.
    whole.subject = undefined
    whole.coreDataSets = []
    whole.issues.push(...doubts)
    whole.obstacles.push(...doubts)
    return ruleNotRun(doubts)
  }
  const [fullest] = parts.map(({ evaluation }) => evaluation.subject).sort((a, b) => lengthOf(b) - lengthOf(a))
  whole.subject = fullest
  if (notRun) return notRun
  const costly = tooManyEvents(parts.map(({ verification }) => verification.inputs))
  if (costly) {
    whole.issues.push(costly)
    whole.obstacles.push(costly)
    return ruleNotRun([costly])
  }
  const { bundle, remarks, obstacles } = mergeContents(contents)
  whole.content = bundle
  whole.issues.push(...remarks, ...obstacles)
  whole.obstacles.push(...obstacles)
  return bundle
}

const lengthOf = (subject: Evaluation['subject']) => subject?.birthDate?.length ?? 0

function distinct(coreDataSets: JsonObject[]): JsonObject[] {
  return coreDataSets.filter((each, at) => coreDataSets.findIndex((other) => isDeepStrictEqual(other, each)) === at)
}

/** The issues of one credential among those of all. */
export function numbered(issues: Issue[], number: number): Issue[] {
  return issues.map((each) => ({
    ...each,
    details: { text: `Credential ${number}: ${each.details?.text ?? each.code}` },
  }))
}

const told = (text: string) => issue('informational', { severity: 'information', text })

const sameTwice = told('A credential was given twice: it counts once')
const notMapped = told('A credential is not verified: nothing of any was mapped, and no rule was run')
const judgedTogether = told('The rules ran once over all credentials of the question: what they say stands beside this')
const notJudgedTogether = incomplete('What lies behind a link is not judged together with other credentials')
