/** Codings of AuditEvents that more than one room makes. */
import type { Coding } from './types.ts'

/** Type of an entity that is a thing of a system (http://terminology.hl7.org/CodeSystem/audit-entity-type). */
export const systemObject: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
  code: '2',
  display: 'System Object',
}

/** Role of an entity (http://terminology.hl7.org/CodeSystem/object-role). */
export const objectRole = (code: string, display: string): Coding => ({
  system: 'http://terminology.hl7.org/CodeSystem/object-role',
  code,
  display,
})
