/** SNOMED CT as a code system (https://hl7.org/fhir/R4/snomedct.html): one version of one edition. */
import { keep } from '../../../../base/keep.ts'
import type { CodeSystem, Extension } from '../../../../fhir/types.ts'
import type { CodeSystemHead, CodeSystemProvider, Designation, Ref } from '../../../code-system/code-system.ts'
import { headOf } from '../../../code-system/concept-index.ts'
import { asOrdinal, listSelection, rangeSelection } from '../../../code-system/selection.ts'
import type { SnomedContent, SnomedDescription } from '../content.ts'
import { eclConstraint } from '../ecl/constraint.ts'
import { SCT } from '../names.ts'
import { indexWords } from '../term-words.ts'
import { editionName, INTERNATIONAL, parseSnomedUri, SNOMED } from '../version-uri.ts'
import { attributeOf } from './attribute-values.ts'
import { SNOMED_FILTERS, snomedFilter } from './filters.ts'
import { implicitMap, successors } from './implicit-map.ts'
import { conceptProperties, declaredProperties, lookedUpProperties } from './properties.ts'
import { lazySelection, withOrdinal } from './selections.ts'
import { inOrderOfUse, isPreferred, preferredDescription, shownDescription, useOf, usualDescription } from './terms.ts'

/**
 * A release as a code system.
 * @param resource the CodeSystem that stands in the store, without concepts
 * @param display usual terms by ordinal, where they are kept beside the descriptions: read at once
 */
export function snomedProvider(
  resource: CodeSystem,
  content: SnomedContent,
  display?: (concept: number) => string | undefined,
): CodeSystemProvider {
  const texts = readTexts(content, display)
  const { term, termIn, descriptions } = texts
  const all = rangeSelection(0, content.count)
  const filter = snomedFilter(content, eclConstraint(content))
  const numbers = (list: Int32Array): Ref[] => Array.from(list)
  const { hierarchy } = content
  const head = releaseHead(resource, content, texts)
  return {
    head,
    all,
    // A concept stands below several others: a forest would show most of them again and again.
    hierarchical: false,
    hasInactive: true,
    locate: (code) => ordinalIn(content, code),
    code: (ref) => content.idOf(asOrdinal(ref)),
    display: (ref) => term(asOrdinal(ref)),
    displayLanguage: (ref) =>
      typeof ref === 'number' ? languageOf(usualDescription(descriptions(ref))) : head.language,
    definition: () => undefined,
    designations: (ref) => designations(descriptions(asOrdinal(ref)), (id) => term(content.ordinalOf(id))),
    formerDesignations: (ref) => formerDesignations(descriptions(asOrdinal(ref))),
    properties: (ref) => conceptProperties(content, asOrdinal(ref), term),
    lookUp: (ref, asked, languages) =>
      lookedUpProperties(content, asOrdinal(ref), {
        asked,
        term: languages.length === 0 ? term : (concept) => termIn(concept, languages),
        usualTerm: term,
      }),
    extensions: () => NO_EXTENSIONS,
    isInactive: (ref) => !content.isActive(asOrdinal(ref)),
    isAbstract: () => false,
    status: (ref) => (content.isActive(asOrdinal(ref)) ? undefined : 'inactive'),
    successors: (ref) => successors(content, asOrdinal(ref), term),
    parents: (ref) => numbers(hierarchy.parents(asOrdinal(ref))),
    children: (ref) => numbers(hierarchy.children(asOrdinal(ref))),
    subsumes: (ancestor, descendant) => hierarchy.subsumes(asOrdinal(ancestor), asOrdinal(descendant)),
    descendants: (ref) => {
      const start = asOrdinal(ref)
      return lazySelection(
        (concept) => hierarchy.subsumes(start, concept),
        () => withOrdinal(hierarchy.descendants(start), start),
      )
    },
    hasProperty: (code) => declaredProperties.has(code) || (/^\d+$/.test(code) && attributeOf(content, code) >= 0),
    search: (text) => listSelection(content.found(indexWords(text))),
    filter,
    implicitMap: (id) => implicitMap(content, id, term),
    translate: (ref, language) => preferredDescription(descriptions(asOrdinal(ref)), language)?.term,
  }
}

