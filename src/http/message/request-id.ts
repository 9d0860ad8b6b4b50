/**
 * The id of a request: the sender's `X-Request-Id` when it is a word like one (a UUID, a trace id), else a fresh one. It stands in logs and
 * headers, where nothing of a person may get, so no other text is taken, nor a part of it.
 */
export function requestId(given: string | undefined, fresh: () => string): string {
  return given !== undefined && /^[A-Za-z0-9][A-Za-z0-9_=.-]{0,63}$/.test(given) ? given : fresh()
}
