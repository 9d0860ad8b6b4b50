import assert from 'node:assert/strict'
import { createServer as createHttpServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { allParameters, firstParameter, parameterValue, textParameter } from '../../src/fhir/operation.ts'
import type { Binary, Bundle, BundleEntry, Parameter, Parameters } from '../../src/fhir/types.ts'
import { euRuleToFhir } from '../../src/rules/certlogic/eu-rule.ts'
import { euRule } from '../support/eu-rule.ts'
import { testIssuer } from '../support/issuer.ts'
import { openTestServer } from '../support/loaded-server.ts'

const clock = '2026-06-01T12:00:00Z'
const issuer = testIssuer()
const sample = { issuer: 'XA', issuedAt: new Date('2026-05-31T12:00:00Z'), expires: new Date('2026-12-01T00:00:00Z') }
const vaccination = issueHcert(samplePayload('dcc-v', sample), issuer.signer)
const recovery = issueHcert(samplePayload('dcc-r', sample), issuer.signer)
const forged = issueHcert(samplePayload('dcc-v', sample), issuer.signer, {
  replacedPayload: samplePayload('dcc-v', { ...sample, issuer: 'XB' }),
})

let opened: Awaited<ReturnType<typeof openTestServer>>
let http: Server
before(async () => {
  opened = await openTestServer({ DRAFTS: 'public' })
  http = createHttpServer(opened.server.handler)
})
after(async () => {
  http.close()
  await opened.close()
})

function question(credential: string, ...more: Parameter[]): Parameters {
  const parameter: Parameter[] = [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: clock },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    ...more,
  ]
  return { resourceType: 'Parameters', parameter }
}

const post = (body: object, path = '/fhir/$evaluate') =>
  supertest(http).post(path).set('Content-Type', 'application/fhir+json').send(JSON.stringify(body))

const names = (reply: Parameters) => (reply.parameter ?? []).map((each) => each.name)
const part = (parameter: Parameter | undefined, name: string) =>
  parameterValue(parameter?.part?.find((each) => each.name === name))

test('a genuine certificate is accepted, and the reply says why and from what', async () => {
  const { body, headers, status } = await post(question(vaccination))
  assert.equal(status, 200)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(textParameter(body, 'decision'), 'accepted')
  assert.equal(textParameter(body, 'status'), 'VERIFIED')
  assert.equal(textParameter(body, 'format'), 'hcert-dcc')
  assert.equal(textParameter(body, 'evaluationDateTime'), clock)
  assert.equal(part(firstParameter(body, 'subject'), 'name'), 'Ada Specimen')
  assert.equal(part(firstParameter(body, 'subject'), 'birthDate'), '1985-03-14')
  assert.equal(part(firstParameter(body, 'issuer'), 'keyId'), issuer.keyId.toString('base64'))
  const checks = allParameters(body, 'check')
  assert.equal(checks.length, 11)
  const notDone = checks.filter((check) => !['pass', 'warn'].includes(String(part(check, 'outcome'))))
  assert.deepEqual(
    notDone.map((check) => [part(check, 'name'), part(check, 'outcome'), part(check, 'detail')]),
    [['revocation', 'skipped', 'no revocation list of the issuer is known']],
  )
  const rule = allParameters(body, 'rule').find((each) => part(each, 'result') === true)
  assert.match(String(part(rule, 'planDefinition')), /\|1\.1\.0$/)
  assert.match(String(part(rule, 'library')), /\|1\.1\.0$/)
  assert.ok(rule?.part?.some((each) => each.name === 'evidence'))
  assert.deepEqual(
    allParameters(body, 'structureMap').map((each) => each.valueCanonical?.endsWith('|1.0.0')),
    [true, true],
  )
  assert.ok(!JSON.stringify(body).includes('HC1:'))
})

test('one core data set per certified event, readable as JSON', async () => {
  const { body } = await post(question(recovery))
  const [only, ...others] = allParameters(body, 'coreDataSet')
  assert.equal(others.length, 0)
  const binary = only?.resource as Binary
  assert.equal(binary.contentType, 'application/json')
  const data = JSON.parse(Buffer.from(binary.data ?? '', 'base64').toString())
  assert.equal(data.name, 'Ada Specimen')
  assert.ok(data.recovery)
  const valueSets = allParameters(body, 'valueSet').map((each) => each.valueCanonical)
  assert.deepEqual(valueSets, ['http://vidimus.org/fhir/ValueSet/covid-19|1.0.0'])
  assert.equal(textParameter(body, 'decision'), 'accepted')
})

