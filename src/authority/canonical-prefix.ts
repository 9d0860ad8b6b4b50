/** Which canonicals are below which prefix: on whole segments, in the one spelling that both have. */

/** Stands for every canonical. */
export const ANY = '*'

const HTTP = /^https?:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?(?:\/[^?]*)?(?:\?.*)?$/
const PATH = /^https?:\/\/[^/?]*([^?]*)/
/** Characters of RFC 3986 that stand for themselves; `%` is another spelling of something, `#` a part of an artefact. */
const PLAIN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?]*$/
const URN = /^urn:[a-z0-9][a-z0-9-]{1,31}:[A-Za-z0-9()+,\-.:=@;$_!*'/]+$/
const OID = 'urn:oid:'

/**
 * Why nobody's prefix can be held against a canonical: it has a spelling that is read in more than one way (letters of a host in capitals,
 * a user, `..`, `//`, percent-encoding), or is no absolute address. Undefined for a good one.
 */
export function spellingFault(canonical: string): string | undefined {
  if (canonical.startsWith('urn:'))
    return URN.test(canonical) && isGoodOid(canonical) ? undefined : 'it is no URN (RFC 8141) in its plain spelling'
  if (!HTTP.test(canonical))
    return 'it must be an http or https address with its host in lower case and without a user, or a URN'
  if (!PLAIN.test(canonical)) return 'it has characters that have more than one spelling'
  const segments = (PATH.exec(canonical)?.[1] ?? '').split('/').slice(1)
  if (segments.some((each) => each === '.' || each === '..')) return 'it has "." or ".." in its path'
  // Nothing after the last slash is allowed, nothing between two is not.
  return segments.slice(0, -1).includes('') ? 'it has an empty part in its path' : undefined
}

const isGoodOid = (urn: string): boolean =>
  !urn.startsWith(OID) || /^[012](?:\.(?:0|[1-9]\d*))+$/.test(urn.slice(OID.length))

/** Why a text is no prefix of canonicals; undefined when it is one. */
export function prefixFault(prefix: string): string | undefined {
  if (prefix === ANY) return undefined
  return prefix.includes('?') ? 'it must end before the query' : spellingFault(prefix)
}

/** The prefix as it is compared: a slash at its end says nothing. */
export const readPrefix = (prefix: string): string => prefix.replace(/\/$/, '')

/**
 * Whether a canonical is a prefix, or below it: `http://a.org/x` has `http://a.org/x/y` and `http://a.org/x?y` below it, and neither
 * `http://a.org/xy` nor anything of another scheme or port; of OIDs it has whole arcs. A version (`|1.0`) counts for nothing.
 * @param prefix as {@link readPrefix} gives it
 */
export function isBelow(canonical: string, prefix: string): boolean {
  if (prefix === ANY) return true
  const [url = ''] = canonical.split('|')
  if (spellingFault(url) !== undefined || !url.startsWith(prefix)) return false
  const next = url.charAt(prefix.length)
  if (next === '') return true
  if (url.startsWith(OID)) return next === '.'
  return url.startsWith('urn:') ? next === ':' : next === '/' || next === '?'
}

/** What is below a prefix of both lists. */
export const commonPrefixes = (a: readonly string[], b: readonly string[]): string[] => [
  ...new Set(a.flatMap((one) => b.flatMap((other) => narrower(one, other) ?? []))),
]

function narrower(a: string, b: string): string | undefined {
  if (b === ANY || (a !== ANY && isBelow(a, b))) return a
  return a === ANY || isBelow(b, a) ? b : undefined
}
