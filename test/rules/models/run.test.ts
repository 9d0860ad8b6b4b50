/** Libraries over logical models: found, translated and run. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { mirroredTag } from '../../../src/fhir/artefact.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Bundle, Library, StructureDefinition } from '../../../src/fhir/types.ts'
import { toJson } from '../../../src/rules/cql/run/to-json.ts'
import { createModels } from '../../../src/rules/models/models.ts'
import type { Rules } from '../../../src/rules/rules.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'
import { type MadeModel, madeModel } from './made.ts'

const clock = '2026-06-02T00:00:00Z'
const icd11 = 'http://id.who.int/icd11/mms'
const vaccines = 'http://example.org/ValueSet/vaccines'

const vaccination = (dose: number, more: JsonObject = {}): JsonObject => ({
  resourceType: 'DDCCCoreDataSetVS',
  name: 'Ada Maria Specimen',
  birthDate: '1985-03-14',
  certificate: { hcid: { value: 'URN:1' }, period: { start: '2026-06-01T00:00:00Z', end: '2027-06-01T00:00:00Z' } },
  vaccination: {
    vaccine: { system: icd11, code: 'XM0GQ8' },
    date: `2026-0${dose}-01`,
    dose,
    totalDoses: 2,
    ...more,
  },
})
const test: JsonObject = {
  resourceType: 'DDCCCoreDataSetTR',
  name: 'Ada Maria Specimen',
  birthDate: '1985-03',
  sex: 'female',
  test: { type: { system: icd11, code: 'T' }, date: '2026-05-30T09:00:00Z', result: { system: icd11, code: 'R' } },
}

const header = `using DDCC version '1.0.0'
valueset "Vaccines": '${vaccines}'
codesystem "ICD-11": '${icd11}'
code "Kind": 'XM0GQ8' from "ICD-11"
context Patient
`

interface Made {
  rules: Rules
  run(name: string, call: { data?: Bundle; coreDataSets?: JsonObject[] }): Promise<Record<string, Json>>
}

function made(texts: string[], models: StructureDefinition[] = [], members: Partial<Library> = {}): Made {
  const environment = testEnvironment(
    texts.map((each) => cqlLibrary(each, members)),
    { [vaccines]: [`${icd11}|XM0GQ8`] },
  )
  environment.listLogicalModels = async () => models
  const rules = testRules(environment)
  after(() => rules.close())
  return {
    rules,
    async run(name, { data, coreDataSets }) {
      const library = members.url ?? `http://example.org/Library/${name}`
      const call = { library, clock, ...(data ? { data } : {}), ...(coreDataSets ? { coreDataSets } : {}) }
      const { results } = await rules.evaluateLibrary(call)
      return Object.fromEntries(
        results.map((each) => [each.name, each.issue ? (each.issue.details?.text ?? '') : toJson(each.value)]),
      )
    },
  }
}

const refusal = async (work: Promise<unknown>): Promise<string[]> => {
  const error = await work.then(
    () => assert.fail('nothing was refused'),
    (each: unknown) => each,
  )
  assert.ok(error instanceof FhirError && error.status < 500, String(error))
  return error.issues.map(({ details, diagnostics }) => [diagnostics, details?.text].filter(Boolean).join(': '))
}

const binary = (json: Json) => ({
  resource: {
    resourceType: 'Binary' as const,
    contentType: 'application/json',
    data: Buffer.from(JSON.stringify(json)).toString('base64'),
  },
})
const bundleOf = (entry: NonNullable<Bundle['entry']>): Bundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry,
})

/** Entries of any shape. */
const asBundle = (entry: object[]) => ({ resourceType: 'Bundle', type: 'collection', entry }) as unknown as Bundle