test('of a forged certificate nothing is told but the failing check', async () => {
  const { body, status } = await post(question(forged))
  assert.equal(status, 200)
  assert.equal(textParameter(body, 'decision'), 'unverified')
  assert.equal(textParameter(body, 'status'), 'INVALID_SIGNATURE')
  for (const name of ['subject', 'coreDataSet', 'content', 'rule', 'structureMap'])
    assert.ok(!names(body).includes(name), name)
  assert.ok(!JSON.stringify(body).includes('Specimen'))
  assert.equal(firstParameter(body, 'outcome')?.resource?.resourceType, 'OperationOutcome')
})

test('the default maps, named by canonical, give the default verdict; the same question gives the same reply', async () => {
  const maps = ['HcertDccToCoreDataSet', 'CoreDataSetToBundle'].map((name) => ({
    name: 'structureMap',
    valueCanonical: `http://vidimus.org/fhir/StructureMap/${name}`,
  }))
  const byDefault = await post(question(vaccination))
  const named = await post(question(vaccination, ...maps))
  assert.deepEqual(named.body, byDefault.body)
  const first = await post(question(vaccination, ...maps.slice(0, 1)))
  assert.equal(textParameter(first.body, 'decision'), 'accepted')
})

test('a map that makes nothing of the content leaves the credential verified and undetermined', async () => {
  const fml = `map "http://example.org/StructureMap/Nothing" = Nothing
    uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
    group Nothing(source src, target bundle : Bundle) { src.absent -> bundle.type = 'collection' "type"; }`
  const put = await supertest(http)
    .put('/fhir/StructureMap/nothing')
    .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
    .send(fml)
  assert.equal(put.status, 201, JSON.stringify(put.body))
  const map = { name: 'structureMap', valueCanonical: 'http://example.org/StructureMap/Nothing' }
  const { body } = await post(question(vaccination, map))
  assert.equal(textParameter(body, 'decision'), 'undetermined')
  assert.equal(textParameter(body, 'status'), 'VERIFIED')
  assert.ok(!names(body).includes('content'))
  const rules = allParameters(body, 'rule')
  assert.ok(rules.length > 0 && rules.every((rule) => part(rule, 'result') === undefined))
  assert.match(JSON.stringify(firstParameter(body, 'outcome')), /no FHIR resources/)
})

test('what another map writes stays as it wrote it', async () => {
  const fml = `map "http://example.org/StructureMap/Bare" = Bare
    uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
    group Bare(source src, target bundle : Bundle) {
      src -> bundle.type = 'transaction', bundle.entry as e, e.resource = create('Patient') as p, p.id = 'one' "person";
      src -> bundle.entry as e, e.resource = create('Immunization') as i, i.patient as to, to.reference = 'Patient/one' "dose";
    }`
  const put = await supertest(http)
    .put('/fhir/StructureMap/bare')
    .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
    .send(fml)
  assert.equal(put.status, 201, JSON.stringify(put.body))
  const map = { name: 'structureMap', valueCanonical: 'http://example.org/StructureMap/Bare' }
  const { body } = await post(question(vaccination, map))
  assert.deepEqual(firstParameter(body, 'content')?.resource, {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: { resourceType: 'Patient', id: 'one' } },
      { resource: { resourceType: 'Immunization', patient: { reference: 'Patient/one' } } },
    ],
  })
})

