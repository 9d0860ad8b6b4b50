/**
 * Whose keys count, as files of a kit, and back: every list with its entries as it stands, so that a kit judges as the server does. Each
 * entry is a file of its own, named by its content: what a list loses or gains in a day is a small change of the kit.
 */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { canonicalJson } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { KeyIndex } from '../../trust/keys/key-index.ts'
import type { Distrust, Suspension } from '../../trust/keys/objections.ts'
import type { TrustedKey } from '../../trust/keys/trusted-key.ts'
import { isRemote, type SourceContent, type TrustSource, trustSourceKinds } from '../../trust/lists/trust-source.ts'
import type { RevocationLists } from '../../trust/revocation/revocation-lists.ts'
import { keysOf, revocationsOf, standingOf } from '../../trust/standing.ts'
import { noFloor } from '../../trust/upkeep/plausible.ts'
import type { SourceState } from '../../trust/upkeep/source-state.ts'
import type { Steps } from '../../workers/budget.ts'
import { KitError } from '../kit-error.ts'
import { byName } from '../manifest.ts'
import { keyJson, readKey } from './key-file.ts'
import { type Members, membersOf } from './members.ts'
import { readRevocation, revocationJson } from './revocation-file.ts'

/** The lists of a kit. */
const listsFile = 'package/trust/lists.json'
const keyFile = (name: string) => `package/trust/keys/${name}.json`
const revocationFile = (name: string) => `package/trust/revocation/${name}.json`

/** A name of a file for a text of any characters. */
const nameFor = (text: string): string => sha256Hex(text).slice(0, 32)

/** Files by their name. */
export type KitFiles = Map<string, Uint8Array>

/**
 * Writes the sources of a server, a key a step.
 * @param trustDomains domains whose keys are wanted; none: all. What is withdrawn is withdrawn whatever its domain
 * @param now when the kit is made
 */
export function* trustFiles(
  sources: readonly SourceState[],
  trustDomains: readonly string[],
  now: Date,
): Steps<KitFiles> {
  const files: KitFiles = new Map()
  const isWanted = wantedKeys(sources, trustDomains)
  const note = (key: TrustedKey): string => {
    const text = canonicalJson(keyJson(key))
    const name = nameFor(text)
    files.set(keyFile(name), Buffer.from(text))
    return name
  }
  const lists: JsonObject[] = []
  for (const state of sources) lists.push(yield* listJson(state, { note, isWanted, now, files }))
  files.set(listsFile, Buffer.from(canonicalJson({ lists })))
  return files
}

/** A key of another domain goes along where an entry of the same key is wanted: what one list says of it holds for all. */
function wantedKeys(sources: readonly SourceState[], domains: readonly string[]): (key: TrustedKey) => boolean {
  if (domains.length === 0) return () => true
  const wanted = new Set<string>()
  for (const { source, content } of sources)
    for (const { domain, status, publicKeyThumbprint } of content?.keys ?? [])
      if (source.required || domain === '' || status !== 'current' || domains.includes(domain))
        wanted.add(publicKeyThumbprint)
  return ({ publicKeyThumbprint, status }) => status !== 'current' || wanted.has(publicKeyThumbprint)
}

interface Writing {
  note(key: TrustedKey): string
  isWanted(key: TrustedKey): boolean
  now: Date
  files: KitFiles
}

function* namesOf(keys: readonly TrustedKey[], { note }: Writing): Steps<string[]> {
  const names: string[] = []
  for (const key of keys) {
    names.push(note(key))
    yield
  }
  return names
}

function* sortedNames(keys: readonly TrustedKey[], writing: Writing): Steps<string[]> {
  return (yield* namesOf(keys, writing)).sort(byName)
}

