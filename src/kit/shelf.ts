/**
 * The kits of a server: each is made once for a state of what it is made of, whoever asks, signed, and kept as a file; of earlier ones the
 * manifest is kept, to tell what has changed since.
 */
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { sha256Hex } from '../base/crypto/sha256.ts'
import { canonicalJson, isJsonObject, parseJson } from '../base/json.ts'
import { keep } from '../base/keep.ts'
import { isMissing } from '../base/system-error.ts'
import { FhirError, issue, unprocessable } from '../fhir/error.ts'
import { writeWhole } from '../files/whole-file.ts'
import { readKit } from './archive/archive.ts'
import { buildKit, joined, type KitContent, kitBudget, kitParts } from './build.ts'
import { deltaSteps } from './delta.ts'
import { type KitManifest, type KitScope, kitHash, kitLimits, readManifest } from './manifest.ts'
import { type KitPeriod, type KitSigner, shortestMilliseconds, signManifest } from './signature.ts'

/** What kits are made of and with. */
export interface ShelfOptions {
  /** Where they are kept. */
  folder: string
  /** Changes whenever a kit may have become another. */
  state(): string
  /** What a kit holds now. @throws FhirError */
  content(scope: KitScope): Promise<KitContent>
  /** What kits are signed with now; undefined: nothing. */
  signer(): Promise<KitSigner | undefined>
  /** For how long a kit is good, and for how long it is used. */
  validSeconds: number
  refuseSeconds: number
  /** The verifying jurisdiction of the configuration. */
  jurisdiction: string | undefined
  now(): Date
}

/** A kit as it is kept. */
interface KeptKit extends KitPeriod {
  hash: string
  /** Bytes of the file. */
  bytes: number
  path: string
}

/** What somebody gets who asks for a kit. */
export type KitAnswer =
  /** He has it already. */
  | { kind: 'unchanged'; kit: KeptKit }
  | { kind: 'delta'; kit: KeptKit; base: string; body: Buffer }
  /** `isBaseUnknown`: he named an earlier kit that is not remembered. */
  | { kind: 'whole'; kit: KeptKit; isBaseUnknown: boolean; body(): AsyncIterable<Uint8Array> }

/** The kits of a server. */
export interface KitShelf {
  /** The verifying jurisdiction of the configuration. */
  jurisdiction: string | undefined
  /** The kit of a scope now. @throws FhirError 422 without a key, 429 and 503 when too many are waiting */
  current(scope: KitScope, client?: string): Promise<KeptKit>
  /** The kit, or what has changed since one. @throws FhirError as {@link current} */
  answer(scope: KitScope, asked: AskedKit): Promise<KitAnswer>
}

/** What somebody has already, and who he is. */
interface AskedKit {
  /** Hash of his kit. */
  since?: string | undefined
  /** When its signature was made: over the same content there may be a newer one. */
  madeAt?: Date | undefined
  client?: string | undefined
}

/** Scopes whose kits are kept, and earlier manifests of each. */
const mostScopes = 16
const mostBases = 40
/** Kits of a scope that stay as files: somebody may be taking one. */
const mostFiles = 3
/** Kits that wait to be made. */
const mostWaiting = 4
/** A signature is made anew when this share of its time is over. */
const renewShare = 0.25

/** Opens the shelf. */
export function openShelf(options: ShelfOptions): KitShelf {
  const made = keep<string, { state: string; kit: Promise<KeptKit> }>(mostScopes)
  const line = createLine(options.now)
  const current = async (scope: KitScope, client?: string): Promise<KeptKit> => {
    const name = canonicalJson(scope)
    const state = options.state()
    const known = made.get(name)
    if (known?.state === state) {
      const kit = await known.kit
      if (!isDue(kit, options.now()) && (await isTaken(kit, folderOf(scope, options)))) return kit
    }
    const kit = line(client, () => makeKit(scope, options))
    made.set(name, { state, kit })
    kit.catch(() => {
      if (made.get(name)?.kit === kit) made.delete(name)
    })
    return kit
  }
  return {
    jurisdiction: options.jurisdiction,
    current,
    async answer(scope, { since, madeAt, client }) {
      const kit = await current(scope, client)
      const body = () => piecesOf(kit.path)
      if (since === undefined) return { kind: 'whole', kit, isBaseUnknown: false, body }
      const isOlder = madeAt !== undefined && madeAt < kit.madeAt
      if (since === kit.hash && !isOlder) return { kind: 'unchanged', kit }
      const base = await readBase(folderOf(scope, options), since)
      if (!base) return { kind: 'whole', kit, isBaseUnknown: true, body }
      const whole = readKit(await readFile(kit.path))
      return { kind: 'delta', kit, base: since, body: await kitBudget().runSteps(deltaSteps(base, since, whole)) }
    },
  }
}

