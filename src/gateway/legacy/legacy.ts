/**
 * The public endpoints of the EU Digital COVID Certificate's time (dgca-businessrule-service): value sets, CertLogic rules and the
 * list of countries, out of the artefacts that the server holds. What is asked is answered from bytes that lie ready; they are made
 * anew when what they are made of has changed.
 */

import { alpha2FromAlpha3 } from '../../base/iso-3166.ts'
import type { FindDocument, PublicDocument } from '../../base/public-document.ts'
import { type LegacyContent, type LegacyDocuments, listDocument, makeDocuments, versionsDocument } from './documents.ts'
import { problemDocument } from './problems.ts'
import type { ListSigner } from './signature.ts'

/** Where the content comes from. */
export interface LegacySource {
  /** What the content is made of, as values to compare: one that differs makes it stale. */
  state(): readonly unknown[]
  /** @throws FhirError 503 while content is still coming */
  content(): Promise<LegacyContent>
  /** Undefined without a key on the curve P-256. */
  signer(): ListSigner | undefined
}

interface Ready {
  state: readonly unknown[]
  documents: LegacyDocuments
  find(path: string): PublicDocument | undefined
}

/** First pieces of the paths that are answered here; nothing else is. */
const places = new Set(['valuesets', 'rules', 'countrylist', 'publickey'])

/** Finds the documents: at once while nothing has changed. */
export function createLegacy(source: LegacySource): FindDocument {
  let ready: Ready | undefined
  let making: Promise<Ready> | undefined
  let next: Promise<Ready> | undefined
  const make = async (): Promise<Ready> => {
    const state = source.state()
    const documents = await makeDocuments(await source.content(), source.signer())
    const made = { state, documents, find: finder(documents, ready?.documents.valueSets) }
    ready = made
    return made
  }
  // Who asks while others wait gets what is begun after he asked, and no more than one is made at a time.
  const fresh = (): Promise<Ready> => {
    next ??= Promise.resolve(making?.catch(() => undefined)).then(() => {
      next = undefined
      making = make()
      return making
    })
    return next
  }
  return ({ path }) => {
    if (!places.has(placeOf(path))) return undefined
    if (ready && isSame(ready.state, source.state())) return ready.find(path)
    return fresh().then(({ find }) => find(path))
  }
}

/** The first piece of a path. */
function placeOf(path: string): string {
  const end = path.indexOf('/', 1)
  return path.startsWith('/') ? path.slice(1, end < 0 ? undefined : end) : ''
}

const isSame = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((each, index) => Object.is(each, b[index]))

const noRules = listDocument([])

/** The documents at their paths, and what is answered where none is. `before` are the value sets that were listed until just now. */
function finder(documents: LegacyDocuments, before?: ReadonlyMap<string, PublicDocument>) {
  const versions = new Map<string, PublicDocument>()
  const versionsOf = (country: string, identifier: string): PublicDocument | undefined => {
    const name = `${country}/${identifier}`
    const rules = documents.rules.get(name)
    if (!rules) return undefined
    const known = versions.get(name) ?? versionsDocument(rules)
    versions.set(name, known)
    return known
  }
  const rule = (country: string, wanted: string): PublicDocument => {
    const alpha2 = countryOf(country)
    const isHash = /^[0-9a-f]{64}$/.test(wanted)
    if (alpha2 === undefined || (isHash && country.length !== 2)) return problemDocument('0x004', country)
    const found = isHash ? documents.byPath.get(`/rules/${alpha2}/${wanted}`) : versionsOf(alpha2, wanted)
    if (found) return found
    // An identifier begins with letters and a dash (GR-AT-0001); what looks like neither is taken for a hash.
    const isWellFormed = isHash || country.length === 3 || /^[A-Za-z]{2,}-[A-Za-z]{2,}-/.test(wanted)
    return problemDocument(isWellFormed ? '0x006' : '0x005', wanted)
  }
  return (path: string): PublicDocument | undefined => {
    const found = documents.byPath.get(path)
    if (found) return found
    const [place, ...rest] = path.slice(1).split('/')
    const [first, second] = rest.map(decoded)
    if (place === 'publickey' && rest.length === 0) return problemDocument('0x000')
    if (place === 'valuesets' && rest.length === 1) return before?.get(path) ?? problemDocument('0x001', first)
    if (place !== 'rules' || first === undefined || first === '' || rest.length > 2) return undefined
    if (second !== undefined) return rule(first, second)
    if (!/^[A-Za-z]{2}$/.test(first)) return problemDocument('0x004', first)
    return documents.byPath.get(`/rules/${first.toUpperCase()}`) ?? noRules
  }
}

/** Alpha-2 of a participant in two or three letters of either case; undefined for anything else. */
function countryOf(text: string): string | undefined {
  if (!/^[A-Za-z]{2,3}$/.test(text)) return undefined
  const code = text.toUpperCase()
  if (code.length === 2) return code
  // Test countries: XXA is XA in certificates and rules.
  return alpha2FromAlpha3(code) ?? (code.startsWith('X') ? code.slice(1) : code)
}

function decoded(piece: string): string {
  try {
    return decodeURIComponent(piece)
  } catch (error) {
    // A broken escape stands for itself, and names nothing.
    if (error instanceof URIError) return piece
    throw error
  }
}