const NO_EXTENSIONS: Extension[] = []

const ordinalIn = (content: SnomedContent, code: string): number | undefined => {
  const found = content.ordinalOf(code)
  return found < 0 ? undefined : found
}

/** Descriptions kept in memory, which are asked for several times for one answer. */
const KEPT = 200

interface Texts {
  /** Usual term of a concept; undefined for -1, too. */
  term(concept: number): string | undefined
  /** Its term in the best of some languages. */
  termIn(concept: number, languages: readonly string[]): string | undefined
  descriptions(concept: number): SnomedDescription[]
}

function readTexts(content: SnomedContent, display?: (concept: number) => string | undefined): Texts {
  const kept = keep<number, SnomedDescription[]>(KEPT)
  const descriptions = (concept: number) =>
    concept < 0 ? [] : kept.of(concept, () => inOrderOfUse(content.descriptions(concept)))
  return {
    descriptions,
    term: (concept) => {
      if (concept < 0) return undefined
      return display ? display(concept) : usualDescription(descriptions(concept))?.term
    },
    termIn: (concept, languages) => shownDescription(descriptions(concept), languages)?.term,
  }
}

/** Language of a term that is shown: American English has its own tag. */
function languageOf(description: SnomedDescription | undefined): string | undefined {
  if (!description) return undefined
  return description.language === 'en' && isPreferred(description, SCT.americanEnglish) ? 'en-US' : description.language
}

function designations(
  descriptions: readonly SnomedDescription[],
  termOf: (id: string) => string | undefined,
): Designation[] {
  return descriptions
    .filter((each) => each.isActive)
    .map((each) => ({
      language: each.language,
      use: useOf(each, termOf),
      value: each.term,
      ...((each.type === SCT.definition || !isPreferred(each)) && { secondary: true as const }),
    }))
}

function formerDesignations(descriptions: readonly SnomedDescription[]): (Designation & { status: string })[] {
  return descriptions
    .filter((each) => !each.isActive && each.type !== SCT.definition)
    .map((each) => ({ language: each.language, value: each.term, status: 'inactive' }))
}

/** What is known of a release beside its concepts. */
function releaseHead(resource: CodeSystem, content: SnomedContent, { descriptions }: Texts): CodeSystemHead {
  const { caseUnstated, compositional, ...head } = headOf(resource)
  const root = content.ordinalOf(SCT.root)
  const languages = new Set(descriptions(root).map(({ language }) => language))
  return {
    ...head,
    url: SNOMED,
    version: content.version,
    name: `${SNOMED}|${content.version}`,
    language: languageOf(usualDescription(descriptions(root))) ?? 'en-US',
    content: 'complete',
    caseSensitive: true,
    hierarchyMeaning: 'is-a',
    valueSet: `${SNOMED}?fhir_vs`,
    properties: declaredProperties,
    unbounded: {},
    isRelease: true,
    edition: nameOf(content),
    declared: { filters: SNOMED_FILTERS, languages: [...languages].sort() },
  }
}

/** Modules of the international edition: of its content, and of its metadata. */
const INTERNATIONAL_MODULES = new Set([INTERNATIONAL, '900000000000012004'])

/**
 * The name of an edition: a known one, that of its module where it has descriptions, else that of the edition that all of its concepts
 * are taken from.
 */
function nameOf(content: SnomedContent): string {
  const module = parseSnomedUri(content.version)?.module ?? ''
  const known = editionName(module)
  if (known !== undefined) return known
  return isInternational(content) ? (editionName(INTERNATIONAL) ?? module) : `edition of module ${module}`
}

/** Whether all but a few concepts, the modules of an extract themselves, are of the international edition. */
function isInternational(content: SnomedContent): boolean {
  let others = 0
  for (let concept = 0; concept < content.count; concept++) {
    if (!INTERNATIONAL_MODULES.has(content.moduleOf(concept)) && ++others > MOST_OTHERS) return false
  }
  return true
}

const MOST_OTHERS = 2
