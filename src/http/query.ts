import { badRequest } from '../fhir/error.ts'
import type { QueryPair } from './exchange.ts'

/** More pairs than any honest request has. */
const maximumPairs = 2000

/**
 * Decodes a query string or form body (application/x-www-form-urlencoded), in order.
 * @throws FhirError 400 for a broken percent-encoding or too many pairs
 */
export function parseQuery(text: string): QueryPair[] {
  const pairs: QueryPair[] = []
  if (text === '') return pairs
  const parts = text.split('&')
  if (parts.length > maximumPairs) throw badRequest(`More than ${maximumPairs} parameters.`, 'too-long')
  for (const part of parts) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    pairs.push([decode(name), equals < 0 ? '' : decode(part.slice(equals + 1))])
  }
  return pairs
}

/**
 * Splits and decodes a path: `/ValueSet/%24expand` → `['ValueSet', '$expand']`. A slash at the end is ignored.
 * @throws FhirError 400 for a broken percent-encoding
 */
export function parsePath(path: string): string[] {
  const segments = path.split('/')
  if (segments[0] === '') segments.shift()
  if (segments.at(-1) === '') segments.pop()
  return path.includes('%') ? segments.map(decodeComponent) : segments
}

/** Writes pairs as a query string, without `?`. Characters that canonicals are made of stay readable. */
export function formatQuery(pairs: QueryPair[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

function decode(text: string): string {
  return text.includes('%') || text.includes('+') ? decodeComponent(text.replaceAll('+', ' ')) : text
}

function decodeComponent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badRequest('The URL contains a broken percent-encoding.', 'structure')
  }
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/%(3A|2F|2C|24)/g, (escaped) => decodeURIComponent(escaped))
}
