/** Which of the descriptions of a concept is shown, by acceptability in language reference sets (SNOMED CT Release File Specifications, 5.2.2). */
import type { Coding } from '../../../fhir/types.ts'
import type { SnomedDescription } from './content.ts'
import { dialectRefsets, US_ENGLISH } from './dialects.ts'
import { SNOMED } from './version-uri.ts'

/** Types of description. */
export const FULLY_SPECIFIED_NAME = '900000000000003001'
export const SYNONYM = '900000000000013009'
export const DEFINITION = '900000000000550004'

const PREFERRED = '900000000000548007'

/** Whether it is the one to be shown in a language reference set; in any of them where none is named. */
export const isPreferred = ({ dialects }: SnomedDescription, refset?: string): boolean =>
  dialects.some((each) => each.acceptability === PREFERRED && (refset === undefined || each.refset === refset))

const activeOf = (descriptions: readonly SnomedDescription[], type: string) =>
  descriptions.filter((each) => each.isActive && each.type === type)

/**
 * The term that stands for a concept where no language is asked for: the preferred synonym of American English; else one that is preferred
 * anywhere, any synonym, any name. English comes before other languages.
 */
export function usualDescription(descriptions: readonly SnomedDescription[]): SnomedDescription | undefined {
  const synonyms = activeOf(descriptions, SYNONYM)
  const english = synonyms.filter(isEnglish)
  return (
    synonyms.find((each) => isPreferred(each, US_ENGLISH)) ??
    english.find((each) => isPreferred(each)) ??
    synonyms.find((each) => isPreferred(each)) ??
    english[0] ??
    synonyms[0] ??
    activeOf(descriptions, FULLY_SPECIFIED_NAME)[0] ??
    descriptions.find((each) => each.type !== DEFINITION)
  )
}

const isEnglish = ({ language }: SnomedDescription) => language.toLowerCase().split('-')[0] === 'en'

/**
 * The preferred synonym of a dialect that has a reference set, or of a language; undefined where there is none: other texts may still serve
 * the wish by what RFC 4647 says.
 */
export function preferredDescription(
  descriptions: readonly SnomedDescription[],
  tag: string,
): SnomedDescription | undefined {
  const synonyms = activeOf(descriptions, SYNONYM)
  for (const refset of dialectRefsets(tag)) {
    const found = synonyms.find((each) => isPreferred(each, refset))
    if (found) return found
  }
  const lower = tag.toLowerCase()
  const ofLanguage = synonyms.filter((each) => each.language.toLowerCase() === lower)
  if (lower === 'en') {
    const usual = usualDescription(descriptions)
    if (usual && ofLanguage.includes(usual)) return usual
  }
  return ofLanguage.find((each) => isPreferred(each)) ?? ofLanguage[0]
}

/** The best description for wished languages, best first, by the steps of RFC 4647 §3.4; else the usual one. */
export function shownDescription(
  descriptions: readonly SnomedDescription[],
  languages: readonly string[],
): SnomedDescription | undefined {
  for (const tag of languages) {
    for (let range = tag; range !== ''; range = range.slice(0, Math.max(0, range.lastIndexOf('-')))) {
      const found = preferredDescription(descriptions, range)
      if (found) return found
    }
  }
  return usualDescription(descriptions)
}

const USES: Readonly<Record<string, string>> = {
  [FULLY_SPECIFIED_NAME]: 'Fully specified name',
  [SYNONYM]: 'Synonym',
  [DEFINITION]: 'Definition',
}

/** The type of a description as the use of a designation. */
export function useOf({ type }: SnomedDescription, termOf: (id: string) => string | undefined): Coding {
  const display = Object.hasOwn(USES, type) ? USES[type] : termOf(type)
  return { system: SNOMED, code: type, ...(display !== undefined && { display }) }
}

/** Designations in the order in which the first that fits is the one to show: the usual term, what is preferred, what is acceptable. */
export function inOrderOfUse(descriptions: readonly SnomedDescription[]): SnomedDescription[] {
  const usual = usualDescription(descriptions)
  const rank = (each: SnomedDescription) => {
    if (each === usual) return 0
    const kind = each.type === SYNONYM ? 1 : each.type === FULLY_SPECIFIED_NAME ? 3 : each.type === DEFINITION ? 7 : 5
    return kind + (isPreferred(each) ? 0 : 1)
  }
  return descriptions.toSorted((a, b) => rank(a) - rank(b))
}
