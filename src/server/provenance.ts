/** What this server vouches for: its keys, the content of what it published, and manifests of it. */

import { removalEvent } from '../audit/removal-event.ts'
import type { JsonObject } from '../base/json-value.ts'
import { keep } from '../base/keep.ts'
import type { FindDocument } from '../base/public-document.ts'
import { openPkcs12 } from '../cms/pkcs12.ts'
import type { Config } from '../config.ts'
import { writeCertificate } from '../demo/certificate-writer.ts'
import { demoCountry } from '../demo/demo-issuer.ts'
import type { Endpoint, Resource } from '../fhir/types.ts'
import { operationDefinition } from '../http/describe/operation-definitions.ts'
import { evaluateOperation } from '../operations/evaluate.ts'
import type { WriteCertificate } from '../provenance/development-key.ts'
import { didWebOf } from '../provenance/did-web.ts'
import { openSigningKeys, type SigningKeys } from '../provenance/keys.ts'
import { createManifests, type WantedReference } from '../provenance/manifests.ts'
import { referenceDocuments } from '../provenance/reference-documents.ts'
import { createReferences } from '../provenance/references.ts'
import { trustedReference } from '../provenance/trusted-reference.ts'
import type { Storage } from '../storage/storage.ts'

/**
 * The keys of a configuration.
 * @throws Error with a code, whose text says which file is wrong and why
 */
export function signingKeys(
  config: Pick<Config, 'signing' | 'production' | 'dataDir'>,
  now: () => Date,
): Promise<SigningKeys> {
  return openSigningKeys({
    settings: config.signing,
    ...(config.production ? {} : { development: { dataDir: config.dataDir, writeCertificate: ownCertificate } }),
    openPkcs12,
    now,
  })
}

/** A certificate like that of an upload key: for digital signatures, signed by itself, of the country of the demonstration. */
const ownCertificate: WriteCertificate = ({ publicKey, privateKey, ...content }) => {
  const name = { country: demoCountry, organization: 'vidimus development', commonName: 'Development signing key' }
  return writeCertificate({ ...content, publicKey, subject: name }, { name, privateKey, publicKey })
}

/** What a server vouches for at one public address. */
export interface Provenance {
  documents: FindDocument
  /**
   * What is to be registered at a gateway. Empty where nothing was ever signed; undefined where it cannot be told now, for there is no
   * key any more: what others have of this server is not to go because a key is missing.
   * @throws FhirError 5xx when it cannot be stored now
   */
  manifests(): Promise<WantedReference[] | undefined>
  /** @throws FhirError 404, 422 */
  trustedReference(version: { type: string; id: string; versionId: string }, domain?: string): Promise<JsonObject>
  /** Removes content by its id. @throws FhirError 404, 409, 410 */
  remove(id: string, reason: string): Promise<void>
  /** What an operator must know or do, beside what the keys say. */
  warnings(): string[]
}

interface ProvenanceParts {
  config: Pick<Config, 'signing' | 'gateways'>
  storage: Storage
  keys: SigningKeys
  /** Reads again which keys were withdrawn: another process may have withdrawn one. */
  refresh(): Promise<void>
  software: { name: string; version: string; releaseDate: string }
  now(): Date
}

/** Descriptions of versions that are kept: who asks again and again has nothing worked out. */
const mostDescribed = 1_000

/** Longest address that a gateway takes of a reference. */
const longestAddress = 100
/** What stands after the public address in that of a manifest. */
const addressSuffix = '/fhir/r/0123456789012345678901.jws'

/** Vouches for what is stored, at one public address (without `/fhir`). */
export function createProvenance(
  { config, storage, keys, refresh, software, now }: ProvenanceParts,
  baseUrl: string,
): Provenance {
  const domains = config.signing.referenceDomains
  const [country] = config.gateways.map((each) => each.country)
  const header = () => ({
    typ: 'JOSE',
    cty: 'application/fhir+json',
    iss: didWebOf(baseUrl),
    sigT: `${now().toISOString().slice(0, 19)}Z`,
  })
  const references = createReferences({ storage, keys, header })
  const describe = () => evaluateDescription(software, baseUrl)
  const described = keep<string, Promise<JsonObject>>(mostDescribed)
  const manifests = createManifests({ storage, references, keys, header, baseUrl, domains, evaluate: describe, now })
  return {
    documents: referenceDocuments({ references, manifests, baseUrl, domains }),
    manifests: async () => {
      await refresh()
      if (!keys.current() && (await manifests.hasSigned())) return undefined
      return (await manifests.manifests()).map(({ jws: _jws, ...wanted }) => wanted)
    },
    trustedReference: async (version, domain = domains[0] ?? '') => {
      const { type, id, versionId } = version
      await refresh()
      // What was once said of a version is said for ever, but that a key may come, or go.
      const name = `${type}/${id}/_history/${versionId} ${references.removals()} ${references.signing()}`
      const own = { references, storage, baseUrl, ...(country ? { country } : {}) }
      return { ...(await described.of(name, () => trustedReference(version, own))), domain }
    },
    async remove(id, reason) {
      const at = now().toISOString()
      await references.remove(id, { at, reason })
      const told = { recorded: at, software: `${software.name} ${software.version}`, id, reason }
      await storage.write([{ method: 'POST', type: 'AuditEvent', resource: removalEvent(told) }])
    },
    warnings: () =>
      baseUrl.length + addressSuffix.length <= longestAddress
        ? []
        : [
            `BASE_URL is too long for the network: addresses of references take ${baseUrl.length + addressSuffix.length} characters, a gateway ${longestAddress}.`,
          ],
  }
}

/** How `$evaluate` is called and where. */
function evaluateDescription(software: ProvenanceParts['software'], baseUrl: string): Resource[] {
  const endpoint: Endpoint = {
    resourceType: 'Endpoint',
    id: 'evaluate',
    status: 'active',
    connectionType: {
      system: 'http://terminology.hl7.org/CodeSystem/endpoint-connection-type',
      code: 'hl7-fhir-opn',
    },
    name: 'Evaluation of health certificates',
    payloadType: [{ text: 'Parameters' }],
    payloadMimeType: ['application/fhir+json'],
    address: `${baseUrl}/fhir/$evaluate`,
  }
  return [operationDefinition({ software, settings: { baseUrl: `${baseUrl}/fhir` } }, evaluateOperation), endpoint]
}
