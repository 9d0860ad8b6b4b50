/** Several editions and versions over the small release, for tests: none of them is anybody's. */
import type { SnomedContent } from '../../../../src/terminology/vocabularies/snomed/content.ts'
import { modelledRelease } from '../../../support/snomed/modelled-release.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import type { Rf2Rows } from '../../../support/snomed/rf2-rows.ts'
import { small, smallRelease, smallVersion } from '../../../support/snomed/small-release.ts'

/** The release without some concepts, under another version. */
function without(keys: readonly string[], version: string): SnomedContent {
  const rows: Rf2Rows = smallRelease()
  const gone = new Set(keys.map(small))
  return naiveContent({
    ...rows,
    version,
    concepts: rows.concepts.filter(({ id }) => !gone.has(id)),
    descriptions: rows.descriptions.filter(({ conceptId }) => !gone.has(conceptId)),
    relationships: rows.relationships.filter((each) => !gone.has(each.sourceId) && !gone.has(each.destinationId)),
  })
}

/** Version URIs by name. */
export const versions = {
  small: smallVersion,
  earlier: smallVersion.replace('20270131', '20260131'),
  international: 'http://snomed.info/sct/900000000000207008/version/20250101',
  later: 'http://snomed.info/sct/900000000000207008/version/20250701',
  american: 'http://snomed.info/sct/731000124108/version/20270301',
  modelled: smallVersion.replace('20270131', '20280131'),
} as const

export type ReleaseName = keyof typeof versions

const made: Record<ReleaseName, SnomedContent> = {
  small: naiveContent(smallRelease()),
  earlier: without(['skinburn'], versions.earlier),
  international: without(['feather', 'sadness'], versions.international),
  later: without(['feather'], versions.later),
  american: without(['claw'], versions.american),
  modelled: naiveContent(modelledRelease(versions.modelled)),
}

/** The content of a release by its name. */
export const release = (name: ReleaseName): SnomedContent => made[name]