test('entries that a map left without address get one where the contents of several credentials are put together', async () => {
  const fml = `map "http://example.org/StructureMap/Bared" = Bared
    uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Source as source
    uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
    group Bared(source src : Source, target bundle : Bundle) {
      src.type as type -> bundle.type = type;
      src.entry as entry -> bundle.entry as e then { entry.resource as r -> e.resource = r; } "entry";
    }`
  const put = await supertest(http)
    .put('/fhir/StructureMap/bared')
    .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping' })
    .send(fml)
  assert.equal(put.status, 201, JSON.stringify(put.body))
  const url = 'http://vidimus.org/fhir/StructureMap'
  const chain = [`${url}/HcertDccToCoreDataSet`, `${url}/CoreDataSetToBundle`, 'http://example.org/StructureMap/Bared']
  const maps = chain.map((valueCanonical) => ({ name: 'structureMap', valueCanonical }))
  const further = { name: 'furtherCredential', part: [{ name: 'credential', valueString: recovery }] }
  const entriesOf = async (...more: Parameter[]) => {
    const { body } = await post(question(vaccination, ...more))
    assert.equal(textParameter(body, 'status'), 'VERIFIED', JSON.stringify(body))
    const content = firstParameter(body, 'content')?.resource
    return content?.resourceType === 'Bundle' ? ((content as Bundle).entry ?? []) : []
  }
  assert.ok((await entriesOf(...maps)).every(({ fullUrl }) => fullUrl === undefined))
  const together = await entriesOf(...maps, further)
  const types = (entries: BundleEntry[]) => entries.map(({ resource }) => resource?.resourceType)
  assert.deepEqual(types(together), types(await entriesOf(further)))
  assert.ok(types(together).includes('Condition') && types(together).includes('Immunization'))
  assert.equal(new Set(together.map(({ fullUrl }) => fullUrl)).size, together.length)
  assert.ok(together.every(({ fullUrl }) => fullUrl?.startsWith('urn:uuid:')))
})

test('what a request names and the server does not have is told whatever the credential is', async () => {
  for (const name of ['structureMap', 'library', 'planDefinition']) {
    const { status } = await post(question(forged, { name, valueCanonical: 'http://example.org/none' }))
    assert.equal(status, 404, name)
  }
})

test('a credential in the address is refused, not read', async () => {
  const { status, body } = await post({ resourceType: 'Parameters' }, '/fhir/$evaluate?credential=hello')
  assert.equal(status, 400)
  assert.match(JSON.stringify(body), /body/)
})

test('a rule that does not hold rejects, with a message in the language asked for', async () => {
  const plan = { name: 'planDefinition', valueCanonical: 'http://vidimus.org/fhir/PlanDefinition/single-dose-schedule' }
  const english = await post(question(vaccination, plan))
  assert.equal(textParameter(english.body, 'decision'), 'rejected')
  const french = await post(question(vaccination, plan)).set('Accept-Language', 'fr')
  const message = (body: Parameters) => part(firstParameter(body, 'rule'), 'message')
  assert.equal(typeof message(english.body), 'string')
  assert.notEqual(message(english.body), message(french.body))
  // The title is what it is, so that a program knows the rule by it; its translation stands beside it, as FHIR has them.
  const title = ({ body }: { body: Parameters }) => {
    const found = allParameters(body, 'rule')
      .at(0)
      ?.part?.find(({ name }) => name === 'action')
    return [
      found?.valueString,
      found?._valueString?.extension?.[0]?.extension?.map((each) => each.valueCode ?? each.valueString),
    ]
  }
  assert.deepEqual(title(english), ['Single-dose schedule', undefined])
  assert.deepEqual(title(french), ['Single-dose schedule', ['fr', 'Schéma à dose unique']])
})

test('rules are chosen by kind, named by canonical, by instance and by type', async () => {
  const byDefault = await post(question(recovery))
  const plans = allParameters(byDefault.body, 'rule').map((rule) => String(part(rule, 'planDefinition')))
  assert.deepEqual([...new Set(plans)], ['http://vidimus.org/fhir/PlanDefinition/recovery-window|1.1.0'])
  const byInstance = await post(question(recovery), '/fhir/PlanDefinition/recovery-window/$evaluate')
  assert.equal(textParameter(byInstance.body, 'decision'), 'accepted')
  const url = encodeURIComponent('http://vidimus.org/fhir/PlanDefinition/recovery-window|1.1.0')
  const byType = await post(question(recovery), `/fhir/PlanDefinition/$evaluate?url=${url}`)
  assert.equal(textParameter(byType.body, 'decision'), 'accepted')
})

test('the clock moves a recovery out of its window', async () => {
  const parameters = question(recovery)
  const late = {
    ...parameters,
    parameter: parameters.parameter?.map((each) =>
      each.name === 'evaluationDateTime' ? { ...each, valueDateTime: '2026-11-30T00:00:00Z' } : each,
    ),
  }
  const { body } = await post(late)
  assert.equal(textParameter(body, 'status'), 'VERIFIED')
  assert.equal(textParameter(body, 'decision'), 'rejected')
})

