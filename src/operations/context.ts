import type { JsonObject } from '../base/json-value.ts'
import type { Evaluate } from '../evaluate/evaluate.ts'
import type { OperationCall } from '../fhir/operation.ts'
import type { Bundle, Provenance, Resource } from '../fhir/types.ts'
import type { KitShelf } from '../kit/shelf.ts'
import type { ProvenanceVerdict } from '../provenance/signature/verify.ts'
import type { ReadManifest } from '../publish/lifecycle/manifest.ts'
import type { Rules } from '../rules/rules.ts'
import type { Storage } from '../storage/storage.ts'
import type { MapJobs } from '../structure-map/map-jobs.ts'
import type { Maps } from '../structure-map/maps.ts'
import type { Terminology } from '../terminology/terminology.ts'
import type { KeyIndex } from '../trust/keys/key-index.ts'
import type { TrustListStatus } from '../trust/trust.ts'
import type { JobCall } from '../workers/job-pool.ts'
import type { Validation } from './validate/validation.ts'

/** What every operation handler is given by the server; made once in src/server.ts. */
export interface OperationContext {
  /** The same; one whose author's signature holds no more is marked (`brokenSignature`), and not run. */
  admit<T extends Resource>(resources: T[]): Promise<T[]>
  storage: Storage
  /**
   * The current version of an id, marked like those above; undefined where there is none. Resources of terminology are shared with
   * everybody and must not be changed. It looks into `storage` of its own, which says whose view it is.
   */
  instances: { storage: Storage; find(type: string, id: string): Promise<Resource | undefined> }
  terminology: Terminology
  maps: Maps
  /** For maps and instances that come with a request. */
  mapJobs: MapJobs
  rules: Rules
  evaluate: Evaluate
  /**
   * What a gateway takes as a trusted reference of a published version, for a trust domain, by default the first that is configured.
   * @throws FhirError 404 when the version was not published here, 422 when it has no canonical form
   */
  trustedReference(
    version: { type: string; id: string; versionId: string },
    domain: string | undefined,
  ): Promise<JsonObject>
  /** A manifest, read and whole. @throws FhirError 404, 422 */
  manifest: ReadManifest
  /** Evaluation in which every artefact that a manifest names is there in its version alone. @throws FhirError 404, 422 */
  evaluateUnder(manifest: string, question: AskedUnder): Promise<{ evaluate: Evaluate; name: string }>
  /**
   * Does work as of a moment: what it is given answers as the server would have then.
   * @throws FhirError 400 for a moment that is not over, 422 for one of which it is not known, 410 for content that is gone, 429 and 503
   */
  evaluateAsOf<T>(asked: { at: Date; client: string }, work: (then: Then) => Promise<T>): Promise<T>
  signatures: OperationSignatures
  /** Kits for verifiers without a network. */
  verifierKits(): KitShelf
  /** The trusted keys now. */
  trustedKeys(): KeyIndex
  /** Every trust list as it stands. */
  trustStatus(): TrustListStatus[]
  /** Address of the FHIR API, without a slash at its end. */
  baseUrl(): string
  /** Judges resources and definitions. */
  validation: Validation
  limits: OperationLimits
  /** Folder of files that come with requests, and that of the indexes of large code systems. */
  uploads: string
  indexes: string
  /** The server's clock. */
  now(): Date
  /** Random UUID, version 4, lower case. */
  uuid(): string
}

/** The server as it was at a moment. */
export interface Then extends Pick<OperationContext, 'storage' | 'admit' | 'evaluate' | 'evaluateUnder'> {
  /** What else decides and is not as it was then. */
  remarks: readonly string[]
}

/** The rules and maps that a question under a manifest names, and those of its address. */
export interface AskedUnder {
  named: readonly string[]
  /** Whether rules are among them; otherwise the server selects. */
  hasRules: boolean
}

/** Signatures on artefacts and packages. */
interface OperationSignatures {
  /** Judges the signatures of a Provenance over a resource, at a moment, by default now. */
  verify(provenance: Provenance, resource: Resource, at?: Date): Promise<ProvenanceVerdict>
  /** The same of a Bundle over itself. */
  verifyBundle(bundle: Bundle, at?: Date): Promise<ProvenanceVerdict>
  /**
   * The Bundle with this server's signature as its source, as the HL7 validator reads it: ES256, with the certificate.
   * @throws FhirError 422 when it has no such key, or the Bundle no canonical form
   */
  signBundle(bundle: Bundle): Promise<Bundle>
}

/** What one call may use. */
interface OperationLimits {
  /** Computing time, on the server and in a job process each. */
  cpuMilliseconds: number
  /** Of a reply that is made piece by piece. */
  replyBytes: number
}

/** A job of whoever makes a call. */
export const jobOf = (
  { client = '', isGone }: OperationCall,
  { limits }: Pick<OperationContext, 'limits'>,
): JobCall => ({
  client,
  isGone,
  cpuSeconds: limits.cpuMilliseconds / 1000,
})
