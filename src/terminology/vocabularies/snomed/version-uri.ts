/**
 * Names of editions and versions of SNOMED CT (SNOMED CT URI Standard, 2.1 and 2.2): an edition is
 * `http://snomed.info/sct/<module>`, a version of it has `/version/<date>` behind that; `xsct` stands for what is not published.
 */

/** The code system, whatever the edition. */
export const SNOMED = 'http://snomed.info/sct'

/** Module of the International Edition. */
export const INTERNATIONAL = '900000000000207008'

/** An edition or version in parts. */
export interface SnomedUri {
  /** False for `xsct`. */
  published: boolean
  module: string
  /** `20250909`; absent when only the edition is named. */
  date?: string
}

const URI = /^http:\/\/snomed\.info\/(x?)sct\/(\d{6,18})(?:\/version\/(\d{8}))?$/

/** Reads the URI of an edition or version; undefined for any other text. */
export function parseSnomedUri(text: string | undefined): SnomedUri | undefined {
  const [, unpublished, module, date] = (text !== undefined && URI.exec(text)) || []
  if (module === undefined) return undefined
  return { published: unpublished === '', module, ...(date !== undefined && { date }) }
}

/** Whether a text names an edition without a date, and the version is one of it. */
export function isOfEdition(edition: string, version: string): boolean {
  if (!version.startsWith(edition)) return false
  const named = parseSnomedUri(edition)
  return named !== undefined && named.date === undefined && version.startsWith(`${edition}/version/`)
}

/** Whether a text names an edition of SNOMED CT without a date. */
export const isEdition = (text: string): boolean => {
  const named = parseSnomedUri(text)
  return named !== undefined && named.date === undefined
}

/**
 * Orders versions of any editions, the older first: by date; on one day the unpublished before the published, other editions before the
 * international one. Undefined where one of them is no version of SNOMED CT.
 */
export function compareSnomedVersions(a: string, b: string): number | undefined {
  const left = parseSnomedUri(a)
  const right = left && parseSnomedUri(b)
  if (!left || !right) return undefined
  const day = (left.date ?? '').localeCompare(right.date ?? '')
  if (day !== 0) return day
  return (
    Number(left.published) - Number(right.published) ||
    Number(left.module === INTERNATIONAL) - Number(right.module === INTERNATIONAL) ||
    left.module.localeCompare(right.module)
  )
}

/** Names of editions by their module, as their publishers call them. */
const NAMES: Record<string, string> = {
  [INTERNATIONAL]: 'International Edition',
  '731000124108': 'United States Edition',
  '83821000000107': 'United Kingdom Edition',
  '999000041000000102': 'United Kingdom Clinical Edition',
  '999000011000001104': 'United Kingdom Drug Edition',
  '32506021000036107': 'Australian Edition',
  '20611000087101': 'Canadian Edition',
  '21000210109': 'New Zealand Edition',
  '11000220105': 'Irish Edition',
  '11000172109': 'Belgian Edition',
  '11000146104': 'Netherlands Edition',
  '554471000005108': 'Danish Edition',
  '45991000052106': 'Swedish Edition',
  '51000202101': 'Norwegian Edition',
  '11000181102': 'Estonian Edition',
  '11000274103': 'German Edition',
  '11000234105': 'Austrian Edition',
  '2011000195101': 'Swiss Edition',
  '11000315107': 'French Edition',
  '449081005': 'International Spanish Edition',
  '900000001000122104': 'Spanish Edition',
  '11000221109': 'Argentine Edition',
  '5631000179106': 'Uruguayan Edition',
  '11000318109': 'Jamaican Edition',
  '332351000009108': 'Veterinary Extension Edition',
  '827022005': 'International Patient Summary Terminology',
}

/** Name of an edition by its module; undefined for one that has none here. */
export const editionName = (module: string): string | undefined =>
  Object.hasOwn(NAMES, module) ? NAMES[module] : undefined
