import type { Extension } from '../fhir/types.ts'

/** https://hl7.org/fhir/R4/extension-translation.html */
export const translationUrl = 'http://hl7.org/fhir/StructureDefinition/translation'

/** A text in another language than the one that it was written in. */
export interface Translation {
  /** BCP 47, as the author wrote it. */
  language: string
  text: string
}

type Translated = { extension?: Extension[] | undefined } | undefined

/**
 * A text in the language asked for, by the extension `translation`; the text itself when there is none, any translation when there is no
 * text; never an empty one. `language` is a tag or a whole Accept-Language value.
 */
export function translated(
  text: string | undefined,
  element: Translated,
  language: string | undefined,
): string | undefined {
  const own = text?.trim() ? text : undefined
  const translations = translationsOf(element)
  const found = chosen(own, translations, language)
  return found?.text ?? own ?? translations.values().next().value?.text
}

/** The translation of a text that is asked for; undefined where that is the text itself, or there is none. */
export function translationOf(
  text: string | undefined,
  element: Translated,
  language: string | undefined,
): Translation | undefined {
  // A plan that is not shaped as FHIR wants it may hold anything.
  const isSound = typeof text === 'string' && Array.isArray(element?.extension)
  if (language === undefined || !isSound) return undefined
  return chosen(text.trim() ? text : undefined, translationsOf(element), language)
}

/** By their languages in lower case. */
function translationsOf(element: Translated): Map<string, Translation> {
  const translations = new Map<string, Translation>()
  for (const each of element?.extension ?? []) {
    if (each?.url !== translationUrl || !Array.isArray(each.extension)) continue
    const part = (name: string) => each.extension?.find((one) => one?.url === name)
    const tag = part('lang')?.valueCode
    const content = part('content')
    const value = content?.valueString ?? content?.valueMarkdown
    if (typeof tag === 'string' && typeof value === 'string' && value.trim())
      translations.set(tag.toLowerCase(), { language: tag, text: value })
  }
  return translations
}

/** The first that is asked for; undefined where that is the text itself, or none of them. */
function chosen(
  own: string | undefined,
  translations: ReadonlyMap<string, Translation>,
  language: string | undefined,
): Translation | undefined {
  for (const tag of preferences(language)) {
    const found = translations.get(tag) ?? translations.get(tag.split('-')[0] ?? tag)
    if (found !== undefined) return found
    // The plain text is English by convention of the rule sets, so English needs no translation.
    if (tag.split('-')[0] === 'en' && own !== undefined) return undefined
  }
  return undefined
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
