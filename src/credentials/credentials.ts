import type { CredentialFormat } from './credential-format.ts'
import { hcert } from './hcert/hcert.ts'
import { icaoVdsNc } from './icao-vds-nc/icao-vds-nc.ts'
import { shc } from './shc/shc.ts'

/** The formats that are read, in the order in which they are tried (credentials.md, section 1): a new one is one line here. */
export const credentialFormats: CredentialFormat[] = [hcert, shc, icaoVdsNc]

/** The first format whose prefix test accepts the text. Nothing is trimmed: base45 contains the space. */
export function recogniseFormat(
  text: string,
  formats: CredentialFormat[] = credentialFormats,
): CredentialFormat | undefined {
  return formats.find((format) => format.recognises(text))
}

/** Why no format recognises a text; it is never quoted. */
export function unsupportedDetail(text: string): string {
  return /^HC[2-9A-Z]:/.test(text) ? 'a later version of HCERT than HC1' : 'no supported format begins like this'
}
