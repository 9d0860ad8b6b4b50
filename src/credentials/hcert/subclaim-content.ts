import type { Json, JsonObject } from '../../base/json-value.ts'
import type { EventKind, Format, Obstacle } from '../credential-format.ts'

/** What a reader of one kind of certificate finds; a text instead of it says what is wrong, without quoting it. */
export interface SubclaimContent {
  format: Format
  events: EventKind[]
  /** Departures that leave it readable. */
  remarks: string[]
  /** The value as it goes on: without what FHIR would refuse. */
  value: JsonObject
  certificateIds: string[]
  obstacles?: Obstacle[]
  formatUnder?(domain: string): Format
}

/** Whether a value is absent: not there, null, or the empty text that stands for it in the field. */
export const isAbsent = (value: Json | undefined): value is undefined | null | '' =>
  value === undefined || value === null || value === ''