const asksAll = `library Asks version '1'
${header}
define "Name": Patient.name
define "Born": Patient.birthDate
define "Sex": Patient.sex
define "Age": AgeInYearsAt(@2026-06-02)
define "All": Count([DDCCCoreDataSet])
define "Vaccinations": Count([DDCCCoreDataSetVS])
define "Filtered": Count([DDCCCoreDataSetVS: vaccination.vaccine in "Vaccines"])
define "By Primary Path": Count([DDCCCoreDataSetVS: "Vaccines"])
define "By Code": Count([DDCCCoreDataSetVS: vaccination.vaccine ~ "Kind"])
define "None By Code": Count([DDCCCoreDataSetTR: "Kind"])
define "In Set": exists ([DDCCCoreDataSetVS] V where V.vaccination.vaccine in "Vaccines")
define "Equivalent": exists ([DDCCCoreDataSetVS] V where V.vaccination.vaccine ~ "Kind")
define "Complete": exists ([DDCCCoreDataSetVS] V where V.vaccination.dose >= V.vaccination.totalDoses)
define "Days": Max([DDCCCoreDataSetVS] V return difference in days between date from V.vaccination.date and Today())
define "Valid Now": exists ([DDCCCoreDataSet] C where C.certificate.period includes Now())
define function "Dose Of"(vaccination DDCC."DDCCCoreDataSetVS.Vaccination"): vaccination.dose
define "Sum Of Doses": Sum([DDCCCoreDataSetVS] V return all "Dose Of"(V.vaccination))
define "Only Tests": Count([DDCCCoreDataSet] C where C is DDCCCoreDataSetTR)
`

const answers = {
  Name: 'Ada Maria Specimen',
  Born: '1985-03-14',
  Sex: 'female',
  Age: 41,
  All: 3,
  Vaccinations: 2,
  Filtered: 2,
  'By Primary Path': 2,
  'By Code': 2,
  'None By Code': 0,
  'In Set': true,
  Equivalent: true,
  Complete: true,
  Days: 152,
  'Valid Now': true,
  'Sum Of Doses': 3,
  'Only Tests': 1,
}

