/** How large the head of a request may be: X-Provenance may be long, everything else is as short as it ever was. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { issue, operationOutcome } from '../../fhir/error.ts'
import type { Handler } from './connections.ts'

const kilobyte = 1024
/** Of everything but X-Provenance: the address, the names and values of headers. Node's own default. */
const plainBytes = 16 * kilobyte
/** Of X-Provenance. */
const provenanceBytes = 64 * kilobyte

/** What Node may take at all of one head; it answers 431 beyond. Heads of all connections together are bounded by their number. */
export const headBytes = plainBytes + provenanceBytes

/** The handler, for messages whose head is not too large; 431 for others. */
export function withBoundedHead(handler: Handler): Handler {
  return (message, response) => {
    if (isBounded(message)) handler(message, response)
    else refuse(response)
  }
}

function isBounded({ url = '', rawHeaders }: IncomingMessage): boolean {
  let plain = url.length
  let provenance = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const value = rawHeaders[at + 1] ?? ''
    // As on the wire: a colon, a blank, a line end.
    const length = name.length + value.length + 4
    if (name.length === 12 && name.toLowerCase() === 'x-provenance') provenance += value.length
    else plain += length
  }
  return plain <= plainBytes && provenance <= provenanceBytes
}

function refuse(response: ServerResponse): void {
  const text =
    'The headers are too large: X-Provenance may have 64 kB, everything else 16 kB. A longer Provenance is sent as a resource of a transaction.'
  const body = JSON.stringify(operationOutcome([issue('too-long', text)]))
  // What follows is a body that nobody reads.
  response.writeHead(431, {
    'Content-Type': 'application/fhir+json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  response.end(body)
}
