/** Which of the descriptions of a concept is shown, by acceptability in language reference sets (SNOMED CT Release File Specifications, 5.2.2). */
import type { Coding } from '../../../../fhir/types.ts'
import type { SnomedDescription } from '../content.ts'
import { SCT } from '../names.ts'
import { SNOMED } from '../version-uri.ts'
import { dialectRefsets } from './dialects.ts'

/** Whether it is the one to be shown in a language reference set; in any of them where none is named. */
export const isPreferred = ({ dialects }: SnomedDescription, refset?: string): boolean =>
  dialects.some((each) => each.acceptability === SCT.preferred && (refset === undefined || each.refset === refset))

const activeOf = (descriptions: readonly SnomedDescription[], type: string) =>
  descriptions.filter((each) => each.isActive && each.type === type)

/**
 * The description that stands for a concept where no language is asked for: the preferred synonym of American English, else of British
 * English, else of any language; else the first synonym, else a name; what is active first. Files keep its term as the display of the
 * concept (../write/preferred-display.ts).
 */
export function usualDescription(descriptions: readonly SnomedDescription[]): SnomedDescription | undefined {
  let best: SnomedDescription | undefined
  let bestRank = Number.POSITIVE_INFINITY
  for (const each of descriptions) {
    const rank = usualRank(each)
    if (rank < bestRank) [best, bestRank] = [each, rank]
  }
  return best
}

function usualRank(each: SnomedDescription): number {
  if (each.type === SCT.definition) return Number.POSITIVE_INFINITY
  const inactive = each.isActive ? 0 : 10
  if (each.type !== SCT.synonym) return inactive + 5
  if (!each.isActive) return inactive + 4
  if (isPreferred(each, SCT.americanEnglish)) return 0
  if (isPreferred(each, SCT.britishEnglish)) return 1
  return isPreferred(each) ? 2 : 4
}

/**
 * The preferred synonym of a dialect that has a reference set, or of a language; undefined where there is none: other texts may still serve
 * the wish by what RFC 4647 says.
 */
export function preferredDescription(
  descriptions: readonly SnomedDescription[],
  tag: string,
): SnomedDescription | undefined {
  const synonyms = activeOf(descriptions, SCT.synonym)
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
  [SCT.fullySpecifiedName]: 'Fully specified name',
  [SCT.synonym]: 'Synonym',
  [SCT.definition]: 'Definition',
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
    const kind =
      each.type === SCT.synonym ? 1 : each.type === SCT.fullySpecifiedName ? 3 : each.type === SCT.definition ? 7 : 5
    return kind + (isPreferred(each) ? 0 : 1)
  }
  if (descriptions.length < 2) return [...descriptions]
  return descriptions
    .map((each) => ({ each, at: rank(each) }))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each)
}