describe('a library that uses DDCC', () => {
  const { rules, run } = made([asksAll])

  it('reads core data sets that are given beside the resources', async () => {
    assert.deepEqual(await run('Asks', { coreDataSets: [test, vaccination(1), vaccination(2)] }), answers)
  })

  it('reads them out of a Bundle: as Binary, and as they are', async () => {
    const raw = { resource: vaccination(2) } as unknown as NonNullable<Bundle['entry']>[0]
    assert.deepEqual(await run('Asks', { data: bundleOf([binary(test), binary(vaccination(1)), raw]) }), answers)
  })

  it('gives nulls and empty lists where there are none', async () => {
    const found = await run('Asks', {})
    assert.deepEqual([found.Name, found.All, found['In Set'], found.Days], [null, 0, false, null])
  })

  it('runs what came with a request in a process with limits', async () => {
    const call = { library: cqlLibrary(asksAll), untrusted: true, clock, expressions: ['Complete', 'Name'] }
    const { results } = await rules.encodeLibrary({ ...call, data: bundleOf([binary(vaccination(2))]) })
    assert.deepEqual(
      results.map(({ parameters }) => parameters.map(({ valueBoolean, valueString }) => valueBoolean ?? valueString)),
      [[true], ['Ada Maria Specimen']],
    )
  })

  it('stands behind an expression of $cql', async () => {
    const libraries = [{ canonical: 'http://example.org/Library/Asks' }]
    const call = { libraries, data: bundleOf([binary(vaccination(2))]), clock }
    const { parameters } = await rules.evaluateCql({ ...call, expression: 'Asks.Complete' })
    assert.equal(parameters[0]?.valueBoolean, true)
  })

  it('is not needed by an expression that names a type of DDCC', async () => {
    const call = { libraries: [], data: bundleOf([binary(vaccination(2))]), clock }
    const expression = 'exists ([DDCC.DDCCCoreDataSetVS] V where V.vaccination.dose = 2)'
    assert.equal((await rules.evaluateCql({ ...call, expression })).parameters[0]?.valueBoolean, true)
  })

  it('says what it asks of the data, and which models it is written over', async () => {
    const text = `library Asked version '1'\n${header}define "Complete": exists ([DDCCCoreDataSetVS: "Vaccines"] V where V.vaccination.dose > 1)`
    const { data, names } = await rules.requirements({ library: cqlLibrary(text), defines: ['Complete'] })
    assert.deepEqual(data, [
      {
        type: 'Any',
        profile: ['http://vidimus.org/fhir/StructureDefinition/DDCCCoreDataSetVS'],
        codeFilter: [{ path: 'vaccination.vaccine', valueSet: vaccines }],
        mustSupport: ['vaccination', 'vaccination.dose', 'vaccination.vaccine'],
      },
    ])
    assert.deepEqual(
      names.map(({ type }) => type),
      ['ValueSet'],
    )
    const { names: all } = await rules.references(cqlLibrary(text))
    assert.equal(all.filter(({ type, isGenerated }) => type === 'StructureDefinition' && isGenerated).length, 4)
  })

  it('says which datum was missing', async () => {
    const text = `library Late version '1'\n${header}define "Late": exists ([DDCCCoreDataSetVS] V where V.vaccination.date before Now() and V.vaccination.dose = 1)\ndefine "Known": First([DDCCCoreDataSetVS]).vaccination.date before Now()`
    const { rules } = made([text])
    const named = { library: 'http://example.org/Library/Late', expressions: ['Known'] }
    const { vaccination: event, ...person } = vaccination(1)
    const messageOf = async (data: JsonObject) =>
      (await rules.evaluateRules(named, { coreDataSets: [data], clock }))[0]?.message
    const dateless = { ...person, vaccination: { ...(event as JsonObject), date: null } }
    assert.equal(await messageOf(dateless), 'not determined: date of vaccination is missing')
    assert.equal(await messageOf(person), 'not determined: vaccination of DDCCCoreDataSetVS is missing')
  })

  it('gives instances as they may come in, and parts as parts', async () => {
    const { results } = await rules.encodeLibrary({
      library: cqlLibrary(
        `library Gives version '1'\n${header}define "Whole": [DDCCCoreDataSetVS]\ndefine "Part": First([DDCCCoreDataSetVS]).vaccination\ndefine "Who": Patient`,
      ),
      untrusted: true,
      data: bundleOf([binary(vaccination(1))]),
      clock,
    })
    const [whole, part, who] = results.map(({ parameters }) => parameters[0])
    assert.deepEqual(whole?.resource, binary(vaccination(1)).resource)
    assert.deepEqual(
      part?.part?.map(({ name }) => name),
      ['vaccine', 'date', 'dose', 'totalDoses'],
    )
    assert.deepEqual(who?.part, [
      { name: 'name', valueString: 'Ada Maria Specimen' },
      { name: 'birthDate', valueString: '1985-03-14' },
    ])
  })
})

