/** Which files of a LOINC release are read (https://loinc.org/kb/users-guide/loinc-database-structure/), and what it lacks. */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { unprocessable } from '../../../fhir/error.ts'
import type { ReleaseFiles } from '../source.ts'

/** The tables that make a release; without one of them it is half a release. */
const REQUIRED = {
  terms: ['LoincTable/Loinc.csv'],
  parts: ['AccessoryFiles/PartFile/Part.csv'],
  partLinks: ['AccessoryFiles/PartFile/LoincPartLink_Primary.csv'],
  answers: ['AccessoryFiles/AnswerFile/AnswerList.csv'],
  answerLinks: ['AccessoryFiles/AnswerFile/LoincAnswerListLink.csv'],
  hierarchy: [
    'AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv',
    'AccessoryFiles/MultiAxialHierarchy/MultiAxialHierarchy.csv',
  ],
} as const

/** What a release may lack; an import says so. */
const OPTIONAL = {
  mapTo: ['LoincTable/MapTo.csv'],
  furtherLinks: ['AccessoryFiles/PartFile/LoincPartLink_Supplementary.csv'],
  consumerNames: ['AccessoryFiles/ConsumerName/ConsumerName.csv'],
  variants: ['AccessoryFiles/LinguisticVariants/LinguisticVariants.csv'],
  groups: ['AccessoryFiles/GroupFile/Group.csv'],
  parentGroups: ['AccessoryFiles/GroupFile/ParentGroup.csv'],
  groupTerms: ['AccessoryFiles/GroupFile/GroupLoincTerms.csv'],
} as const

type Required = keyof typeof REQUIRED
type Optional = keyof typeof OPTIONAL

/** A linguistic variant: its file and its language as BCP 47 has it. */
export interface Variant {
  file: string
  language: string
}

/** The files of a release by what they hold, as names within it. */
export interface LoincFiles {
  files: ReleaseFiles
  names: Record<Required, string> & Partial<Record<Optional, string>>
  /** Names of the files with translations, by the number of the variant. */
  translations: ReadonlyMap<string, string>
  /** What is there and what is missing, for people. */
  findings: string[]
}

/**
 * Finds the tables of a release.
 * @throws FhirError 422 naming every table that is missing, or a table that is there twice
 */
export function loincFiles(files: ReleaseFiles): LoincFiles {
  const found = new Map<string, string>()
  const look = (places: readonly string[]): string | undefined => {
    const here = places.flatMap((place) => files.names.filter((name) => isAt(name, place)))
    const [first, second] = here
    if (second !== undefined && places.length === 1)
      throw unprocessable(`${basename(files.path)} holds ${first} and ${second}: give one release`, 'duplicate')
    return first
  }
  const missing: string[] = []
  for (const [what, places] of Object.entries(REQUIRED)) {
    const name = look(places)
    if (name === undefined) missing.push(places[0])
    else found.set(what, name)
  }
  if (missing.length > 0)
    throw unprocessable(
      `${basename(files.path)} is no whole release of LOINC: it lacks ${missing.join(', ')}`,
      'incomplete',
    )
  const lacking: string[] = []
  for (const [what, places] of Object.entries(OPTIONAL)) {
    const name = look(places)
    if (name === undefined) lacking.push(places[0])
    else found.set(what, name)
  }
  const translations = new Map<string, string>()
  for (const name of files.names) {
    const number = /(?:^|\/)[a-z]{2,3}[A-Z]{2}(\d+)LinguisticVariant\.csv$/.exec(name)?.[1]
    if (number !== undefined) translations.set(number, name)
  }
  const findings = [`${found.size} tables and ${translations.size} translations are there`]
  if (lacking.length > 0) findings.push(`not there, and done without: ${lacking.join(', ')}`)
  const names = Object.fromEntries(found) as LoincFiles['names']
  return { files, names, translations, findings }
}

const isAt = (name: string, place: string) => name === place || name.endsWith(`/${place}`)

/** Every file that is read. */
const namesRead = ({ names, translations }: LoincFiles): string[] =>
  [...new Set([...Object.values(names), ...translations.values()])].sort()

/** Size and hash of all that is read. */
export function measure(release: LoincFiles): { bytes: number; sha256: string } {
  const hash = createHash('sha256')
  let bytes = 0
  for (const name of namesRead(release)) {
    bytes += release.files.bytes(name)
    hash.update(`${name.split('/').pop()} ${release.files.sha256(name)}\n`)
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** The version that the names of the release say, e.g. `2.82` of `Loinc_2.82`; undefined when they say none. */
export function versionInNames({ files, names }: LoincFiles): string | undefined {
  const said = `${basename(files.path)}/${names.terms}`
  return /(?:^|[^A-Za-z])loinc[_ -]?v?(\d+\.\d+[a-z]?)(?![\d.]*\d)/i.exec(said)?.[1]
}

/** A version as LOINC itself writes it: `LOINC_2.82` is `2.82`. */
export const plainVersion = (version: string): string => version.replace(/^loinc[_ -]?v?/i, '')
