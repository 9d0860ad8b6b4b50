import type { CredentialFormat } from './credential-format.ts'
import { divoc } from './divoc/divoc.ts'
import { hcert } from './hcert/hcert.ts'
import { smartHealthLink } from './health-link/smart-health-link.ts'
import { icaoVdsNc } from './icao-vds-nc/icao-vds-nc.ts'
import { shc } from './shc/shc.ts'

/** The formats that are read, in the order in which they are tried: a new one is one line here. */
export const credentialFormats: readonly CredentialFormat[] = [hcert, shc, divoc, smartHealthLink, icaoVdsNc]
