import { readdirSync } from 'node:fs'
import type { Extension, Library, PlanDefinition } from '../../src/fhir/types.ts'
import { canonical, projectFile, published, readData, version } from './metadata.ts'
import { displayOf } from './terminology.ts'

const folder = 'rules/cql'

/** A text by language tag; English is the plain text. */
type Translations = { en: string } & Record<'ar' | 'es' | 'fr' | 'pt' | 'ru' | 'zh', string>

/** What `<name>.json` says of `<name>.cql`. */
interface LibraryData {
  id: string
  /** Version of the library and of its rule sets, where it is not the one of all content. */
  version?: string
  title: string
  description: string
  parameters: {
    name: string
    type: NonNullable<Library['parameter']>[number]['type']
    max: string
    documentation: string
  }[]
  /** Boolean defines for use in rules. */
  results: string[]
  /** Ids of the value sets that it asks. */
  valueSets: string[]
  rules: RuleData[]
  /** What explanations say in place of their own sentences. */
  texts?: TextData[]
}

/** A sentence for what a define, a function, or a let or tuple element in one (`define.element`) gives. */
interface TextData {
  expression: string
  /** Absent: for every result that has no sentence of its own. */
  result?: 'true' | 'false' | 'null'
  text: Translations
}

/** One check of a PlanDefinition: a define of the library. */
interface CheckData {
  expression: string
  description: string
  title: Translations
  /** What a person reads when the check fails. */
  message: Translations
  sources: { label: string; url: string }[]
}

/** A PlanDefinition. */
interface PlanData {
  id: string
  name: string
  /** Code of the CodeSystem certificate-kind. */
  kind: string
  /** Code of the CodeSystem verdict-use: the rule set runs only when that use is asked for. */
  use?: string
  description: string
  title: Translations
  /** Countries (ISO 3166-1) in which it applies; none = everywhere. */
  jurisdiction?: string[]
}

/** A PlanDefinition with one check, of which everything stands beside it, or with a list of them. */
type RuleData = PlanData & (CheckData | { checks: CheckData[] })

function library(
  name: string,
  { id, version: own = version, title, description, parameters, results, valueSets, texts = [] }: LibraryData,
): Library {
  const parameter = [
    ...parameters.map(({ name: parameter, type, max, documentation }) => ({
      name: parameter,
      use: 'in' as const,
      min: 0,
      max,
      documentation,
      type,
    })),
    ...results.map((result) => ({ name: result, use: 'out' as const, min: 0, max: '1', type: 'boolean' as const })),
  ]
  return {
    resourceType: 'Library',
    id,
    ...(texts.length > 0 ? { extension: texts.map(expressionText) } : {}),
    url: canonical('Library', name),
    ...published,
    version: own,
    name,
    title,
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/library-type',
          code: 'logic-library',
          display: 'Logic Library',
        },
      ],
    },
    description,
    ...(valueSets.length > 0
      ? {
          relatedArtifact: valueSets.map((each) => ({
            type: 'depends-on' as const,
            resource: canonical('ValueSet', each),
          })),
        }
      : {}),
    ...(parameter.length > 0 ? { parameter } : {}),
    content: [{ contentType: 'text/cql', data: Buffer.from(projectFile(`${folder}/${name}.cql`)).toString('base64') }],
  }
}

const expressionText = ({ expression, result, text }: TextData): Extension => ({
  url: canonical('StructureDefinition', 'expression-text'),
  extension: [
    { url: 'expression', valueString: expression },
    ...(result === undefined ? [] : [{ url: 'result', valueCode: result }]),
    { url: 'text', valueString: text.en, _valueString: translations(text) },
  ],
})

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

const jurisdictions = (codes: string[]) =>
  codes.map((code) => ({
    coding: [{ system: 'urn:iso:std:iso:3166', code, ...displayed(displayOf('urn:iso:std:iso:3166', code)) }],
  }))

/** What is shown for a code of a code system of ours. */
function shown(system: string, code: string) {
  const concept = readData<{ id: string; concepts: { code: string; display: string }[] }[]>(
    'valuesets/tables/own-systems.json',
  )
    .find(({ id }) => id === system)
    ?.concepts.find((each) => each.code === code)
  return { system: canonical('CodeSystem', system), code, ...displayed(concept?.display) }
}

const displayed = (display: string | undefined) => (display === undefined ? {} : { display })

type Translated = { _title: object }

type Action = NonNullable<PlanDefinition['action']>[number] & Translated & { _textEquivalent: object }

const actionOf = (check: CheckData): Action => ({
  title: check.title.en,
  _title: translations(check.title),
  description: check.description,
  textEquivalent: check.message.en,
  _textEquivalent: translations(check.message),
  code: [{ coding: [shown('rule-type', 'acceptance')] }],
  documentation: check.sources.map(({ label, url }) => ({ type: 'documentation', display: label, url })),
  condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: check.expression } }],
})

/** Sources of all checks, each once. */
function citations(checks: CheckData[]): NonNullable<PlanDefinition['relatedArtifact']> {
  const sources = new Map(checks.flatMap((check) => check.sources.map((each) => [each.url, each.label] as const)))
  return [...sources].map(([url, display]) => ({ type: 'citation', display, citation: display, url }))
}

const useContext = (use: string): NonNullable<PlanDefinition['useContext']>[number] => ({
  code: {
    system: 'http://terminology.hl7.org/CodeSystem/usage-context-type',
    code: 'task',
    display: 'Workflow Task',
  },
  valueCodeableConcept: { coding: [shown('verdict-use', use)] },
})

function planDefinition(libraryName: string, own: string, rule: RuleData): PlanDefinition {
  const checks = 'checks' in rule ? rule.checks : [rule]
  const plan: PlanDefinition & Translated = {
    resourceType: 'PlanDefinition',
    id: rule.id,
    url: canonical('PlanDefinition', rule.id),
    ...published,
    version: own,
    name: rule.name,
    title: rule.title.en,
    _title: translations(rule.title),
    type: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule', display: 'ECA Rule' },
      ],
    },
    description: rule.description,
    useContext: [
      {
        code: {
          system: 'http://terminology.hl7.org/CodeSystem/usage-context-type',
          code: 'focus',
          display: 'Clinical Focus',
        },
        valueCodeableConcept: { coding: [shown('certificate-kind', rule.kind)] },
      },
      ...(rule.use ? [useContext(rule.use)] : []),
    ],
    ...(rule.jurisdiction ? { jurisdiction: jurisdictions(rule.jurisdiction) } : {}),
    relatedArtifact: citations(checks),
    library: [`${canonical('Library', libraryName)}|${own}`],
    action: checks.map(actionOf),
  }
  return plan
}

const texts = (): string[] =>
  readdirSync(new URL(`../../${folder}/`, import.meta.url))
    .filter((name) => name.endsWith('.cql'))
    .map((name) => name.slice(0, -'.cql'.length))
    .sort()

const dataOf = (name: string) => readData<LibraryData>(`${folder}/${name}.json`)

/** Every Library of the folder `rules/`, with the CQL text inside. */
export const libraryResources = (): Library[] => texts().map((name) => library(name, dataOf(name)))

/** Every PlanDefinition of the folder `rules/`. */
export const planDefinitions = (): PlanDefinition[] =>
  texts().flatMap((name) => {
    const { version: own = version, rules } = dataOf(name)
    return rules.map((rule) => planDefinition(name, own, rule))
  })
