/** `$validate` and `$snapshot` over HTTP. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { OperationOutcome, StructureDefinition } from '../../../src/fhir/types.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { sketched } from '../../support/sketched-profile.ts'

let base = ''
let close = async () => {}

before(async () => {
  const { server, close: end } = await openTestServer()
  close = end
  base = `${await server.listen()}/fhir`
  await put({ ...sketched(named), id: 'named' })
  await put({ resourceType: 'ValueSet', id: 'vs', url: 'http://test/vs', version: '1', status: 'active', compose })
})

after(() => close())

const compose = { include: [{ system: 'http://test/cs', concept: [{ code: 'a' }] }] }
const named = {
  url: 'http://test/named',
  type: 'Library',
  elements: [{ id: 'Library' }, { id: 'Library.title', min: 1 }],
}

async function put(resource: Record<string, unknown>): Promise<void> {
  const headers = { 'Content-Type': 'application/fhir+json', Authorization: 'Bearer test' }
  const url = `${base}/${resource.resourceType}/${resource.id}`
  const reply = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(resource) })
  assert.ok(reply.ok, await reply.text())
}

interface Answer {
  status: number
  outcome: OperationOutcome
  /** `severity code expression` of errors and warnings, remarks on narrative and names aside. */
  found: string[]
}

async function ask(path: string, body: unknown, type = 'application/fhir+json'): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { 'Content-Type': type, Accept: 'application/fhir+json' }
  const reply = await fetch(`${base}/${path}`, { method: 'POST', headers, body: text })
  const outcome = (await reply.json()) as OperationOutcome
  const found = outcome.issue
    .filter(({ severity, details }) => severity !== 'information' && !/\((?:dom-6|\w+-0)\)$/.test(details?.text ?? ''))
    .map(({ severity, code, expression }) => `${severity} ${code} ${expression?.[0] ?? ''}`)
  return { status: reply.status, outcome, found }
}

const library = {
  resourceType: 'Library',
  name: 'L',
  status: 'draft',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
}
/** What a server without the vocabulary of R4 core says of codes that are bound to it. */
const unknown = ['error not-found Library.status', 'warning not-found Library.type']
const place = ({ extension = [] }: OperationOutcome['issue'][number]) =>
  extension.map(({ valueInteger }) => valueInteger)

describe('a misspelt name', () => {
  const set = { resourceType: 'ValueSet', url: 'http://test/misspelt', version: '1', name: 'V', status: 'draft' }
  const bound = ['error not-found ValueSet.status']
  const said = ({ outcome }: Answer) => outcome.issue.map(({ severity, details }) => `${severity}: ${details?.text}`)

  it('is one error, with the name that is meant', async () => {
    const wrong = { ...set, compose: { include: [{ sytem: 'http://test/cs', concept: [{ code: 'a' }] }] } }
    const judged = await ask('$validate', wrong)
    assert.deepEqual(judged.found, ['error structure ValueSet.compose.include[0].sytem', ...bound])
    assert.ok(
      said(judged).includes(
        'error: ValueSet.compose.include[0].sytem: ValueSet.compose.include has no element "sytem" (is "system" meant?)',
      ),
    )
    // vsd-1 and vsd-2 go with it.
    assert.ok(
      said(judged).includes(
        'information: 2 errors follow from a name that is not known; what is still there when that is put right will be told',
      ),
    )
    const { status: _status, ...unnamed } = set
    const required = await ask('$validate', { ...unnamed, staus: 'draft' })
    assert.deepEqual(required.found, ['error structure ValueSet.staus'])
    assert.ok(said(required).some((each) => each.startsWith('information: 1 error follows ')))
  })

  it('hides nothing that stands on its own', async () => {
    const other = {
      ...set,
      date: 'yesterday',
      compose: { include: [{ sytem: 'http://test/cs' }, { concept: [{ code: 'a' }] }] },
    }
    const both = await ask('$validate', other)
    const each = [
      'error structure ValueSet.compose.include[0].sytem',
      'error value ValueSet.date',
      'error invariant ValueSet.compose.include[1]',
      'error invariant ValueSet.compose.include[1]',
      ...bound,
    ]
    assert.deepEqual([...both.found].sort(), each.sort())
    // Two that may mean the same, and what means nothing.
    const { status: _, ...unnamed } = set
    const twice = await ask('$validate', { ...unnamed, staus: 'draft', statsu: 'draft', hugo: 1 })
    assert.deepEqual(twice.found, [
      'error structure ValueSet.staus',
      'error structure ValueSet.statsu',
      'error structure ValueSet.hugo',
    ])
    // Far from every name: what is missing is missing.
    const far = await ask('$validate', { ...unnamed, state: 'draft' })
    assert.deepEqual(far.found, ['error structure ValueSet.state', 'error required ValueSet.status'])
  })

  it('is told as a write would be refused for it, a map too, of which more is read than R4 has', async () => {
    const group = { name: 'g', typeMode: 'none', input: [{ name: 'a', mode: 'source' }] }
    const rule = [{ name: 'r', source: [{ context: 'a' }] }]
    const map = {
      resourceType: 'StructureMap',
      url: 'http://test/map',
      version: '1',
      name: 'M',
      status: 'draft',
      group: [{ ...group, rlue: rule }],
    }
    const judged = await ask('StructureMap/$validate?mode=create', map)
    const errors = judged.found.filter((each) => !each.includes('not-found'))
    assert.deepEqual(errors, ['error structure StructureMap.group[0].rlue'])
    const right = await ask('StructureMap/$validate?mode=create', { ...map, group: [{ ...group, rule }] })
    assert.deepEqual(
      right.found.filter((each) => !each.includes('not-found')),
      [],
    )
    // A text of XML is read no further.
    const xml = await ask(
      '$validate',
      '<ValueSet xmlns="http://hl7.org/fhir"><staus value="draft"/></ValueSet>',
      'application/fhir+xml',
    )
    assert.ok(said(xml)[0]?.includes('(is "status" meant?)'), said(xml)[0])
  })
})

