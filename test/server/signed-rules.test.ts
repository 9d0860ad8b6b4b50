/** A rule that its author has signed is run while his signature holds. */
import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, it } from 'node:test'
import supertest from 'supertest'
import { publicAddress } from '../../src/config.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { brokenSignature } from '../../src/fhir/artefact.ts'
import { allParameters, parameterValue, textParameter } from '../../src/fhir/operation.ts'
import type { Library, PlanDefinition, Resource, ValueSet } from '../../src/fhir/types.ts'
import { didWebOf } from '../../src/provenance/did-web.ts'
import { signArtefact } from '../../src/provenance/signature/sign.ts'
import { fileIn, ownFolder } from '../provenance/support.ts'
import { testSigner } from '../support/cms-signer.ts'
import { testIssuer } from '../support/issuer.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { headerProvenance, publisher, signature } from '../support/signed-artefact.ts'

const folder = ownFolder()
const ministry = await publisher('did:web:ministry.example')
const signers = JSON.stringify([
  { issuer: ministry.did, canonicalPrefixes: ['http://example.org/'], keys: { keys: [ministry.publicJwk] } },
])
const own = testSigner('P-256')

const cql = (name: string, text: string) => Buffer.from(`library ${name} version '1.0.0'\n${text}\n`).toString('base64')
const library = (name: string, text: string): Library => ({
  resourceType: 'Library',
  id: name,
  url: `http://example.org/Library/${name}`,
  version: '1.0.0',
  name,
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
  content: [{ contentType: 'text/cql', data: cql(name, text) }],
})
const plan: PlanDefinition = {
  resourceType: 'PlanDefinition',
  id: 'plan',
  url: 'http://example.org/PlanDefinition/plan',
  version: '1.0.0',
  name: 'Plan',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
  library: ['http://example.org/Library/Rule|1.0.0'],
  action: [
    {
      title: 'rule',
      condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
    },
  ],
}
const key = { SIGNING_KEY: fileIn(folder, own.key), SIGNING_CERTIFICATE: own.cert }
const { server, dataDir, close } = await openTestServer({ SIGNERS: signers, STORAGE_URL: 'sqlite:rules.db', ...key })
const http = createHttpServer(server.handler)
after(async () => {
  http.close()
  await close()
})

