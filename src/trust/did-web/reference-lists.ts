import { type CheckedList, isRefused, type RefusedList } from '../lists/check-list.ts'
import { UnusableSource } from '../lists/trust-source.ts'
import { pathBelow } from './did-url.ts'

/** Bounds of what one reference list may lead to. The largest of the network leads to some 900 documents. */
export interface ReferenceLimits {
  documents: number
  /** Levels below the list. */
  depth: number
  /** Of all documents. */
  bytes: number
  /** Read at a time. */
  together: number
}

const DEFAULT_LIMITS: ReferenceLimits = { documents: 2_000, depth: 6, bytes: 60_000_000, together: 2 }

/** How documents are read and proven. */
export interface DocumentReading {
  /** Bytes of the document at a place: an address or a path. */
  read(place: string): Promise<Buffer>
  /** Proves it with the pinned keys. */
  check(bytes: Buffer): Promise<CheckedList | RefusedList>
  limits?: ReferenceLimits
}

/** What a reference list leads to. */
export interface ReferencedLists {
  /** Its embedded lists. */
  embedded: CheckedList[]
  /** Every document that was read, the list itself included: when it was made, by DID. */
  createdOf: Record<string, string>
  /** References out of it, which nobody follows. */
  foreign: number
}

/** Why a list is refused, in one line. */
export const refusalText = ({ reason, detail }: RefusedList): string =>
  reason === 'signature' && !detail
    ? 'the list is not valid: signature (no pinned key made it, or the list was changed)'
    : `the list is not valid: ${reason}${detail ? ` (${detail})` : ''}`

interface Wanted {
  did: string
  place: string
  /** Kind that its address promises. */
  kind: 'reference' | 'embedded'
  depth: number
}

/**
 * Follows a reference list to its embedded leaves: only to documents below the DID of the one that names them, or to the embedded list
 * of the same path or below; each must be proven and have the DID by which it was asked for. Others are counted. Places are told from
 * the place of the list, whose path ends with the path of its DID.
 * @throws UnusableSource when any document cannot be read, is not valid, or a bound is passed
 */
export async function followReferences(
  root: CheckedList,
  location: string,
  reading: DocumentReading,
): Promise<ReferencedLists> {
  const { limits = DEFAULT_LIMITS } = reading
  const placeOf = placesBelow(root.id, location)
  const found: ReferencedLists = { embedded: [], createdOf: { [root.id]: root.created }, foreign: 0 }
  const waiting: Wanted[] = []
  const known = new Set([root.id])
  let bytes = 0
  const add = (list: CheckedList, depth: number) => {
    if (list.kind === 'embedded') found.embedded.push(list)
    for (const did of list.references) {
      const wanted = placeOf(did, list.id)
      if (!wanted) found.foreign++
      else if (!known.has(did)) {
        known.add(did)
        waiting.push({ did, ...wanted, depth: depth + 1 })
      }
    }
    if (known.size > limits.documents) throw tooMuch(`more than ${limits.documents} documents`)
  }
  const readNext = async (wanted: Wanted) => {
    if (wanted.depth > limits.depth) throw tooMuch(`documents more than ${limits.depth} levels below it`)
    const content = await reading.read(wanted.place)
    bytes += content.length
    if (bytes > limits.bytes) throw tooMuch(`more than ${limits.bytes} bytes`)
    const list = await reading.check(content)
    const fault = isRefused(list) ? refusalText(list) : listFault(list, wanted)
    if (isRefused(list) || fault !== undefined) throw new UnusableSource(`${wanted.did}: ${fault}`)
    found.createdOf[list.id] = list.created
    add(list, wanted.depth)
  }
  add(root, 0)
  while (waiting.length > 0) await Promise.all(waiting.splice(0, limits.together).map(readNext))
  return found
}

const tooMuch = (what: string) => new UnusableSource(`the reference list leads to ${what}, which is not read`)

function listFault(list: CheckedList, { did, kind }: Wanted): string | undefined {
  if (list.id !== did) return `the document says that it is ${list.id}`
  return list.kind === kind ? undefined : `the document is of kind ${list.kind}, and not ${kind}`
}

const REFERENCE_PART = /:trustlist-ref(?=:|$)/
const REFERENCE_FOLDER = /\/trustlist-ref(?=\/|$)/

/** Tells the place of a DID that a document may lead to; undefined for one that it may not. */
function placesBelow(rootId: string, location: string) {
  const base = location.replace(/\/did\.json$/, '')
  if (base === location) throw new UnusableSource('the location of a reference list must end with /did.json')
  const embeddedRoot = rootId.replace(REFERENCE_PART, ':trustlist')
  const embeddedBase = base.replace(REFERENCE_FOLDER, '/trustlist')
  if (embeddedRoot === rootId || embeddedBase === base)
    throw new UnusableSource('a reference list stands below …/trustlist-ref/, and its embedded lists beside it')
  return (did: string, from: string): Pick<Wanted, 'place' | 'kind'> | undefined => {
    const below = pathBelow(did, from)
    if (below && below.length > 0) return place(base, pathBelow(did, rootId), 'reference')
    const beside = pathBelow(did, from.replace(REFERENCE_PART, ':trustlist'))
    return beside && place(embeddedBase, pathBelow(did, embeddedRoot), 'embedded')
  }
}

function place(base: string, path: string[] | undefined, kind: Wanted['kind']) {
  return path && { place: [base, ...path.map(encodeURIComponent), 'did.json'].join('/'), kind }
}
