/** Why somebody signs (system `urn:iso-astm:E1762-95:2013`). */
import type { Coding } from '../../fhir/types.ts'

/** System of {@link purposes}. */
export const purposeSystem = 'urn:iso-astm:E1762-95:2013'

const base = '1.2.840.10065.1.12.1'

/** Purposes by the last part of their code. */
const displays = {
  1: "Author's Signature",
  2: "Coauthor's Signature",
  4: 'Transcriptionist/Recorder Signature',
  5: 'Verification Signature',
  6: 'Validation Signature',
  13: 'Review Signature',
  14: 'Source Signature',
  16: 'Modification Signature',
  18: 'Timestamp Signature',
} as const

/** The last part of a purpose's code. */
export type Purpose = keyof typeof displays

/** Code of a purpose. */
const purposeCode = (purpose: Purpose): string => `${base}.${purpose}`

/** A purpose as `Signature.type` has it. */
export const purposeCoding = (purpose: Purpose): Coding => ({
  system: purposeSystem,
  code: purposeCode(purpose),
  display: displays[purpose],
})

/** The same as the commitment of a JWS (`srCms`, ETSI TS 119 182-1 §5.2.3). */
export const commitment = (purpose: Purpose) => ({
  commId: { id: `urn:oid:${purposeCode(purpose)}`, desc: displays[purpose] },
})

/** Whether a signature claims to be that of an author: for that alone something becomes active. */
export const isAuthors = (types: readonly Coding[] | undefined): boolean =>
  types?.some(({ system, code }) => system === purposeSystem && code === purposeCode(1)) === true
