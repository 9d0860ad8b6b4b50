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
  /** End of its life in seconds since 1970; an end that is no number is kept apart from none. */
  expires?: number | 'not-a-number'
  /** Version of the link format, when it is not the first. */
  version?: number | 'not-a-number'
  /** Base of the FHIR server of the sharer (VHL, `extension.fhirBaseUrl`). */
  fhirBaseUrl?: string
}

/** Whether a link names a FHIR search on List (IHE ITI VHL, 3.YY5); else its address is that of a manifest or of one file. */
export function isListSearch({ url }: HealthLink): boolean {
  const { pathname = '', search = '' } = URL.parse(url) ?? {}
  return /(?:^|\/)List(?:\/_search)?$/.test(pathname) && search.length > 1
}

/** What is behind a link in words of a person, without its address, its label or anything that opens it. */
export function whatIsBehind(link: HealthLink): string {
  const kind = isListSearch(link) ? 'verifiable health link to a folder of documents' : textOfKind(link)
  const remarks = [
    ...(link.flags.includes('P') ? ['a passcode is needed'] : []),
    ...(link.flags.includes('L') ? ['its content may change'] : []),
  ]
  return remarks.length === 0 ? `a ${kind}` : `a ${kind} (${remarks.join(', ')})`
}

/** What is told of a link in a certificate that nobody has followed. */
export const notFollowed = (link: HealthLink): string =>
  `The content of the certificate is ${whatIsBehind(link)}, which was not followed`

function textOfKind({ scheme, flags }: HealthLink): string {
  const name = scheme === 'vhlink' ? 'verifiable health link' : 'SMART Health Link'
  return flags.includes('U') ? `${name} to one file` : `${name} to a list of files`
}

/** Whether the life of a link has ended; one whose end cannot be read has. */
export function hasLapsed({ expires }: HealthLink, clock: Date): boolean {
  return expires === 'not-a-number' || (expires !== undefined && expires * 1000 < clock.getTime())
}
