/** What is open in the workbench: texts of artefacts, and the resources that they become. */
import type { Coding, Library } from 'fhir/r4.js'
import { besideText } from './beside.ts'
import { artefactId, cqlHead, fmlHead, nextVersion, withCqlVersion, withFmlVersion } from './header.ts'
import { jsonObject, memberSpan, textOf, withMember, withString } from './json-text.ts'

/** One text. */
export interface Part {
  key: string
  type: 'Library' | 'PlanDefinition' | 'StructureMap'
  language: 'cql' | 'json' | 'fml'
  text: string
  /** As it was opened, or saved last. */
  kept: string
  /** As the server has it, where it came from there. */
  published?: string
  /** Raised by whoever changes the text but its editor, which then shows it. */
  edition?: number
  /** The resource that the text came from: what is said about it beside the text. */
  resource?: Library
  /** Where the text came from on the server: the id, and the entity tag that it had. */
  from?: { id: string; tag: string | undefined }
}

/** What belongs together: a library with the rule sets that offer it, or a map. */
export interface Draft {
  kind: 'rule' | 'map'
  parts: Part[]
  /** The highest version in force of what was opened, where another was opened. */
  newer?: Newer
}

/** A version on the server. */
export interface Newer {
  type: Part['type']
  id: string
  url: string
  version: string
}

/** What a text says it is. */
export interface Identity {
  url: string | undefined
  version: string | undefined
  name: string | undefined
  /** Under which the server is to keep it. */
  id: string | undefined
}

/** Below which address artefacts are called whose text names none. */
export const triedBase = 'http://example.org/fhir'

/** What a part says of itself now. */
export function identityOf(part: Part): Identity {
  if (part.language === 'fml') {
    const head = fmlHead(part.text)
    return { url: head?.url, version: head?.version, name: head?.name, id: idOf(part, head?.name, head?.version) }
  }
  if (part.language === 'json') {
    const object = jsonObject(part.text)
    const [url, version, name, id] = ['url', 'version', 'name', 'id'].map((each) => textOf(object, each))
    return { url, version, name, id }
  }
  const head = cqlHead(part.text)
  const { resource } = part
  const isSame = resource?.name !== undefined && resource.name === head?.name
  const base = resource?.url?.replace(/\/[^/]*$/, '') ?? `${triedBase}/Library`
  const url = head && (isSame ? resource?.url : `${base}/${head.name}`)
  return { url, version: head?.version, name: head?.name, id: idOf(part, head?.name, head?.version) }
}

function idOf({ resource }: Part, name: string | undefined, version: string | undefined): string | undefined {
  if (!name) return undefined
  return resource?.id && resource.name === name && resource.version === version
    ? resource.id
    : artefactId(name, version)
}

const libraryType: Coding = {
  system: 'http://terminology.hl7.org/CodeSystem/library-type',
  code: 'logic-library',
}

/** Bytes of a text in base64 (RFC 4648). */
export function base64Of(text: string): string {
  let bytes = ''
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte)
  return btoa(bytes)
}

/** The text of bytes in base64. @throws TypeError for what is no UTF-8, DOMException for what is no base64 */
export function textOfBase64(data: string): string {
  const bytes = Uint8Array.from(atob(data.replace(/\s/g, '')), (each) => each.charCodeAt(0))
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/^\uFEFF/, '')
}

/** The CQL of a Library; undefined where it has none. */
export function cqlOf({ content = [] }: Library): string | undefined {
  const data = content.find(({ contentType }) => contentType?.split(';')[0]?.trim() === 'text/cql')?.data
  return data === undefined ? undefined : textOfBase64(data)
}