describe('what is no instance of the model', () => {
  const { run } = made([`library Any version '1'\n${header}define "Count": Count([DDCCCoreDataSetVS])`])
  type Case = { name: string; change?: JsonObject; whole?: JsonObject; fault?: string }
  const cases: Case[] = JSON.parse(readFileSync(new URL('cases/instances.json', import.meta.url), 'utf8'))
  for (const { name, change, whole, fault } of cases)
    it(name, async () => {
      const ran = run('Any', { coreDataSets: [{ ...vaccination(1, change), ...whole }] })
      if (fault === undefined) assert.deepEqual(await ran, { Count: 1 })
      else assert.deepEqual(await refusal(ran), [fault])
    })

  it('is told of where it stands in a Bundle', async () => {
    const wrong = binary({ ...vaccination(1), nam: 'x' })
    assert.deepEqual(await refusal(run('Any', { data: bundleOf([binary(vaccination(1)), wrong]) })), [
      'Bundle.entry[1].resource.nam: is no element of DDCCCoreDataSetVS',
    ])
    for (const data of ['AAAA', '', Buffer.from('[1]').toString('base64')]) {
      const entry = { resource: { resourceType: 'Binary' as const, contentType: 'application/json', data } }
      assert.deepEqual(await refusal(run('Any', { data: bundleOf([entry]) })), [
        'Bundle.entry[0].resource: holds no JSON object',
      ])
    }
  })

  it('is about one person', async () => {
    const other = { ...vaccination(2), birthDate: '1986' }
    assert.deepEqual(await refusal(run('Any', { coreDataSets: [vaccination(1), other] })), [
      'coreDataSet[1]: tells of another person than those before it',
    ])
    const two = ['a', 'b'].map((id) => ({ resource: { resourceType: 'Patient' as const, id } }))
    assert.deepEqual(await refusal(run('Any', { data: bundleOf(two), coreDataSets: [vaccination(1)] })), [
      'the data has several Patients and core data sets, of which nobody says whose they are',
    ])
  })

  it('fails a rule', async () => {
    const { rules } = made([`library Any version '1'\n${header}define "None": not exists [DDCCCoreDataSetTR]`])
    const named = { library: 'http://example.org/Library/Any', expressions: [] }
    const [result] = await rules.evaluateRules(named, { coreDataSets: [{ resourceType: 'Other' }], clock })
    assert.equal(result?.result, null)
    assert.match(result?.issue?.details?.text ?? '', /names no model that the library uses/)
  })
})

describe('FHIR beside DDCC', () => {
  const both = `include FHIRHelpers version '4.0.1'
context Patient
define "Born": Patient.birthDate
define "Events": Count([Immunization]) + Count([DDCCCoreDataSetVS])
define "Same Day": exists ([Immunization] I where exists ([DDCCCoreDataSetVS] V where V.vaccination.date same day as I.occurrence))`
  const data = asBundle([
    { resource: { resourceType: 'Patient', id: 'holder', birthDate: '1985-03-15' } },
    {
      resource: {
        resourceType: 'Immunization',
        status: 'completed',
        patient: { reference: 'Patient/holder' },
        vaccineCode: {},
        occurrenceDateTime: '2026-01-01',
      },
    },
  ])

  it('has the Patient of the model that is named first', async () => {
    const { run } = made([
      `library First version '1'\nusing FHIR version '4.0.1'\nusing DDCC version '1.0.0'\n${both}`,
      `library Second version '1'\nusing DDCC version '1.0.0'\nusing FHIR version '4.0.1'\n${both}`,
    ])
    const coreDataSets = [vaccination(1)]
    const told = { Events: 2, 'Same Day': true }
    assert.deepEqual(await run('First', { data, coreDataSets }), { Born: '1985-03-15', ...told })
    assert.deepEqual(await run('Second', { data, coreDataSets }), { Born: '1985-03-14', ...told })
  })

  it('leaves a library alone that uses FHIR and nothing else', async () => {
    const { run } = made([
      `library Plain version '1'\nusing FHIR version '4.0.1'\ncontext Patient\ndefine "N": Count([Immunization])`,
    ])
    assert.deepEqual(await run('Plain', { data, coreDataSets: [{ resourceType: 'Other' }] }), { N: 1 })
  })

  it('reads what an included library reads', async () => {
    const { run } = made([
      `library Inner version '1'\nusing DDCC version '1.0.0'\ncontext Patient\ndefine "N": Count([DDCCCoreDataSetVS])`,
      `library Outer version '1'\nusing FHIR version '4.0.1'\ninclude Inner version '1' called Inner\ncontext Patient\ndefine "Both": Inner.N + Count([Immunization])`,
    ])
    assert.deepEqual(await run('Outer', { data, coreDataSets: [vaccination(1)] }), { Both: 2 })
  })
})

const national = (elements: string[], more: object = {}) =>
  madeModel({
    name: 'NationalCoreDataSet',
    elements: elements.map((each) => ({ path: `NationalCoreDataSet.${each}`, types: ['string'] })),
    ...more,
  })

