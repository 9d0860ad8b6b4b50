/** Names that WHO gives to the entities of its classifications (https://icd.who.int/icdapi). */

const LINEARIZATION = /^https?:\/\/id\.who\.int\/icd\/release\/11\/(?:([\w-]+)\/)?(mms|icf|ichi)(?:\/(.+))?$/
const FOUNDATION = /^https?:\/\/id\.who\.int\/ic[dfh]i?\/entity\/(\d+)$/
const NUMBER = /^\d{1,12}(?:\/(?:other|unspecified))?$/

/** A linearization URI in its parts. */
export interface LinearizationUri {
  /** e.g. `2025-01`; absent where the URI names no release. */
  release?: string
  linearization: string
  /** Number of the entity, e.g. `257068234` or `257068234/other`; absent for the linearization itself. */
  entity?: string
}

/** Reads a linearization URI; undefined for anything else. */
export function parseLinearizationUri(text: string): LinearizationUri | undefined {
  const [, release, linearization, entity] = LINEARIZATION.exec(text.trim()) ?? []
  if (linearization === undefined || (entity !== undefined && !NUMBER.test(entity))) return undefined
  return { ...(release && { release }), linearization, ...(entity && { entity }) }
}

/** The canonical url of a linearization, e.g. `http://id.who.int/icd/release/11/mms`. */
export const systemOf = (linearization: string): string => `http://id.who.int/icd/release/11/${linearization}`

/** Whether a text is a foundation URI. */
export const isFoundationUri = (text: string): boolean => FOUNDATION.test(text.trim())

/** A release as WHO names it, e.g. `2025-01`. */
export const isRelease = (text: string): boolean => /^\d{4}-\d{2}$/.test(text)
