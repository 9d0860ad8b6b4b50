/**
 * Language reference sets by the tags of the dialects whose terms they choose (SNOMED CT Expression Constraint Language, appendix C,
 * dialect aliases), and by tags that name a reference set itself (Using SNOMED CT with HL7 Standards: `en-x-sctlang-90000000-00005080-04`).
 */

/** Reference set of English as it is written in the United States: what counts where no language is asked for. */
export const US_ENGLISH = '900000000000509007'

/** Dialect, lower case → its language reference sets, the first that has a term decides. */
const DIALECTS: Readonly<Record<string, readonly string[]>> = {
  'da-dk': ['554461000005103'],
  de: ['722130004'],
  'en-au': ['32570271000036106'],
  'en-ca': ['19491000087109'],
  'en-gb': ['900000000000508004'],
  'en-gb-x-drug': ['999000681000001101'],
  'en-gb-x-ext': ['999001251000000103'],
  'en-ie': ['21000220103'],
  'en-nz': ['271000210107'],
  'en-nz-x-pat': ['281000210109'],
  'en-us': [US_ENGLISH],
  'en-x-gmdn': ['608771002'],
  'en-x-nhs-clinical': ['999001261000000100'],
  'en-x-nhs-dmd': ['999000671000001103'],
  'en-x-nhs-pharmacy': ['999000691000001104'],
  es: ['450828004', '448879004'],
  'es-uy': ['5641000179103'],
  'et-ee': ['71000181105'],
  fr: ['722131000'],
  'fr-be': ['21000172104'],
  'fr-ca': ['20581000087109'],
  ja: ['722129009'],
  mi: ['291000210106'],
  'nb-no': ['61000202103'],
  'nl-be': ['31000172101'],
  'nl-nl': ['31000146106'],
  'nn-no': ['91000202106'],
  'sv-se': ['46011000052107'],
  zh: ['722128001'],
}

/** Dialects that have a name here. */
export const knownDialects: readonly string[] = Object.keys(DIALECTS)

const NONE: readonly string[] = []

/** The language reference sets of a dialect, by its tag in any case; none for one that has none here. */
export function dialectRefsets(tag: string): readonly string[] {
  const lower = tag.toLowerCase()
  if (Object.hasOwn(DIALECTS, lower)) return DIALECTS[lower] ?? NONE
  const named = /-x-sctlang-([\d-]+)$/.exec(lower)?.[1]?.replaceAll('-', '')
  return named !== undefined && /^\d{6,18}$/.test(named) ? [named] : NONE
}
