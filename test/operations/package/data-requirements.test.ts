import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bundle, Coding, DataRequirement, Library, OperationOutcome } from '../../../src/fhir/types.ts'
import {
  base,
  codeSystem,
  contentLibrary,
  cqlLibrary,
  openPublishing,
  plan,
  textsOf,
  valueSet,
} from '../../publish/support.ts'
import { readCases } from '../../support/cases.ts'

const { get, put, post } = await openPublishing()

interface Case {
  name: string
  cql: string
  expressions?: string[]
  expected: string[]
  codes?: string[]
  parameters?: string[]
}

const codeText = ({ system, version, code }: Coding) => `${system}${version ? `|${version}` : ''}#${code}`

function requirementText({
  type,
  profile,
  codeFilter = [],
  dateFilter = [],
  mustSupport = [],
}: DataRequirement): string {
  assert.deepEqual(profile, [`http://hl7.org/fhir/StructureDefinition/${type}`])
  const codes = codeFilter.map(({ path, valueSet, code = [] }) =>
    valueSet ? `${path} in ${valueSet}` : `${path} = ${code.map(codeText).join()}`,
  )
  const dates = dateFilter.map(({ path, valuePeriod }) => `${path} during ${valuePeriod?.start}/${valuePeriod?.end}`)
  return [type, ...codes, ...dates, ...(mustSupport.length > 0 ? ['must', mustSupport.join()] : [])].join(' ')
}

const requirements = ({ dataRequirement = [] }: Library) => dataRequirement.map(requirementText)
const parametersOf = ({ parameter = [] }: Library) =>
  parameter.map(({ use, name, type, max }) => `${use} ${name} ${type} ${max}`)
const codesOf = ({ extension = [] }: Library) =>
  extension.flatMap(({ url, valueCoding }) =>
    url.endsWith('cqf-directReferenceCode') && valueCoding ? [codeText(valueCoding)] : [],
  )
const dependsOn = ({ relatedArtifact = [] }: Library) =>
  relatedArtifact.map(({ type, resource }) => `${type} ${resource}`)
const messages = ({ contained = [] }: Library) =>
  textsOf(contained.find(({ id }) => id === 'messages') as OperationOutcome)

async function analysed(path: string): Promise<Library> {
  const { status, body } = await get(path)
  assert.equal(status, 200, `${path}: ${textsOf(body)}`)
  assert.deepEqual((body as Library).type?.coding?.[0]?.code, 'module-definition')
  return body
}

