import { participantOfIssuer, sameParticipant } from '../../base/participant-codes.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import type { TrustedKey } from '../keys/trusted-key.ts'
import type { CountryFigures, HashType } from './hash-index.ts'
import type { RevocationContent } from './revocation-content.ts'

/** One source of revocation lists as it stands. */
export interface RevocationSource {
  name: string
  content?: RevocationContent | undefined
  /** Why it could not be read, or not be read again. */
  failure?: string | undefined
  /** The only participant, or the only issuer of cards, that it can be about; neither: anybody. */
  participant?: string | undefined
  issuer?: string | undefined
  /** Older lists are remarked upon. */
  maxAgeSeconds: number
}

/** Whose credential is asked about, and when. */
interface RevocationQuestion {
  /** The key that verified it. */
  key: Pick<TrustedKey, 'keyId' | 'participant' | 'thumbprint'>
  /** Key id and issuer that the credential names. */
  keyId: string
  issuer: string | undefined
  clock: Date
}

/** Whatever is known of the lists that could name a credential. */
interface HeldLists {
  /** What is wrong with them: not read, old, expired, no longer held. */
  faults: string[]
  /** What was looked at, and of when it is. */
  told: string[]
}

/** Hash lists of the participant of a credential. */
interface HeldHashLists extends HeldLists {
  types: HashType[]
  /** Codes of the participant, as its batches write it. */
  countries: string[]
  names(type: HashType, hash: Uint8Array): boolean
  /** Whether a filter of hashes, in place of the hashes, lets one pass. */
  mayName(type: HashType, hash: Uint8Array): boolean
}

/** Lists of an issuer of SMART Health Cards, for one key. */
interface HeldCardLists extends HeldLists {
  lists: { version: number; revokedBefore(rid: string): number | undefined }[]
}

/** The revocation lists of all sources. Undefined: none could name the credential, and none that could failed. */
export interface RevocationLists {
  hashes(question: RevocationQuestion): HeldHashLists | undefined
  cards(question: RevocationQuestion): HeldCardLists | undefined
}

/** Lists of several sources, asked for at each question, for the keys of an index. */
export function revocationLists(sources: () => readonly RevocationSource[], index: KeyIndex): RevocationLists {
  const names = namesOfKeys(index)
  return {
    hashes: (question) => heldHashes(sources(), question, names),
    cards: (question) => heldCards(sources(), question),
  }
}

interface SignerNames {
  keyIds: Set<string>
  participants: Set<string>
}

/**
 * Every name of a signer. A key may be listed under several ids and for several participants, and who shows a credential may choose
 * the id where it stands outside of what was signed.
 */
function namesOfKeys({ keys }: KeyIndex): (question: RevocationQuestion) => SignerNames {
  const byKey = new Map<string, SignerNames>()
  const byThumbprint = new Map<string, SignerNames>()
  for (const { keyId, otherKeyIds, participant, thumbprint, publicKeyThumbprint } of keys) {
    const names = byKey.get(publicKeyThumbprint) ?? { keyIds: new Set(), participants: new Set() }
    byKey.set(publicKeyThumbprint, names)
    byThumbprint.set(thumbprint, names)
    for (const id of [keyId, ...otherKeyIds]) names.keyIds.add(id)
    if (participant !== '') names.participants.add(participant)
  }
  return ({ key, keyId, issuer }) => {
    const listed = byThumbprint.get(key.thumbprint)
    const country = issuer === undefined ? undefined : participantOfIssuer(issuer)
    const own = [key.participant, country].filter((each) => each !== undefined && each !== '')
    return {
      keyIds: new Set([...(listed?.keyIds ?? []), key.keyId, keyId]),
      participants: new Set([...(listed?.participants ?? []), ...own.filter((each) => each !== undefined)]),
    }
  }
}

