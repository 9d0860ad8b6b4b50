import { isJurisdictionCode } from '../base/iso-3166.ts'
import { isJsonObject } from '../base/json.ts'
import type { Scanned } from '../credentials/credential-format.ts'
import { primitiveFault } from '../fhir/elements.ts'
import { badRequest, FhirError, issue } from '../fhir/error.ts'
import { isOfType } from '../fhir/json.ts'
import {
  allParameters,
  booleanParameter,
  firstParameter,
  parameterValue,
  textParameter,
  textParameters,
} from '../fhir/operation.ts'
import type { Parameter, Parameters, UsageContext } from '../fhir/types.ts'

/** One `$evaluate` question, read and checked; the contract's parameter names in camel case plurals. */
export interface EvaluateRequest {
  /** The text as scanned, the texts of the chunks of a card, or the bytes of a raw transport (HCERT 4.1); no text beside an `image`. */
  credential: Scanned
  /** A picture with the codes on it, instead of `credential`. */
  image?: { contentType?: string; data: Uint8Array }
  /** More credentials of the same person, each as `credential`. */
  further: Scanned[]
  /** Fetch what a health link points to. */
  followLinks: boolean
  /** What opens a link that asks for it, and who receives what is behind it. */
  passcode?: string
  recipient?: string
  /** The identity document to compare with, as read by a person or from its machine-readable zone. */
  identity?: { name?: string; birthDate?: string; mrz?: string }
  /** The clock of every time check and of CQL `Now()`. */
  clock: Date
  /** The clock as a FHIR dateTime, as it was given. */
  clockText: string
  planDefinitions: string[]
  libraries: string[]
  expressions: string[]
  /** ISO 3166-1, upper case. */
  jurisdiction: string | undefined
  trustDomains: string[]
  /** What the verdict is for; which codes choose rules is for the rules to say. */
  useContexts: UsageContext[]
  /** CQL parameters. */
  parameters: Parameters | undefined
  structureMaps: string[]
  /** DER certificates or UTF-8 JWKs. */
  trustAnchors: Uint8Array[]
  /** Accept-Language, for the messages of rules. */
  language: string | undefined
}

/** What the server decides about requests, beside what they say. */
export interface EvaluateSettings {
  allowRequestTrustAnchors: boolean
  jurisdiction: string | undefined
}

const dateTime =
  /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00))?)?)?$/

/**
 * Reads a FHIR dateTime as an instant; a partial date means its first moment in UTC.
 * @throws FhirError 400 that names the parameter
 */
export function readClock(text: string): Date {
  const instant = dateTime.test(text) ? new Date(text) : undefined
  if (instant && !Number.isNaN(instant.getTime()) && dayExists(text.slice(0, 10))) return instant
  throw badRequest({
    text: 'evaluationDateTime must be a FHIR dateTime, such as 2026-01-31T12:00:00Z',
    expression: at('evaluationDateTime'),
  })
}

/** Whether a date of a whole day is in the calendar: JavaScript reads the 30th of February as a day of March. */
function dayExists(date: string): boolean {
  return date.length < 10 || new Date(date).toISOString().startsWith(date)
}

/**
 * Reads the Parameters of a `$evaluate` request.
 * @throws FhirError 400 for a question that is wrong, 403 for trust anchors that are not allowed
 */
