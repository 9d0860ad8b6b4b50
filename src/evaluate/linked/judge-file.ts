import { isUtf8 } from 'node:buffer'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { EventKind, Finding, Opened, Scanned, Status } from '../../credentials/credential-format.ts'
import { credentialFormats } from '../../credentials/credentials.ts'
import { parseStrictJson, parseStrictJsonBytes } from '../../credentials/encoding/strict-json.ts'
import type { LinkedFile } from '../../credentials/health-link/follow.ts'
import { ipsKind, openIps } from '../../credentials/ips/ips.ts'
import { numericTexts } from '../../credentials/shc/numeric.ts'
import { FhirError, incomplete } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import type { Issue } from '../../fhir/types.ts'
import type { JobCall } from '../../workers/job-pool.ts'
import { type Evaluation, withRemarks } from '../evaluation.ts'
import { type EvaluateRequest, withoutLineEnd } from '../request.ts'
import { evaluateImage } from '../several/image.ts'
import type { InTurn } from '../several/together.ts'
import { begin, evaluateSingle, judgeVerified, type Question } from '../single.ts'
import { createReport } from '../verify/report.ts'
import { unverified, type Verification } from '../verify/verification.ts'

/** What one file behind a link comes to. */
export interface JudgedFile {
  entry: Evaluation['linked'][number]
  status: Evaluation['status']
  decision: Evaluation['decision']
  /** Why it is no yes, where its own evaluation does not say. */
  obstacle?: Issue
}

const JSON_DEPTH = 64
/** Most cards of one file. */
const MOST_CARDS = 10
/** Characters of one chunk of a card: its digits stay below the limit of one code. */
const CHUNK_CHARACTERS = 4_000

/** Who asks, and how work takes turns. */
export interface FileAsker extends Pick<JobCall, 'client' | 'isGone'> {
  inTurn: InTurn
}

/** What a file is judged with. */
interface FileQuestion {
  question: Question
  asker: FileAsker
  /** The verified certificate that holds the link; undefined for a bare link. */
  signed: Verification | undefined
}

/**
 * Judges one file behind a link. What is itself a credential is judged as one, also on a picture; a document is judged as what the signer
 * of the link says, and is nobody's behind a bare link; of anything else only the type is known.
 */
export async function judgeFile(asked: FileQuestion, file: LinkedFile): Promise<JudgedFile[]> {
  const { question, signed } = asked
  if (file.contentType === 'application/smart-health-card') return judgeCards(question, file)
  const text = textOf(file)
  const { formats = credentialFormats } = question.environment
  if (text !== undefined && formats.some((each) => each.recognises([text])))
    return [await judgeText(question, file, [withoutLineEnd(text)])]
  const onPicture = pictures.has(file.contentType) ? await judgePicture(asked, file) : undefined
  if (onPicture) return [onPicture]
  // What the key of a signed link did not open, its signer did not say.
  if (!signed || !file.isSealed) return [nobodys(question, file)]
  const resource = isJson(file) && text !== undefined ? parseStrictJson(text, JSON_DEPTH) : undefined
  return [resource === undefined ? unread(file) : await judgeDocument(question, { file, resource, signed })]
}

const pictures = new Set(['image/png', 'image/jpeg', 'image/webp', 'application/pdf'])

/** The credentials on a picture; undefined where there is none, or it cannot be read. */
async function judgePicture(
  { question, asker }: FileQuestion,
  { contentType, bytes }: LinkedFile,
): Promise<JudgedFile | undefined> {
  const { environment, named, request } = question
  if (!environment.readImage) return undefined
  try {
    const inner = { environment, named, request: innerRequest(request, []) }
    const evaluation = await evaluateImage(inner, { contentType, data: bytes }, asker)
    const { status, decision } = evaluation
    return status === 'NOT_SUPPORTED' ? undefined : { entry: { contentType, evaluation }, status, decision }
  } catch (error) {
    // The picture is at fault, and not the question.
    if (error instanceof FhirError && (error.status === 400 || error.status === 422)) return undefined
    throw error
  }
}

const isJson = ({ contentType }: LinkedFile) => contentType === 'application/json' || contentType.endsWith('+json')
const isText = (file: LinkedFile) => isJson(file) || file.contentType === 'text/plain'

function textOf(file: LinkedFile): string | undefined {
  return isText(file) && isUtf8(file.bytes) ? Buffer.from(file.bytes).toString('utf8') : undefined
}

/** A file of SMART Health Cards (SMART Health Cards Framework, `.smart-health-card`): each is judged by itself. */
async function judgeCards(question: Question, file: LinkedFile): Promise<JudgedFile[]> {
  const json = parseStrictJsonBytes(file.bytes, JSON_DEPTH)
  const cards = isJsonObject(json) ? json.verifiableCredential : undefined
  if (!Array.isArray(cards) || cards.length === 0 || cards.length > MOST_CARDS)
    return [broken(question, file, 'the file holds no SMART Health Cards, or too many')]
  const judged: JudgedFile[] = []
  for (const card of cards) judged.push(await judgeText(question, file, cardTexts(card)))
  return judged
}

