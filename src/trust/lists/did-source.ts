import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'
import { parseJson as parseStrictJson } from '../../fhir/json.ts'
import { didOfUrl } from '../did-web/did-url.ts'
import { followReferences, refusalText } from '../did-web/reference-lists.ts'
import { publicKeyFromJwk } from '../keys/jwk.ts'
import { certificateMembers, derivedKeyId, readCertificate, type TrustedKey } from '../keys/trusted-key.ts'
import { makeTurns } from '../turns.ts'
import { type CheckedItem, type CheckedList, isRefused, type ListChecker, withChains } from './check-list.ts'
import type { ListEnvironment } from './did-document.ts'
import {
  bindingOf,
  entryName,
  isUrl,
  type LeftOut,
  type SourceContent,
  scopeFault,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from './trust-source.ts'

/** What a list is read with. */
export interface DidReading {
  readers: TrustReaders
  check: ListChecker
  now: Date
}

/** A list may be made a little ahead of this machine's clock, and no more. */
const CLOCK_TOLERANCE_MILLISECONDS = 3_600_000

/**
 * Reads a `did-v2` source: proof with a pinned key required. The list must be the one that is configured (`id`), of a remote location
 * without it the one of that address. A reference list is followed to its embedded ones, whose entries count together.
 */
export async function readDidSource(source: TrustSource, { readers, check, now }: DidReading): Promise<SourceContent> {
  if (!source.key?.length) throw new UnusableSource('no pinned key is configured, without which a list is not used')
  const pinned = await Promise.all(source.key.map((path) => readSigningKey(path, readers)))
  const list = await check(await readers.readFile(source.location), pinned)
  if (isRefused(list)) throw new UnusableSource(refusalText(list))
  if (list.kind === 'v1') throw new UnusableSource('a list of version 1 cannot be verified')
  const id = source.id ?? (isUrl(source.location) ? didOfUrl(source.location) : undefined)
  if (id !== undefined && list.id !== id) {
    throw new UnusableSource(
      `the list is ${list.id}, and ${id} is ${source.id === undefined ? 'asked for' : 'configured'}`,
    )
  }
  const { embedded, createdOf, foreign } =
    list.kind === 'embedded'
      ? { embedded: [list], createdOf: { [list.id]: list.created }, foreign: 0 }
      : await followReferences(list, source.location, {
          read: (place) => readers.readFile(place),
          check: (bytes) => check(bytes, pinned),
        })
  for (const [did, created] of Object.entries(createdOf)) {
    if (Date.parse(created) > now.getTime() + CLOCK_TOLERANCE_MILLISECONDS)
      throw new UnusableSource(`the list ${did} says that it was made in the future: ${created}`)
  }
  const content = await readEntries(list.kind === 'embedded' ? list : await unionOf(list, embedded), source)
  const environment = list.environment && environmentOf([list, ...embedded])
  return {
    ...content,
    createdOf,
    ...(environment ? { environment } : {}),
    ...(foreign > 0 ? { foreignReferences: foreign } : {}),
  }
}

/** The environment of a list: of one that is made of several, that of a test where one of them is. */
const environmentOf = (lists: readonly CheckedList[]): ListEnvironment | undefined =>
  (['dev', 'uat', 'prod'] as const).find((name) => lists.some(({ environment }) => environment === name))

/** The entries of several lists as one, each once; document signers may have their authority on another of them. */
async function unionOf(root: CheckedList, lists: CheckedList[]): Promise<CheckedList> {
  const items = new Map<string, CheckedItem>()
  for (const item of lists.flatMap((list) => list.items)) {
    const { keyId, domain, participant, usage, certificates } = item
    const print = sha256Hex(certificates[0] ?? new Uint8Array())
    items.set(JSON.stringify([keyId, domain, participant, usage, print]), item)
  }
  const { items: checked, warnings } = await withChains([...items.values()])
  return { ...root, items: checked, warnings }
}

async function readEntries(list: CheckedList, source: TrustSource): Promise<SourceContent> {
  const content: SourceContent = { keys: [], created: list.created, warnings: list.warnings, leftOut: [] }
  for (const entry of await keysOfList(list, source.name)) {
    const fault = entry.reason ?? (entry.key && sourceFault(entry.key, source))
    if (fault !== undefined) content.leftOut.push({ ...entry, reason: fault })
    else if (entry.key) content.keys.push(entry.key)
  }
  return content
}

/** A source that is bound to one participant, domain or usage takes of a list what belongs to it. */
function sourceFault(key: TrustedKey, source: TrustSource): string | undefined {
  return bindingOf(source).fault({ participant: key.participant }) ?? scopeFault(key, source)
}

/** An entry of a list: its key, or why it does not count. */
export type ListEntry = Omit<LeftOut, 'reason'> & { reason?: string }

/**
 * The entries of a checked list, each with its key where it could be read. Certificates are read anew, since they cannot be handed
 * from one process to another; in between the server is let go.
 */
export async function keysOfList(list: CheckedList, listName: string): Promise<ListEntry[]> {
  const entries: ListEntry[] = []
  const authorities = new Map<string, X509Certificate>()
  const turn = makeTurns()
  for (const [at, item] of list.items.entries()) {
    await turn()
    const reason = item.fault === undefined ? {} : { reason: item.fault }
    const key = item.isUnreadable ? undefined : keyOfItem(item, listName, authorities)
    const entry = key ? entryName(key) : `entry ${at + 1} (${item.keyId})`
    entries.push({ entry, ...reason, ...(key ? { key } : {}) })
  }
  return entries
}

/** The trusted key of an item, taken from its certificate: its JWK is unreliable. One authority stands above many keys, and is read once. */
function keyOfItem(item: CheckedItem, listName: string, authorities: Map<string, X509Certificate>): TrustedKey {
  const { keyId, domain, participant, usage, controller, warning } = item
  const [leaf = new Uint8Array(), ...chain] = item.certificates
  const certificate = new X509Certificate(leaf)
  const derived = derivedKeyId(certificate)
  const odd = keyId === derived ? [] : [`key id ${keyId} is not derived from the certificate (${derived})`]
  return {
    ...certificateMembers(certificate),
    keyId,
    domain,
    participant,
    usage,
    chain: chain.map((der) => readAuthority(der, authorities)).filter((each) => each !== undefined),
    lists: [listName],
    origin: controller,
    status: 'current',
    warnings: warning === undefined ? odd : [...odd, `${usage} ${keyId} of ${participant}: ${warning}`],
  }
}

function readAuthority(der: Uint8Array, known: Map<string, X509Certificate>): X509Certificate | undefined {
  const print = sha256Hex(der)
  const certificate = known.get(print) ?? readCertificate(der)
  if (certificate) known.set(print, certificate)
  return certificate
}

/** The pinned signing key: a JWK, or the first method of a DID document, or PEM. */
export async function readSigningKey(path: string, readers: Pick<TrustReaders, 'readFile'>): Promise<KeyObject> {
  const bytes = await readers.readFile(path)
  const key = bytes.includes('-----BEGIN') ? readPem(bytes) : readJsonKey(parseJson(bytes, path))
  if (!key) throw new UnusableSource(`${path} holds no public key: a JWK, a DID document or PEM is expected`)
  return key
}

function readJsonKey(json: Json): KeyObject | undefined {
  if (!isJsonObject(json)) return undefined
  const [method] = Array.isArray(json.verificationMethod) ? json.verificationMethod : []
  const jwk = isJsonObject(method) ? method.publicKeyJwk : json
  return isJsonObject(jwk) ? publicKeyFromJwk(jwk) : undefined
}

function readPem(bytes: Buffer): KeyObject | undefined {
  try {
    return createPublicKey(bytes)
  } catch {
    return undefined // the caller names the file
  }
}

/** JSON of a file, in which no member occurs twice. Throws UnusableSource naming the file. */
export function parseJson(bytes: Buffer, path: string): Json {
  try {
    return parseStrictJson(bytes)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    const { details, diagnostics } = error.issues[0] ?? {}
    throw new UnusableSource(`${path} is not JSON: ${diagnostics ?? details?.text ?? 'unreadable'}`)
  }
}