function* listJson(state: SourceState, writing: Writing): Steps<JsonObject> {
  const { source, content, suspended = [], withdrawals = [], withdrawsUnknown, failure, waiting } = state
  const { name, kind, required, maxAgeSeconds, rejectAgeSeconds, participant, issuer } = source
  const revocation = content?.revocation
  const file = revocation && nameFor(name)
  if (revocation && file) {
    // Of a remote list it counts when its server last said that it is the newest: that is now, as far as anybody can tell.
    const isOwn = !(isRemote(source) && kind !== 'gateway-revocation')
    const { date, ...rest } = revocation
    const json = yield* revocationJson(isOwn && date ? { ...rest, date } : rest)
    writing.files.set(revocationFile(file), Buffer.from(canonicalJson(json)))
  }
  const withdrawn: JsonObject[] = []
  for (const each of withdrawals) withdrawn.push(yield* contentJson(each, writing))
  return present({
    name,
    kind,
    required,
    maxAgeSeconds,
    rejectAgeSeconds,
    participant,
    issuer,
    isRemote: isRemote(source) || undefined,
    since: staleSince(state, writing.now),
    isUnread: failure === undefined ? undefined : true,
    withdrawsUnknown: withdrawsUnknown || undefined,
    content: content && (yield* contentJson(content, writing)),
    revocation: file,
    suspended: suspended.length > 0 ? yield* suspensionNames(suspended, writing) : undefined,
    withdrawals: withdrawn.length > 0 ? withdrawn : undefined,
    waiting: waiting && (yield* sortedNames(waiting.content.keys, writing)),
  })
}

/** So long after its last reading a remote list is taken to be as good as new: kits do not change with every reading. */
const freshSeconds = 86_400
/** Where its age decides, it is told in steps of this share of the age that decides. */
const ageSteps = 8

/** When a remote list was last confirmed, or somewhat before that; of one whose age decides nothing only when that is long ago. */
function staleSince({ source, checkedAt }: SourceState, now: Date): string | undefined {
  if (!isRemote(source) || !checkedAt) return undefined
  const deciding = Math.min(source.maxAgeSeconds ?? freshSeconds, source.rejectAgeSeconds ?? freshSeconds)
  const confirmed = checkedAt.getTime()
  if (deciding < freshSeconds) {
    const step = Math.max(1000, Math.floor((deciding * 1000) / ageSteps))
    return new Date(Math.floor(confirmed / step) * step).toISOString()
  }
  return (now.getTime() - confirmed) / 1000 > freshSeconds ? checkedAt.toISOString() : undefined
}

const suspensionNames = (suspended: readonly Suspension[], writing: Writing) =>
  sortedNames(
    suspended.map(({ key }) => key),
    writing,
  )

function* contentJson(
  { keys, leftOut, created, suspended = [], distrust }: SourceContent,
  writing: Writing,
): Steps<JsonObject> {
  const left = leftOut.flatMap(({ key }) => key ?? [])
  return present({
    created,
    // In the order of the list: of two keys under one id the first counts.
    keys: yield* namesOf(keys.filter(writing.isWanted), writing),
    leftOut: left.length > 0 ? yield* sortedNames(left, writing) : undefined,
    suspended: suspended.length > 0 ? yield* suspensionNames(suspended, writing) : undefined,
    distrust: distrust && { ...distrust },
  })
}

function present(members: Record<string, Json | undefined>): JsonObject {
  const found: JsonObject = {}
  for (const [name, value] of Object.entries(members)) if (value !== undefined) found[name] = value
  return found
}

// ---------- back ----------

/** Reads a file of a kit as JSON. @throws KitError when there is none, or it is another than the manifest says */
type ReadJson = (file: string) => Json

/** What a kit's lists are read with. */
export interface TrustReading {
  read: ReadJson
  /** When the kit was made: then every remote list was as new as its server knew. */
  madeAt: Date
  now(): Date
}

/**
 * Keys and revocation lists of a kit.
 * @throws KitError
 */
export async function readTrust(
  reading: TrustReading,
): Promise<{ keys: KeyIndex; revocations: RevocationLists | undefined }> {
  const standing = standingOf(readSources(reading))
  const keys = await keysOf(standing, reading.now)
  return { keys, revocations: revocationsOf(standing, keys) }
}

/** The lists of a kit, as they stood when it was made. @throws KitError */
export function readSources({ read, madeAt }: Pick<TrustReading, 'read' | 'madeAt'>): SourceState[] {
  const lists = membersOf(read(listsFile), ['lists'], listsFile)
  if (!lists.has('lists')) throw new KitError('content', `${listsFile} has no lists`)
  return lists.objects('lists', listMembers).map((list) => readList(list, { read, madeAt }))
}