describe('$data-requirements', () => {
  for (const { file, cases } of readCases<Case>(new URL('cases/', import.meta.url)))
    describe(file, () => {
      for (const [index, { name, cql, expressions = [], expected, codes = [], parameters }] of cases.entries())
        it(name, async () => {
          const id = `Needs${index}`
          const stored = await put(cqlLibrary(id, cql.replace(/^(?=define)/m, 'context Patient\n')))
          assert.equal(stored.status, 201, textsOf(stored.body))
          const query = expressions.map((each) => `expression=${encodeURIComponent(each)}`).join('&')
          const library = await analysed(`Library/${id}/$data-requirements?${query}`)
          // The context retrieves the patient, whom no case but its own looks at.
          assert.deepEqual(
            requirements(library)
              .filter((each) => each !== 'Patient')
              .sort(),
            [...expected].sort(),
          )
          assert.deepEqual(codesOf(library), codes)
          if (parameters) assert.deepEqual(parametersOf(library), parameters)
        })
    })

  it('tells what an artefact depends on in the versions that were found, and what is missing', async () => {
    await put(codeSystem('dr', ['a']))
    await put(valueSet('dr', { compose: { include: [{ system: `${base}/CodeSystem/dr` }] } }))
    await put(cqlLibrary('Common', `define Good: true`))
    const cql = `include Common version '1.0.0' called C\nvalueset "V": '${base}/ValueSet/dr'\nvalueset "W": 'http://e/gone'\ncontext Patient\ndefine Good: C.Good\ndefine Other: exists [Immunization: "V"]`
    await put(cqlLibrary('Depends', cql))
    const library = await analysed('Library/Depends/$data-requirements')
    assert.deepEqual(dependsOn(library), [
      `depends-on ${base}/Library/Common|1.0.0`,
      `depends-on ${base}/ValueSet/dr|1.0.0`,
      `depends-on ${base}/CodeSystem/dr|1.0.0`,
      'depends-on http://hl7.org/fhir/Library/FHIRHelpers|4.0.1',
      'depends-on http://e/gone',
    ])
    assert.match(messages(library), /Depends\|1\.0\.0 names http:\/\/e\/gone .*not known/)
    const limited = await analysed('Library/Depends/$data-requirements?expression=Good')
    assert.deepEqual([dependsOn(limited), requirements(limited)], [[`depends-on ${base}/Library/Common|1.0.0`], []])
  })

  it('of a rule set is that of the defines which its conditions name, written out ones too', async () => {
    const cql = 'context Patient\ndefine Good: exists [Condition]\ndefine Unused: exists [Encounter]'
    await put(cqlLibrary('Plan', cql))
    const condition = (language: 'text/cql' | 'text/cql-identifier', expression: string) => ({
      title: expression,
      condition: [{ kind: 'applicability' as const, expression: { language, expression } }],
    })
    const action = [condition('text/cql-identifier', 'Good'), condition('text/cql', 'exists [Procedure]')]
    const stored = await put(plan('data', `${base}/Library/Plan|1.0.0`, { action }))
    assert.equal(stored.status, 201, textsOf(stored.body))
    const library = await analysed(
      `PlanDefinition/$data-requirements?url=${encodeURIComponent(`${base}/PlanDefinition/data`)}`,
    )
    assert.deepEqual(
      requirements(library).filter((each) => each !== 'Patient'),
      ['Condition', 'Procedure'],
    )
    const limited = await analysed('PlanDefinition/data/$data-requirements?expression=Unused')
    assert.deepEqual(requirements(limited), ['Encounter'])
  })

  it('of a CertLogic rule is its payload, and the value sets that it looks into', async () => {
    const rule = { in: [{ var: 'payload.v.0.mp' }, { var: 'external.valueSets.vaccines-covid-19-names' }] }
    await put(contentLibrary('Eu', 'application/certlogic+json', JSON.stringify(rule)))
    const library = await analysed('Library/Eu/$data-requirements')
    assert.deepEqual(parametersOf(library), ['in payload Binary 1', 'in external Binary 1', 'out Logic Any 1'])
    assert.match(dependsOn(library).join(), /vidimus\.org\/fhir\/ValueSet\/\S+\|/)
  })

  it('tells the period of a filter by the parameter that is given for it, and refuses what none has', async () => {
    await put(cqlLibrary('Dated', 'parameter "Season" Interval<DateTime>\ncontext Patient\ndefine Good: true'))
    const valuePeriod = { start: '2024-01-01', end: '2024-12-31' }
    const ask = (name: string) => {
      const resource = { resourceType: 'Parameters', parameter: [{ name, valuePeriod }] }
      const parameter = [{ name: 'parameters', resource }]
      return post('Library/Dated/$data-requirements', { resourceType: 'Parameters', parameter })
    }
    assert.equal((await ask('Season')).status, 200)
    const unknown = await ask('Seasons')
    assert.match(textsOf(unknown.body), /"Seasons"; the nearest one is "Season"/)
    assert.equal(unknown.status, 422)
  })

  it('refuses a library with faults, an unknown define, and endpoints by name', async () => {
    await put(cqlLibrary('Faulty', 'define Good: exists [Wishes]', { status: 'draft' }))
    const refused = async (path: string, status: number, text: RegExp) => {
      const answer = await get(path)
      assert.match(textsOf(answer.body), text)
      assert.equal(answer.status, status)
    }
    await refused('Library/Faulty/$data-requirements', 422, /Wishes/)
    await refused('Library/Plan/$data-requirements?expression=Goods', 422, /"Goods" cannot be analysed/)
    await refused('ValueSet/dr/$data-requirements?expression=Good', 422, /uses no library/)
    await refused('Library/Plan/$data-requirements?terminologyEndpoint=x', 400, /terminologyEndpoint is not supported/)
    await refused('Library/Plan/$data-requirements?checkArtifactVersion=x', 400, /names no version/)
  })

  it('is there for every own rule: each retrieves vaccinations, tests or illnesses, and nothing is left open', async () => {
    const { body } = await get('PlanDefinition?url:below=http://vidimus.org/fhir&_count=100')
    const ids = ((body as Bundle).entry ?? []).map(({ resource }) => resource?.id)
    assert.ok(ids.length >= 6)
    for (const id of ids) {
      const library = await analysed(`PlanDefinition/${id}/$data-requirements`)
      const types = (library.dataRequirement ?? []).map(({ type }) => type)
      assert.ok(
        types.some((each) => ['Immunization', 'Observation', 'Condition'].includes(each)),
        `${id}: ${types}`,
      )
      // Who somebody is may be one element: of the Patient, or of what every core data set says of its holder.
      const isPerson = ({ type, profile = [] }: DataRequirement) =>
        type === 'Patient' || profile.some((each) => each.endsWith('/DDCCCoreDataSet'))
      for (const each of library.dataRequirement ?? []) {
        const { type, mustSupport = [] } = each
        if (!isPerson(each)) assert.ok(mustSupport.includes('status') || mustSupport.length > 1, `${id} ${type}`)
      }
    }
  })
})
