/** A Provenance as this server stores it: what it is about, when it was recorded, who had a part in it. */

import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { CodeableConcept, Provenance, Reference, Resource } from '../../fhir/types.ts'
import type { Signer } from '../../provenance/signature/signer.ts'
import type { StoredVersion, Written } from '../../storage/storage.ts'

/** What the server says of itself and of a request. */
export interface Recorder {
  /** FHIR instant. */
  recorded: string
  /** Public address of this server, without `/fhir`. */
  baseUrl: string
  /** Name and version of the software. */
  software: string
  principal: Principal | undefined
}

const participants = 'http://smart.who.int/trust/CodeSystem/Participants'
const uri = 'urn:ietf:rfc:3986'

/** A Provenance but for what the server adds. */
export type GivenProvenance = Omit<Provenance, 'target' | 'recorded' | 'agent'> & Partial<Pick<Provenance, 'agent'>>

/** Adds the moment of recording and the agents: the author where a signature proves who it is, the client, this server. */
export function recordedBy(
  given: GivenProvenance,
  { recorded, baseUrl, software, principal }: Recorder,
  signer?: Signer,
): Omit<Provenance, 'target'> {
  // Who sent it and who stored it the client does not say.
  const agents = (given.agent ?? []).filter(({ type }) => !isOfType(type, 'enterer') && !isOfType(type, 'assembler'))
  const author = signer && !signer.isOwn && !agents.some(({ type }) => isOfType(type, 'author'))
  return {
    ...given,
    recorded,
    agent: [
      ...agents,
      ...(author ? [agent('author', authorOf(signer))] : []),
      agent('enterer', {
        identifier: { value: principal?.id ?? 'nobody' },
        display: principal?.name ?? 'unknown client',
      }),
      agent('assembler', { type: 'Device', identifier: { system: uri, value: baseUrl }, display: software }),
    ],
  }
}

function authorOf({ issuer, participant, name }: Signer): Reference {
  const identifier =
    issuer === undefined ? { system: participants, value: participant ?? '' } : { system: uri, value: issuer }
  return { type: 'Organization', identifier, ...(name === undefined ? {} : { display: name }) }
}

const agentSystem = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'

const agent = (code: string, who: Reference): Provenance['agent'][number] => ({
  type: { coding: [{ system: agentSystem, code }] },
  who,
})

const isOfType = (type: CodeableConcept | undefined, wanted: string): boolean =>
  Array.isArray(type?.coding) && type.coding.some(({ system, code }) => system === agentSystem && code === wanted)

/** What a Provenance is about, by version here and by what it is called anywhere. */
export function targetOf(
  { type, id, versionId }: Pick<StoredVersion, 'type' | 'id' | 'versionId'>,
  resource: Resource | undefined,
): Reference {
  return {
    reference: `${type}/${id}/_history/${versionId}`,
    type,
    ...(resource && artefactCanonical(resource) ? { identifier: { system: uri, value: artefactName(resource) } } : {}),
  }
}

/** Whether something happened, and what (http://terminology.hl7.org/CodeSystem/v3-DataOperation). */
export function activityOf(written: readonly Written[]): CodeableConcept {
  const outcomes = new Set(written.map(({ outcome }) => outcome))
  const code =
    outcomes.has('updated') || outcomes.has('unchanged') ? 'UPDATE' : outcomes.has('created') ? 'CREATE' : 'DELETE'
  return { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code }] }
}

/** The name that a reference gives what it is about, as `url|version`. */
export const nameIn = ({ identifier }: Reference): string | undefined =>
  identifier?.system === uri ? identifier.value : undefined
