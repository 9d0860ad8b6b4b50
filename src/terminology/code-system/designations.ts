import type { Coding, Extension } from '../../fhir/types.ts'
import { closest, type Languages } from '../request/languages.ts'
import type { EnumeratedConcept } from '../value-set/clause.ts'
import type { CodeSystemProvider, Designation, Ref } from './code-system.ts'
import { EXTENSION } from './extensions.ts'

/** `use` of a display that stands among designations. */
export const PREFERRED: Coding & { system: string; code: string } = {
  system: 'http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra',
  code: 'preferredForLanguage',
  display: 'Preferred For Language',
}

/** A text by which a concept may be shown. */
export interface Text extends Designation {
  /** The display of system or value set, rather than one of the designations. */
  isDisplay: boolean
}

const DISPLAY_USES = new Set([
  'display',
  'preferredForLanguage',
  '900000000000003001',
  '900000000000013009',
  'preferred',
  // Columns of LOINC that hold a name of the term (https://loinc.org/kb/users-guide/loinc-database-structure/).
  'LONG_COMMON_NAME',
  'LinguisticVariantDisplayName',
  'SHORTNAME',
  'DisplayName',
])

/** Whether a designation may stand where a display is expected: no use, or a use that says so. */
export function isDisplayLike(text: Text): boolean {
  return text.isDisplay || !text.use?.code || DISPLAY_USES.has(text.use.code)
}

/** Displays are compared without regard to case. */
export const sameText = (a: string, b: string) => a === b || a.toLowerCase() === b.toLowerCase()

/** All texts of a concept, the display first; what the value set says comes before what the code system says. */
export function textsOf(provider: CodeSystemProvider, ref: Ref, concept?: EnumeratedConcept): Text[] {
  const texts: Text[] = []
  const language = provider.displayLanguage ? provider.displayLanguage(ref) : provider.head.language
  const own = provider.display(ref)
  const display = concept?.display ?? own
  if (display !== undefined) texts.push({ value: display, language, isDisplay: true })
  for (const each of concept?.designation ?? []) texts.push({ ...each, isDisplay: false })
  if (concept?.display !== undefined && own !== undefined && own !== concept.display) {
    texts.push({ value: own, language, use: PREFERRED, isDisplay: false })
  }
  for (const each of provider.designations(ref)) texts.push({ ...each, isDisplay: false })
  return texts
}

/** All texts of a concept, with those that the system computes for the wished languages. */
export function textsIn(
  provider: CodeSystemProvider,
  ref: Ref,
  concept: EnumeratedConcept | undefined,
  languages: Languages | undefined,
): Text[] {
  const texts = textsOf(provider, ref, concept)
  if (!provider.translate || !languages) return texts
  for (const language of languages.tags) {
    const value = provider.translate(ref, language)
    if (value !== undefined) texts.push({ value, language, isDisplay: false })
  }
  return texts
}

/**
 * The text to show in the wished languages: the display or designation that a look-up of the best range finds (RFC 4647 §3.4),
 * else the display; nothing when other languages are refused and none of the texts is in a wished one.
 */
export function chooseText(texts: Text[], languages: Languages | undefined): Text | undefined {
  const display = texts.find((each) => each.isDisplay)
  if (!languages) return display
  for (const range of languages.tags) {
    const nearest = (some: Text[]) => closest(range, languages, some, (each) => each.language)
    const found = nearest(texts.filter(isDisplayLike)) ?? nearest(texts)
    if (found) return found
  }
  return languages.only && display?.language !== undefined ? undefined : display
}

const KEPT = new Set<string>([
  EXTENSION.descriptionId,
  EXTENSION.standardsStatus,
  EXTENSION.renderingStyle,
  EXTENSION.renderingXhtml,
])

/** A designation as replies carry it: without extensions nobody agreed on. */
export function shownDesignation(text: Text): {
  language?: string
  use?: Coding
  value: string
  extension?: Extension[]
} {
  const { value, language } = text
  const extension = text.extension?.filter((each) => KEPT.has(each.url)) ?? NO_EXTENSIONS
  const use = text.isDisplay ? PREFERRED : text.use
  // Most are a language and a value.
  if (extension.length === 0 && !use) return language ? { language, value } : { value }
  return {
    ...(extension.length > 0 && { extension }),
    ...(language && { language }),
    ...(use && { use }),
    value,
  }
}

const NO_EXTENSIONS: Extension[] = []

/** Whether a designation is one of those asked for: a language, `urn:ietf:bcp:47|language` (a token, no range), or `system|code` of its use. */
export function isWanted(text: Text, wanted: string[]): boolean {
  return wanted.some((token) => {
    const bar = token.lastIndexOf('|')
    const system = bar < 0 ? 'urn:ietf:bcp:47' : token.slice(0, bar)
    const code = token.slice(bar + 1)
    if (system === 'urn:ietf:bcp:47') return text.language?.toLowerCase() === code.toLowerCase()
    const use = text.isDisplay ? PREFERRED : text.use
    return use?.system === system && use.code === code
  })
}
