/** Principals of what the configuration grants. */
import type { Principal } from '../fhir/principal.ts'
import { ANY, commonPrefixes } from './canonical-prefix.ts'
import { commonJurisdictions } from './jurisdiction.ts'
import { commonScopes, permitsBy, type Scope } from './scopes.ts'
import type { Grant } from './settings/authority-settings.ts'

/** Who somebody is. */
type Identity = Pick<Principal, 'id' | 'kind' | 'name' | 'participant'>

/** The principal of a grant. */
export function principalOf(identity: Identity, { scopes, canonicalPrefixes, jurisdictions }: Grant): Principal {
  const ownsAll = canonicalPrefixes.includes(ANY) && jurisdictions.includes(ANY)
  return { ...identity, permits: permitsBy(scopes), ownership: ownsAll ? 'all' : { canonicalPrefixes, jurisdictions } }
}

/** What two grants both give. */
export const commonGrant = (a: Grant, b: Grant): Grant => ({
  scopes: commonScopes(a.scopes, b.scopes),
  canonicalPrefixes: commonPrefixes(a.canonicalPrefixes, b.canonicalPrefixes),
  jurisdictions: commonJurisdictions(a.jurisdictions, b.jurisdictions),
})

/** A grant with its scopes cut down to those of a token. */
export const narrowed = (grant: Grant, scopes: readonly Scope[]): Grant => ({
  ...grant,
  scopes: commonScopes(scopes, grant.scopes),
})
