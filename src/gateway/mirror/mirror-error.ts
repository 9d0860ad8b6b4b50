/** How a reference stands. */
export type MirrorState =
  /** What it names is here. */
  | 'mirrored'
  /** Not looked at yet. */
  | 'pending'
  /** It cannot be fetched now. */
  | 'unreachable'
  /** What stands at its address is not what the list says. */
  | 'thumbprint-mismatch'
  /** Its signature is none of somebody who may sign for the participant. */
  | 'signature'
  /** It has no signature, and the configuration does not let it in without. */
  | 'unsigned'
  /** What it names is nothing that is mirrored. */
  | 'content'
  /** What stands at an address that its manifest names is not what the manifest says. */
  | 'entry-mismatch'
  /** Other content was mirrored under the same canonical and version before. */
  | 'conflict'
  /** Its type or service is none that is mirrored. */
  | 'not-supported'
  /** It is listed no longer, or no longer allowed; what was mirrored is kept until the days of grace are over. */
  | 'gone'
  /** The same, and what was mirrored is retired. */
  | 'retired'

/** A reference that is not mirrored now. The text is for the operator's eyes and quotes nothing of what was fetched. */
export class MirrorError extends Error {
  readonly state: MirrorState
  constructor(state: MirrorState, message: string) {
    super(message)
    this.name = 'MirrorError'
    this.state = state
  }
}
