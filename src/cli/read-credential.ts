import { isUtf8 } from 'node:buffer'
import { FhirError, issue } from '../fhir/error.ts'
import { readBounded } from './bounded-file.ts'

/** What a file holds: the text of a scanned code, or a picture of codes. */
export type CredentialInput = { text: string } | { picture: Buffer }

/** The largest picture that is read is one of 10 MB; no text of a code comes near. */
const MOST_BYTES = 16_000_000

/** Beginnings of PNG, JPEG, WebP and PDF; no text of a code begins like them. */
const PICTURE = /^(?:\x89PNG\r\n|\xff\xd8\xff|RIFF[\s\S]{4}WEBP|%PDF-)/

/**
 * Reads a credential; `-` is standard input. Of a text only the line end that an editor adds is dropped: blanks belong to the code. A zip
 * (DIVOC) is read one character for each byte. Throws FhirError for what is neither: a picture of another kind.
 */
export async function readCredential(file: string): Promise<CredentialInput> {
  const bytes = await readBounded(file, MOST_BYTES)
  const starts = bytes.toString('latin1', 0, 16)
  if (PICTURE.test(starts)) return { picture: bytes }
  if (starts.startsWith('PK\u0003\u0004')) return { text: bytes.toString('latin1') }
  if (!isUtf8(bytes))
    throw new FhirError(
      400,
      issue(
        'invalid',
        `${file} is neither the text of a code (UTF-8) nor a picture that is read: PNG, JPEG, WebP, PDF`,
      ),
    )
  return { text: bytes.toString('utf8').replace(/\r?\n$/, '') }
}
