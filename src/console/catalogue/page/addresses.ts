/** Addresses of artefacts: on this page, and on the server. */
import { isArtefactType } from '../readers/artefact.ts'

/** Which artefact, and which version of it where that is not the one that is there now. */
export interface Which {
  type: string
  id: string
  versionId?: string | undefined
}

/** Reads the parts of the page's address behind `catalogue`; undefined for what names no artefact. */
export function whichOf([type = '', id = '', history, versionId, ...more]: readonly string[]): Which | undefined {
  if (!isArtefactType(type) || !isId(id) || more.length > 0) return undefined
  if (history === undefined) return { type, id }
  return history === '_history' && versionId !== undefined && isId(versionId) ? { type, id, versionId } : undefined
}

/** Ids and version ids (https://hl7.org/fhir/R4/datatypes.html#id); one or two dots lead elsewhere in an address. */
const isId = (text: string) => /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/.test(text)

/** Its path below the FHIR base, with a slash. */
export const pathOf = ({ type, id, versionId }: Which): string =>
  `/${type}/${id}${versionId === undefined ? '' : `/_history/${versionId}`}`

/** Its page. */
export const pageOf = (which: Which, query: Record<string, string> = {}): string => {
  const text = new URLSearchParams(query).toString()
  return `/catalogue${pathOf(which)}${text ? `?${text}` : ''}`
}

/** The page that finds what has a canonical. */
export const findPage = (canonical: string, query: Record<string, string> = {}): string =>
  `/catalogue/find?${new URLSearchParams({ url: canonical, ...query })}`

/** A command line that fetches it. Single quotes end before one of their own, for every shell of POSIX. */
export function curlLine(address: string, accept: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`
  return `curl -sS -H ${quoted(`Accept: ${accept}`)} ${quoted(address)}`
}

/** Reads `id/_history/1` or `id`; undefined for what names no version. */
export function versionOf(type: string, text: string | null): Which | undefined {
  return text ? whichOf([type, ...text.split('/')]) : undefined
}

/** The same, written. */
export const versionText = ({ id, versionId }: Which): string =>
  versionId === undefined ? id : `${id}/_history/${versionId}`
