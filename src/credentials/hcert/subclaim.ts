import type { Json } from '../../base/json-value.ts'
import { member, withoutEmptyTexts } from '../certificate-input.ts'
import type { CertificateInput, CertificateKind, Envelope, Opened } from '../credential-format.ts'
import type { CborValue } from '../encoding/cbor.ts'

/** One key of the hcert claim (-260, HCERT 3.3.2): how its value is tested, read and mapped. */
export interface Subclaim {
  /** Positive keys are WHO's to assign, negative ones are free for development. */
  key: number
  /** Name of the kind before its content is read. */
  format: string
  /** What is wrong with the form of the value, seen before the signature is verified; undefined when nothing. */
  formFault(value: CborValue): string | undefined
  /** When the certificate counts by what stands in the value itself, beside the claims around it. */
  period?(value: CborValue): Envelope['period']
  /** Reads the value once the signature was verified; its `content` is the value as it goes on. A text says what is wrong. */
  read(value: Json): Opened | string
  /** Kinds that it may turn out to be. */
  kinds: Record<string, CertificateKind>
}

/** The form of a subclaim that must be a map. */
export const isMapNamed = (name: string) => (value: CborValue) =>
  value instanceof Map ? undefined : `${name} is not a map`

/** What maps get of a kind whose subclaim is handed on without the claims around it; in the flat form the claims are it. */
export function subclaimInput(key: number, maps: CertificateInput['maps'], events: (value: Json) => number) {
  return (content: Json): CertificateInput => {
    const clean = withoutEmptyTexts(content)
    const value = member(member(clean, '-260'), String(key)) ?? clean
    return { maps, claims: value, events: Math.max(1, events(value)) }
  }
}
