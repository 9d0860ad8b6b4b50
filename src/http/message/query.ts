import { badRequest } from '../../fhir/error.ts'
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
  const isPlain = !text.includes('%') && !text.includes('+')
  let parts = 1
  let equalsAt = -1
  for (let start = 0, end = 0; start <= text.length; start = end + 1, parts++) {
    if (parts > maximumPairs) throw badRequest(`More than ${maximumPairs} parameters.`, 'too-long')
    end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (end === start) continue
    // Looked for once until it is passed: a long text without any would be gone through for every part.
    if (equalsAt < start) equalsAt = text.indexOf('=', start)
    if (equalsAt < 0) equalsAt = text.length
    const equals = Math.min(equalsAt, end)
    const name = text.slice(start, equals)
    const value = text.slice(equals + 1, end)
    pairs.push(isPlain ? [name, value] : [decode(name), decode(value)])
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
