import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { readJwk } from '../../keys/anchors.ts'
import { keyFault, type TrustedKey } from '../../keys/trusted-key.ts'
import { parseJson } from '../did-source.ts'
import { bindingOf, type SourceContent, type TrustSource, UnusableSource } from '../trust-source.ts'

/** Members of a method that say what is read here; another may withdraw the key. */
const METHOD_MEMBERS = ['id', 'type', 'controller', 'publicKeyJwk']

/**
 * The keys of an issuer's DID document: methods with a `publicKeyJwk`, and of these the ones for assertions, where the document names
 * those.
 * @throws UnusableSource
 */
export function readDidKeys(
  bytes: Buffer,
  { id, source }: { id: string | undefined; source: TrustSource },
): SourceContent {
  const document = parseJson(bytes, 'its document')
  if (!isJsonObject(document) || typeof document.id !== 'string')
    throw new UnusableSource('its document is no DID document')
  if (id !== undefined && document.id !== id) throw new UnusableSource('its document is that of another DID')
  const own = document.id
  const { assertionMethod, verificationMethod } = document
  const listed = Array.isArray(assertionMethod) ? assertionMethod : undefined
  const named = listed && new Set(listed.filter((each) => typeof each === 'string').map((each) => absolute(each, own)))
  const methods = [
    ...(Array.isArray(verificationMethod) ? verificationMethod : []),
    ...(listed ?? []).filter((each) => typeof each !== 'string'),
  ]
  const content: SourceContent = { keys: [], warnings: [], leftOut: [] }
  for (const [at, method] of methods.entries()) {
    const isEmbedded = listed?.includes(method) ?? false
    const read = readMethod(method, { own, named: isEmbedded ? undefined : named, source })
    if (typeof read === 'string') content.leftOut.push({ entry: `method ${at + 1}`, reason: read })
    else content.keys.push(read)
  }
  return content
}

interface Document {
  own: string
  /** Methods for assertions; undefined: all. */
  named: ReadonlySet<string> | undefined
  source: TrustSource
}

const absolute = (id: string, own: string): string => (id.startsWith('#') ? `${own}${id}` : id)

function readMethod(method: Json, { own, named, source }: Document): TrustedKey | string {
  if (!isJsonObject(method) || typeof method.id !== 'string') return 'it has no id'
  const id = absolute(method.id, own)
  if (!id.startsWith(`${own}#`)) return 'it is of another document'
  if (named && !named.has(id)) return 'it is not for assertions'
  if (method.controller !== undefined && method.controller !== own) return 'another controls it'
  if (Object.keys(method).some((name) => !METHOD_MEMBERS.includes(name)))
    return 'it has members that are not understood'
  if (!isJsonObject(method.publicKeyJwk)) return 'it has no publicKeyJwk'
  return keyOf(method.publicKeyJwk, id, source)
}

function keyOf(jwk: JsonObject, id: string, source: TrustSource): TrustedKey | string {
  const { key, problem } = readJwk(jwk)
  if (!key || problem !== undefined) return problem ?? 'its key cannot be read'
  const { address, participant, fault } = bindingOf(source)
  const { issuer: _, ...unbound } = key
  const wrong = fault({ issuer: typeof jwk.iss === 'string' ? jwk.iss : undefined }) ?? keyFault(key.publicKey)
  if (wrong !== undefined) return wrong
  return {
    ...unbound,
    keyId: id.slice(id.indexOf('#') + 1),
    otherKeyIds: [...new Set([...key.otherKeyIds, id, ...(key.keyId === '' ? [] : [key.keyId])])],
    participant: participant ?? '',
    ...(address === undefined ? {} : { issuer: address }),
    domain: source.domain ?? '',
    lists: [source.name],
  }
}
