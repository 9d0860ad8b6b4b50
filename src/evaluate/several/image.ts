import type { CredentialFormat } from '../../credentials/credential-format.ts'
import { credentialFormats } from '../../credentials/credentials.ts'
import { badRequest, incomplete, issue, unprocessable } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { ImageCode } from '../../images/images.ts'
import type { JobCall } from '../../workers/job-pool.ts'
import { type Evaluation, leastFavourable } from '../evaluation.ts'
import type { EvaluateRequest } from '../request.ts'
import { begin, evaluateSingle, type Question } from '../single.ts'
import { createReport } from '../verify/report.ts'
import { unverified } from '../verify/verification.ts'
import { evaluateTogether, type InTurn, numbered } from './together.ts'

/** Who asks, and how work takes turns. */
interface ImageAsker extends Pick<JobCall, 'client' | 'isGone'> {
  inTurn: InTurn
}

/** Most credentials of one picture: a sheet has a few, and each costs as much as a question. */
const mostCredentials = 20

/**
 * Judges the credentials on a picture. One is judged as if its text had been sent; several are judged each by itself, and the least
 * favourable decides for the whole; with further credentials beside the picture all are of one person, and judged together.
 * @throws FhirError 400 or 422 for a picture that is too costly, or has more credentials than one question may
 */
export async function evaluateImage(
  question: Question,
  image: NonNullable<EvaluateRequest['image']>,
  { inTurn, ...client }: ImageAsker,
): Promise<Evaluation> {
  const { environment, request } = question
  const reading = (await environment.readImage?.(image, client)) ?? { fault: 'this server reads no pictures' }
  if ('fault' in reading) {
    const { fault, tooCostly, contradictory } = reading
    const expression = "Parameters.parameter.where(name='credentialImage')"
    if (tooCostly) throw unprocessable({ text: fault, expression }, 'too-costly')
    if (contradictory) throw badRequest({ text: fault, expression })
    return notSupported(question, fault)
  }
  const { formats = credentialFormats } = environment
  const { credentials, strange } = sorted(reading.codes, formats)
  if (credentials.length + request.further.length > mostCredentials) {
    const text = `A question may have ${mostCredentials} credentials at most, and the picture has ${credentials.length}`
    throw badRequest(text, 'too-costly')
  }
  const remarks = remarksOf(strange, reading.unread ?? 0)
  const [only, ...others] = credentials
  if (!only) {
    const why =
      strange > 0 ? 'no supported format begins like a code on the picture' : 'no code was found on the picture'
    return withRemarks(notSupported(question, why), remarks)
  }
  const ask = (credential: string[]) => ({ ...question, request: { ...request, credential } })
  if (request.further.length > 0)
    return withRemarks(await evaluateTogether(question, [...credentials, ...request.further], inTurn), remarks)
  if (others.length === 0) return withRemarks(await inTurn(() => evaluateSingle(ask(only))), remarks)
  const evaluations: Evaluation[] = []
  for (const credential of credentials) evaluations.push(await inTurn(() => evaluateSingle(ask(credential))))
  return withRemarks(ofLeastFavourable(evaluations), remarks)
}

/** A picture without a credential that could be read. */
function notSupported(question: Question, detail: string): Evaluation {
  const report = createReport()
  report.enter({ check: 'recognise', status: 'NOT_SUPPORTED', detail })
  return begin(question, unverified(report))
}

/** The codes as credentials, each with all of its chunks, in the order in which they were found; and how many are none. */
function sorted(
  codes: ImageCode[],
  formats: readonly CredentialFormat[],
): { credentials: string[][]; strange: number } {
  const credentials: string[][] = []
  const cards = new Map<string, Chunk[]>()
  let strange = 0
  for (const { text, page } of codes.filter(
    (each, at) => codes.findIndex((other) => other.text === each.text) === at,
  )) {
    const format = formats.find((each) => each.recognises([text]))
    const chunk = format?.chunkOf?.(text)
    if (!format) strange++
    else if (!chunk) credentials.push([text])
    else {
      const key = `${format.name} ${chunk.of}`
      cards.set(key, [...(cards.get(key) ?? []), { text, page, at: chunk.at }])
    }
  }
  return { credentials: [...credentials, ...[...cards.values()].flatMap(cardsOf)], strange }
}

interface Chunk {
  text: string
  page: number
  at: number
}

/**
 * Chunks say of how many they are one, not of which card: those of one number of chunks are one card, or where a place is taken twice
 * one card on each page. What is still twice then is no card.
 */
function cardsOf(chunks: Chunk[]): string[][] {
  const isTwice = new Set(chunks.map(({ at }) => at)).size < chunks.length
  const pages = isTwice ? [...new Set(chunks.map(({ page }) => page))] : [0]
  return pages.map((page) => chunks.filter((each) => !isTwice || each.page === page).map(({ text }) => text))
}

function remarksOf(strange: number, unread: number): { told: Issue[]; obstacles: Issue[] } {
  const none =
    strange === 1 ? 'A code on the picture is no credential' : `${strange} codes on the picture are no credentials`
  const lost = unread === 1 ? 'A code on the picture' : `${unread} codes on the picture`
  return {
    told:
      strange > 0 ? [issue('informational', { severity: 'information', text: `${none} of a supported format` })] : [],
    obstacles: unread > 0 ? [incomplete(`${lost} could not be read`)] : [],
  }
}

/** What else is on the picture; a code that could not be read may be one that says no. */
function withRemarks(evaluation: Evaluation, { told, obstacles }: { told: Issue[]; obstacles: Issue[] }): Evaluation {
  evaluation.issues.push(...told, ...obstacles)
  evaluation.obstacles.push(...obstacles)
  if (obstacles.length > 0 && evaluation.decision === 'accepted') evaluation.decision = 'undetermined'
  return evaluation
}

/** Several credentials that nobody said are of one person: each has its own evaluation, and nothing of any stands outside it. */
function ofLeastFavourable(evaluations: Evaluation[]): Evaluation {
  const worst = leastFavourable(evaluations)
  if (!worst) throw new TypeError('there is no credential to judge')
  const number = evaluations.indexOf(worst) + 1
  const which = `The verdict is that of credential ${number} of ${evaluations.length}, the least favourable`
  return {
    ...worst,
    subject: undefined,
    coreDataSets: [],
    content: undefined,
    rules: [],
    structureMaps: [],
    valueSets: [],
    linked: [],
    issues: [issue('informational', { severity: 'information', text: which }), ...numbered(worst.issues, number)],
    obstacles: [...worst.obstacles],
    evaluations,
  }
}