export function readEvaluateRequest(
  parameters: Parameters,
  settings: EvaluateSettings,
  call: { now: Date; language?: string | undefined },
): EvaluateRequest {
  const clockText = textParameter(parameters, 'evaluationDateTime')
  const anchors = fewTexts(parameters, 'trustAnchor')
  if (anchors.length > 0 && !settings.allowRequestTrustAnchors) {
    throw new FhirError(
      403,
      issue('forbidden', 'trustAnchor is not accepted by this server (ALLOW_REQUEST_TRUST_ANCHORS)'),
    )
  }
  const libraries = fewTexts(parameters, 'library')
  const expressions = fewTexts(parameters, 'expression')
  if (expressions.length > 0 && libraries.length === 0) {
    throw badRequest({ text: 'expression names defines of library, which is not given', expression: at('expression') })
  }
  const image = readImage(parameters)
  const credential = image ? [] : readCredential(parameters)
  const further = readFurther(parameters)
  const { followLinks, passcode, recipient } = readFollowing(parameters)
  const identity = readIdentity(parameters)
  const request: EvaluateRequest = {
    credential,
    further,
    followLinks,
    clock: clockText === undefined ? call.now : readClock(clockText),
    clockText: clockText ?? call.now.toISOString(),
    planDefinitions: fewTexts(parameters, 'planDefinition'),
    libraries,
    expressions,
    jurisdiction: readJurisdiction(parameters) ?? settings.jurisdiction?.toUpperCase(),
    trustDomains: readTrustDomains(parameters),
    useContexts: readUseContexts(parameters),
    parameters: readParameters(parameters),
    structureMaps: fewTexts(parameters, 'structureMap'),
    trustAnchors: anchors.map((text) => readBase64(text, 'trustAnchor')),
    language: call.language,
  }
  if (image) request.image = image
  if (passcode !== undefined) request.passcode = passcode
  if (recipient !== undefined) request.recipient = recipient
  if (identity) request.identity = identity
  return request
}

/** Most rules, libraries, expressions or maps of one question. */
const mostRepetitions = 100

/** Texts of a repeating parameter, each once. */
function fewTexts(parameters: Parameters, name: string): string[] {
  const texts = textParameters(parameters, name)
  if (texts.length > mostRepetitions) {
    throw badRequest(
      { text: `${name} may be given ${mostRepetitions} times at most`, expression: at(name) },
      'too-long',
    )
  }
  return texts.length < 2 ? texts : [...new Set(texts)]
}

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

function readJurisdiction(parameters: Parameters): string | undefined {
  const code = textParameter(parameters, 'jurisdiction')?.toUpperCase()
  if (code === undefined || isJurisdictionCode(code)) return code
  // A code that nobody has would choose no rule of any country.
  throw badRequest({
    text: 'jurisdiction must be an alpha-2 or alpha-3 code of ISO 3166-1',
    expression: at('jurisdiction'),
  })
}

/** Domains are an open set: which are known is for the trust lists to say. */
function readTrustDomains(parameters: Parameters): string[] {
  const domains = fewTexts(parameters, 'trustDomain')
  if (domains.every((each) => /^[A-Za-z0-9][\w.-]{0,63}$/.test(each))) return domains
  throw badRequest({ text: 'trustDomain must be a code such as DCC', expression: at('trustDomain') })
}

function readUseContexts(parameters: Parameters): UsageContext[] {
  const given = allParameters(parameters, 'useContext').map(({ valueUsageContext }) => {
    if (valueUsageContext) return valueUsageContext
    throw badRequest({ text: 'useContext must be a UsageContext', expression: at('useContext') })
  })
  if (given.length > mostRepetitions)
    throw badRequest(
      { text: `useContext may be given ${mostRepetitions} times at most`, expression: at('useContext') },
      'too-long',
    )
  return given
}

function readCredential(parameters: Parameters, place = at): Scanned {
  const given = allParameters(parameters, 'credential')
  if (given.length > 1) throw badRequest('credential may be given once; further chunks go into credentialPart')
  for (const each of allParameters(parameters, 'credentialPart')) given.push(each)
  const texts: string[] = []
  for (const each of given) {
    const text = parameterValue(each)
    if (typeof text !== 'string') throw badRequest('credential and credentialPart must be strings')
    texts.push(text)
  }
  const data = firstParameter(parameters, 'credentialData')
  if (data && texts.length > 0) {
    throw badRequest({ text: 'Either credential or credentialData is possible', expression: place('credentialData') })
  }
  if (data) return readBase64(parameterValue(data), 'credentialData')
  if (texts.length === 0 || texts.every((each) => each === '')) {
    throw badRequest(
      { text: 'A credential is required: the text of the code exactly as scanned', expression: place('credential') },
      'required',
    )
  }
  return texts.map(withoutLineEnd)
}

