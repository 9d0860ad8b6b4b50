import type { Extension } from '../fhir/types.ts'

const translationUrl = 'http://hl7.org/fhir/StructureDefinition/translation'

/**
 * A text in the language asked for, by the extension `translation`; the text itself when there is none, any translation when there is no
 * text; never an empty one. `language` is a tag or a whole Accept-Language value.
 */
export function translated(
  text: string | undefined,
  element: { extension?: Extension[] | undefined } | undefined,
  language: string | undefined,
): string | undefined {
  const translations = new Map<string, string>()
  for (const { url, extension } of element?.extension ?? []) {
    if (url !== translationUrl) continue
    const part = (name: string) => extension?.find((each) => each.url === name)
    const tag = part('lang')?.valueCode
    const content = part('content')
    const value = content?.valueString ?? content?.valueMarkdown
    if (tag !== undefined && value?.trim()) translations.set(tag.toLowerCase(), value)
  }
  const own = text?.trim() ? text : undefined
  for (const tag of preferences(language)) {
    const found = translations.get(tag) ?? translations.get(tag.split('-')[0] ?? tag)
    if (found !== undefined) return found
    // The plain text is English by convention of the rule sets, so English needs no translation.
    if (tag.split('-')[0] === 'en' && own !== undefined) return own
  }
  return own ?? translations.values().next().value
}

/** Language tags of a tag or an Accept-Language value by falling weight, lower case. */
export function preferences(language: string | undefined): string[] {
  const weighted = (language ?? '').split(',').map((each) => {
    const [tag = '', ...options] = each.trim().split(';')
    const weight = options.map((option) => /^\s*q=([\d.]+)$/.exec(option)?.[1]).find((q) => q !== undefined)
    return { tag: tag.toLowerCase(), weight: weight === undefined ? 1 : Number(weight) }
  })
  return weighted
    .filter(({ tag, weight }) => /^[a-z]/.test(tag) && weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag)
}
