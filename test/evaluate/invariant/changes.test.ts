/**
 * What a verdict rests on may change while it is made: rule sets, libraries and value sets in one transaction, and the keys that count.
 * The answer is one of before or one of after; never one of which a part is from before.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Library, Parameter, Parameters, PlanDefinition, Resource, ValueSet } from '../../../src/fhir/types.ts'
import type { Rules } from '../../../src/rules/rules.ts'
import { issueSample, testIssuer } from '../../support/issuer.ts'
import { openTestServer } from '../../support/loaded-server.ts'

const base = 'http://example.org/fhir'
const listed = testIssuer({ country: 'XA' })
const folder = mkdtempSync(join(tmpdir(), 'vidimus-changes-'))
after(() => rmSync(folder, { recursive: true, force: true }))
mkdirSync(join(folder, 'keys'))
function keys(status: object): void {
  writeFileSync(join(folder, 'keys', 'xa.pem'), listed.dsc.toString())
  const entry = { file: 'xa.pem', participant: 'XXA', domain: 'DCC', usage: 'DSC', ...status }
  writeFileSync(join(folder, 'keys', 'trust.json'), JSON.stringify([entry]))
}
keys({})

/** What happens before the next rules run, once for each of these. */
const meanwhile: (() => Promise<unknown>)[] = []
const aroundRules = (rules: Rules): Rules => ({
  ...rules,
  async evaluateRules(source, call) {
    await meanwhile.shift()?.()
    return rules.evaluateRules(source, call)
  },
})
const trustLists = JSON.stringify([{ name: 'own', kind: 'certificates', location: join(folder, 'keys') }])
const { server, close } = await openTestServer({ TRUST_LISTS: trustLists, JURISDICTION: 'XA' }, { aroundRules })
after(close)
const address = await server.listen()

const valueSet = (version: number): ValueSet => ({
  resourceType: 'ValueSet',
  id: `products-${version}`,
  url: `${base}/ValueSet/products`,
  version: `${version}.0.0`,
  name: 'Products',
  status: 'active',
  compose: {
    include: [{ system: 'http://id.who.int/icd11/mms', concept: [{ code: version % 2 ? 'XX01' : 'RA01' }] }],
  },
})
/** With the value set of its own version it never holds; with that of another one it does. */
const library = (version: number): Library => ({
  resourceType: 'Library',
  id: `rule-${version}`,
  url: `${base}/Library/Rule`,
  version: `${version}.0.0`,
  name: 'Rule',
  status: 'active',
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
  content: [
    {
      contentType: 'text/cql',
      data: Buffer.from(`library Rule version '${version}.0.0'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
valueset "products": '${base}/ValueSet/products'
context Patient
define In: exists([Immunization] I where exists(I.protocolApplied P where exists(P.targetDisease D where D in "products")))
define Good: ${version % 2 ? '' : 'not'} (In)
`).toString('base64'),
    },
  ],
})
const plan = (version: number, more: Partial<PlanDefinition> = {}): PlanDefinition => ({
  resourceType: 'PlanDefinition',
  id: `plan-${version}`,
  url: `${base}/PlanDefinition/plan`,
  version: `${version}.0.0`,
  name: 'Plan',
  status: 'active',
  jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'XA' }] }],
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
  library: [`${base}/Library/Rule|${version}.0.0`],
  action: [
    {
      title: `of ${version}`,
      condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
    },
  ],
  ...more,
})

async function send(method: string, path: string, body: object): Promise<{ status: number; body: Parameters }> {
  const headers = { 'content-type': 'application/fhir+json', authorization: 'Bearer test' }
  const reply = await fetch(`${address}/fhir/${path}`, { method, headers, body: JSON.stringify(body) })
  return { status: reply.status, body: (await reply.json()) as Parameters }
}
async function store(...resources: Resource[]): Promise<void> {
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  const { status, body } = await send('POST', '', { resourceType: 'Bundle', type: 'transaction', entry })
  assert.ok(status < 300, JSON.stringify(body))
}
let published = 0
async function publishNext(): Promise<void> {
  published++
  await store(valueSet(published), library(published), plan(published))
}

