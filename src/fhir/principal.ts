/** What may be done with a type: the letters of SMART's scopes, version 2 (c, r, u, d, s). */
export type Permission = 'create' | 'read' | 'update' | 'delete' | 'search'

/** Whose artefacts somebody may write: everybody's, or those below canonical prefixes and of jurisdictions. */
type Ownership = 'all' | { canonicalPrefixes: readonly string[]; jurisdictions: readonly string[] }

/** Who makes a request, once that was proved. */
export interface Principal {
  /** Name by which limits and records know it, e.g. `client:moh-at`; never a secret. */
  id: string
  /** By what it was proved. */
  kind: 'development' | 'client' | 'certificate' | 'network-key'
  /** For people: AuditEvents, Provenance. */
  name: string
  /** Code of the participant of the trust network, where it is one. */
  participant?: string
  /** Whether its scopes permit an interaction with a resource type; `*` is any type. */
  permits(permission: Permission, type: string): boolean
  ownership: Ownership
  /**
   * Judges the body as it came, where the proof covers a digest of it.
   * @throws FhirError 401
   */
  checkBody?(body: Uint8Array): void
}
