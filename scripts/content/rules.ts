import { readFileSync } from 'node:fs'
import type { Extension, Library, PlanDefinition } from '../../src/fhir/types.ts'
import { canonical, published, version } from './metadata.ts'
import { libraries, type RuleLibrary, type RuleSet, ruleSets, type Translations } from './rule-tables.ts'

const date = '2026-11-25'
const cqlFolder = new URL('../../rules/cql/', import.meta.url)

/** The text of a rule library. */
const cqlText = (name: string): string => readFileSync(new URL(`${name}.cql`, cqlFolder), 'utf8')

type ParameterType = NonNullable<Library['parameter']>[number]['type']

function library({ name, id, title, description, parameters, results, valueSets }: RuleLibrary): Library {
  return {
    resourceType: 'Library',
    id,
    url: canonical('Library', name),
    ...published(date),
    name,
    title,
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
    description,
    relatedArtifact: valueSets.map((each) => ({ type: 'depends-on', resource: canonical('ValueSet', each) })),
    parameter: [
      ...parameters.map(([parameter, type, max, documentation]) => ({
        name: parameter,
        use: 'in' as const,
        min: 0,
        max,
        documentation,
        type: type as ParameterType,
      })),
      ...results.map((result) => ({ name: result, use: 'out' as const, min: 0, max: '1', type: 'boolean' as const })),
    ],
    content: [{ contentType: 'text/cql', data: Buffer.from(cqlText(name)).toString('base64') }],
  }
}

function translations(texts: Translations): { extension: Extension[] } {
  return {
    extension: Object.entries(texts)
      .filter(([language]) => language !== 'en')
      .map(([language, content]) => ({
        url: 'http://hl7.org/fhir/StructureDefinition/translation',
        extension: [
          { url: 'lang', valueCode: language },
          { url: 'content', valueString: content },
        ],
      })),
  }
}

function planDefinition(rule: RuleSet): PlanDefinition {
  const action: NonNullable<PlanDefinition['action']>[number] & { _title: object; _textEquivalent: object } = {
    title: rule.title.en,
    _title: translations(rule.title),
    description: rule.description,
    textEquivalent: rule.message.en,
    _textEquivalent: translations(rule.message),
    code: [{ coding: [{ system: canonical('CodeSystem', 'rule-type'), code: 'acceptance' }] }],
    documentation: rule.sources.map(([label, url]) => ({ type: 'documentation', display: label, url })),
    condition: [
      { kind: 'applicability', expression: { language: 'text/cql-identifier', expression: rule.expression } },
    ],
  }
  const plan: PlanDefinition & { _title: object } = {
    resourceType: 'PlanDefinition',
    id: rule.id,
    url: canonical('PlanDefinition', rule.id),
    ...published(date),
    name: rule.name,
    title: rule.title.en,
    _title: translations(rule.title),
    type: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }],
    },
    description: rule.description,
    useContext: [
      {
        code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'focus' },
        valueCodeableConcept: { coding: [{ system: canonical('CodeSystem', 'certificate-kind'), code: rule.kind }] },
      },
    ],
    library: [`${canonical('Library', rule.library)}|${version}`],
    action: [action],
  }
  return plan
}

/** Every Library of the folder `rules/`, with the CQL text inside. */
export const libraryResources: Library[] = libraries.map(library)
/** Every PlanDefinition of the folder `rules/`. */
export const planDefinitions: PlanDefinition[] = ruleSets.map(planDefinition)
