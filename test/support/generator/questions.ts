import type { Certified, Facts } from '../checker/declared.ts'
import type { NamedRule } from '../checker/judge.ts'
import {
  completeSeries,
  poliomyelitis,
  recoveryInWindow,
  singleDoseSchedule,
  validTest,
  yellowFever,
} from '../checker/rules.ts'
import { type Kind, kinds, layouts } from './documents.ts'

/** Which rules a question runs, and what they are to the judge. */
export interface RuleChoice {
  name: string
  kinds: readonly Kind[]
  /** In parameters of the request. */
  parameters: object[]
  rules(facts: Facts): NamedRule[]
}

const own = 'http://vidimus.org/fhir'
const test = 'http://example.org/fhir'
const plan = (name: string, base = test) => ({
  name: 'planDefinition',
  valueCanonical: `${base}/PlanDefinition/${name}`,
})
const library = (name: string, base = test) => ({ name: 'library', valueCanonical: `${base}/Library/${name}` })
const planRule = (name: string, answer: NamedRule['answer'], base = test): NamedRule => ({
  id: `${base}/PlanDefinition/${name}`,
  answer,
})

const ownPlans: Record<string, NamedRule> = {
  v: planRule(
    'complete-primary-series',
    (events, clock) =>
      completeSeries(
        events.filter(({ disease }) => !disease),
        clock,
      ),
    own,
  ),
  'yellow-fever': planRule('yellow-fever-certificate', yellowFever, own),
  poliomyelitis: planRule('poliomyelitis-certificate', poliomyelitis, own),
  t: planRule('valid-test', validTest, own),
  r: planRule('recovery-window', recoveryInWindow, own),
}
/** What an event is about, as rule sets name it: a vaccination of the International Health Regulations by its disease. */
const topicOf = ({ kind, disease }: Certified) => disease ?? kind

const always = planRule('always', () => true)
const never = planRule('never', () => false)
const unknown = planRule('unknown', () => null)
const define = (name: string, answer: NamedRule['answer'], canonical: string): NamedRule => ({
  id: `${canonical}#${name}`,
  answer,
})

const schedule = `${own}/Library/VaccinationSchedule`
const answers = `${test}/Library/InvariantAnswers`
const almost = `${test}/Library/InvariantAlmost`
const vaccinations = kinds.filter((kind) => layouts[kind].event === 'v')

const dccs = kinds.filter((kind) => kind.startsWith('dcc'))
const showsVaccination: NamedRule['answer'] = (events) => events.some(({ kind }) => kind === 'v')
/** Rules in CertLogic, which see the certificate as it was signed. */
const euRules: Record<string, NamedRule['answer']> = {
  'GR-DE-0001': showsVaccination,
  'GR-DE-0002': (events, clock) => showsVaccination(events, clock) === false,
}
const vaccination = { var: 'payload.v.0' }
const euLogic: Record<string, object> = {
  'GR-DE-0001': { if: [vaccination, true, false] },
  'GR-DE-0002': { '!': [vaccination] },
}

const leastDays = (days: number) => ({
  name: 'parameters',
  resource: { resourceType: 'Parameters', parameter: [{ name: 'Minimum Days Since Dose', valueInteger: days }] },
})

/** Ways to ask, the plainest often. */
export const ruleChoices: RuleChoice[] = [
  {
    name: 'by default',
    kinds,
    parameters: [],
    rules: ({ events }) => [...new Set(events.map(topicOf))].flatMap((topic) => ownPlans[topic] ?? []),
  },
  { name: 'always true', kinds, parameters: [plan('always')], rules: () => [always] },
  { name: 'true and false', kinds, parameters: [plan('always'), plan('never')], rules: () => [always, never] },
  { name: 'true and null', kinds, parameters: [plan('unknown'), plan('always')], rules: () => [always, unknown] },
  {
    name: 'a library of true and null',
    kinds,
    parameters: [library('InvariantAlmost')],
    rules: () => [define('Always', () => true, almost), define('Unknown', () => null, almost)],
  },
  {
    name: 'one expression that is true',
    kinds,
    parameters: [library('InvariantAnswers'), { name: 'expression', valueString: 'Always' }],
    rules: () => [define('Always', () => true, answers)],
  },
  {
    name: 'one expression that is null',
    kinds,
    parameters: [library('InvariantAnswers'), { name: 'expression', valueString: 'Unknown' }],
    rules: () => [define('Unknown', () => null, answers)],
  },
  {
    name: 'the schedule, whole',
    kinds: vaccinations,
    parameters: [library('VaccinationSchedule', own)],
    rules: () => [
      define('Complete Primary Series', completeSeries, schedule),
      define('Single Dose Schedule', singleDoseSchedule, schedule),
    ],
  },
  {
    name: 'true, and days since the dose',
    kinds: vaccinations,
    parameters: [plan('always'), plan('complete-primary-series', own), leastDays(30)],
    rules: () => [
      always,
      planRule('complete-primary-series', (events, clock) => completeSeries(events, clock, 30), own),
    ],
  },
  {
    name: 'too few days since the dose',
    kinds: vaccinations,
    parameters: [plan('complete-primary-series', own), leastDays(90)],
    rules: () => [planRule('complete-primary-series', (events, clock) => completeSeries(events, clock, 90), own)],
  },
  ...['plan', 'library'].flatMap((way): RuleChoice[] =>
    Object.entries(euRules).map(([name, answer]) => ({
      name: `EU rule ${name}, named as a ${way}`,
      kinds: dccs,
      parameters: [way === 'plan' ? plan(name) : library(name)],
      rules: () => [way === 'plan' ? planRule(name, answer) : define('Logic', answer, `${test}/Library/${name}`)],
    })),
  ),
  {
    name: 'the rule of another kind',
    kinds: vaccinations,
    parameters: [plan('valid-test', own)],
    rules: () => [planRule('valid-test', validTest, own)],
  },
]

