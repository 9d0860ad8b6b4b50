/** Where the code of a certificate was refused: a code holds a person's data, and belongs nowhere but into Verify. */
import { signal } from '@preact/signals'

/** Id of the control in which a code was refused; `page` where it stood in the address, or in what has no id; nothing once somebody goes on. */
export const codeRefusedAt = signal<string | undefined>(undefined)

/** How texts of known formats begin, wherever it stands: a scanner types behind what is in a field already. */
const anywhere = /(?:HC1:|shc:\/|shlink:\/|vhlink:\/|B64:)/

/** Whether a text of one line holds a code: no name, address, version or key id has a part that begins so. */
export const holdsCode = (text: string): boolean => anywhere.test(text)

/** Whether a longer text holds a code that goes on: a rule's remark may name the beginning of a format. */
export const holdsLongCode = (text: string): boolean =>
  /HC1:[0-9A-Z $%*+\-./:]{40}|(?:shc:\/|shlink:\/|vhlink:\/)[\w/-]{40}|B64:[\w+/=-]{40}/.test(text)

/**
 * An address without the codes in it; undefined for one that holds none. Members of the query are taken away whole, of the path all but
 * its first part.
 * @param address path, query and fragment
 */
export function withoutCodes(address: string): string | undefined {
  const url = new URL(address, 'http://console.invalid')
  const query = new URLSearchParams(url.search)
  const kept = new URLSearchParams([...query].filter((member) => !member.some(holdsCode)))
  const isWrong = [url.pathname, url.hash].map((part) => holdsCode(decoded(part)))
  if (kept.size === query.size && !isWrong.includes(true)) return undefined
  const [first = ''] = url.pathname.split('/').filter(Boolean)
  const path = !isWrong[0] ? url.pathname : holdsCode(decoded(first)) ? '/' : `/${first}`
  return `${path}${kept.size > 0 ? `?${kept}` : ''}${isWrong[1] ? '' : url.hash}`
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The rest of a refused code is awaited until nothing was typed for so long, in milliseconds. */
export const silence = 1_000
