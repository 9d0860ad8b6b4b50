/** What a text says of itself at its head – name, version, address – and the same text with another version. */

/** The head of a CQL text. */
export interface CqlHead {
  name: string
  version: string | undefined
  /** Where the version stands within its quotes, or where one would be put. */
  at: { from: number; to: number }
}

/** Comments of a text as blanks, so that nothing in them is read and places stay. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|'(?:\\[\s\S]|[^'\\])*'|"(?:\\[\s\S]|[^"\\])*"/g, (found) =>
    found.startsWith('/') ? found.replace(/[^\n]/g, ' ') : found,
  )
}

/** Name and version of a CQL library; undefined where the text does not begin with a declaration of one. */
export function cqlHead(text: string): CqlHead | undefined {
  const found =
    /^[\s\uFEFF]*library\s+(?:[\w]+\s*\.\s*)*("(?:\\.|[^"\\])+"|\w+)(?:(\s+version\s+')((?:\\.|[^'\\])*)')?/.exec(
      withoutComments(text),
    )
  if (!found) return undefined
  const [whole, name = '', before, version] = found
  const from = before === undefined ? whole.length : whole.length - 1 - (version ?? '').length
  const to = before === undefined ? whole.length : whole.length - 1
  return { name: name.replace(/^"|"$/g, ''), version, at: { from, to } }
}

/** The text with another version in its declaration; as it is where it has none. */
export function withCqlVersion(text: string, version: string): string {
  const head = cqlHead(text)
  if (!head) return text
  const put = head.version === undefined ? ` version '${version}'` : version
  return text.slice(0, head.at.from) + put + text.slice(head.at.to)
}

/** The head of a map. */
export interface FmlHead {
  url: string
  name: string
  version: string | undefined
}

/** Address, name and version of a map in FML. */
export function fmlHead(text: string): FmlHead | undefined {
  const meta = (name: string) => new RegExp(`^///[ \\t]*${name}[ \\t]*=[ \\t]*(['"])(.*?)\\1`, 'm').exec(text)?.[2]
  const declared = /^\s*map\s+(["'])(.+?)\1\s*=\s*(["'`]?)([\w-]+)\3/m.exec(withoutComments(text))
  const url = declared?.[2] ?? meta('url')
  const name = declared?.[4] ?? meta('name')
  return url && name ? { url, name, version: meta('version') } : undefined
}

/** The map with another version. */
export function withFmlVersion(text: string, version: string): string {
  const line = /^(\/\/\/[ \t]*version[ \t]*=[ \t]*)(['"]).*?\2/m
  if (line.test(text)) return text.replace(line, (_, before, quote) => `${before}${quote}${version}${quote}`)
  return `/// version = '${version}'\n${text}`
}

/** A version above another: its second number raised, what is smaller begun anew. */
export function nextVersion(version: string | undefined): string {
  const [, major, minor, rest] = /^(\d+)(?:\.(\d+))?((?:\.\d+)*)$/.exec(version ?? '') ?? []
  if (major === undefined) return version ? `${version}.1` : '0.1.0'
  return `${major}.${Number(minor ?? 0) + 1}${(rest ?? '').replace(/\d+/g, '0')}`
}

/** An id of FHIR for a version of an artefact: `entry-vaccination-0.2.0`. */
export function artefactId(name: string, version: string | undefined): string {
  const words = name
    .replace(/(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9.]+/g, '-')
    .toLowerCase()
    .replace(/^-+|-+$/g, '')
  const end = version ? `-${version.replace(/[^A-Za-z0-9.-]/g, '-')}` : ''
  return `${words.slice(0, 64 - end.length).replace(/-+$/, '')}${end}`.slice(0, 64)
}

/** Order of two versions, by their numbers; what is no number by its letters. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(/[.-]/), b.split(/[.-]/)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const [one = '', other = ''] = [left[at], right[at]]
    const [x, y] = [Number(one || '0'), Number(other || '0')]
    const order = Number.isNaN(x) || Number.isNaN(y) ? one.localeCompare(other) : x - y
    if (order !== 0) return order
  }
  return 0
}
