/** What this server wants a gateway to list of it. */
import type { ReferenceContent } from '../reference.ts'
import type { Wanted } from './decide.ts'
import type { SingleReference } from './records.ts'

/** A manifest that is public at its immutable address. */
export interface ManifestReference {
  /** Resource type, or name of an operation. */
  service: string
  domain: string
  url: string
  /** SHA-256 of what stands there, hexadecimal. */
  thumbprint: string
  contentType: string
  signatureType: 'CMS' | 'JWS' | 'NONE'
  referenceVersion: string
  name: string
}

/** What is wanted at a gateway of a participant: a manifest for each service and domain, and what is registered by itself. */
export function wantedReferences(
  country: string,
  {
    manifests,
    singles,
    sslPublicKey,
  }: {
    manifests: readonly ManifestReference[]
    singles: readonly SingleReference[]
    /** Of this server's own address. */
    sslPublicKey: string
  },
): Wanted[] {
  const ofManifests = manifests.map((each): Wanted => {
    const content = contentOf(country, { ...each, sslPublicKey })
    return { key: `manifest ${JSON.stringify([each.service, each.domain])}`, content }
  })
  const ofSingles = singles.map((each): Wanted => {
    const content = contentOf(country, { ...each, referenceVersion: '' })
    return { key: `single ${JSON.stringify([each.service, each.domain, each.url])}`, content }
  })
  return [...new Map([...ofManifests, ...ofSingles].map((each) => [each.key, each])).values()]
}

/** Whether a key is that of a manifest. */
export const isOfManifest = (key: string): boolean => key.startsWith('manifest ')

function contentOf(country: string, each: Omit<ReferenceContent, 'country' | 'type'>): ReferenceContent {
  const { url, service, thumbprint, name, sslPublicKey, contentType, signatureType, referenceVersion, domain } = each
  return {
    url,
    country,
    type: 'FHIR',
    service,
    thumbprint: thumbprint.toLowerCase(),
    name,
    sslPublicKey,
    contentType,
    signatureType,
    referenceVersion,
    domain,
  }
}
