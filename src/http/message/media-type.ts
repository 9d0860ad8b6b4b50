import { keep } from '../../base/keep.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { MediaType, QueryPair } from './exchange.ts'

/** A media range of `Accept` with its weight. */
interface MediaRange extends MediaType {
  /** 0 to 1. */
  q: number
}

/** Formats of the FHIR standard by media type (https://hl7.org/fhir/R4/http.html#mime-type); a Map, for names come from outside. */
const fhirFormats: ReadonlyMap<string, 'json' | 'xml'> = new Map([
  ['application/fhir+json', 'json'],
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['application/fhir+xml', 'xml'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
])

/** Media types of FHIR's own formats. */
export const fhirMediaTypes: readonly string[] = [...fhirFormats.keys()]

/** The format that a media type (`type/subtype`) means; undefined when it is none of FHIR's. */
export const fhirFormat = (essence: string): 'json' | 'xml' | undefined => fhirFormats.get(essence)

/** Media type of forms, which is also what `curl -d` sends when nothing is said. */
export const formMediaType = 'application/x-www-form-urlencoded'

/** Media type of the FHIR Mapping Language. */
export const mappingLanguage = 'text/fhir-mapping'

const noMediaType: MediaType = { essence: '', parameters: {} }

/** Clients send the same few headers over and over. */
const mostKnownHeaders = 200
const longestKnownHeader = 200
/** `application/fhir+json; fhirVersion=4.0; charset=utf-8`, and hardly more: what is longer is none of the few. */
const longestKnownType = 64
const knownTypes = keep<string, MediaType>(mostKnownHeaders)

/** Parses one media type; what is no media type gives its text as essence. Do not change what it returns. */
export function parseMediaType(text: string): MediaType {
  if (text === '') return noMediaType
  return text.length > longestKnownType ? readMediaType(text) : knownTypes.of(text, readMediaType)
}

function readMediaType(text: string): MediaType {
  const [essence = '', ...rest] = splitOutsideQuotes(text, ';')
  const parameters: Record<string, string> = {}
  for (const each of rest) {
    const equals = each.indexOf('=')
    if (equals <= 0) continue
    const name = each.slice(0, equals).trim().toLowerCase()
    parameters[name] = each
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
  }
  return { essence: essence.trim().toLowerCase(), parameters }
}

const knownHeaders = keep<string, readonly MediaRange[]>(mostKnownHeaders)

/** Parses `Accept`, best first: by weight, then in the order sent. */
const parseAccept = (header: string): readonly MediaRange[] =>
  header.length > longestKnownHeader ? readAccept(header) : knownHeaders.of(header, readAccept)

function readAccept(header: string): MediaRange[] {
  const ranges: MediaRange[] = []
  for (const part of splitOutsideQuotes(header, ',')) {
    const media = parseMediaType(part)
    if (!/^[^\s/]+\/[^\s/]+$/.test(media.essence)) continue
    const { q: weight, ...parameters } = media.parameters
    const q = weight === undefined ? 1 : Number(weight)
    if (q > 0 && q <= 1) ranges.push({ essence: media.essence, parameters, q })
  }
  return ranges.sort((a, b) => b.q - a.q)
}

/** Whether `fhirVersion` names R4 or is absent. */
function isR4(media: MediaType): boolean {
  const version = media.parameters.fhirversion
  return version === undefined || version === '4.0' || version === '4.0.1'
}

/**
 * Refuses what this server cannot read: another charset than UTF-8, another FHIR version.
 * @throws FhirError 415
 */
export function checkContentType(media: MediaType): void {
  const charset = media.parameters.charset?.toLowerCase()
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw unsupportedMediaType(`The charset of the body is not supported; send UTF-8.`)
  }
  if (!isR4(media)) throw unsupportedMediaType('Only fhirVersion=4.0 is supported.')
}

/** 415 with the media types that would be read in `Accept`. */
export function unsupportedMediaType(text: string, accepted: readonly string[] = fhirMediaTypes): FhirError {
  return new FhirError(415, issue('not-supported', text), { Accept: accepted.join(', ') })
}

/** 415 for a body of a media type that is not read here; who sent none is told what to say. */
export function unreadMediaType(essence: string, wanted = 'a resource', accepted?: readonly string[]): FhirError {
  const readable = essence.replace(/[^\x20-\x7e]/g, '?').slice(0, 80)
  const what =
    essence === formMediaType
      ? `${formMediaType} is a form (and what curl -d sends when no Content-Type is given); ${wanted} is no form.`
      : `${readable === '' ? 'A body without a media type' : readable} is not read here.`
  return unsupportedMediaType(`${what} Send Content-Type: application/fhir+json (or application/fhir+xml).`, accepted)
}

