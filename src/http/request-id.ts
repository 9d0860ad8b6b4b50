/**
 * The id of a request: the sender's `X-Request-Id` reduced to harmless characters, else a fresh one.
 * It stands in logs and headers, so nothing else of it may get there.
 */
export function requestId(given: string | undefined, fresh: () => string): string {
  const clean = given?.replace(/[^A-Za-z0-9._:/@+=-]/g, '').slice(0, 128)
  return clean ? clean : fresh()
}
