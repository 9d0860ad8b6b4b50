import { FhirError, issue } from '../../fhir/error.ts'
import type { QueryPair } from './exchange.ts'
import { fhirMediaTypes, isR4, type MediaRange, mappingLanguage, parseAccept, parseMediaType } from './media-type.ts'

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

const shortNames: Record<string, string> = {
  json: 'application/fhir+json',
  xml: 'application/fhir+xml',
  fml: mappingLanguage,
}
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
  const bodyFormat = request.bodyType === undefined ? undefined : fhirMediaTypes[request.bodyType]
  if (bodyFormat) asked.bodyFormat = bodyFormat
  return asked
}

const unknownRange: MediaRange = { essence: 'unknown/unknown', parameters: {}, q: 1 }

function formatRange(format: string): MediaRange {
  // `+` in a query string is a space, but clients write application/fhir+json without encoding it.
  const media = parseMediaType(format.trim().replaceAll(' ', '+'))
  return { ...media, essence: shortNames[media.essence] ?? media.essence, q: 1 }
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
  return first === undefined || first in fhirMediaTypes || first.includes('*') ? undefined : first
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
  const kind = fhirMediaTypes[range.essence]
  if (!kind) return undefined
  const version = range.parameters.fhirversion
  const contentType = version ? `${range.essence}; fhirVersion=${version}` : range.essence
  return { kind, contentType, pretty: asked.pretty }
}