describe('$validate', () => {
  it('answers 200 for what is valid and for what is not', async () => {
    const good = await ask('$validate', { resourceType: 'Patient', birthDate: '2000-01-01' })
    assert.deepEqual([good.status, good.found], [200, []])
    const bad = await ask('$validate', { resourceType: 'Patient', birthDate: 'yesterday', naem: [] })
    assert.deepEqual([bad.status, bad.found], [200, ['error value Patient.birthDate', 'error structure Patient.naem']])
  })

  it('tells what it cannot judge', async () => {
    assert.deepEqual((await ask('Library/$validate', library)).found.sort(), unknown)
  })

  it('names lines and columns of JSON', async () => {
    const text = '{\n "resourceType": "Patient",\n "name": [ {"text": "a"},\n  {"text": ""} ]\n}'
    const { outcome } = await ask('$validate', text)
    const [issue] = outcome.issue.filter(({ expression }) => expression?.[0] === 'Patient.name[1].text')
    assert.deepEqual(issue && place(issue), [4, 4])
  })

  it('names lines and columns of XML', async () => {
    const text =
      '<Patient xmlns="http://hl7.org/fhir">\n <name><text value="a"/></name>\n <contact>\n  <gender value="x"/></contact></Patient>'
    const { outcome } = await ask('$validate', text, 'application/fhir+xml')
    const [issue] = outcome.issue.filter(({ expression }) => expression?.[0] === 'Patient.contact[0]')
    assert.deepEqual(issue && place(issue), [3, 2])
  })

  it('judges XML that is well-formed and no FHIR, and refuses what is not well-formed', async () => {
    const judged = await ask(
      '$validate',
      '<Patient xmlns="http://hl7.org/fhir"><x value="1"/></Patient>',
      'application/fhir+xml',
    )
    assert.deepEqual([judged.status, judged.found], [200, ['error structure Patient.x']])
    const broken = await ask('$validate', '<Patient xmlns="http://hl7.org/fhir"><x', 'application/fhir+xml')
    assert.equal(broken.status, 400)
    assert.equal((await ask('$validate', '{"resourceType": "Patient",}')).status, 400)
    assert.equal((await ask('$validate', '{"resourceType": "Patient", "id": "a", "id": "b"}')).status, 400)
  })

  it('judges what is no resource', async () => {
    for (const body of [{ a: 1 }, [1], 'null', { resourceType: 'Bogus' }, { resourceType: 7 }]) {
      const { status, found } = await ask('$validate', body)
      assert.deepEqual([status, found], [200, ['error structure ']], JSON.stringify(body))
    }
  })

  it('takes Parameters, whatever is in them', async () => {
    const parameter = [
      { name: 'resource', resource: { resourceType: 'Patient', name: 'x' } },
      { name: 'mode', valueCode: 'create' },
    ]
    const { status, found } = await ask('$validate', { resourceType: 'Parameters', parameter })
    assert.deepEqual([status, found], [200, ['error structure Patient.name']])
    const strange = { resourceType: 'Parameters', parameter: [{ name: 'bogus', valueCode: 'x' }] }
    assert.equal((await ask('$validate', strange)).status, 400)
  })

  it('holds against a stored profile, and names one that is not known', async () => {
    const against = await ask('Library/$validate?profile=http://test/named', library)
    assert.deepEqual(against.found.sort(), [...unknown, 'error required Library.title'].sort())
    const nobody = await ask('Library/$validate?profile=http://nobody.org/p', library)
    assert.deepEqual(nobody.found.sort(), [...unknown, 'error not-found Library'].sort())
    assert.match(JSON.stringify(nobody.outcome), /http:\/\/nobody\.org\/p/)
  })

  it('judges a stored resource', async () => {
    const { status, found } = await ask('ValueSet/vs/$validate', { resourceType: 'Parameters' })
    assert.equal(status, 200)
    assert.ok(found.includes('error not-found ValueSet.status'), JSON.stringify(found))
  })

  it('judges as a write would be judged', async () => {
    const rules = {
      ...library,
      status: 'active',
      url: 'http://test/lib',
      content: [{ contentType: 'text/cql', data: Buffer.from('library L define "a": nonsense(').toString('base64') }],
    }
    const plain = await ask('Library/$validate', rules)
    const create = await ask('Library/$validate?mode=create', rules)
    const ofContent = ({ outcome }: Answer) =>
      outcome.issue.filter(({ severity, expression }) => severity === 'error' && expression?.[0] === 'Library.content')
    assert.deepEqual(ofContent(plain), [])
    assert.ok(ofContent(create).length > 0, JSON.stringify(create.outcome))
    assert.ok(create.found.includes('error required Library.version'), JSON.stringify(create.found))
    const stored = {
      resourceType: 'ValueSet',
      id: 'vs',
      url: 'http://test/vs',
      version: '1',
      status: 'active',
      compose: { include: [{ system: 'http://other' }] },
    }
    const update = await ask('ValueSet/vs/$validate?mode=update', stored)
    assert.ok(
      update.found.some((each) => /error business-rule ValueSet\.compose/.test(each)),
      JSON.stringify(update.found),
    )
    const other = await ask('ValueSet/vs/$validate?mode=update', { ...stored, id: 'other', compose })
    assert.ok(other.found.includes('error invalid ValueSet.id'), JSON.stringify(other.found))
  })

  it('judges a rule set beside the library that is to be written with it', async () => {
    const url = 'http://test/Library/Beside'
    const cql = "library Beside version '1.0.0'\ndefine Rule: true"
    const content = [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }]
    const its = { ...library, url, name: 'Beside', version: '1.0.0', status: 'active', content }
    const expression = { language: 'text/cql-identifier', expression: 'Rule' }
    const plan = {
      resourceType: 'PlanDefinition',
      id: 'beside',
      url: 'http://test/PlanDefinition/beside',
      version: '1.0.0',
      name: 'BesideRule',
      status: 'active',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
      library: [`${url}|1.0.0`],
      action: [{ title: 'A', condition: [{ kind: 'applicability', expression }] }],
    }
    const asked = (...beside: object[]) => ({
      resourceType: 'Parameters',
      parameter: [
        { name: 'mode', valueCode: 'update' },
        { name: 'resource', resource: plan },
        ...beside.map((resource) => ({ name: 'beside', resource })),
      ],
    })
    const refusals = async (...beside: object[]) =>
      (await ask('PlanDefinition/$validate', asked(...beside))).outcome.issue.filter(
        ({ severity, details }) => severity === 'error' && !/^Whether /.test(details?.text ?? ''),
      )
    const [missing] = await refusals()
    assert.match(missing?.details?.text ?? '', /Beside\|1\.0\.0, which is not known/)
    assert.deepEqual(await refusals(its), [])
    const other = Buffer.from(cql.replace('Rule', 'Other')).toString('base64')
    const [wrong] = await refusals({ ...its, content: [{ contentType: 'text/cql', data: other }] })
    assert.ok(wrong)
    const silent = await ask('$validate', { ...asked(its), parameter: asked(its).parameter.slice(1) })
    assert.equal(silent.status, 400)
  })

  it('judges a deletion', async () => {
    const { status, outcome } = await ask('ValueSet/vs/$validate?mode=delete', { resourceType: 'Parameters' })
    assert.deepEqual([status, outcome.issue[0]?.severity], [200, 'information'])
    assert.equal((await ask('ValueSet/nobody/$validate?mode=delete', { resourceType: 'Parameters' })).status, 404)
  })

  it('refuses questions that make no sense', async () => {
    assert.equal((await ask('Library/$validate?mode=bogus', library)).status, 400)
    assert.equal((await ask('Library/$validate?mode=profile', library)).status, 400)
    assert.equal((await ask('Library/$validate?mode=delete', library)).status, 400)
    assert.equal((await ask('ValueSet/$validate', library)).status, 400)
    assert.equal((await ask('Library/$validate', { resourceType: 'Parameters' })).status, 400)
    assert.equal((await fetch(`${base}/ValueSet/vs/$validate`)).status, 405)
  })

  it('is bounded: a body of many elements is judged or refused', async () => {
    const entry = Array.from({ length: 20_000 }, (_, index) => ({
      fullUrl: `http://x/Patient/${index}`,
      resource: { resourceType: 'Patient', id: String(index), contact: [{ gender: 'x' }] },
    }))
    const { status } = await ask('$validate', { resourceType: 'Bundle', type: 'collection', entry })
    assert.ok([200, 413, 422].includes(status), String(status))
  })
})