/** In so many milliseconds so many kits are made, and so many for one client. */
const lineWindow = { milliseconds: 60_000, ofAll: 20, ofOne: 4 }

/**
 * Work one after another, for each takes a second or so of the one thread: no client has two waiting, or many in a minute, whatever kits
 * he thinks of. The server itself, which is no client, waits for nobody's leave.
 */
function createLine(now: () => Date) {
  const waiting: string[] = []
  let lately: { client: string; at: number }[] = []
  let turn: Promise<unknown> = Promise.resolve()
  const admit = (client: string) => {
    if (waiting.includes(client)) throw tooBusy(429)
    if (waiting.length >= mostWaiting) throw tooBusy()
    lately = lately.filter(({ at }) => Math.abs(now().getTime() - at) < lineWindow.milliseconds)
    if (lately.filter((each) => each.client === client).length >= lineWindow.ofOne) throw tooBusy(429)
    if (lately.length >= lineWindow.ofAll) throw tooBusy()
    lately.push({ client, at: now().getTime() })
  }
  return <T>(client: string | undefined, work: () => Promise<T>): Promise<T> => {
    if (client !== undefined) admit(client)
    waiting.push(client ?? '')
    const done = turn.then(work).finally(() => waiting.splice(waiting.indexOf(client ?? ''), 1))
    turn = done.catch(() => undefined)
    return done
  }
}

