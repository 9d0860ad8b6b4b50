import { objectRole, systemObject } from '../fhir/audit-codings.ts'
import type { Resource } from '../fhir/types.ts'

/** What is known of an import before it is stored. */
export interface ImportFacts {
  /** FHIR instant. */
  recorded: string
  /** Name and version of the software. */
  software: string
  /** Name and version of what is imported, as it says them itself. */
  source: string
  /** Resources that are written, by type. */
  counts: ReadonlyMap<string, number>
}

/**
 * AuditEvent of an import by who runs the server: one for all that it writes, in the same transaction. Who sat at the machine is not
 * known to a program.
 */
export function importEvent({ recorded, software, source, counts }: ImportFacts): Resource {
  return {
    resourceType: 'AuditEvent',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110107', display: 'Import' },
    action: 'C',
    recorded,
    outcome: '0',
    agent: [{ who: { display: 'operator of this server' }, requestor: true }],
    source: { observer: { display: software } },
    entity: [
      {
        type: systemObject,
        role: objectRole('4', 'Domain Resource'),
        name: source.slice(0, 200),
        detail: [...counts].toSorted().map(([type, count]) => ({ type, valueString: String(count) })),
      },
    ],
  }
}
