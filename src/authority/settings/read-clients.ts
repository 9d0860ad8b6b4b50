/** The setting CLIENTS. */
import { dirname, resolve } from 'node:path'
import { publicKeyOfJwk } from '../../base/crypto/public-jwk.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { errorText } from '../../base/system-error.ts'
import { parseJson } from '../../fhir/json.ts'
import type { ClientKey, ClientSettings } from './authority-settings.ts'
import {
  grantMembers,
  type Problem,
  type ReadFile,
  readEntries,
  readGrant,
  readList,
  readText,
} from './read-entries.ts'

const members = ['id', 'name', 'participant', 'jwks', 'jwksFile', 'jku', ...grantMembers]
/** What may stand in `client_id` (RFC 6749, appendix A.1), without blanks. */
const ID = /^[!-~]{1,100}$/

/** Reads the clients; every problem is told. */
export function readClients(text: string, readFile: ReadFile, problem: Problem): ClientSettings[] {
  const folder = /^\s*[[{]/.test(text) ? '.' : dirname(text)
  const readBeside: ReadFile = (path) => readFile(resolve(folder, path))
  const seen = new Map<string, number>()
  return readEntries(text, { place: 'CLIENTS', members, readFile, problem }).map(({ entry, problem: own }, at) => {
    const id = readText(entry, 'id', own)
    if (id !== '' && !ID.test(id)) own('id must have at most 100 visible characters of ASCII')
    const before = seen.get(id)
    if (before !== undefined) own(`the id ${JSON.stringify(id)} stands in entry ${before + 1} already`)
    seen.set(id, before ?? at)
    if (entry.scopes === undefined) own('scopes must say what it may do, e.g. "system/ValueSet.cruds"')
    const participant = entry.participant === undefined ? undefined : readText(entry, 'participant', own)
    if (participant && !/^[A-Za-z]{2,3}$/.test(participant))
      own('participant must be the code of a participant, of two or three letters')
    return {
      id,
      name: readText(entry, 'name', own, id),
      ...(participant ? { participant } : {}),
      ...readGrant(entry, own),
      keys: readKeys(entry, readBeside, own),
      jku: readList(entry.jku, 'jku', { fault: addressFault, problem: own }),
    }
  })
}

const addressFault = (text: string) => (/^https:\/\/[^\s#]+$/.test(text) ? undefined : 'an https address is wanted')

function readKeys(entry: JsonObject, readFile: ReadFile, problem: Problem): ClientKey[] {
  const { jwks, jwksFile } = entry
  if (jwks !== undefined && jwksFile !== undefined) problem('jwks and jwksFile are both given; only one may be')
  if (jwks !== undefined) return readSet(jwks, problem)
  if (jwksFile === undefined) return []
  try {
    return readSet(parseJson(readFile(readText(entry, 'jwksFile', problem))), problem)
  } catch (error) {
    problem(`jwksFile: ${errorText(error)}`)
    return []
  }
}

function readSet(json: Json, problem: Problem): ClientKey[] {
  const list = isJsonObject(json) ? json.keys : undefined
  if (!Array.isArray(list) || list.length === 0) {
    problem('jwks must be a JWK Set (RFC 7517): {"keys": [ … ]} with at least one key')
    return []
  }
  const seen = new Set<string>()
  return list.flatMap((jwk, at) => {
    const key = readKey(jwk)
    const fault = typeof key === 'string' ? key : seen.has(key.keyId) ? 'its kid stands there twice' : undefined
    if (fault !== undefined) problem(`key ${at + 1}: ${fault}`)
    if (typeof key === 'string') return []
    seen.add(key.keyId)
    return [key]
  })
}

/** A public key for RS384 or ES384, the two that SMART Backend Services know; a text says why it is none. */
function readKey(jwk: Json): ClientKey | string {
  if (!isJsonObject(jwk)) return 'an object is wanted'
  const { kid, kty, crv, use, alg, key_ops: operations } = jwk
  if (typeof kid !== 'string' || kid === '' || kid.length > 200) return 'it needs a kid'
  if (['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'].some((each) => jwk[each] !== undefined))
    return 'it is a private key: give the public one, and take a new pair if others have read this file'
  if (use !== undefined && use !== 'sig') return 'its use is not sig'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'its key_ops have no verify'
  const algorithm = kty === 'RSA' ? 'RS384' : kty === 'EC' && crv === 'P-384' ? 'ES384' : undefined
  if (!algorithm || (alg !== undefined && alg !== algorithm)) return 'RSA for RS384 or P-384 for ES384 is wanted'
  const publicKey = publicKeyOfJwk(jwk)
  if (!publicKey) return 'it cannot be read'
  if ((publicKey.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) return 'RSA of less than 2048 bits is too weak'
  return { keyId: kid, publicKey, algorithm }
}