const writing = { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' }
/** Stores a rule, with the signature of the ministry, of this server as its author, or with none. */
async function store(resource: Resource, by: 'ministry' | 'server' | 'nobody') {
  const signature = by === 'nobody' ? undefined : await signatureOf(resource, by)
  const sent = supertest(http).put(`/fhir/${resource.resourceType}/${resource.id}`).set(writing)
  if (signature) sent.set('X-Provenance', JSON.stringify(headerProvenance(signature)))
  const { status, text } = await sent.send(JSON.stringify(resource))
  assert.ok(status === 201 || status === 200, text)
}
async function signatureOf(resource: Resource, by: 'ministry' | 'server') {
  if (by === 'ministry') return signature({ ...resource }, ministry)
  const current = server.signing.current()
  assert.ok(current)
  return signArtefact(resource, {
    key: current,
    did: didWebOf(publicAddress(server.config)),
    at: new Date(),
    purpose: 1,
  })
}

const issuer = testIssuer()
const times = { issuedAt: new Date('2026-05-31T12:00:00Z'), expires: new Date('2026-12-01T00:00:00Z') }
const credential = issueHcert(samplePayload('dcc-v', { issuer: 'XA', ...times }), issuer.signer)

/** What is decided by the plan, and why not. */
async function decided({ url } = plan, place = ''): Promise<{ decision: string | undefined; text: string }> {
  const parameter = [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    ...(place === '' ? [{ name: 'planDefinition', valueCanonical: url }] : []),
  ]
  const question = JSON.stringify({ resourceType: 'Parameters', parameter })
  const { body, status, text } = await supertest(http).post(`/fhir/${place}$evaluate`).set(writing).send(question)
  assert.equal(status, 200, text)
  const results = allParameters(body, 'rule').map(({ part }) =>
    parameterValue(part?.find(({ name }) => name === 'result')),
  )
  const decision = textParameter(body, 'decision')
  if (decision !== 'accepted') assert.ok(!results.includes(true), text)
  return { decision, text }
}

/** Changes what is stored behind the back of the server. */
function changeUnderneath(type: string, id: string, from: string, to: string): void {
  const database = new DatabaseSync(join(dataDir, 'rules.db'))
  const { changes } = database
    .prepare('UPDATE version SET content = replace(content, ?, ?) WHERE type = ? AND id = ?')
    .run(from, to, type, id)
  database.close()
  assert.equal(changes, 1)
}

const yes = library('Base', 'define Yes: true')
const rule = library('Rule', "include Base version '1.0.0' called B\ndefine Good: B.Yes")

it('runs while the signatures of their authors hold', async () => {
  await store(yes, 'ministry')
  await store(rule, 'server')
  await store(plan, 'ministry')
  assert.equal((await decided()).decision, 'accepted')
  await server.signed.context.guard.recheck()
  assert.equal((await decided()).decision, 'accepted')
})

it('does not run when the content of what it includes was changed underneath', async () => {
  const [good, bad] = [cql('Base', 'define Yes: true'), cql('Base', 'define Yes: 1=1 ')]
  assert.equal(good.length, bad.length)
  changeUnderneath('Library', 'Base', good, bad)
  await server.signed.context.guard.recheck()
  const { decision, text } = await decided()
  assert.equal(decision, 'undetermined')
  assert.match(text, /signature of its author holds no more/)
  const ran = await supertest(http)
    .post('/fhir/Library/Base/$evaluate')
    .set(writing)
    .send('{"resourceType":"Parameters"}')
  assert.match(ran.text, /signature of its author holds no more/)
  changeUnderneath('Library', 'Base', bad, good)
  await server.signed.context.guard.recheck()
  assert.equal((await decided()).decision, 'accepted')
})

it('does not run when the plan itself was changed underneath', async () => {
  changeUnderneath('PlanDefinition', 'plan', '"title":"rule"', '"title":"Rule"')
  await server.signed.context.guard.recheck()
  for (const place of ['', 'PlanDefinition/plan/']) {
    const { decision, text } = await decided(plan, place)
    assert.equal(decision, 'undetermined')
    assert.match(text, /signature of its author holds no more/)
  }
  changeUnderneath('PlanDefinition', 'plan', '"title":"Rule"', '"title":"rule"')
  await server.signed.context.guard.recheck()
  assert.equal((await decided(plan, 'PlanDefinition/plan/')).decision, 'accepted')
  assert.equal((await decided()).decision, 'accepted')
})

const codes: ValueSet = {
  resourceType: 'ValueSet',
  id: 'codes',
  url: 'http://example.org/ValueSet/codes',
  version: '1.0.0',
  name: 'Codes',
  status: 'active',
  compose: { include: [{ system: 'http://example.org/CodeSystem/codes', concept: [{ code: 'a' }, { code: 'b' }] }] },
}
const onCodes = library(
  'OnCodes',
  `valueset "Codes": '${codes.url}'\ndefine Good: Code { code: 'b', system: 'http://example.org/CodeSystem/codes' } in "Codes"`,
)
const planOnCodes: PlanDefinition = {
  ...plan,
  id: 'plan-on-codes',
  url: 'http://example.org/PlanDefinition/plan-on-codes',
  library: [`${onCodes.url}|1.0.0`],
}

it('does not run when a value set that it leans on was changed underneath', async () => {
  await store(codes, 'ministry')
  await store(onCodes, 'ministry')
  await store(planOnCodes, 'ministry')
  const asked = () => decided(planOnCodes)
  const first = await asked()
  assert.equal(first.decision, 'accepted', first.text)
  changeUnderneath('ValueSet', 'codes', '"code":"a"', '"code":"z"')
  await server.signed.context.guard.recheck()
  const { decision, text } = await asked()
  assert.equal(decision, 'undetermined')
  assert.match(text, /signature of its author holds no more/)
  for (const path of [`ValueSet/$expand?url=${codes.url}`, 'ValueSet/codes/$expand']) {
    const expanded = await supertest(http).get(`/fhir/${path}`)
    assert.equal(expanded.status, 422, expanded.text)
  }
  changeUnderneath('ValueSet', 'codes', '"code":"z"', '"code":"a"')
  await server.signed.context.guard.recheck()
  assert.equal((await asked()).decision, 'accepted')
})

it('does not run when the key of its author was compromised, until he signs it again', async () => {
  const [key] = server.signing.all()
  assert.ok(key)
  await server.signed.revocations.revoke(key, new Date(), 'keyCompromise')
  await server.signed.context.guard.recheck()
  assert.equal(server.signing.current(), undefined)
  assert.equal((await decided()).decision, 'undetermined')
  await store(rule, 'ministry')
  await server.signed.context.guard.recheck()
  assert.equal((await decided()).decision, 'accepted')
})

it('does not run unsigned where the policy wants the signature of an author, whatever was stored before it', async () => {
  const rules = JSON.stringify([{ types: ['Library'], canonicalPrefixes: ['http://example.org/'] }])
  const strict = await openTestServer({ SIGNERS: signers, REQUIRE_SIGNATURE: rules })
  after(strict.close)
  const { guard } = strict.server.signed.context
  const stored = async (status: Library['status'], id: string) => {
    const resource = { ...library('Loose', 'define Yes: true'), id, status }
    await strict.server.storage.write([{ method: 'PUT', type: 'Library', id, resource }])
    const version = await strict.server.storage.read('Library', id)
    return guard.admit([version?.resource as Library])
  }
  for (const status of ['active', 'retired', 'unknown', 'draft'] as const) {
    const [admitted] = await stored(status, `loose-${status}`)
    assert.match(brokenSignature(admitted as Library) ?? 'is run', /REQUIRE_SIGNATURE/, status)
  }
})

it('is judged again after what changed while it was judged', async () => {
  const { guard } = server.signed.context
  assert.equal((await decided()).decision, 'accepted')
  const under = guard.recheck()
  const [good, bad] = [cql('Base', 'define Yes: true'), cql('Base', 'define Yes: 1=1 ')]
  changeUnderneath('Library', 'Base', good, bad)
  await Promise.all([under, guard.recheck()])
  assert.equal((await decided()).decision, 'undetermined')
  changeUnderneath('Library', 'Base', bad, good)
  await guard.recheck()
})

it('includes nothing of another place by the name of what was retired beside it', async () => {
  const rival: Library = {
    ...library('Base', 'define Yes: 2 > 1'),
    id: 'rival',
    url: 'http://other.example/Library/Base',
  }
  await store({ ...yes, status: 'retired' }, 'nobody')
  await store(rival, 'nobody')
  const { decision, text } = await decided()
  assert.equal(decision, 'undetermined', text)
})