describe('any published model', () => {
  const text = (using: string) =>
    `library Uses version '1'\n${using}\ncontext Patient\ndefine "First": First([NationalCoreDataSet]).card`
  const coreDataSets = [{ resourceType: 'NationalCoreDataSet', card: 'A1' }]
  const using = (how: string) => text(`using ${how}`)

  it('is used by its name, or by what stands before CoreDataSet', async () => {
    for (const name of ['NationalCoreDataSet', 'National', '"http://example.org".National']) {
      const { run } = made([using(`${name} version '1.0.0'`)], [national(['card'])])
      assert.deepEqual(await run('Uses', { coreDataSets }), { First: 'A1' }, name)
    }
  })

  it('comes with what the same publisher derives from it, in the same version', async () => {
    const asked: MadeModel = {
      name: 'NationalVS',
      base: 'http://example.org/StructureDefinition/NationalCoreDataSet',
      elements: [{ path: 'NationalVS.lot', types: ['string'] }],
    }
    const derived = madeModel(asked)
    const other = madeModel({ ...asked, name: 'Foreign', place: 'http://other.org', elements: [] })
    const library = `library Uses version '1'\nusing National version '1.0.0'\ncontext Patient\ndefine "Lot": First([NationalVS]).lot\ndefine "All": Count([NationalCoreDataSet])`
    const { run } = made([library], [national(['card']), derived, other])
    const instances = [{ resourceType: 'NationalVS', card: 'A1', lot: 'L' }]
    assert.deepEqual(await run('Uses', { coreDataSets: instances }), { Lot: 'L', All: 1 })
    const refused = await refusal(run('Uses', { coreDataSets: [{ resourceType: 'Foreign' }] }))
    assert.match(refused.join(), /names no model that the library uses/)
  })

  it('is another one when its content is: nothing of the old one is used', async () => {
    const models = [national(['card'], { status: 'draft' })]
    const environment = testEnvironment([cqlLibrary(using("National version '1.0.0'"), { status: 'draft' })])
    let revision = 1
    environment.revision = () => revision
    environment.listLogicalModels = async () => [...models]
    const rules = testRules(environment)
    after(() => rules.close())
    const first = async () => (await rules.evaluateLibrary({ library: 'Uses', clock, coreDataSets })).results[0]?.value
    assert.equal(await first(), 'A1')
    models[0] = national(['number'], { status: 'draft' })
    revision++
    assert.deepEqual(await refusal(first()), [
      'library http://example.org/Library/Uses|1 has errors and cannot be run',
      'library Uses, line 4, column 46: Member card not found for type National.NationalCoreDataSet.',
    ])
  })

  it('is not kept from a state of the store that was left while it was made', async () => {
    const model = (element: string) => national([element])
    let revision = 1
    let current = model('card')
    const models = createModels({
      revision: () => revision,
      async listLogicalModels() {
        const read = [current]
        if (revision === 1) current = model('number')
        revision = 2
        return read
      },
    })
    const elements = async () => {
      const { models: found } = await models.find([{ id: 'National', version: '1.0.0' }], { id: 'L', canonical: 'L' })
      return found[0]?.classes.find(({ name }) => name === 'NationalCoreDataSet')?.elements.map(({ name }) => name)
    }
    await elements()
    assert.deepEqual(await elements(), ['number'])
  })

  it('is refused when it is stored twice with different content, in whatever order', async () => {
    const refused =
      'library Uses, line 2, column 1: the model National|1.0.0: http://example.org/StructureDefinition/NationalCoreDataSet|1.0.0 cannot be used: '
    const twice =
      'http://example.org/StructureDefinition/NationalCoreDataSet|1.0.0 is stored more than once, with different content'
    const both = [
      { ...national(['card']), id: 'a' },
      { ...national(['card', 'more']), id: 'b' },
    ]
    for (const models of [both, both.toReversed()]) {
      const { run } = made([using("National version '1.0.0'")], models)
      assert.deepEqual(await refusal(run('Uses', { coreDataSets })), [refused + twice])
    }
    const [one = national(['card'])] = both
    const { run } = made([using("National version '1.0.0'")], [one, { ...one, id: 'b', meta: { versionId: '2' } }])
    assert.deepEqual(await run('Uses', { coreDataSets }), { First: 'A1' })
  })

  it('is refused when what it is made of is stored twice with different content; a copy of ours takes nothing from it', async () => {
    const base = (path: string): StructureDefinition =>
      madeModel({ name: 'Card', elements: [{ path: `Card.${path}`, types: ['string'] }] })
    const root = national([], { base: 'http://example.org/StructureDefinition/Card' })
    const copied = { ...base('number'), meta: { tag: [mirroredTag('https://other.example')] } }
    for (const models of [
      [root, base('card'), base('number')],
      [base('number'), base('card'), root],
    ]) {
      const { run } = made([using("National version '1.0.0'")], models)
      const [refused] = await refusal(run('Uses', { coreDataSets }))
      assert.match(
        refused ?? '',
        /StructureDefinition\/Card\|1\.0\.0 is stored more than once, with different content$/,
      )
    }
    for (const models of [
      [root, base('card'), copied],
      [copied, base('card'), root],
    ]) {
      const { run } = made([using("National version '1.0.0'")], models)
      assert.deepEqual(await run('Uses', { coreDataSets }), { First: 'A1' })
    }
  })

  const refusals: [string, string, StructureDefinition[], string[]][] = [
    [
      'is not there',
      using("Nothing version '1.0.0'"),
      [],
      [
        'library Uses, line 2, column 1: the model Nothing|1.0.0: no logical model of that name and version is known to this server',
      ],
    ],
    [
      'has no such version',
      using("National version '2.0.0'"),
      [national(['card'])],
      [
        'library Uses, line 2, column 1: the model National|2.0.0: no logical model of that name and version is known to this server; known are the versions 1.0.0',
      ],
    ],
    [
      'is named without a version',
      using('National'),
      [national(['card'])],
      [
        'library Uses, line 2, column 1: the model National: it is used without a version: any later one of it would change these rules',
      ],
    ],
    [
      'is DDCC in a version that is not',
      using("DDCC version '0.9.0'"),
      [],
      [
        'library Uses, line 2, column 1: the model DDCC|0.9.0: no logical model of that name and version is known to this server; known are the versions 1.0.0',
      ],
    ],
    [
      'is a draft, and the library active',
      using("National version '1.0.0'"),
      [national(['card'], { status: 'draft' })],
      [
        'library Uses, line 2, column 1: the model National|1.0.0: http://example.org/StructureDefinition/NationalCoreDataSet|1.0.0 is stored, but not active: its content may still change',
      ],
    ],
    [
      'is wrong',
      using("National version '1.0.0'"),
      [national(['a b'])],
      [
        'library Uses, line 2, column 1: the model National|1.0.0: http://example.org/StructureDefinition/NationalCoreDataSet|1.0.0 cannot be used: NationalCoreDataSet.a b has a name that CQL cannot use',
      ],
    ],
    [
      'is two',
      `library Uses version '1'\n  using National version '1.0.0'\ncontext Patient\ndefine "First": 1`,
      [national(['card'], { place: 'http://a.org' }), national(['card'], { place: 'http://b.org' })],
      [
        'library Uses, line 2, column 3: the model National|1.0.0: it may be http://a.org/StructureDefinition/NationalCoreDataSet or http://b.org/StructureDefinition/NationalCoreDataSet: say whose it is, as in using "http://a.org".National',
      ],
    ],
  ]
  for (const [name, library, models, issues] of refusals)
    it(name, async () => {
      const { run } = made([library], models)
      assert.deepEqual(await refusal(run('Uses', { coreDataSets })), issues)
    })

  it('never takes the name of one that is shipped', async () => {
    const hostile = madeModel({ name: 'DDCC', elements: [{ path: 'DDCC.always', types: ['boolean'] }] })
    const { run } = made([`library Own version '1'\n${header}define "N": Count([DDCCCoreDataSetVS])`], [hostile])
    assert.deepEqual(await run('Own', { coreDataSets: [vaccination(1)] }), { N: 1 })
  })

  it('cannot stand beside another of its name', async () => {
    const who = madeModel({
      name: 'DDCC',
      place: 'http://who.example',
      elements: [{ path: 'DDCC.card', types: ['string'] }],
    })
    const { run } = made(
      [
        `library Inner version '1'\nusing "http://who.example".DDCC version '1.0.0'\ncontext Patient\ndefine "N": 1`,
        `library Outer version '1'\nusing DDCC version '1.0.0'\ninclude Inner version '1' called Inner\ncontext Patient\ndefine "M": Inner.N`,
      ],
      [who],
    )
    const [issue] = await refusal(run('Outer', {}))
    assert.match(issue ?? '', /library Outer: models of one name cannot be used together/)
  })

  it('is as good beside FHIR after another one was translated', async () => {
    const { run } = made(
      [
        `library One version '1'\nusing FHIR version '4.0.1'\nusing National version '1.0.0'\ninclude FHIRHelpers version '4.0.1'\ncontext Patient\ndefine "C": First([NationalCoreDataSet]).card\ndefine "I": exists ([Immunization] I where I.status = 'completed')`,
        `library Two version '1'\nusing FHIR version '4.0.1'\nusing National version '2.0.0'\ninclude FHIRHelpers version '4.0.1'\ncontext Patient\ndefine "C": First([NationalCoreDataSet]).number\ndefine "I": exists ([Immunization] I where I.status = 'completed')`,
      ],
      [national(['card']), national(['number'], { version: '2.0.0' })],
    )
    assert.deepEqual(await run('One', { coreDataSets }), { C: 'A1', I: false })
    assert.deepEqual(await run('Two', { coreDataSets: [{ resourceType: 'NationalCoreDataSet', number: '7' }] }), {
      C: '7',
      I: false,
    })
    assert.deepEqual(await run('One', { coreDataSets }), { C: 'A1', I: false })
  })
})