function heldHashes(
  sources: readonly RevocationSource[],
  question: RevocationQuestion,
  names: (question: RevocationQuestion) => SignerNames,
): HeldHashLists | undefined {
  const { clock } = question
  const { keyIds, participants } = names(question)
  const isMeant = (country: string) => [...participants].some((each) => sameParticipant(each, country))
  const held: HeldHashLists = {
    types: [],
    countries: [],
    faults: [],
    told: [],
    names: () => false,
    mayName: () => false,
  }
  const places: { content: RevocationContent; country: string }[] = []
  let isKnown = false
  for (const source of sources) {
    const { content, failure, participant, issuer } = source
    if (issuer !== undefined) continue
    const figures = content?.hashes.countries().filter(({ country }) => isMeant(country)) ?? []
    const missing = content?.missing?.filter(({ country }) => isMeant(country)) ?? []
    const isBound = participant !== undefined && isMeant(participant)
    const mayName =
      isBound || figures.length + missing.length > 0 || (participant === undefined && mayNameAnybody(source, clock))
    if (!mayName) continue
    isKnown = true
    if (failure !== undefined) held.faults.push(failureText(source))
    if (!content) continue
    if (content.incomplete !== undefined) held.faults.push(`the revocation list ${source.name} was not read to its end`)
    for (const { count } of missing)
      held.faults.push(`${count} batches of the revocation list ${source.name} could not be had`)
    for (const each of figures) {
      places.push({ content, country: each.country })
      held.types.push(...each.types)
      held.countries.push(...each.spellings)
      held.faults.push(...batchFaults(each, source, clock))
    }
    age(held, source, { what: `${sum(figures)} hashes of ${[...participants].join(', ')}`, clock })
  }
  if (!isKnown) return undefined
  held.types = [...new Set(held.types)]
  held.countries = [...new Set(held.countries)]
  held.names = (hashType, hash) =>
    places.some(({ content, country }) => content.hashes.has({ country, hashType, hash, keyIds, clock }))
  held.mayName = (hashType, hash) =>
    places.some(({ content, country }) => content.hashes.mayHave?.({ country, hashType, hash, keyIds, clock }) === true)
  return held
}

/**
 * Of a source that was never read, or not to its end, nobody knows whom it names; neither of what it says now when it could not be read
 * again. A gateway's list is about every country, and about none of them once it is too old.
 */
function mayNameAnybody({ content, failure, maxAgeSeconds }: RevocationSource, clock: Date): boolean {
  if (!content || content.incomplete !== undefined || failure !== undefined) return true
  const { book, isOfEveryCountry, date } = content
  return (
    (book !== undefined || isOfEveryCountry === true) &&
    date !== undefined &&
    clock.getTime() - date.getTime() > maxAgeSeconds * 1000
  )
}

const sum = (figures: CountryFigures[]): number => figures.reduce((all, { hashes }) => all + hashes, 0)

function batchFaults({ batches, expires, givenUpUntil }: CountryFigures, { name }: RevocationSource, clock: Date) {
  const faults: string[] = []
  if (batches === 0 || expires < clock) faults.push(`every batch of the revocation list ${name} has expired`)
  if (givenUpUntil && clock <= givenUpUntil)
    faults.push(`batches of the revocation list ${name} that counted at that time are no longer held`)
  return faults
}

function heldCards(
  sources: readonly RevocationSource[],
  { key, keyId, issuer, clock }: RevocationQuestion,
): HeldCardLists | undefined {
  const held: HeldCardLists = { lists: [], faults: [], told: [] }
  let isKnown = false
  for (const source of sources) {
    if (source.issuer === undefined || source.issuer !== issuer) continue
    const { content, failure } = source
    const list = content?.cards?.lists.get(keyId) ?? content?.cards?.lists.get(key.keyId)
    if (failure !== undefined) {
      isKnown = true
      held.faults.push(failureText(source))
    }
    if (!list) continue
    isKnown = true
    held.lists.push(list)
    held.faults.push(...list.faults.map((fault) => `the revocation list ${source.name}: ${fault}`))
    age(held, source, { what: `${list.entries} entries, version ${list.version}`, clock })
  }
  return isKnown ? held : undefined
}

/** Why is for the administrator, who has paths in it. */
function failureText({ name, content }: RevocationSource): string {
  return content
    ? `the revocation list ${name} could not be read again; an earlier copy was used`
    : `the revocation list ${name} cannot be read`
}

const HOUR_SECONDS = 3600
const DAY_HOURS = 24

/** Tells of when a list is, and finds fault with one that is too old, or of nobody knows when. */
function age(
  held: HeldLists,
  { name, content, maxAgeSeconds }: RevocationSource,
  about: { what: string; clock: Date },
) {
  const { date } = content ?? {}
  if (!date) {
    held.faults.push(`it is not known of when the revocation list ${name} is`)
    return
  }
  const seconds = Math.max(0, (about.clock.getTime() - date.getTime()) / 1000)
  const hours = Math.floor(seconds / HOUR_SECONDS)
  const old = hours < 2 * DAY_HOURS ? `${hours} hours old` : `${Math.floor(hours / DAY_HOURS)} days old`
  held.told.push(`not on the revocation list ${name} (${about.what}, of ${date.toISOString()}, ${old})`)
  if (seconds > maxAgeSeconds) held.faults.push(`the revocation list ${name} is ${old}`)
}
