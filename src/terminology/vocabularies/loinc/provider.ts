/** LOINC over its index (https://terminology.hl7.org/LOINC.html): what is particular of it beside a large code system. */
import type { CodeSystemProvider, ConceptProperty, LookedUpProperty, Ref } from '../../code-system/code-system.ts'
import { propertiesOf } from '../../code-system/concept-index.ts'
import type { OpenIndex } from '../../code-system/large/large-code-system.ts'
import { CLASS_TYPES } from './class-types.ts'
import { loincFilter } from './filters.ts'

/** Extension of a text: its language. */
const LANGUAGE = 'http://hl7.org/fhir/StructureDefinition/language'

/** What a look-up tells without being asked; what supplementary links and the history of a term say is told on request. */
const TOLD = new Set([
  ...['COMPONENT', 'PROPERTY', 'TIME_ASPCT', 'SYSTEM', 'SCALE_TYP', 'METHOD_TYP', 'CLASS', 'CLASSTYPE', 'STATUS'],
  ...['ORDER_OBS', 'EXAMPLE_UNITS', 'EXAMPLE_UCUM_UNITS', 'UNITSREQUIRED', 'PanelType', 'AskAtOrderEntry'],
  ...['ValidHL7AttachmentRequest', 'EXTERNAL_COPYRIGHT_NOTICE', 'RELATEDNAMES2', 'MAP_TO', 'parent', 'child'],
  ...['Answer', 'AnswerList', 'answers-for', 'answer-list'],
])

/** The provider of a release. */
export function loincProvider(index: OpenIndex): CodeSystemProvider {
  const { provider } = index
  const status = (ref: Ref) => {
    const own = provider.status(ref)
    return own === 'ACTIVE' ? undefined : own
  }
  const linked = (code: string, refs: Ref[]): ConceptProperty[] =>
    refs.map((each) => ({ code, member: 'valueCode', value: provider.code(each) }))
  const properties = (ref: Ref) => [
    ...storedProperties(index, ref),
    ...linked('parent', provider.parents(ref)),
    ...linked('child', provider.children(ref)),
  ]
  return {
    ...provider,
    status,
    // Of a term that is discouraged the ecosystem says that alone.
    inactiveAs: status,
    successors: (ref) => {
      const codes = storedProperties(index, ref).flatMap(({ code, value }) => (code === 'MAP_TO' ? String(value) : []))
      return codes.length === 0 ? undefined : `use instead: ${codes.join(', ')}`
    },
    properties,
    lookUp: (ref, asked) => [
      { code: 'inactive', member: 'valueBoolean', value: provider.isInactive(ref) },
      ...properties(ref).filter(({ code }) => code !== 'inactive' && isWanted(code, asked)),
    ],
    filter: loincFilter(index),
  }
}

const isWanted = (code: string, asked: readonly string[]): boolean =>
  asked.length > 0 ? asked.includes('*') || asked.includes(code) : TOLD.has(code) || /^(?:document|rad)-/.test(code)

function storedProperties({ concept }: OpenIndex, ref: Ref): LookedUpProperty[] & ConceptProperty[] {
  return (concept(ref).property ?? []).flatMap((each) =>
    propertiesOf({ property: [each] }).map((property) => {
      const language = each.extension?.find(({ url }) => url === LANGUAGE)?.valueCode
      const description = each.code === 'CLASSTYPE' ? CLASS_TYPES[String(property.value)] : undefined
      return { ...property, ...(language && { language }), ...(description && { description }) }
    }),
  )
}
