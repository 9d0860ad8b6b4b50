import type { CredentialFormat, Scanned } from './credential-format.ts'
import { hcert } from './hcert/hcert.ts'
import { icaoVdsNc } from './icao-vds-nc/icao-vds-nc.ts'
import { shc } from './shc/shc.ts'

/** The formats that are read, in the order in which they are tried: a new one is one line here. */
export const credentialFormats: readonly CredentialFormat[] = [hcert, shc, icaoVdsNc]

/** Why no format recognises what was scanned; it is never quoted. */
export function unsupportedDetail(scanned: Scanned): string {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  return /^HC[2-9A-Z]:/.test(text) ? 'a later version of HCERT than HC1' : 'no supported format begins like this'
}
