import type { Extension, ValueSet } from '../../fhir/types.ts'
import type { ConceptProperty } from '../code-system/code-system.ts'
import { chooseText, isWanted, shownDesignation, type Text, textsIn } from '../code-system/designations.ts'
import { EXTENSION, extensionText, extensionValue } from '../code-system/extensions.ts'
import { writtenSystem } from '../request/aliases.ts'
import type { Languages } from '../request/languages.ts'
import { enumeratedConcept } from '../value-set/clause.ts'
import type { Entry } from '../value-set/query.ts'

/** One entry of an expansion. */
export type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>[number]

/** How much of a member an expansion shows. */
export interface EntryOptions {
  languages: Languages | undefined
  includeDesignations: boolean
  /** Designations asked for; empty for all. */
  designations: string[]
  /** Property codes asked for; `*` for all. */
  properties: string[]
  /** Versions by url, where there is more than one of any system: entries of that carry theirs. */
  versions: ReadonlyMap<string, number> | undefined
  /** Collects code → uri of every property shown; none so far. */
  declared: Map<string, string | undefined> | undefined
}

const CONCEPT_PROPERTIES = 'http://hl7.org/fhir/concept-properties#'
/** How many concepts stand right below: what a tree that is opened level by level must know, without the codes of all of them. */
const CHILD_COUNT = 'childCount'
const CHILD_COUNT_URI = 'http://vidimus.org/fhir/concept-properties#childCount'
const SHOWN = new Set<string>([
  EXTENSION.alternate,
  EXTENSION.descriptionId,
  EXTENSION.renderingStyle,
  EXTENSION.renderingXhtml,
  EXTENSION.conceptDefinition,
  EXTENSION.deprecated,
])

/** A member as `expansion.contains` shows it (R4; R5's properties as extensions). */
export function containsEntry(entry: Entry, options: EntryOptions): Contains {
  const { provider, ref, clause } = entry
  const code = provider.code(ref)
  const concept = enumeratedConcept(clause, code, provider.head.caseSensitive)
  const made: Contains = { system: writtenSystem(clause.system ?? provider.head.url), code }
  const { head } = provider
  if (head.version && (head.versionNeeded === true || isOneOfSeveral(head.url, options))) made.version = head.version
  if (provider.isAbstract(ref)) made.abstract = true
  if (provider.isInactive(ref)) made.inactive = true
  if (options.languages || options.includeDesignations || options.designations.length > 0) {
    addTexts(made, textsIn(provider, ref, concept, options.languages), options)
  } else {
    const display = concept?.display ?? provider.display(ref)
    if (display !== undefined) made.display = display
  }
  const own = concept?.extension ?? NONE
  const inherited = provider.extensions(ref)
  // Of most members there is nothing more to say.
  if (own.length + inherited.length + options.properties.length === 0 && provider.status(ref) === undefined) return made
  const extension = [...shownExtensions(own, inherited), ...shownProperties(entry, own, options).map(propertyExtension)]
  if (extension.length > 0) made.extension = extension
  return made
}

const isOneOfSeveral = (url: string, { versions }: EntryOptions): boolean => (versions?.get(url) ?? 0) > 1

const NONE: Extension[] = []

function addTexts(made: Contains, texts: Text[], options: EntryOptions): void {
  const chosen = chooseText(texts, options.languages)
  if (chosen !== undefined) made.display = chosen.value
  if (!options.includeDesignations && options.designations.length === 0) return
  const designation = texts
    .filter((each) => each !== chosen && !repeats(each, chosen))
    .filter((each) => (options.designations.length === 0 ? !each.secondary : isWanted(each, options.designations)))
    .map(shownDesignation)
  if (designation.length > 0) made.designation = designation
}

const repeats = (text: Text, shown: Text | undefined) =>
  shown !== undefined &&
  text.value === shown.value &&
  (text.language === shown.language || !text.language) &&
  !text.use?.code

function shownExtensions(own: Extension[], inherited: Extension[]): Extension[] {
  const kept = own.filter((each) => SHOWN.has(each.url) || each.url === EXTENSION.standardsStatus)
  const others = inherited.filter((each) => SHOWN.has(each.url) && !kept.some((other) => other.url === each.url))
  return [...kept, ...others]
}

function shownProperties(entry: Entry, own: Extension[], options: EntryOptions): ConceptProperty[] {
  const { provider, ref } = entry
  const extensions = provider.extensions(ref)
  const status = provider.status(ref)
  const shown: ConceptProperty[] = []
  const show = (property: ConceptProperty, uri: string | undefined) => {
    if (shown.some((each) => each.code === property.code && each.value === property.value)) return
    options.declared ??= new Map()
    options.declared.set(property.code, uri)
    shown.push(property)
  }
  const asked = (code: string) => options.properties.includes(code) || options.properties.includes('*')
  const definition = provider.definition(ref)
  if (asked('definition') && definition !== undefined) {
    show({ code: 'definition', member: 'valueString', value: definition }, `${CONCEPT_PROPERTIES}definition`)
  }
  const order = extensionValue(own, EXTENSION.setOrder) ?? extensionValue(extensions, EXTENSION.conceptOrder)
  const label = extensionText(own, EXTENSION.setLabel) ?? extensionText(extensions, EXTENSION.conceptLabel)
  const weight = extensionValue(own, EXTENSION.weight) ?? extensionValue(extensions, EXTENSION.weight)
  if (typeof order === 'number')
    show({ code: 'order', member: 'valueDecimal', value: order }, `${CONCEPT_PROPERTIES}order`)
  if (label !== undefined) show({ code: 'label', member: 'valueString', value: label }, `${CONCEPT_PROPERTIES}label`)
  if (typeof weight === 'number')
    show({ code: 'weight', member: 'valueDecimal', value: weight }, `${CONCEPT_PROPERTIES}itemWeight`)
  if (status !== undefined && status !== 'active') {
    show({ code: 'status', member: 'valueCode', value: status }, `${CONCEPT_PROPERTIES}status`)
  }
  for (const property of provider.properties(ref)) {
    if (asked(property.code)) show(property, provider.head.properties.get(property.code)?.uri)
  }
  for (const [code, refs] of [
    ['parent', provider.parents],
    ['child', provider.children],
  ] as const) {
    if (!options.properties.includes(code)) continue
    for (const each of refs(ref)) {
      show({ code, member: 'valueCode', value: provider.code(each) }, CONCEPT_PROPERTIES + code)
    }
  }
  // Where a system has a property of that name, that one is meant, and has been shown above.
  if (options.properties.includes(CHILD_COUNT) && !provider.hasProperty(CHILD_COUNT))
    show({ code: CHILD_COUNT, member: 'valueInteger', value: provider.children(ref).length }, CHILD_COUNT_URI)
  return shown
}

function propertyExtension({ code, member, value }: ConceptProperty): Extension {
  return {
    url: EXTENSION.containsProperty,
    extension: [
      { url: 'code', valueCode: code },
      { url: 'value', [member]: value },
    ],
  }
}
