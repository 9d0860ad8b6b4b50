import { isJsonObject } from '../fhir/json-object.ts'
import type { JsonObject } from '../fhir/types.ts'
import { keyFromJwk } from './anchors.ts'
import { parseJson } from './did-source.ts'
import { type SourceContent, type TrustReaders, type TrustSource, UnusableSource } from './trust-source.ts'

/**
 * Reads a `jwks` source: a JWK set whose keys have a `kid`; the issuer is the configured one unless a key names its own
 * (`iss`). Keys without kid, issuer or readable public key are left out and reported.
 */
export async function readJwksSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  const json = parseJson(await readers.readFile(source.location), source.location)
  const members = isJsonObject(json) && Array.isArray(json.keys) ? json.keys.filter(isJsonObject) : undefined
  if (!members) throw new UnusableSource(`${source.location} is not a JWK set: {"keys": […]} is expected`)
  const content: SourceContent = { keys: [], warnings: [] }
  members.forEach((jwk, at) => {
    const key = keyFromJwk(source.issuer === undefined ? jwk : { iss: source.issuer, ...jwk })
    if (key?.keyId && key.issuer !== undefined)
      content.keys.push({ ...key, ...bindings(jwk, source), lists: [source.name] })
    else content.warnings.push(`key ${at + 1}: ${key ? 'lacks kid or issuer' : 'has no readable public key'}`)
  })
  return content
}

function bindings(jwk: JsonObject, source: TrustSource) {
  return {
    ...(source.participant && !('iss' in jwk) ? { participant: source.participant } : {}),
    ...(source.domain && !('domain' in jwk) ? { domain: source.domain } : {}),
    ...(source.usage && !('usage' in jwk) ? { usage: source.usage } : {}),
  }
}
