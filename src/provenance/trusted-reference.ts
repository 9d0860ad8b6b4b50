/** One version as a trusted reference, in the words of a gateway. */

import { sha256Hex } from '../base/crypto/sha256.ts'
import type { JsonObject } from '../base/json-value.ts'
import { artefactName } from '../fhir/artefact.ts'
import type { Publication, Storage } from '../storage/storage.ts'
import { contentAddress } from './manifests.ts'
import type { References } from './references.ts'

/** What describing a version takes. */
export interface TrustedReferenceOptions {
  references: References
  storage: Pick<Storage, 'readVersion'>
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
  /** Alpha-2 code of the participant that this server is, where it takes part in a network. */
  country?: string
}

/**
 * The JSON that a gateway takes as a trusted reference of a published version, but for `domain` and for `sslPublicKey`, which is that
 * of the TLS certificate before this server.
 * @throws FhirError 404 when the version was not published here, 422 when it has no canonical form
 */
export async function trustedReference(
  version: Pick<Publication, 'type' | 'id' | 'versionId'>,
  { references, storage, baseUrl, country }: TrustedReferenceOptions,
): Promise<JsonObject> {
  const content = await references.ofVersion(version)
  const jws = await references.jws(content.id)
  const resource = (await storage.readVersion(version.type, version.id, version.versionId))?.resource
  const business = resource && 'version' in resource && typeof resource.version === 'string' ? resource.version : ''
  const address = contentAddress(baseUrl, content.id)
  const signed = { signatureType: 'JWS', contentType: 'application/jose', url: `${address}.jws` }
  const plain = { signatureType: 'NONE', contentType: 'application/fhir+json', url: address }
  return {
    ...(jws === undefined ? plain : signed),
    ...(country === undefined ? {} : { country }),
    type: 'FHIR',
    service: version.type,
    thumbprint: jws === undefined ? content.hash : sha256Hex(jws),
    name: (resource ? artefactName(resource) : version.id).slice(0, 512),
    referenceVersion: business.slice(0, 256),
  }
}
