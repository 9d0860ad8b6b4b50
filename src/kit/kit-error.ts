/** Why a kit is not taken. */

/** What is wrong with a kit, in the order in which it is looked for. */
export type KitFault =
  /** It is no kit, or of a later form. */
  | 'form'
  | 'cut'
  | 'signature'
  | 'content'
  | 'jurisdiction'
  /** Of other trust domains or rule sets than the one in use. */
  | 'scope'
  | 'expired'
  | 'older'
  | 'base'
  | 'missing'
  /** Another process takes a kit into use. */
  | 'busy'

/** A kit, or a change of one, that is not taken; the text says why and quotes nothing of it but names. */
export class KitError extends Error {
  /** Marks it as a message to a person, and no fault of the program. */
  readonly code = 'KIT'
  readonly fault: KitFault

  constructor(fault: KitFault, message: string) {
    super(message)
    this.name = 'KitError'
    this.fault = fault
  }
}

/** Text of a kit as it is shown: no control characters, no more than helps. */
export const shown = (text: string): string => text.replace(/[^\p{L}\p{N} ._|:/#?=+-]/gu, '?').slice(0, 200)
