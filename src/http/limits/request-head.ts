/**
 * What the head of a request may be: as large as X-Provenance may be long and everything else as short as it ever was, and not with two
 * answers to whom and of what it speaks: Node takes the first of them, and who stands before this server may take the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type IssueCode, issue, operationOutcome } from '../../fhir/error.ts'
import type { Handler } from './connections.ts'

const kilobyte = 1024
/** Of everything but X-Provenance: the address, the names and values of headers. Node's own default. */
const plainBytes = 16 * kilobyte
/** Of X-Provenance. */
const provenanceBytes = 64 * kilobyte

/** What Node may take at all of one head; it answers 431 beyond. Heads of all connections together are bounded by their number. */
export const headBytes = plainBytes + provenanceBytes

/** Why a request is refused by its head. */
interface Refusal {
  status: number
  code: IssueCode
  text: string
}

const tooLarge: Refusal = {
  status: 431,
  code: 'too-long',
  text: 'The headers are too large: X-Provenance may have 64 kB, everything else 16 kB. A longer Provenance is sent as a resource of a transaction.',
}

const repeated = (name: string): Refusal => ({
  status: 400,
  code: 'structure',
  text: `The request has more than one ${name} header; which of them counts cannot be known.`,
})
const refusals = { host: repeated('Host'), type: repeated('Content-Type') }

/** The handler, for messages whose head is sound; 431 for one that is too large, 400 for two Host or Content-Type headers (RFC 9112 §3.2). */
export function withSoundHead(handler: Handler): Handler {
  return (message, response) => {
    const refusal = refusalOf(message)
    if (refusal === undefined) handler(message, response)
    else refuse(response, refusal)
  }
}

function refusalOf({ url = '', rawHeaders }: IncomingMessage): Refusal | undefined {
  let plain = url.length
  let provenance = 0
  let hosts = 0
  let types = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const value = rawHeaders[at + 1] ?? ''
    // Most names are told by their length.
    const isProvenance = name.length === 12 && name.toLowerCase() === 'x-provenance'
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (!isProvenance && name.length === 12 && name.toLowerCase() === 'content-type') types++
    // As on the wire: a colon, a blank, a line end.
    if (isProvenance) provenance += value.length
    else plain += name.length + value.length + 4
  }
  if (plain > plainBytes || provenance > provenanceBytes) return tooLarge
  if (hosts > 1) return refusals.host
  return types > 1 ? refusals.type : undefined
}

function refuse(response: ServerResponse, { status, code, text }: Refusal): void {
  const body = JSON.stringify(operationOutcome([issue(code, text)]))
  // What follows is a body that nobody reads.
  response.writeHead(status, {
    'Content-Type': 'application/fhir+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  response.end(body)
}
