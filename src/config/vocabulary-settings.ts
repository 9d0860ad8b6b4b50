/** Settings of vocabularies that are imported. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const vocabularySettings = [
  {
    variable: 'SNOMED_EDITION',
    kind: 'edition',
    fallbackText: 'the International Edition where it is there, else the newest version',
    description:
      'Edition of SNOMED CT that counts where a request names none: `http://snomed.info/sct/731000124108`, or its module alone. Of several versions of it the newest; `…/version/20250901` behind it names one.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface VocabularyConfig {
  /** URI of an edition or version of SNOMED CT, or the identifier of its module. */
  snomedEdition: string | undefined
}

/** Reads them. */
export const readVocabularySettings = (texts: ReadonlyMap<string, string>): VocabularyConfig => ({
  snomedEdition: texts.get('SNOMED_EDITION'),
})