const credential = issueSample('dcc-v', listed)
const question = (...more: Parameter[]): Parameters => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: '2022-02-01T00:00:00Z' },
    ...more,
  ],
})
const named: Parameter = { name: 'planDefinition', valueCanonical: `${base}/PlanDefinition/plan` }
const codeOf = (body: Parameters, name: string) => body.parameter?.find((each) => each.name === name)?.valueCode
/** Numbers of the versions that an answer says it was made with. */
function versionsOf(body: Parameters): string[] {
  const texts = JSON.stringify(body).matchAll(/example\.org\/fhir\/(?:PlanDefinition|Library|ValueSet)\/\w+\|(\d+)/g)
  return [...new Set([...texts].flatMap(([, version]) => version ?? []))]
}

await publishNext()

describe('a verdict while content is published', () => {
  for (const [what, ...more] of [['selected'], ['named', named]] as const)
    it(`is one of before or of after: rules that are ${what}`, async () => {
      const before = await send('POST', '$evaluate', question(...more))
      assert.equal(codeOf(before.body, 'decision'), 'rejected')
      meanwhile.push(publishNext)
      const { body } = await send('POST', '$evaluate', question(...more))
      assert.equal(codeOf(body, 'decision'), 'rejected', 'by no version it holds')
      assert.deepEqual(versionsOf(body), [`${published}`])
    })
  it('is one of them for each line of a queue', async () => {
    const line = JSON.stringify(question(named))
    meanwhile.push(
      publishNext,
      async () => undefined,
      async () => undefined,
      publishNext,
    )
    const headers = { 'content-type': 'application/fhir+ndjson' }
    const body = `${line}\n${line}\n${line}\n`
    const reply = await fetch(`${address}/fhir/$evaluate`, { method: 'POST', headers, body })
    const answers = (await reply.text())
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each) as Parameters)
    assert.deepEqual(
      answers.map((each) => codeOf(each, 'decision')),
      ['rejected', 'rejected', 'rejected'],
    )
    for (const each of answers) assert.equal(versionsOf(each).length, 1)
  })
  it('is one of them where the address names the rule set, a draft that is replaced', async () => {
    const draft = (version: number) =>
      plan(version, { id: 'draft', url: `${base}/PlanDefinition/draft`, version: '0.0.1', status: 'draft' })
    await store(draft(published))
    meanwhile.push(async () => {
      await publishNext()
      await store(draft(published))
    })
    const { body } = await send('POST', 'PlanDefinition/draft/$evaluate', question())
    const rule = body.parameter?.find(({ name }) => name === 'rule')?.part ?? []
    assert.equal(rule.find(({ name }) => name === 'action')?.valueString, `of ${published}`)
    assert.equal(rule.find(({ name }) => name === 'result')?.valueBoolean, false)
  })
  it('is given though others publish all the time what it does not rest on', async () => {
    let count = 0
    const other = () => store({ ...valueSet(1000 + count), url: `${base}/ValueSet/other-${count++}` })
    meanwhile.push(...Array.from({ length: 10 }, () => other))
    const { status, body } = await send('POST', '$evaluate', question(named))
    assert.deepEqual([status, codeOf(body, 'decision')], [200, 'rejected'])
    assert.equal(count, 2)
    meanwhile.splice(0)
  })
  it('is none, to be asked for again, where each time another one comes of it', async () => {
    meanwhile.push(...Array.from({ length: 10 }, () => publishNext))
    const { status, body } = await send('POST', '$evaluate', question(named))
    assert.equal(status, 503, JSON.stringify(body))
    assert.equal(meanwhile.length, 5)
    meanwhile.splice(0)
  })
})

describe('a verdict while keys are withdrawn', () => {
  it('is that of a key which counts no more', async () => {
    keys({ status: 'revoked' })
    meanwhile.push(() => server.trust.reload())
    const { body } = await send('POST', '$evaluate', question(named))
    assert.deepEqual([codeOf(body, 'decision'), codeOf(body, 'status')], ['unverified', 'REVOKED_KEYS'])
    keys({})
    await server.trust.reload()
  })
})
