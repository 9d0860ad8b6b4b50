import { FhirError, issue } from '../../fhir/error.ts'

/** A media type (RFC 9110 §8.3.1): `type/subtype` in lower case and its parameters. */
export interface MediaType {
  /** `type/subtype`, lower case. */
  essence: string
  /** Names in lower case, values unquoted. */
  parameters: Record<string, string>
}

/** A media range of `Accept` with its weight. */
export interface MediaRange extends MediaType {
  /** 0 to 1. */
  q: number
}

/** Formats of the FHIR standard by media type (https://hl7.org/fhir/R4/http.html#mime-type). */
export const fhirMediaTypes: Readonly<Record<string, 'json' | 'xml'>> = {
  'application/fhir+json': 'json',
  'application/json': 'json',
  'text/json': 'json',
  'application/fhir+xml': 'xml',
  'application/xml': 'xml',
  'text/xml': 'xml',
}

/** Media type of the FHIR Mapping Language. */
export const mappingLanguage = 'text/fhir-mapping'

const noMediaType: MediaType = { essence: '', parameters: {} }

/** Parses one media type; what is no media type gives its text as essence. */
export function parseMediaType(text: string): MediaType {
  if (text === '') return noMediaType
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

/** Clients send the same few headers over and over. */
const knownHeaders = new Map<string, readonly MediaRange[]>()
const maximumKnownHeaders = 200
const longestKnownHeader = 200

/** Parses `Accept`, best first: by weight, then in the order sent. */
export function parseAccept(header: string): readonly MediaRange[] {
  const known = knownHeaders.get(header)
  if (known) return known
  const ranges = readAccept(header)
  if (knownHeaders.size >= maximumKnownHeaders) knownHeaders.clear()
  if (header.length <= longestKnownHeader) knownHeaders.set(header, ranges)
  return ranges
}

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
export function isR4(media: MediaType): boolean {
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
export function unsupportedMediaType(text: string, accepted: string[] = Object.keys(fhirMediaTypes)): FhirError {
  return new FhirError(415, issue('not-supported', text), { Accept: accepted.join(', ') })
}

function splitOutsideQuotes(text: string, separator: string): string[] {
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