/** Most credentials of one question: nobody carries more, and each costs as much as a question. */
const mostCredentials = 20

function readFurther(parameters: Parameters): Scanned[] {
  const further = allParameters(parameters, 'furtherCredential')
  if (further.length < mostCredentials)
    return further.map((each, number) => readCredential(partsOf(each), partOf(number)))
  const text = `A question may have ${mostCredentials} credentials at most`
  throw badRequest({ text, expression: at('furtherCredential') }, 'too-costly')
}

/** Where a part of one of the further credentials stands. */
const partOf = (number: number) => (name: string) => `${at('furtherCredential')}[${number}].part.where(name='${name}')`

/** A picture must come with the question: an address would make the server fetch what anybody names. */
function readImage(parameters: Parameters): EvaluateRequest['image'] {
  const attachment = parameterValue(firstParameter(parameters, 'credentialImage'))
  if (attachment === undefined) return undefined
  const expression = at('credentialImage')
  for (const name of ['credential', 'credentialPart', 'credentialData'])
    if (firstParameter(parameters, name))
      throw badRequest({ text: `Either ${name} or credentialImage is possible`, expression })
  if (!isJsonObject(attachment)) throw badRequest({ text: 'credentialImage must be an Attachment', expression })
  const { contentType, data, url } = attachment
  if (url !== undefined)
    throw badRequest({ text: 'credentialImage must hold the picture as data: an address is not fetched', expression })
  if (data === undefined) throw badRequest({ text: 'credentialImage has no data', expression }, 'required')
  const bytes = readBase64(data, 'credentialImage')
  return { data: bytes, ...(typeof contentType === 'string' ? { contentType } : {}) }
}

/** The parts of a parameter, to be read as parameters are. */
const partsOf = ({ part = [] }: Parameter): Parameters => ({ resourceType: 'Parameters', parameter: part })

function readFollowing(parameters: Parameters): Pick<EvaluateRequest, 'followLinks' | 'passcode' | 'recipient'> {
  const followLinks = booleanParameter(parameters, 'followLinks') ?? false
  const asked: Pick<EvaluateRequest, 'passcode' | 'recipient'> = {}
  for (const name of ['passcode', 'recipient'] as const) {
    const text = textParameter(parameters, name)
    if (text === undefined) continue
    if (!followLinks)
      throw badRequest({ text: `${name} goes with followLinks, which is not true`, expression: at(name) })
    if (text.length > longestWord)
      throw badRequest({ text: `${name} is longer than ${longestWord} characters`, expression: at(name) }, 'too-long')
    asked[name] = text
  }
  return { followLinks, ...asked }
}

/** Longest passcode or recipient, in characters. */
const longestWord = 1000

function readIdentity(parameters: Parameters): EvaluateRequest['identity'] {
  const given = firstParameter(parameters, 'identity')
  if (!given) return undefined
  const parts = partsOf(given)
  const identity: NonNullable<EvaluateRequest['identity']> = {}
  for (const name of ['name', 'birthDate', 'mrz'] as const) {
    const text = textParameter(parts, name)
    if (text !== undefined) identity[name] = text
  }
  return identity
}

/** Scanners and editors add one line end; every other blank, a second one too, belongs to the code. */
export function withoutLineEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1)
  if (last === lineFeed) return text.slice(0, text.charCodeAt(text.length - 2) === carriageReturn ? -2 : -1)
  return last === carriageReturn ? text.slice(0, -1) : text
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

function readParameters(parameters: Parameters): Parameters | undefined {
  const given = firstParameter(parameters, 'parameters')
  if (!given) return undefined
  if (isOfType(given.resource, 'Parameters')) return given.resource
  throw badRequest('parameters must hold a Parameters resource')
}

function readBase64(text: unknown, name: string): Uint8Array {
  if (typeof text !== 'string' || primitiveFault('base64Binary', text) !== undefined) {
    throw badRequest({ text: `${name} must be base64`, expression: at(name) })
  }
  return Buffer.from(text, 'base64')
}
