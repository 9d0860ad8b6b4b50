/**
 * A JSON text changed at single places: everything else stays as its author wrote it, decimals and order included, which reading and
 * writing it anew would not keep.
 */

/** From and to (exclusive) of a value in a text. */
export interface Span {
  from: number
  to: number
}

/** Where the value of a member of the outermost object stands; undefined where there is none, or the text is no JSON. */
export function memberSpan(text: string, name: string): Span | undefined {
  let depth = 0
  for (const { index, 0: token } of text.matchAll(/"(?:\\.|[^"\\])*"|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++
    else if (token === '}' || token === ']') depth--
    else if (depth === 1 && token === JSON.stringify(name)) {
      const colon = /^\s*:\s*/.exec(text.slice(index + token.length))
      if (!colon) continue
      const from = index + token.length + colon[0].length
      const value = /^(?:"(?:\\.|[^"\\])*"|[^\s,}\]{["]+)/.exec(text.slice(from))
      return value ? { from, to: from + value[0].length } : undefined
    }
  }
  return undefined
}

/** The text with another text as a member of its outermost object; put in behind `after` where it has none. */
export function withMember(text: string, name: string, value: string, after = 'resourceType'): string {
  const span = memberSpan(text, name)
  const written = JSON.stringify(value)
  if (span) return text.slice(0, span.from) + written + text.slice(span.to)
  const before = memberSpan(text, after)
  if (!before) return text
  return `${text.slice(0, before.to)},\n  ${JSON.stringify(name)}: ${written}${text.slice(before.to)}`
}

/** The text with every string that is `from` become `to`. */
export const withString = (text: string, from: string, to: string): string =>
  text.replaceAll(JSON.stringify(from), JSON.stringify(to))

/** The object of a text; undefined where it is none. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** A member of an object, where it is a text. */
export function textOf(object: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = object?.[name]
  return typeof value === 'string' ? value : undefined
}

/** The text of a resource without what the server itself put there. */
export const withoutMeta = (text: string): string =>
  text.replace(/^( {2}|\t)"meta": \{\r?\n(?:\1[ \t]+[^\n]*\n)*\1\},?\r?\n/m, '')
