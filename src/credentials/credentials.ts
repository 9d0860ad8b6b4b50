import type { CredentialFormat } from './credential-format.ts'
import { hcert } from './hcert/hcert.ts'
import { icaoVdsNc } from './icao-vds-nc.ts'
import { shc } from './shc.ts'

/** The formats that are read, in the order in which they are tried (credentials.md, section 1): a new one is one line here. */
export const credentialFormats: CredentialFormat[] = [hcert, shc, icaoVdsNc]

/** The first format whose prefix test accepts the text. Nothing is trimmed: base45 contains the space. */
export function recogniseFormat(
  text: string,
  formats: CredentialFormat[] = credentialFormats,
): CredentialFormat | undefined {
  return formats.find((format) => format.recognises(text))
}
