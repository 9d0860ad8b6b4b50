import { createPublicKey, type KeyObject } from 'node:crypto'
import { isJsonObject } from '../fhir/json-object.ts'
import type { Json } from '../fhir/types.ts'
import { type Contexts, trustListContexts } from './canonize.ts'
import { checkChains } from './chain.ts'
import { type DidTrustList, keyOfItem, readDidDocument } from './did-document.ts'
import { proofFault, type RefusalReason } from './did-proof.ts'
import { publicKeyFromJwk } from './jwk.ts'
import { type SourceContent, type TrustReaders, type TrustSource, UnusableSource } from './trust-source.ts'

/** A document whose proof held, or why it is refused. */
export type VerifiedDid = { list: DidTrustList; reason?: undefined } | { list?: undefined; reason: RefusalReason }

/** Verifies proof, then shape: what is not proven is not looked at. */
export async function verifyDid(document: Json, keys: KeyObject[], contexts: Contexts): Promise<VerifiedDid> {
  if (!isJsonObject(document)) return { reason: 'shape' }
  const reason = await proofFault(document, keys, contexts)
  if (reason) return { reason }
  const list = readDidDocument(document)
  return list ? { list } : { reason: 'shape' }
}

/** Reads a `did-v2` source from a file: proof with the pinned key required, references are not followed. */
export async function readDidSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  if (!source.key?.length) throw new UnusableSource('no pinned key is configured, without which a list is not used')
  const keys = await Promise.all(source.key.map((path) => readSigningKey(path, readers)))
  const document = parseJson(await readers.readFile(source.location), source.location)
  const { list, reason } = await verifyDid(document, keys, await trustListContexts())
  if (!list) throw new UnusableSource(`the list is not valid: ${reason}`)
  if (list.kind !== 'embedded') throw new UnusableSource('a reference list holds no keys; configure the embedded list')
  const found = list.items.map((item) => keyOfItem(item, source.name))
  const { keys: chained, refused } = checkChains(found.filter((key) => key !== undefined))
  const unusable = found.filter((key) => key === undefined).length + list.unreadableItems
  const warnings = unusable > 0 ? [...refused, `${unusable} entries without readable certificate`] : refused
  return { keys: chained, warnings, ...(list.created === undefined ? {} : { created: list.created }) }
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

/** JSON of a file. Throws UnusableSource naming the file. */
export function parseJson(bytes: Buffer, path: string): Json {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new UnusableSource(`${path} is not JSON: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}
