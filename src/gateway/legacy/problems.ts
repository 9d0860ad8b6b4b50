/** What is answered where there is nothing: `{"code", "problem", "sendValue", "details"}`, as gateways and their services do. */
import type { PublicDocument } from '../../base/public-document.ts'

/** What may be wrong, by the code that clients know it by. */
const problems = {
  '0x000': { status: 404, problem: 'Lists are not signed here: there is no key for it' },
  '0x001': { status: 404, problem: 'No value set has this hash; the list of value sets may have changed' },
  '0x004': { status: 400, problem: 'The country must be a code of two letters' },
  '0x005': { status: 400, problem: 'The hash must be 64 lower-case hexadecimal digits' },
  '0x006': { status: 404, problem: 'No rule of this country has this hash or identifier' },
} as const

/** Code of a problem. */
export type ProblemCode = keyof typeof problems

/** Longest piece of an address that is sent back. */
const mostCharacters = 100

/** The reply for a problem; `sent` is the piece of the address that is at fault. */
export function problemDocument(code: ProblemCode, sent = ''): PublicDocument {
  const { status, problem } = problems[code]
  const body = { code, problem, sendValue: sent.slice(0, mostCharacters), details: '' }
  return {
    status,
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    cacheControl: 'no-store',
    route: 'legacy',
  }
}
