/** What a Library says beside its text, and what of it still holds when the text is another one. */
import type { Library, RelatedArtifact } from 'fhir/r4.js'
import { withoutComments } from './header.ts'

/** What a CQL text names, by its declarations. */
interface Declared {
  /** Included libraries: the last word of their names, and the version that is asked for. */
  includes: Map<string, string | undefined>
  /** Canonicals of value sets and code systems, without version. */
  canonicals: Set<string>
  parameters: Set<string>
  defines: Set<string>
}

const name = String.raw`("(?:\\.|[^"\\])*"|[A-Za-z_]\w*)`

function declared(text: string): Declared {
  const bare = withoutComments(text)
  const all = (pattern: string) => [...bare.matchAll(new RegExp(`^[ \\t]*(?:(?:public|private)\\s+)?${pattern}`, 'gm'))]
  const includes = all(String.raw`include\s+(?:\w+\s*\.\s*)*${name}(?:\s+version\s+'([^']*)')?`)
  const canonicals = all(String.raw`(?:valueset|codesystem)\s+${name}\s*:\s*'([^']*)'`)
  const names = (word: string) => new Set(all(`${word}\\s+${name}`).map(([, found]) => unquoted(found)))
  return {
    includes: new Map(includes.map(([, found, version]) => [unquoted(found), version])),
    canonicals: new Set(canonicals.map(([, , canonical = '']) => bareOf(canonical))),
    parameters: names('parameter'),
    defines: names('define'),
  }
}

const unquoted = (text = '') => text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
const bareOf = (canonical: string) => canonical.split('|')[0] ?? ''

/**
 * The members of a Library beside its text, as they are for another text. What was computed of the text before goes with it no more:
 * what was compiled, and which data it asks for. Of what it leans on, libraries have the versions that the text includes, and what it
 * names no more is left out; parameters likewise.
 */
export function besideText(library: Library, before: string, after: string): Library {
  if (before === after) return library
  const { content = [], relatedArtifact, parameter, dataRequirement: _computed, ...rest } = library
  const [had, has] = [declared(before), declared(after)]
  const related = relatedArtifact?.flatMap((each) => followed(each, had, has))
  const parameters = parameter?.filter(
    ({ name: of, use }) => of === undefined || (use === 'out' ? has.defines : has.parameters).has(of),
  )
  const others = content.filter(({ contentType }) => !/^application\/elm\b/.test(contentType ?? ''))
  return {
    ...rest,
    ...(related?.length && { relatedArtifact: related }),
    ...(parameters?.length && { parameter: parameters }),
    content: others,
  }
}

function followed(related: RelatedArtifact, had: Declared, has: Declared): RelatedArtifact[] {
  const { type, resource } = related
  if (type !== 'depends-on' || resource === undefined) return [related]
  const bare = bareOf(resource)
  if (had.canonicals.has(bare)) return has.canonicals.has(bare) ? [related] : []
  const library = bare.slice(bare.lastIndexOf('/') + 1)
  if (!/\/Library\//.test(bare) || !had.includes.has(library)) return [related]
  if (!has.includes.has(library)) return []
  const version = has.includes.get(library)
  return [{ ...related, resource: version === undefined ? bare : `${bare}|${version}` }]
}

/** What a Library says beside its text and what the server puts there, as a text that can be compared. */
export function besideAsText(library: Library): string {
  const { meta: _meta, text: _text, content = [], ...rest } = library
  const others = content.filter(({ contentType }) => !/^(?:text\/cql|application\/elm)\b/.test(contentType ?? ''))
  return `${JSON.stringify({ ...rest, ...(others.length > 0 && { content: others }) }, null, 2)}\n`
}
