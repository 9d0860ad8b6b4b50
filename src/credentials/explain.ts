import type { CredentialFormat, Failure, Limits, Scanned } from './credential-format.ts'
import { type Layer, textLayer } from './layer.ts'

/** How far a credential can be unpacked, for people: nothing in it is verified. */
export interface Explanation {
  /** The family that recognises it; absent when none does. */
  family?: string
  layers: Layer[]
  /** Why it cannot be decoded. */
  failure?: Failure
}

/** Unpacks a credential layer by layer. A format without layers of its own shows its text alone. */
export function explainCredential(scanned: Scanned, formats: readonly CredentialFormat[], limits: Limits): Explanation {
  const format = formats.find((each) => each.recognises(scanned))
  const texts = scanned instanceof Uint8Array ? [] : scanned.map((text) => textLayer('text', text))
  if (!format) return { layers: texts }
  const decoded = format.decode(scanned, limits)
  return {
    family: format.name,
    layers: format.layers?.(scanned, limits) ?? texts,
    ...('check' in decoded ? { failure: decoded } : {}),
  }
}
