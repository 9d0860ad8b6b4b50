/** A canonical reference `url|version#fragment` (https://hl7.org/fhir/R4/references.html#canonical) in parts. */
export interface Canonical {
  url: string
  version?: string
  fragment?: string
}

/** Splits a canonical; never fails: what has no `|` or `#` is all url. */
export function parseCanonical(text: string): Canonical {
  const hash = text.indexOf('#')
  // Most are a url alone.
  if (hash <= 0 && !text.includes('|')) return { url: text }
  if (text.includes(EXPRESSION_SET)) return parseExpressionSet(text)
  const fragment = hash > 0 ? text.slice(hash + 1) : undefined
  const rest = hash > 0 ? text.slice(0, hash) : text
  const bar = rest.indexOf('|')
  const parsed: Canonical = { url: bar < 0 ? rest : rest.slice(0, bar) }
  if (bar >= 0 && bar + 1 < rest.length) parsed.version = rest.slice(bar + 1)
  if (fragment) parsed.fragment = fragment
  return parsed
}

/** What makes the url of a value set that an expression constraint of SNOMED CT defines; marks and bars behind it are the expression's. */
const EXPRESSION_SET = '?fhir_vs=ecl/'

function parseExpressionSet(text: string): Canonical {
  const [, url, version] = /^(.*)\|(http:\/\/snomed\.info\/x?sct\/\d+(?:\/version\/\d+)?)$/s.exec(text) ?? []
  return url !== undefined && version !== undefined ? { url, version } : { url: text }
}

/** Writes `url|version`, or the bare url when there is no version. */
export function formatCanonical(url: string | undefined, version?: string): string {
  return version ? `${url ?? ''}|${version}` : (url ?? '')
}

/**
 * Orders business versions: numeric segments as numbers (1.10 after 1.9), a pre-release before its release
 * (semver 2.0.0 §11), dates and anything else in natural order. Negative when `a` is older.
 */
export function compareVersions(a: string, b: string): number {
  const [coreA = '', preA] = splitPrerelease(a)
  const [coreB = '', preB] = splitPrerelease(b)
  const core = compareSegments(coreA.split(/[.\-_]/), coreB.split(/[.\-_]/))
  if (core !== 0) return core
  if (preA === undefined || preB === undefined) return (preA === undefined ? 1 : 0) - (preB === undefined ? 1 : 0)
  return compareSegments(preA.split('.'), preB.split('.'))
}

function splitPrerelease(version: string): [string, string | undefined] {
  const match = /^(\d+(?:\.\d+)*)-([0-9A-Za-z.-]+)$/.exec(version.split('+')[0] ?? '')
  if (!match || /^\d{4}-\d{2}/.test(version)) return [version, undefined]
  return [match[1] ?? version, match[2]]
}

function compareSegments(a: string[], b: string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const left = a[i]
    const right = b[i]
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1
    if (left === right) continue
    const bothNumbers = /^\d+$/.test(left) && /^\d+$/.test(right)
    const difference = bothNumbers ? Number(left) - Number(right) : left < right ? -1 : 1
    if (difference !== 0) return difference
  }
  return 0
}

/** Whether a url fits a pattern in which `*` stands for anything, also for nothing; time grows with the product of the lengths. */
export function matchesWildcard(pattern: string, url: string): boolean {
  const [first = '', ...parts] = pattern.split('*')
  const last = parts.pop()
  if (last === undefined) return pattern === url
  if (!url.startsWith(first)) return false
  // Every part where it first fits: what fits further on fits there as well.
  let at = first.length
  for (const part of parts) {
    const found = url.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return url.length - last.length >= at && url.endsWith(last)
}