const listMembers = [
  ...['name', 'kind', 'required', 'maxAgeSeconds', 'rejectAgeSeconds', 'participant', 'issuer', 'isRemote', 'since'],
  ...['isUnread', 'withdrawsUnknown', 'content', 'revocation', 'suspended', 'withdrawals', 'waiting'],
]
const contentMembers = ['created', 'keys', 'leftOut', 'suspended', 'distrust']

function readList(list: Members, { read, madeAt }: Pick<TrustReading, 'read' | 'madeAt'>): SourceState {
  const name = list.text('name')
  const source = sourceOf(list, name)
  const keyOf = (key: string): TrustedKey => readKey(read(keyFile(key)), keyFile(key), name)
  const given = list.object('content', contentMembers)
  const content = given && readContent(given, name, keyOf)
  const named = list.optionalText('revocation')
  const file = named === undefined ? undefined : revocationFile(named)
  if (file !== undefined && !content) throw new KitError('content', `${listsFile}: ${name} revokes without its content`)
  const revocation = file === undefined ? undefined : readRevocation(read(file), file)
  const whole = content && revocation ? { ...content, revocation } : content
  const withdrawals = list.objects('withdrawals', contentMembers).map((each) => readContent(each, name, keyOf))
  const waiting = list.has('waiting') ? list.texts('waiting').map(keyOf) : undefined
  return {
    source,
    floor: noFloor,
    checkedAt: list.optionalDate('since') ?? madeAt,
    ...(whole ? { content: whole } : {}),
    ...(list.flag('isUnread') ? { failure: 'it could not be read when the kit was made' } : {}),
    ...(list.flag('withdrawsUnknown') ? { withdrawsUnknown: true } : {}),
    ...(list.has('suspended') ? { suspended: suspensionsOf(list, keyOf) } : {}),
    ...(withdrawals.length > 0 ? { withdrawals } : {}),
    ...(waiting ? { waiting: { content: { keys: waiting, warnings: [], leftOut: [] }, identity: '', text: '' } } : {}),
  }
}

function sourceOf(list: Members, name: string): TrustSource {
  const kind = trustSourceKinds.find((each) => each === list.text('kind'))
  if (!kind) throw new KitError('content', `${listsFile}: the kind of the list ${name} is not known`)
  const number = (member: string) => (list.has(member) ? { [member]: list.count(member) } : {})
  const text = (member: string) => (list.has(member) ? { [member]: list.text(member) } : {})
  return {
    name,
    kind,
    // Nothing is read there: it only tells that somebody else has the list.
    location: list.flag('isRemote') ? 'https://kit.invalid/' : 'kit',
    ...(list.flag('required') ? { required: true } : {}),
    ...number('maxAgeSeconds'),
    ...number('rejectAgeSeconds'),
    ...text('participant'),
    ...text('issuer'),
  }
}

const suspensionsOf = (json: Members, keyOf: (key: string) => TrustedKey): Suspension[] =>
  json.texts('suspended').map((each) => ({
    key: keyOf(each),
    reason: 'its list says something of it that is not understood',
  }))

function readContent(json: Members, list: string, keyOf: (key: string) => TrustedKey): SourceContent {
  const created = json.optionalText('created')
  const distrust = json.object('distrust', ['list', 'participants', 'thumbprints', 'keyIds'])
  return {
    keys: json.texts('keys').map(keyOf),
    warnings: [],
    leftOut: json.texts('leftOut').map((each) => ({ entry: each, reason: 'its list leaves it out', key: keyOf(each) })),
    ...(created === undefined ? {} : { created }),
    ...(json.has('suspended') ? { suspended: suspensionsOf(json, keyOf) } : {}),
    ...(distrust ? { distrust: readDistrust(distrust, list) } : {}),
  }
}

const readDistrust = (distrust: Members, list: string): Distrust => ({
  list,
  participants: distrust.texts('participants'),
  thumbprints: distrust.texts('thumbprints'),
  keyIds: distrust.texts('keyIds'),
})