/** The Library that a text becomes, with what holds of what was said beside the text before; its signature does not go with it. */
export function libraryOf(part: Part): Library {
  const { id, url, name, version } = identityOf(part)
  const known = part.resource && besideText(part.resource, cqlOf(part.resource) ?? '', part.text)
  const others = (known?.content ?? []).filter(({ contentType }) => !isOfText(contentType))
  const isRaised = known?.date !== undefined && known.version !== version
  const {
    meta: _meta,
    text: _text,
    ...rest
  } = known ?? {
    resourceType: 'Library' as const,
    status: 'active' as const,
    type: { coding: [libraryType] },
  }
  return {
    ...rest,
    ...(id && { id }),
    ...(url && { url }),
    ...(version && { version }),
    ...(isRaised && { date: today() }),
    ...(name && { name }),
    ...(name && !known && { title: name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ') }),
    content: [{ contentType: 'text/cql', data: base64Of(part.text) }, ...others],
  }
}

const isOfText = (contentType = '') => /^(?:text\/cql|application\/elm)\b/.test(contentType)

const today = () => new Date().toISOString().slice(0, 10)

/** Parts of a rule: its library, and the rule sets that offer it. */
export function ruleDraft(library: Library, plans: { from?: Part['from']; text: string }[]): Draft | undefined {
  const cql = cqlOf(library)
  if (cql === undefined) return undefined
  return {
    kind: 'rule',
    parts: [
      {
        key: 'library',
        type: 'Library',
        language: 'cql',
        text: cql,
        kept: cql,
        resource: library,
        ...(library.id &&
          library.meta?.versionId && { from: { id: library.id, tag: `W/"${library.meta.versionId}"` } }),
      },
      ...plans.map(
        ({ text, from }, at): Part => ({
          key: `plan-${at}`,
          type: 'PlanDefinition',
          language: 'json',
          text,
          kept: text,
          ...(from && { from }),
        }),
      ),
    ],
  }
}

/** A map, alone. */
export const mapDraft = (text: string, published?: { text: string; from: Part['from'] }): Draft => ({
  kind: 'map',
  parts: [
    {
      key: 'map',
      type: 'StructureMap',
      language: 'fml',
      text,
      kept: text,
      ...(published && { published: published.text }),
      ...(published?.from && { from: published.from }),
    },
  ],
})

/** Whether anything was changed since it was opened or saved. */
export const isChanged = ({ parts }: Draft): boolean => parts.some(({ text, kept }) => text !== kept)

/** The draft with another text in one of its parts. */
export const withText = (draft: Draft, key: string, text: string): Draft => ({
  ...draft,
  parts: draft.parts.map((part) => (part.key === key ? { ...part, text } : part)),
})

/**
 * The draft with texts counted as saved.
 * @param saved what was saved of it; what was written since is not
 */
export const asKept = (draft: Draft, saved: readonly Part[] = draft.parts): Draft => ({
  ...draft,
  parts: draft.parts.map((part) => ({ ...part, kept: saved.find(({ key }) => key === part.key)?.text ?? part.kept })),
})

/** The draft with where its parts stand on the server now. */
export const asPublished = (
  draft: Draft,
  made: readonly { key: string; id: string; tag: string | undefined }[],
): Draft => ({
  ...draft,
  parts: draft.parts.map((part) => {
    const own = made.find(({ key }) => key === part.key)
    return own ? { ...part, from: { id: own.id, tag: own.tag } } : part
  }),
})

/** The draft under the version that comes next: in the texts, and in the rule sets that name the library. */
export function raised(draft: Draft): Draft {
  const library = draft.parts.find(({ language }) => language === 'cql')
  const before = library && identityOf(library)
  const version = library && nextVersion(before?.version)
  const parts = draft.parts.map((part): Part => {
    const text = raisedText(part, { before, version })
    return { ...part, text, edition: (part.edition ?? 0) + 1 }
  })
  return { ...draft, parts }
}

interface Raise {
  before: Identity | undefined
  version: string | undefined
}

function raisedText(part: Part, { before, version }: Raise): string {
  const own = nextVersion(identityOf(part).version)
  if (part.language === 'cql') return withCqlVersion(part.text, version ?? own)
  if (part.language === 'fml') return withFmlVersion(part.text, own)
  const { url, name } = identityOf(part)
  const words = url?.slice(url.lastIndexOf('/') + 1) || name || 'plan'
  const dated = memberSpan(part.text, 'date') ? withMember(part.text, 'date', today()) : part.text
  const text = withMember(withMember(dated, 'version', own), 'id', artefactId(words, own))
  if (!before?.url || !version) return text
  return withString(text, `${before.url}|${before.version}`, `${before.url}|${version}`)
}

/** Name of a file for a part. */
export function fileName(part: Part): string {
  const { name, version, id } = identityOf(part)
  if (part.language === 'json') return `${part.type}-${id ?? 'new'}.json`
  const kind = part.language === 'cql' ? 'cql' : 'map'
  return `${name ?? 'untitled'}${version ? `-${version}` : ''}.${kind}`.replace(/[^\w.-]+/g, '_')
}