describe('$snapshot', () => {
  const definition = sketched(named)

  async function snapshot(path: string, body?: unknown): Promise<{ status: number; resource: StructureDefinition }> {
    const headers = { 'Content-Type': 'application/fhir+json', Accept: 'application/fhir+json' }
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const reply = await fetch(`${base}/StructureDefinition/${path}`, { headers, ...sent })
    return { status: reply.status, resource: (await reply.json()) as StructureDefinition }
  }

  it('of a definition that came along, of a stored one, by its url', async () => {
    const parameter = [{ name: 'definition', resource: definition }]
    const asked = [
      await snapshot('$snapshot', { resourceType: 'Parameters', parameter }),
      await snapshot('named/$snapshot'),
      await snapshot('$snapshot?url=http://test/named'),
    ]
    for (const { status, resource } of asked) {
      assert.equal(status, 200)
      const title = resource.snapshot?.element.find(({ path }) => path === 'Library.title')
      assert.deepEqual([title?.min, title?.max], [1, '1'])
      assert.ok((resource.snapshot?.element.length ?? 0) > 30)
    }
  })

  it('refuses what it cannot make', async () => {
    const of = (changes: object) =>
      snapshot('$snapshot', {
        resourceType: 'Parameters',
        parameter: [{ name: 'definition', resource: { ...definition, ...changes } }],
      })
    assert.equal((await of({ baseDefinition: 'http://nobody.org/base' })).status, 422)
    assert.equal(
      (await of({ differential: { element: [{ id: 'Library.bogus', path: 'Library.bogus' }] } })).status,
      422,
    )
    assert.equal((await of({ baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Patient' })).status, 422)
    assert.equal((await snapshot('$snapshot')).status, 400)
    assert.equal((await snapshot('$snapshot?url=http://nobody.org')).status, 404)
  })
})

describe('a write', () => {
  const write = async (resource: object) => {
    const headers = {
      'Content-Type': 'application/fhir+json',
      Authorization: 'Bearer test',
      Accept: 'application/fhir+json',
    }
    const reply = await fetch(`${base}/ValueSet`, { method: 'POST', headers, body: JSON.stringify(resource) })
    return { status: reply.status, text: await reply.text() }
  }
  const valueSet = (div: string) => ({
    resourceType: 'ValueSet',
    status: 'draft',
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${div}</div>` },
  })

  it('of narrative that may do harm is refused, of a draft too', async () => {
    assert.equal((await write(valueSet('<p>x</p>'))).status, 201)
    const { status, text } = await write(valueSet('<p style="background:url(https://x.org/)">x</p>'))
    assert.equal(status, 422)
    assert.match(text, /txt-1/)
  })
})