/** A card as the texts of its code: what is no compact JWS gives one that cannot be read. */
function cardTexts(jws: Json): string[] {
  if (typeof jws !== 'string' || !/^[\w.=-]+$/.test(jws)) return ['shc:/']
  return numericTexts(jws, Math.ceil(jws.length / CHUNK_CHARACTERS))
}

/** A credential as if it had been scanned. */
async function judgeText({ environment, request, named }: Question, file: LinkedFile, credential: Scanned) {
  const evaluation = await evaluateSingle({ environment, named, request: innerRequest(request, credential) })
  const { status, decision } = evaluation
  return { entry: { contentType: file.contentType, evaluation }, status, decision }
}

/** The question about one file: a link in it is not followed again, and who holds the link is compared with the identity document once. */
function innerRequest(request: EvaluateRequest, credential: Scanned): EvaluateRequest {
  const { image: _image, identity: _identity, ...rest } = request
  return { ...rest, credential, further: [], followLinks: false }
}

interface SignedDocument {
  file: LinkedFile
  resource: Json
  signed: Verification
}

/** A document behind a signed link: the key of the link opened it, so the signer of the link says it. */
async function judgeDocument(question: Question, { file, resource, signed }: SignedDocument): Promise<JudgedFile> {
  const opened = openIps(resource)
  if (typeof opened === 'string') return unread(file, opened)
  // A signer of tests alone does not certify vaccinations by putting them behind a link.
  const fault = signed.usageFault?.({ formats: opened.formats, events: eventsIn(opened.content) })
  if (fault) return refused(question, file, fault)
  const verification = verificationOf(opened, signed)
  const ownSignature = isJsonObject(resource) && resource.signature !== undefined
  if (ownSignature)
    verification.obstacles.push(
      incomplete('A document behind the link is signed itself, and that signature is not verified'),
    )
  const evaluation = begin(question, verification)
  evaluation.checks = withRemarks(evaluation.checks, 'payload', [
    ...opened.remarks,
    ...opened.obstacles.filter(({ blocks }) => !blocks).map(({ text }) => text),
  ])
  await judgeVerified(question, { verification, evaluation })
  const { status, decision } = evaluation
  const content = isOfType(opened.content, 'Bundle') ? { content: opened.content } : {}
  return { entry: { contentType: file.contentType, evaluation, ...content }, status, decision }
}

/** What a summary certifies, by the types of resources that certificates certify. */
const eventOf: Partial<Record<string, EventKind>> = { Immunization: 'v', Observation: 't', DiagnosticReport: 't' }

function eventsIn(content: Json): EventKind[] {
  const entries = isJsonObject(content) && Array.isArray(content.entry) ? content.entry : []
  const types = entries.flatMap((each) => (isJsonObject(each) && isJsonObject(each.resource) ? [each.resource] : []))
  return [...new Set(types.flatMap(({ resourceType }) => eventOf[String(resourceType)] ?? []))]
}

function verificationOf(opened: Opened, signed: Verification): Verification {
  const { content, formats, events, happened = events, obstacles } = opened
  const input = ipsKind.input?.(content)
  const [format] = formats
  return {
    ...signed,
    ...(format === undefined ? {} : { format }),
    content,
    inputs: input ? [input] : [],
    events: happened,
    obstacles: obstacles.filter(({ blocks }) => blocks).map(({ text }) => incomplete(text)),
    links: [],
  }
}

/** Of a file behind a signed link of which only the type is known. */
function unread({ contentType }: LinkedFile, why = 'this server does not read files of this type'): JudgedFile {
  const text = `A file behind the link (${contentType}) was not judged: ${why}`
  return { entry: { contentType }, status: 'VERIFIED', decision: 'undetermined', obstacle: incomplete(text) }
}

/** Of a file behind so many others that it is not looked at: behind a bare link nobody has vouched for it. */
export function oneTooMany({ question, signed }: FileQuestion, file: LinkedFile): JudgedFile {
  const why = 'there are more credentials behind the link than are judged for one question'
  return signed ? unread(file, why) : broken(question, file, why)
}

/** Of a file behind a bare link that nobody signed: nothing of it is shown. */
function nobodys(question: Question, file: LinkedFile): JudgedFile {
  const detail = 'nobody signed the file behind the link'
  return refused(question, file, { check: 'signature', status: 'UNSIGNED_CONTENT', detail })
}

const broken = (question: Question, file: LinkedFile, detail: string): JudgedFile =>
  refused(question, file, { check: 'payload', status: 'UNSUPPORTED_CONTENT', detail })

/** The evaluation of a file that is no credential, or nobody's. */
function refused(question: Question, { contentType }: LinkedFile, finding: Finding & { status: Status }): JudgedFile {
  const report = createReport()
  for (const name of decoding) if (name !== finding.check) report.pass(name)
  report.enter(finding)
  const evaluation = begin(question, unverified(report))
  return { entry: { contentType, evaluation }, status: finding.status, decision: 'unverified' }
}

/** Checks that a file has passed when it comes here. */
const decoding = ['recognise', 'encoding', 'compression', 'envelope', 'payload'] as const
