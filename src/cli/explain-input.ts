import { defaultLimits } from '../credentials/credential-format.ts'
import { credentialFormats } from '../credentials/credentials.ts'
import { type Explanation, explainCredential } from '../credentials/explain.ts'
import { createImageReader } from '../images/images.ts'
import { layersAsJson, printedLayers } from './print-layers.ts'

/** What was put in, unpacked: one explanation for the texts, or one for each code of a picture. */
export type Explained = Explanation | { fault?: string; codes: { symbology: string; page: number; is: Explanation }[] }

/** Unpacks texts. */
export const explainTexts = (texts: string[]): Explained => explainCredential(texts, credentialFormats, defaultLimits)

/** Finds the codes of a picture and unpacks each. */
export async function explainPicture(picture: Uint8Array): Promise<Explained> {
  const reader = createImageReader({ processes: 1 })
  try {
    const reading = await reader.read({ data: picture }, { client: '', isGone: () => false })
    if ('fault' in reading) return { fault: reading.fault, codes: [] }
    const codes = reading.codes.map(({ text, symbology, page }) => ({
      symbology,
      page,
      is: explainCredential([text], credentialFormats, defaultLimits),
    }))
    return { codes }
  } finally {
    await reader.close()
  }
}

/** For a person at a terminal. */
export function printedExplanation(explained: Explained, showContent: boolean): string {
  if (!('codes' in explained)) return printedLayers(explained, showContent)
  const { codes, fault } = explained
  if (fault !== undefined) return `Picture: ${fault}`
  const parts = codes.map(
    ({ symbology, page, is }, at) =>
      `Code ${at + 1} of ${codes.length} (${symbology}, page ${page})\n${printedLayers(is, showContent)}`,
  )
  return parts.length === 0 ? 'Picture: no code was found on it' : parts.join('\n\n')
}

/** For programs: members beside `evaluation`. */
export function explanationAsJson(explained: Explained, showContent: boolean): object {
  if (!('codes' in explained)) return layersAsJson(explained, showContent)
  const codes = explained.codes.map(({ is, ...code }) => ({ ...code, ...layersAsJson(is, showContent) }))
  return { ...explained, codes }
}