/** The parts of a header's list, in order. */
export function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator)
  const parts: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"' && text[i - 1] !== '\\') quoted = !quoted
    if (text[i] === separator && !quoted) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/** How a reply is written. */
export interface ReplyFormat {
  kind: 'json' | 'xml' | 'fml'
  /** Without charset, with the `fhirVersion` that was asked for. */
  contentType: string
  pretty: boolean
}

/** What was asked for. */
export interface Negotiation {
  /** `Accept`, or what `_format` puts in its place, best first; empty when nothing was asked for. */
  ranges: readonly MediaRange[]
  /** FHIR format of the body, which is answered in kind when nothing was asked for. */
  bodyFormat?: 'json' | 'xml'
  pretty: boolean
}

const shortNames: ReadonlyMap<string, string> = new Map([
  ['json', 'application/fhir+json'],
  ['xml', 'application/fhir+xml'],
  ['fml', mappingLanguage],
])
const plainJson: ReplyFormat = { kind: 'json', contentType: 'application/fhir+json', pretty: false }

/** Collects what `Accept`, `_format`, `_pretty` and the body's own type say. `_format` goes before `Accept`. */
export function negotiate(request: {
  query: QueryPair[]
  accept: string | undefined
  bodyType: string | undefined
}): Negotiation {
  const format = request.query.find(([name]) => name === '_format')?.[1]
  const pretty = request.query.some(([name, value]) => name === '_pretty' && value !== 'false')
  const asked: Negotiation = { ranges: [], pretty }
  if (format !== undefined && format !== '') asked.ranges = [formatRange(format)]
  else if (request.accept !== undefined) {
    asked.ranges = parseAccept(request.accept)
    // An Accept of which nothing could be understood asks for something we cannot give.
    if (asked.ranges.length === 0 && request.accept.trim() !== '') asked.ranges = [unknownRange]
  }
  const bodyFormat = request.bodyType === undefined ? undefined : fhirFormat(request.bodyType)
  if (bodyFormat) asked.bodyFormat = bodyFormat
  return asked
}

const unknownRange: MediaRange = { essence: 'unknown/unknown', parameters: {}, q: 1 }

function formatRange(format: string): MediaRange {
  // `+` in a query string is a space, but clients write application/fhir+json without encoding it.
  const media = parseMediaType(format.trim().replaceAll(' ', '+'))
  return { ...media, essence: shortNames.get(media.essence) ?? media.essence, q: 1 }
}

/**
 * The format of the reply.
 * @param mapping whether the Mapping Language can be given here
 * @throws FhirError 406 when nothing that was asked for can be given
 */
export function chooseFormat(asked: Negotiation, mapping = false): ReplyFormat {
  if (asked.ranges.length === 0) return fallbackFormat(asked)
  for (const range of asked.ranges) {
    if (!isR4(range)) continue
    const found = rangeFormat(range, asked, mapping)
    if (found) return found
  }
  const given = ['application/fhir+json', 'application/fhir+xml', ...(mapping ? [mappingLanguage] : [])]
  throw new FhirError(406, issue('not-supported', `Nothing acceptable can be given. Available: ${given.join(', ')}.`))
}

/** The format of an error: as negotiated where that is possible, JSON otherwise. */
export function errorFormat(asked: Negotiation): ReplyFormat {
  for (const range of asked.ranges) {
    const found = isR4(range) ? rangeFormat(range, asked, false) : undefined
    if (found) return found
  }
  return asked.ranges.length === 0 ? fallbackFormat(asked) : { ...plainJson, pretty: asked.pretty }
}

/** The first choice, when it is not a format of the standard: FML text, a logical instance, NDJSON… */
export function foreignMediaType(asked: Negotiation): string | undefined {
  const first = asked.ranges[0]?.essence
  return first === undefined || fhirFormat(first) !== undefined || first.includes('*') ? undefined : first
}

function fallbackFormat(asked: Negotiation): ReplyFormat {
  const kind = asked.bodyFormat ?? 'json'
  return { kind, contentType: `application/fhir+${kind}`, pretty: asked.pretty }
}

function rangeFormat(range: MediaRange, asked: Negotiation, mapping: boolean): ReplyFormat | undefined {
  if (range.essence === '*/*' || range.essence === 'application/*') return fallbackFormat(asked)
  if (range.essence === mappingLanguage) {
    return mapping ? { kind: 'fml', contentType: mappingLanguage, pretty: asked.pretty } : undefined
  }
  const kind = fhirFormat(range.essence)
  if (!kind) return undefined
  const version = range.parameters.fhirversion
  const contentType = version ? `${range.essence}; fhirVersion=${version}` : range.essence
  return { kind, contentType, pretty: asked.pretty }
}
