/**
 * What a health link says: where content lies and the key that opens it (SMART Health Links 1.0, payload; IHE ITI VHL, the same with a
 * search on List as address). Neither the address nor the key may reach a log, an error or an audit record.
 */
export interface HealthLink {
  /** The prefix that it was written with. */
  scheme: 'shlink' | 'vhlink'
  /** https address of the manifest, of the one file (flag U), or a FHIR search on List. */
  url: string
  /** Key of the files, 32 bytes; absent where the link names none, so that its files are not encrypted. */
  key?: Uint8Array
  /** Single letters: P a passcode is needed, L the content changes over time, U `url` is the file itself. */
  flags: string
  /** End of its life in seconds since 1970. */
  expires?: number
  /** Base of the FHIR server of the sharer (VHL, `extension.fhirBaseUrl`). */
  fhirBaseUrl?: string
}
