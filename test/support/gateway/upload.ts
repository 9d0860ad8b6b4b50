/** What is checked of a request before its content. */
import { type Asked, forbidden, problem } from './answer.ts'
import { openUpload } from './open-upload.ts'
import { isOnboarded, type Rows } from './rows.ts'

/**
 * The content of a signed body, as text, whose signer is an onboarded UP of the caller's country.
 * @throws Refusal
 */
export async function openByUploader(rows: Rows, { body, country }: Asked): Promise<string> {
  const { content, signer } = await openUpload(body.toString('utf8'))
  if (!isOnboarded(rows, 'UPLOAD', country, signer.raw))
    throw problem(
      403,
      '0x000',
      'Invalid Upload Certificate',
      'Certificate is not a valid upload certificate for your country.',
    )
  return content.toString('utf8')
}

/** Whether the content type is one of those that a route takes. */
export function requireType({ headers }: Asked, types: readonly string[]): void {
  const given =
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim()
      .toLowerCase() ?? ''
  if (!types.includes(given)) throw forbidden()
}

/** Whether the client takes one of the types that a route answers with; a route without any answers with an empty body. */
export function requireAccept({ headers }: Asked, types: readonly string[]): void {
  const ranges = String(headers.accept ?? '*/*')
    .split(',')
    .map((each) => each.split(';')[0]?.trim().toLowerCase() ?? '')
  const isTaken = (type: string) =>
    ranges.some((range) => range === '*/*' || range === type || range === type.replace(/\/.*/, '/*'))
  if (types.length > 0 && !types.some(isTaken)) throw forbidden()
}