describe('ELM that comes without its CQL', () => {
  it('names its model by url and version, and runs', async () => {
    const { rules } = made([`library Source version '1'\n${header}define "N": Count([DDCCCoreDataSetVS])`])
    await rules.evaluateLibrary({ library: 'Source', clock })
    const elmOf = (version: string) => ({
      library: {
        identifier: { id: 'Stored', version: '1' },
        usings: {
          def: [
            { localIdentifier: 'DDCC', uri: 'http://vidimus.org/fhir/StructureDefinition/DDCCCoreDataSet', version },
          ],
        },
        statements: {
          def: [
            {
              name: 'N',
              context: 'Patient',
              accessLevel: 'Public',
              expression: {
                type: 'Count',
                source: {
                  type: 'Retrieve',
                  dataType: '{http://vidimus.org/fhir/StructureDefinition/DDCCCoreDataSet}DDCCCoreDataSetVS',
                },
              },
            },
          ],
        },
      },
    })
    const libraryOf = (version: string): Library => ({
      ...cqlLibrary('library Stored'),
      content: [
        { contentType: 'application/elm+json', data: Buffer.from(JSON.stringify(elmOf(version))).toString('base64') },
      ],
    })
    const { results } = await rules.evaluateLibrary({
      library: libraryOf('1.0.0'),
      clock,
      coreDataSets: [vaccination(1)],
    })
    assert.equal(results[0]?.value, 1)
    const issues = await refusal(rules.evaluateLibrary({ library: libraryOf('9'), clock }))
    assert.match(issues.join(), /no logical model of that name and version is known/)
  })
})
