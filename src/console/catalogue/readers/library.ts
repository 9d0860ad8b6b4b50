/** What a library holds: its text, what it takes and gives, what it leans on. */

import type { Reading } from './reading.ts'

/** A content of a library. */
export interface Content {
  type: string
  title: string
  url: string
  /** Decoded text of a type that people read; undefined for others, and for what is no base64 of UTF-8. */
  text: string | undefined
}

/** Types of content that are texts. */
const readable = /^(?:text\/|application\/(?:elm\+)?(?:json|xml|certlogic\+json))/i

/** Reads Library.content. */
export function contentsOf(resource: Reading): Content[] {
  return resource.children('content').map((each) => {
    const type = each.text('contentType')
    return {
      type,
      title: each.text('title'),
      url: each.text('url'),
      text: readable.test(type) ? decoded(each.text('data')) : undefined,
    }
  })
}

/** The text of base64, UTF-8; undefined for what is none. */
function decoded(data: string): string | undefined {
  if (!data) return undefined
  try {
    const bytes = Uint8Array.from(atob(data.replace(/\s/g, '')), (sign) => sign.charCodeAt(0))
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** A parameter that a library takes or gives. */
export interface LibraryParameter {
  name: string
  use: string
  type: string
  cardinality: string
  documentation: string
}

/** Reads Library.parameter. */
export function libraryParameters(resource: Reading): LibraryParameter[] {
  return resource.children('parameter').map((each) => ({
    name: each.text('name'),
    use: each.text('use'),
    type: each.text('type'),
    cardinality: `${each.plain('min') || '0'}..${each.plain('max') || '*'}`,
    documentation: each.text('documentation'),
  }))
}

/** Something that an artefact names as related (RelatedArtifact). */
export interface Related {
  kind: string
  words: string
  /** Canonical of an artefact. */
  resource: string
  /** Address of a document. */
  url: string
}

/** Reads a list of RelatedArtifact. */
export function relatedOf(resource: Reading, member = 'relatedArtifact'): Related[] {
  return resource.children(member).map((each) => ({
    kind: each.text('type'),
    words: each.text('display') || each.text('label') || each.text('citation'),
    resource: each.text('resource'),
    url: each.text('url') || each.child('document').text('url'),
  }))
}

/** Line, counted from one, on which a define, function or parameter of a CQL text begins; undefined for none. */
export function lineOfDefine(text: string, name: string): number | undefined {
  const wanted = [name, `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`]
  const index = text.split('\n').findIndex((line) => {
    const [, found] =
      /^\s*(?:define|parameter)\s+(?:function\s+|fluent\s+function\s+)?("(?:[^"\\]|\\.)*"|[A-Za-z_]\w*)/.exec(line) ??
      []
    return found !== undefined && wanted.includes(found)
  })
  return index < 0 ? undefined : index + 1
}
