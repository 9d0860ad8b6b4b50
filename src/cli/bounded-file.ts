import { createReadStream } from 'node:fs'
import { FhirError, issue } from '../fhir/error.ts'

/**
 * Reads a file, or standard input for `-`, of at most so many bytes. It is counted while it is read, for a pipe or a device has no size.
 * @throws FhirError 413 when there is more
 */
export async function readBounded(file: string, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of file === '-' ? process.stdin : createReadStream(file)) {
    chunks.push(Buffer.from(chunk))
    bytes += chunk.length
    if (bytes > mostBytes) throw new FhirError(413, issue('too-long', `${file}: longer than ${mostBytes} bytes`))
  }
  return Buffer.concat(chunks)
}
