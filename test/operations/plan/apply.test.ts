/**
 * What definitions come to for a subject: `cases/plan.json` and `cases/activity.json` have definitions, what comes with the call, and
 * FHIRPath over the answer with what it gives. Every answer is judged by the validator.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import supertest from 'supertest'
import { isError } from '../../../src/fhir/error.ts'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import type { Issue, Library, Parameter, Resource } from '../../../src/fhir/types.ts'
import { coreValidator } from '../../support/core-validator.ts'
import { openVerdicts, ruleLibrary } from '../../support/verdicts.ts'

interface Case {
  sentence: string
  plan?: object
  definition?: object
  /** Stored beside. */
  definitions?: (Resource & { id: string })[]
  contained?: object[]
  libraries?: string[]
  /** Parameters of the call, beside the definition, the subject and the data. */
  input?: Parameter[]
  /** Resources beside the patient. */
  data?: object[]
  /** Another subject; `null`: no data; empty: none. */
  subject?: string | null
  status?: number
  expect?: Record<string, unknown[]>
  /** Patterns of texts of issues. */
  issues?: string[]
  /** Not judged: a bound value set (media types) is none of R4 core, or the code comes from an expression. */
  unchecked?: boolean
}

const { http, server, store } = await openVerdicts()
const read = (name: string): Case[] => JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), 'utf8'))
const validator = coreValidator()

const library: Library = ruleLibrary(
  'Rules',
  `parameter Wish Boolean default false
  context Patient
  define Yes: true
  define No: false
  define Unknown: null as Boolean
  define Number: 5
  define Truths: { true, true }
  define Word: 'word'
  define Fails: singleton from { true, true }
  define Asked: Wish
  define "Is Adult": AgeInYears() >= 18
  define "Has Doses": exists [Immunization]
  define "Has No Doses": not exists [Immunization]
  define Dose: 5 'mg'
  define Coded: Code { code: 'x', system: 'http://example.org/codes', display: 'X' }
  define Codes: { Code { code: 'x', system: 'http://example.org/codes' }, Code { code: 'y', system: 'http://example.org/codes' } }
  define Tomorrow: Today() + 1 day
  define Week: Interval[Today(), Today() + 7 days]
  define "Concept Tuple": Tuple { text: 't' }
  define "Other Tuple": Tuple { words: 't' }`,
)

const put = (resource: Resource & { id: string }) =>
  server.storage.write([{ type: resource.resourceType, id: resource.id, resource, method: 'PUT' }])

before(() => store(library))

const patient = { resourceType: 'Patient', id: '1', gender: 'female', birthDate: '1990-01-01' }

async function ask(path: string, definition: { name: string; resource: object }, each: Case) {
  const { subject, input = [], data = [] } = each
  const entry = [patient, ...data].map((resource) => ({ resource }))
  const parameter = [
    definition,
    ...(subject === '' ? [] : [{ name: 'subject', valueString: subject ?? 'Patient/1' }]),
    ...(subject === null ? [] : [{ name: 'data', resource: { resourceType: 'Bundle', type: 'collection', entry } }]),
    ...input,
  ]
  return supertest(http)
    .post(`/fhir/${path}`)
    .set('Authorization', 'Bearer test')
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify({ resourceType: 'Parameters', parameter }))
}

const textsOf = (issues: Issue[]) => issues.map(({ details, code }) => details?.text ?? code)

async function check(answer: { status: number; body: Resource; text: string }, each: Case): Promise<void> {
  const { status = 200, expect = {}, issues = [] } = each
  assert.equal(answer.status, status, answer.text)
  const told: Issue[] = compileFhirPath('descendants().ofType(OperationOutcome).issue | issue')(answer.body) as Issue[]
  for (const words of issues)
    assert.ok(
      textsOf(told).some((text) => new RegExp(words).test(text)),
      `${words}: ${textsOf(told).join('\n')}`,
    )
  if (status !== 200) return
  for (const [expression, values] of Object.entries(expect))
    assert.deepEqual(compileFhirPath(expression)(answer.body), values, `${expression}\n${answer.text}`)
  const found = each.unchecked ? [] : await validator.validate(answer.body)
  assert.deepEqual(textsOf(found.filter(isError)), [], answer.text)
}

describe('PlanDefinition/$apply', () => {
  for (const each of read('plan'))
    it(each.sentence, async () => {
      for (const definition of each.definitions ?? []) await put(definition)
      const resource = {
        resourceType: 'PlanDefinition',
        url: 'http://example.org/PlanDefinition/applied',
        version: '1',
        status: 'active',
        library: each.libraries ?? ['http://example.org/Library/Rules|1'],
        ...(each.contained ? { contained: each.contained } : {}),
        ...each.plan,
      }
      await check(await ask('PlanDefinition/$apply', { name: 'planDefinition', resource }, each), each)
    })
})

describe('ActivityDefinition/$apply', () => {
  for (const each of read('activity'))
    it(each.sentence, async () => {
      const resource = {
        resourceType: 'ActivityDefinition',
        url: 'http://example.org/ActivityDefinition/applied',
        version: '1',
        status: 'active',
        library: ['http://example.org/Library/Rules|1'],
        ...each.definition,
      }
      await check(await ask('ActivityDefinition/$apply', { name: 'activityDefinition', resource }, each), each)
    })
})