test('a library may be run directly, and its defines chosen', async () => {
  const library = { name: 'library', valueCanonical: 'http://vidimus.org/fhir/Library/VaccinationSchedule' }
  const all = await post(question(vaccination, library))
  assert.ok(allParameters(all.body, 'rule').length >= 2)
  const expression = { name: 'expression', valueString: 'Complete Primary Series' }
  const one = await post(question(vaccination, library, expression))
  assert.equal(allParameters(one.body, 'rule').length, 1)
  assert.equal(textParameter(one.body, 'decision'), 'accepted')
})

test('a rule over an unknown value set is undetermined and says which; it is never an empty set', async () => {
  const cql = `library Unknown version '1' using FHIR version '4.0.1' include FHIRHelpers version '4.0.1'
    valueset "Nowhere": 'http://example.org/ValueSet/nowhere' context Patient
    define "Any": exists [Immunization: vaccineCode in "Nowhere"]`
  const library = {
    resourceType: 'Library',
    id: 'unknown',
    url: 'http://example.org/Library/Unknown',
    version: '1',
    status: 'active',
    type: { coding: [{ code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
  }
  const put = await supertest(http)
    .put('/fhir/Library/unknown')
    .set({ Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' })
    .send(JSON.stringify(library))
  assert.equal(put.status, 201, JSON.stringify(put.body))
  const { body, status } = await post(question(vaccination, { name: 'library', valueCanonical: library.url }))
  assert.equal(status, 200)
  assert.equal(textParameter(body, 'decision'), 'undetermined')
  assert.match(JSON.stringify(firstParameter(body, 'outcome')), /example\.org\/ValueSet\/nowhere/)
})

test('a CertLogic rule sees the certificate and the envelope', async () => {
  const Description = [{ lang: 'en', desc: 'Issued by XA, and in time' }]
  const logic = {
    and: [
      { '===': [{ var: 'payload.v.0.co' }, { var: 'external.issuerCountryCode' }] },
      { '===': [{ var: 'external.countryCode' }, 'DE'] },
      {
        before: [
          { plusTime: [{ var: 'external.validationClock' }, 0, 'day'] },
          { plusTime: [{ var: 'external.exp' }, 0, 'day'] },
        ],
      },
    ],
  }
  for (const resource of Object.values(
    euRuleToFhir(euRule({ Description, Logic: logic }) as never, { base: 'http://example.org/fhir' }),
  )) {
    const put = await supertest(http)
      .put(`/fhir/${resource.resourceType}/${resource.id}`)
      .set({ Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' })
      .send(JSON.stringify(resource))
    assert.equal(put.status, 201, JSON.stringify(put.body))
  }
  const plan = { name: 'planDefinition', valueCanonical: 'http://example.org/fhir/PlanDefinition/GR-XA-0001' }
  const country = (code: string) => ({ name: 'jurisdiction', valueCode: code })
  const there = await post(question(vaccination, plan, country('DE')))
  assert.equal(textParameter(there.body, 'decision'), 'accepted', JSON.stringify(there.body))
  const elsewhere = await post(question(vaccination, plan, country('FR')))
  assert.equal(textParameter(elsewhere.body, 'decision'), 'rejected')
})

test('CQL parameters reach the rules', async () => {
  const parameters = {
    name: 'parameters',
    resource: {
      resourceType: 'Parameters',
      parameter: [{ name: 'Minimum Days Since Dose', valueInteger: 300 }],
    } as Parameters,
  }
  const { body } = await post(question(vaccination, parameters))
  assert.equal(textParameter(body, 'decision'), 'rejected')
})

test('wrong questions get an OperationOutcome and a status that fits', async () => {
  const anchor = { name: 'trustAnchor', valueBase64Binary: 'AAAA' }
  const plan = { name: 'planDefinition', valueCanonical: 'http://example.org/none' }
  const map = { name: 'structureMap', valueCanonical: 'http://example.org/none' }
  const cases: [number, object][] = [
    [400, { resourceType: 'Parameters' }],
    [422, { resourceType: 'Parameters', parameter: [{ name: 'credential', valueInteger: 1 }] }],
    [400, question(vaccination, anchor)],
    [404, question(vaccination, plan)],
    [400, question(vaccination, ...Array(101).fill(plan))],
    [404, question(vaccination, map)],
    [400, question(vaccination, { name: 'jurisdiction', valueCode: 'Utopia' })],
    ...['yesterday', '2026-02-30', '2026-13-01', '2026-00-10'].map((clock): [number, object] => [
      400,
      {
        resourceType: 'Parameters',
        parameter: [
          { name: 'credential', valueString: vaccination },
          { name: 'evaluationDateTime', valueDateTime: clock },
        ],
      },
    ]),
  ]
  for (const [status, body] of cases) {
    const reply = await post(body)
    assert.equal(reply.status, status, JSON.stringify(reply.body))
    assert.equal(reply.body.resourceType, 'OperationOutcome')
    assert.ok(!reply.text.includes('HC1:'))
  }
  assert.equal((await supertest(http).get('/fhir/$evaluate')).status, 405)
})

test('a question larger than any credential is refused before it is read', async () => {
  const large = { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: 'A'.repeat(1_000_000) }] }
  const reply = await post(large)
  assert.equal(reply.status, 413)
  assert.equal(reply.body.issue[0].code, 'too-long')
  assert.equal(reply.headers['cache-control'], 'no-store')
  const lines = await supertest(http)
    .post('/fhir/$evaluate')
    .set('Content-Type', 'application/fhir+ndjson')
    .send(`${JSON.stringify(large)}\n${JSON.stringify(question('x'))}\n`)
  const [first = '', second = ''] = lines.text.split('\n')
  assert.equal(JSON.parse(first).issue[0].code, 'too-long')
  assert.equal(textParameter(JSON.parse(second), 'status'), 'NOT_SUPPORTED')
})

test('XML in and out', async () => {
  const xml = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="credential"/><valueString value="hello"/></parameter></Parameters>`
  const reply = await supertest(http)
    .post('/fhir/$evaluate')
    .set('Content-Type', 'application/fhir+xml')
    .set('Accept', 'application/fhir+xml')
    .send(xml)
  assert.equal(reply.status, 200)
  assert.match(reply.headers['content-type'] ?? '', /xml/)
  assert.match(reply.text, /<valueCode value="NOT_SUPPORTED"\/>/)
})

test('many at once: NDJSON answers line by line, a batch entry by entry', async () => {
  const lines = [question(vaccination), question(forged), { resourceType: 'Patient' }]
    .map((each) => JSON.stringify(each))
    .join('\n')
  const reply = await supertest(http)
    .post('/fhir/$evaluate')
    .set('Content-Type', 'application/fhir+ndjson')
    .send(`${lines}\nnot json\n`)
  assert.equal(reply.status, 200)
  const answers = reply.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    answers.map((each) => textParameter(each, 'decision') ?? each.resourceType),
    ['accepted', 'unverified', 'OperationOutcome', 'OperationOutcome'],
  )
  const entry = (resource: object) => ({ request: { method: 'POST', url: '$evaluate' }, resource })
  const batch = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [entry(question(vaccination)), entry({ resourceType: 'Parameters' })],
  }
  const bundle = await post(batch, '/fhir')
  assert.equal(bundle.status, 200)
  assert.equal(textParameter(bundle.body.entry[0].resource, 'decision'), 'accepted')
  assert.match(bundle.body.entry[1].response.status, /^400/)
})

test('anchors are refused where the server does not allow them', async () => {
  const strict = await openTestServer({ ALLOW_REQUEST_TRUST_ANCHORS: 'false' })
  const strictHttp = createHttpServer(strict.server.handler)
  try {
    const refused = await supertest(strictHttp).post('/fhir/$evaluate').send(question(vaccination))
    assert.equal(refused.status, 403)
    const parameter = question(vaccination).parameter?.filter((each) => each.name !== 'trustAnchor') ?? []
    const judged = await supertest(strictHttp).post('/fhir/$evaluate').send({ resourceType: 'Parameters', parameter })
    assert.equal(textParameter(judged.body, 'status'), 'ISSUER_NOT_TRUSTED')
  } finally {
    strictHttp.close()
    await strict.close()
  }
})