const text = (cql: string) => [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }]
const logic = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] }
const defines = { Always: 'true', Never: 'false', Unknown: 'null as Boolean' }

function libraryOf(name: string, names: (keyof typeof defines)[]): object {
  const cql = `library ${name} version '1.0.0'\nusing FHIR version '4.0.1'\ncontext Patient\n${names.map((each) => `define "${each}": ${defines[each]}\n`).join('')}`
  return {
    resourceType: 'Library',
    id: name.toLowerCase(),
    url: `${test}/Library/${name}`,
    version: '1.0.0',
    status: 'active',
    name,
    type: logic,
    content: text(cql),
  }
}

function planOf(id: string, expression: keyof typeof defines): object {
  const onRequest = { system: `${own}/CodeSystem/certificate-kind`, code: 'on-request' }
  const focus = { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'focus' }
  return {
    resourceType: 'PlanDefinition',
    id,
    url: `${test}/PlanDefinition/${id}`,
    version: '1.0.0',
    status: 'active',
    name: expression,
    title: expression,
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
    useContext: [{ code: focus, valueCodeableConcept: { coding: [onRequest] } }],
    library: [`${test}/Library/InvariantAnswers|1.0.0`],
    action: [
      {
        title: expression,
        textEquivalent: 'No.',
        condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression } }],
      },
    ],
  }
}

function euRule(id: string): object[] {
  const about = {
    Identifier: id,
    Type: 'Acceptance',
    Country: 'DE',
    Version: '1.0.0',
    SchemaVersion: '1.0.0',
    Engine: 'CERTLOGIC',
  }
  const times = {
    EngineVersion: '1.0.0',
    CertificateType: 'General',
    ValidFrom: '2021-01-01T00:00:00Z',
    ValidTo: '2030-06-01T00:00:00Z',
  }
  const rule = {
    ...about,
    ...times,
    Description: [{ lang: 'en', desc: 'A rule.' }],
    AffectedFields: ['v'],
    Logic: euLogic[id],
  }
  const made = planOf(id, 'Always') as Record<string, unknown>
  const content = [
    { contentType: 'application/certlogic+json', data: Buffer.from(JSON.stringify(rule)).toString('base64') },
  ]
  const condition = [
    { kind: 'applicability', expression: { language: 'application/certlogic+json', expression: 'Logic' } },
  ]
  return [
    { ...libraryOf(id, []), id, name: id.replaceAll('-', '_'), content },
    {
      ...made,
      name: id.replaceAll('-', '_'),
      library: [`${test}/Library/${id}|1.0.0`],
      action: [{ title: id, textEquivalent: 'No.', condition }],
    },
  ]
}

/** Libraries and plans that the choices name, to be stored before. */
export const testRules: object[] = [
  libraryOf('InvariantAnswers', ['Always', 'Never', 'Unknown']),
  libraryOf('InvariantAlmost', ['Always', 'Unknown']),
  planOf('always', 'Always'),
  planOf('never', 'Never'),
  planOf('unknown', 'Unknown'),
  ...Object.keys(euRules).flatMap(euRule),
]

/** Questions that are wrong whatever the credential is: a mistake must not make a good answer. */
export const wrongQuestions: { name: string; parameters: object[] }[] = [
  {
    name: 'planDefinition misspelt',
    parameters: [{ name: 'planDefintion', valueCanonical: `${test}/PlanDefinition/never` }],
  },
  {
    name: 'planDefinition in another case',
    parameters: [{ name: 'plandefinition', valueCanonical: `${test}/PlanDefinition/never` }],
  },
  { name: 'library misspelt', parameters: [{ name: 'libary', valueCanonical: `${test}/Library/InvariantAnswers` }] },
  { name: 'trustDomain in the plural', parameters: [{ name: 'trustDomains', valueCode: 'NONE' }] },
  { name: 'jurisdiction misspelt', parameters: [{ name: 'juristdiction', valueCode: 'DE' }] },
  { name: 'the prototype as a parameter', parameters: [{ name: '__proto__', valueString: 'x' }] },
  { name: 'unknown plan', parameters: [{ name: 'planDefinition', valueCanonical: `${test}/PlanDefinition/none` }] },
  {
    name: 'unknown expression',
    parameters: [library('InvariantAnswers'), { name: 'expression', valueString: 'Alway' }],
  },
  {
    name: 'unknown CQL parameter',
    parameters: [
      plan('complete-primary-series', own),
      {
        name: 'parameters',
        resource: { resourceType: 'Parameters', parameter: [{ name: 'Minimum Days Since Doses', valueInteger: 1000 }] },
      },
    ],
  },
  {
    name: 'CQL parameter of another type',
    parameters: [
      plan('complete-primary-series', own),
      {
        name: 'parameters',
        resource: { resourceType: 'Parameters', parameter: [{ name: 'Minimum Days Since Dose', valueString: 'many' }] },
      },
    ],
  },
  { name: 'clock that is no time', parameters: [{ name: 'evaluationDateTime', valueDateTime: '2022-02-30' }] },
]
