/** What published maps have although the definitions do not: it is told and does not stop them. */
export type LenientForm = 'unknown-element' | 'unknown-type' | 'unknown-variable' | 'type-mismatch'

/** Takes what there is to say of the rule that is being compiled; each text once. */
export interface MapRemarks {
  /**
   * An error: the rule fails whenever it fires. With the name of a lenient form it goes on, but what it writes is not as the
   * definitions have it.
   */
  problem(text: string, lenient?: LenientForm): void
  /** A warning: something does nothing, or not what it says. */
  doubt(lenient: LenientForm, text: string): void
}
