import registryJson from 'language-subtag-registry/data/json/registry.json' with { type: 'json' }
import { grammarProvider } from './grammar-provider.ts'
import type { ImplicitSystem } from './implicit-system.ts'

interface RegistryEntry {
  Type: string
  Subtag?: string
  Tag?: string
  Description: string[]
  Deprecated?: string
  Scope?: string
}

/** Language tags in parts (RFC 5646 §2.1). */
interface Tag {
  language: string
  extlang: string[]
  script?: string
  region?: string
  variants: string[]
  rest: string[]
}

const named = new Map<string, RegistryEntry>()
for (const entry of registryJson as RegistryEntry[]) {
  const key = entry.Subtag ?? entry.Tag
  if (key !== undefined) named.set(`${entry.Type}|${key.toLowerCase()}`, entry)
}

/** `urn:ietf:bcp:47`: language tags; every subtag must be registered with IANA. */
export const languageTags: ImplicitSystem = {
  url: 'urn:ietf:bcp:47',
  listedIn: 'http://terminology.hl7.org/ValueSet/Languages',
  make: (listed) =>
    grammarProvider({
      url: 'urn:ietf:bcp:47',
      name: 'IETF language',
      language: 'en',
      caseSensitive: false,
      normalize,
      display,
      translate,
      properties: (code) => partsOf(code),
      propertyCodes: ['language', 'ext-lang', 'script', 'region', 'variant', 'extension', 'private-use'],
      listed: listed ?? { codes: shortLanguages(), canonical: 'the IANA language subtag registry' },
    }),
}

/** Two-letter languages, and those of three letters that the runtime can name. */
function shortLanguages(): string[] {
  const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })
  const codes: string[] = []
  for (const { Type, Subtag, Deprecated, Scope } of registryJson as RegistryEntry[]) {
    if (Type !== 'language' || !Subtag || Deprecated || Scope === 'private-use') continue
    if (Subtag.length === 2 || (Subtag.length === 3 && names.of(Subtag))) codes.push(Subtag)
  }
  return codes.sort()
}

function parse(code: string): Tag | undefined {
  const subtags = code.toLowerCase().split('-')
  const language = subtags.shift() ?? ''
  if (!/^[a-z]{2,8}$/.test(language)) return undefined
  const tag: Tag = { language, extlang: [], variants: [], rest: [] }
  while (/^[a-z]{3}$/.test(subtags[0] ?? '') && tag.extlang.length < 3) tag.extlang.push(subtags.shift() ?? '')
  if (/^[a-z]{4}$/.test(subtags[0] ?? '')) tag.script = subtags.shift() ?? ''
  if (/^(?:[a-z]{2}|\d{3})$/.test(subtags[0] ?? '')) tag.region = subtags.shift() ?? ''
  while (/^(?:[a-z0-9]{5,8}|\d[a-z0-9]{3})$/.test(subtags[0] ?? '')) tag.variants.push(subtags.shift() ?? '')
  tag.rest = subtags
  // Extensions (one letter but x, then subtags of their own), then private use.
  const rest = subtags.map((each) => `-${each}`).join('')
  return /^(?:-[a-wy-z0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?$/.test(rest) ? tag : undefined
}

const isNamed = (type: string, subtag: string) => named.has(`${type}|${subtag}`)

function isRegistered(tag: Tag): boolean {
  return (
    (isNamed('language', tag.language) || /^q[a-t][a-z]$/.test(tag.language)) &&
    tag.extlang.every((each) => isNamed('extlang', each)) &&
    (tag.script === undefined || isNamed('script', tag.script) || /^qa(?:a[a-z]|b[a-x])$/.test(tag.script)) &&
    (tag.region === undefined || isNamed('region', tag.region) || /^(?:q[m-z]|x[a-z])$/.test(tag.region)) &&
    tag.variants.every((each) => isNamed('variant', each)) &&
    new Set(tag.variants).size === tag.variants.length
  )
}

/** The tag with the usual case of its subtags; undefined when a subtag is not registered. */
function normalize(code: string): string | undefined {
  const grandfathered = named.get(`grandfathered|${code.toLowerCase()}`)
  if (grandfathered?.Tag) return grandfathered.Tag
  if (/^x(?:-[a-z0-9]{1,8})+$/i.test(code)) return code.toLowerCase()
  const tag = parse(code)
  if (!tag || !isRegistered(tag)) return undefined
  const script = tag.script && tag.script.charAt(0).toUpperCase() + tag.script.slice(1)
  return [tag.language, ...tag.extlang, script, tag.region?.toUpperCase(), ...tag.variants, ...tag.rest]
    .filter((each) => each !== undefined)
    .join('-')
}

const description = (type: string, subtag: string) =>
  named.get(`${type}|${subtag.toLowerCase()}`)?.Description[0] ?? subtag

/** `German (Switzerland)`. */
function display(code: string): string {
  const grandfathered = named.get(`grandfathered|${code.toLowerCase()}`)
  if (grandfathered) return grandfathered.Description[0] ?? code
  const tag = parse(code)
  if (!tag) return code
  const details = [
    ...tag.extlang.map((each) => description('extlang', each)),
    ...(tag.script ? [description('script', tag.script)] : []),
    ...(tag.region ? [description('region', tag.region.toUpperCase())] : []),
    ...tag.variants.map((each) => description('variant', each)),
    ...tag.rest.slice(1),
  ]
  const language = description('language', tag.language)
  return details.length > 0 ? `${language} (${details.join(', ')})` : language
}

function translate(code: string, language: string): string | undefined {
  if (/^en\b/i.test(language)) return undefined
  try {
    return new Intl.DisplayNames(language, { type: 'language', fallback: 'none', languageDisplay: 'standard' }).of(code)
  } catch {
    return undefined // a language, or a tag, the runtime does not take
  }
}

function partsOf(code: string): { code: string; value: string }[] {
  const tag = parse(code)
  if (!tag) return []
  const parts = [{ code: 'language', value: tag.language }]
  for (const value of tag.extlang) parts.push({ code: 'ext-lang', value })
  if (tag.script) parts.push({ code: 'script', value: tag.script })
  if (tag.region) parts.push({ code: 'region', value: tag.region.toUpperCase() })
  for (const value of tag.variants) parts.push({ code: 'variant', value })
  const rest = tag.rest.join('-')
  const own = rest.search(/(?:^|-)x-/)
  const extension = own < 0 ? rest : rest.slice(0, own)
  if (extension) parts.push({ code: 'extension', value: extension })
  if (own >= 0) parts.push({ code: 'private-use', value: rest.slice(own).replace(/^-/, '') })
  return parts
}
