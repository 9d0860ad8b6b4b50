/**
 * A signed message that is not accepted: `malformed` when it is not the kind of message that is read, `signature` when it is one that
 * proves nothing. The text says why in words of a person and quotes no byte of the message.
 */
export class CmsError extends Error {
  readonly reason: 'malformed' | 'signature'
  constructor(reason: 'malformed' | 'signature', message: string) {
    super(message)
    this.name = 'CmsError'
    this.reason = reason
  }
}

/** Refuses a message that is not of the kind that is read. @throws CmsError `malformed` */
export function malformed(message: string): never {
  throw new CmsError('malformed', message)
}

/** Refuses a message that proves nothing. @throws CmsError `signature` */
export function unproved(message: string): never {
  throw new CmsError('signature', message)
}