/** The file is opened when somebody begins to take it. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path)
}

function tooBusy(status: 429 | 503 = 503): FhirError {
  const text =
    status === 429
      ? 'Several kits were made for you just now; others have their turn.'
      : 'Other kits are being made; ask again when they are done.'
  return new FhirError(status, issue('throttled', text), { 'Retry-After': '5' })
}

/** Marks a kit and its scope as asked for, so that others make room first. False: somebody has removed it. */
async function isTaken({ path }: KeptKit, folder: string): Promise<boolean> {
  const now = new Date()
  try {
    for (const each of [path, folder]) await utimes(each, now, now)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Whether the signature of a kit is old enough to be made anew. */
const isDue = ({ madeAt, validUntil }: KitPeriod, now: Date): boolean =>
  now.getTime() - madeAt.getTime() >= (validUntil.getTime() - madeAt.getTime()) * renewShare

const folderOf = (scope: KitScope, { folder }: Pick<ShelfOptions, 'folder'>): string =>
  join(folder, `${scope.jurisdiction}-${sha256Hex(canonicalJson(scope)).slice(0, 16)}`)

async function makeKit(scope: KitScope, options: ShelfOptions): Promise<KeptKit> {
  const signer = await options.signer()
  if (!signer)
    throw unprocessable(
      'This server has no signing key now, and an unsigned kit is of no use to anybody.',
      'not-supported',
    )
  const folder = folderOf(scope, options)
  const built = await buildKit(await contentOfOneState(scope, options))
  const now = options.now()
  const known = await readKept(folder, built.hash)
  const isOfKey = known?.keyId === signer.keyId
  if (known && isOfKey && !isDue(known.kit, now) && (await isTaken(known.kit, folder))) return known.kit
  const period = periodOf(signer, options)
  const signature = await signManifest(built.manifestBytes, signer, period)
  const path = join(folder, `${built.hash.slice(0, 32)}-${sha256Hex(signature).slice(0, 16)}.tar.gz`)
  const file = await kitBudget().runSteps(joined(kitParts(built, signature)))
  const kit: KeptKit = { ...period, hash: built.hash, bytes: file.length, path }
  await mkdir(folder, { recursive: true })
  await writeWhole(basePath(folder, built.hash), gzipSync(built.manifestBytes))
  await writeWhole(path, file)
  await writeWhole(keptPath(folder), Buffer.from(JSON.stringify({ ...kit, keyId: signer.keyId })))
  await prune(options.folder, folder)
  return kit
}

/** So often something may change while a kit is made. */
const mostTries = 3

/** What a kit holds, all of one state of the store and the lists. */
async function contentOfOneState(scope: KitScope, { state, content }: ShelfOptions): Promise<KitContent> {
  for (let tries = 0; tries < mostTries; tries++) {
    const before = state()
    const found = await content(scope)
    if (state() === before) return found
  }
  throw tooBusy()
}

function periodOf({ key }: KitSigner, { now, validSeconds, refuseSeconds }: ShelfOptions): KitPeriod {
  // The header has seconds.
  const made = Math.floor(now().getTime() / 1000) * 1000
  // No kit is good for longer than the certificate of who signed it.
  const end = key.certificate?.validToDate.getTime() ?? Number.POSITIVE_INFINITY
  const until = (seconds: number) =>
    new Date(Math.max(made + shortestMilliseconds, Math.min(made + seconds * 1000, end)))
  return {
    madeAt: new Date(made),
    validUntil: until(validSeconds),
    refusedFrom: until(Math.max(validSeconds, refuseSeconds)),
  }
}

const keptPath = (folder: string) => join(folder, 'current.json')
const basePath = (folder: string, hash: string) => join(folder, 'bases', `${hash}.json.gz`)

/** The kit of a scope as it was made last, when it is still the same; what cannot be read is made anew. */
async function readKept(folder: string, hash: string): Promise<{ kit: KeptKit; keyId: string } | undefined> {
  try {
    const json = parseJson(await readFile(keptPath(folder)))
    if (!isJsonObject(json) || json.hash !== hash) return undefined
    const path = String(json.path)
    const { size } = await stat(path)
    const [madeAt, validUntil, refusedFrom] = [json.madeAt, json.validUntil, json.refusedFrom].map(
      (each) => new Date(String(each)),
    )
    if (!madeAt || !validUntil || !refusedFrom || size !== json.bytes) return undefined
    return { kit: { hash, path, bytes: size, madeAt, validUntil, refusedFrom }, keyId: String(json.keyId) }
  } catch {
    return undefined // not there, or not whole: it is made of the same content again
  }
}

/** The manifest of an earlier kit; undefined where it is not remembered. */
async function readBase(folder: string, hash: string): Promise<KitManifest | undefined> {
  if (!/^[0-9a-f]{64}$/.test(hash)) return undefined
  try {
    const bytes = gunzipSync(await readFile(basePath(folder, hash)), { maxOutputLength: kitLimits.manifestBytes })
    return kitHash(bytes) === hash ? readManifest(bytes) : undefined
  } catch {
    return undefined // not there, or damaged: nobody can have a kit of such a manifest
  }
}

/** Removes what is too much: earlier manifests and files of a scope, and scopes that nobody has asked for lately. */
async function prune(all: string, folder: string): Promise<void> {
  await removeOldest(join(folder, 'bases'), mostBases, () => true)
  await removeOldest(folder, mostFiles, (name) => name.endsWith('.tar.gz'))
  await removeOldest(all, mostScopes, () => true)
}

async function removeOldest(folder: string, most: number, counts: (name: string) => boolean): Promise<void> {
  const names = (await readdir(folder)).filter(counts)
  if (names.length <= most) return
  const dated = await Promise.all(names.map(async (name) => ({ name, time: (await stat(join(folder, name))).mtimeMs })))
  for (const { name } of dated.sort((a, b) => b.time - a.time).slice(most))
    await rm(join(folder, name), { recursive: true, force: true })
}
