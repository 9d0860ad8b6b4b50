import type { Resource } from '../fhir/types.ts'

/** What is known of a removal. */
interface RemovalFacts {
  /** FHIR instant. */
  recorded: string
  /** Name and version of the software. */
  software: string
  /** Last part of the address of what was removed. */
  id: string
  reason: string
}

/** AuditEvent of content that who runs the server removed for good. */
export function removalEvent({ recorded, software, id, reason }: RemovalFacts): Resource {
  return {
    resourceType: 'AuditEvent',
    type: {
      system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle',
      code: 'destroy',
      display: 'Destroy/Delete Record Lifecycle Event',
    },
    action: 'D',
    recorded,
    outcome: '0',
    outcomeDesc: reason,
    agent: [{ who: { display: 'operator of this server' }, requestor: true }],
    source: { observer: { display: software } },
    entity: [{ what: { identifier: { value: id } }, name: 'published content' }],
  }
}
