/** For which artefacts somebody may sign: the same judgement as for who may write them. */

import { participantKey } from '../../authority/participant.ts'
import type { Resource } from '../../fhir/types.ts'
import type { JudgeAuthority, Signer } from '../../provenance/signature/signer.ts'
import type { AllowedSigner } from '../../provenance/signature/signers.ts'
import { ownFault } from '../own/own-fault.ts'

/** Somebody who may sign, and what. */
export type SigningGrant = Pick<AllowedSigner, 'issuer' | 'participant' | 'canonicalPrefixes' | 'jurisdictions'>

/**
 * Whether somebody may sign an artefact: its canonical url stands below a prefix of his, and the jurisdictions that it states are his.
 * A key of this server may sign what this server holds.
 */
export function authorityOf(grants: readonly SigningGrant[]): JudgeAuthority {
  return (signer, resource) => {
    if (signer.isOwn) return 'a key of this server'
    const own = grants.filter((each) => isOf(each, signer))
    if (own.length === 0) return { fail: 'nobody has given the signer authority over anything here' }
    if (resource.resourceType === 'Bundle') return 'a package has no canonical url: whose its entries are is not judged'
    const faults = own.map((each) => faultOf(each, resource))
    if (faults.includes(undefined)) return 'the signer has authority over that canonical url and jurisdiction'
    return { fail: `the signer has no authority over the artefact: ${faults[0]}` }
  }
}

/** The entry is of who signed: by the DID that his key is bound to, else by the participant whose key it is. */
function isOf(grant: SigningGrant, { issuer, participant }: Signer): boolean {
  if (grant.issuer !== undefined) return grant.issuer === issuer
  if (grant.participant === undefined || participant === undefined) return false
  return participantKey(grant.participant) === participantKey(participant)
}

const faultOf = ({ canonicalPrefixes, jurisdictions }: SigningGrant, resource: Resource): string | undefined =>
  ownFault(resource, { ownership: { canonicalPrefixes, jurisdictions } })
