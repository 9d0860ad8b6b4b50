/** `manifest` in `$expand`, `$validate-code` and `$evaluate`: its versions where the question names none, never others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import supertest from 'supertest'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../../src/demo/samples.ts'
import { allParameters, parameterValue, textParameter } from '../../../src/fhir/operation.ts'
import type { Library, Parameter, Parameters, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { codeSystem, plan, textsOf } from '../../publish/support.ts'
import { testIssuer } from '../../support/issuer.ts'
import { assetLibrary, base, cqlLibrary, openLifecycle, valueSet } from './support.ts'

const { put, post, get, http } = await openLifecycle()
const stored = async (...resources: Resource[]) => {
  for (const each of resources) {
    const { status, body } = await put(each)
    assert.ok(status < 300, JSON.stringify(body))
  }
}
/** A manifest: entries that it depends on, and contained parameters of expansions. */
function manifest(id: string, entries: string[], parameters?: Parameter[], more: Partial<Library> = {}): Library {
  const pointer = 'http://hl7.org/fhir/StructureDefinition/cqf-expansionParameters'
  return assetLibrary(id, [], {
    status: 'active',
    ...(entries.length > 0 && {
      relatedArtifact: entries.map((resource) => ({ type: 'depends-on' as const, resource })),
    }),
    ...(parameters && {
      contained: [{ resourceType: 'Parameters', id: 'exp', parameter: parameters } as Resource],
      extension: [{ url: pointer, valueReference: { reference: '#exp' } }],
    }),
    ...more,
  })
}
const system = `${base}/CodeSystem/colours`
const open: ValueSet = valueSet('open', { compose: { include: [{ system }] } })
const imports = valueSet('imports', { compose: { include: [{ valueSet: [`${base}/ValueSet/part`] }] } })
await stored(
  codeSystem('colours', ['red', 'green']),
  { ...codeSystem('colours-2', ['red', 'blue'], { version: '2.0.0' }), url: system } as Resource,
  open,
  valueSet('part', { compose: { include: [{ system, version: '1.0.0', concept: [{ code: 'red' }] }] } }),
  {
    ...valueSet('part-2', { version: '2.0.0' }),
    url: `${base}/ValueSet/part`,
    compose: { include: [{ system, version: '1.0.0', concept: [{ code: 'green' }] }] },
  } as Resource,
  imports,
  manifest('first', [`${system}|1.0.0`, `${base}/ValueSet/part|1.0.0`]),
  manifest('second', [`${system}|2.0.0`, `${base}/ValueSet/part|2.0.0`]),
)
const url = (id: string) => `${base}/Library/${id}`
const query = (given: Record<string, string>) =>
  Object.entries(given)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
const expand = async (given: Record<string, string>) => get(`ValueSet/$expand?${query(given)}`)
const codesOf = (body: ValueSet) => body.expansion?.contains?.map(({ code }) => code)

describe('$expand', () => {
  it('takes versions of code systems and of imported value sets from it', async () => {
    const asked = { url: String(open.url) }
    assert.deepEqual(codesOf((await expand(asked)).body), ['red', 'blue'], 'without: the newest')
    assert.deepEqual(codesOf((await expand({ ...asked, manifest: url('first') })).body), ['red', 'green'])
    assert.deepEqual(codesOf((await expand({ ...asked, manifest: `${url('second')}|1.0.0` })).body), ['red', 'blue'])
    const of = async (id: string) => codesOf((await expand({ url: String(imports.url), manifest: url(id) })).body)
    assert.deepEqual([await of('first'), await of('second')], [['red'], ['green']])
  })
  it('tells what was used, and applies at instance level and to the value set itself', async () => {
    const { body } = await get(`ValueSet/open/$expand?${query({ manifest: url('first') })}`)
    assert.deepEqual(codesOf(body), ['red', 'green'])
    const used = body.expansion.parameter.find(({ name }: Parameter) => name === 'used-codesystem')
    assert.equal(used.valueUri, `${system}|1.0.0`)
    const part = await expand({ url: `${base}/ValueSet/part`, manifest: url('first') })
    assert.deepEqual([part.body.version, codesOf(part.body)], ['1.0.0', ['red']])
  })
  it('lets what the request says win', async () => {
    const asked = { url: String(open.url), manifest: url('first') }
    for (const name of ['system-version', 'force-system-version']) {
      const { body } = await expand({ ...asked, [name]: `${system}|2.0.0` })
      assert.deepEqual(codesOf(body), ['red', 'blue'], name)
    }
    const named = await expand({ url: `${base}/ValueSet/part|2.0.0`, manifest: url('first') })
    assert.equal(named.body.version, '2.0.0')
  })
  it('applies its expansion parameters, and those of the request before them', async () => {
    const parameters = [
      { name: 'system-version', valueUri: `${system}|1.0.0` },
      { name: 'canonicalVersion', valueUri: `${base}/ValueSet/part|1.0.0` },
      { name: 'includeDesignations', valueBoolean: true },
    ]
    await stored(manifest('parameters', [`${open.url}|1.0.0`], parameters))
    const { body } = await expand({ url: String(open.url), manifest: url('parameters') })
    assert.deepEqual(codesOf(body), ['red', 'green'])
    const said = (of: ValueSet) => of.expansion?.parameter?.find(({ name }) => name === 'includeDesignations')
    assert.equal(said(body)?.valueBoolean, true)
    const own = await expand({ url: String(open.url), manifest: url('parameters'), includeDesignations: 'false' })
    assert.equal(said(own.body)?.valueBoolean, false)
  })
})

describe('a manifest that cannot be held to', async () => {
  const draft = manifest('drafted', [`${system}|1.0.0`], undefined, { status: 'draft' })
  const unpinned = manifest('unpinned', [system])
  const both = manifest('both', [`${system}|1.0.0`, `${system}|2.0.0`])
  await stored(
    draft,
    unpinned,
    both,
    manifest('absent', [`${system}|3.0.0`]),
    manifest('empty', []),
    cqlLibrary('NoManifest', 'define A: true'),
    manifest('odd', [`${system}|1.0.0`], [{ name: 'count', valueInteger: 1 }]),
    { ...manifest('dangling', [`${system}|1.0.0`], []), contained: [] as never[] } as Library,
  ).catch(() => undefined)
  const { contained: _contained, ...dangling } = manifest('dangling', [`${system}|1.0.0`], [])
  await stored(dangling as Library)
  const cases: [string, string, number, RegExp][] = [
    ['that nobody knows', url('nobody'), 404, /not known/],
    ['of another version', `${url('first')}|9`, 404, /not known/],
    ['that is a draft, and not named with its version', url('drafted'), 404, /name .*drafted\|1\.0\.0/],
    ['without versions', url('unpinned'), 422, /without a version/],
    ['of two versions', url('both'), 422, /two versions/],
    ['of what is not stored', url('absent'), 422, /colours\|3\.0\.0, which is not stored/],
    ['that names nothing', url('empty'), 422, /names no artefact/],
    ['that is none', url('NoManifest'), 422, /asset-collection/],
    ['with a parameter that is none of expansions', url('odd'), 422, /expansion parameter count/],
    ['that points to parameters that it does not have', url('dangling'), 422, /does not contain/],
  ]
  for (const [what, canonical, status, text] of cases)
    it(`is refused: one ${what}`, async () => {
      const reply = await expand({ url: String(open.url), manifest: canonical })
      assert.equal(reply.status, status, JSON.stringify(reply.body))
      assert.match(textsOf(reply.body), text)
      const validated = await get(
        `ValueSet/$validate-code?${query({ url: String(open.url), system, code: 'red', manifest: canonical })}`,
      )
      assert.equal(validated.status, status)
    })
  it('a draft is used when it is named with its version, by who may see it', async () => {
    const parameter = [
      { name: 'url', valueUri: open.url },
      { name: 'manifest', valueCanonical: `${url('drafted')}|1.0.0` },
    ]
    const { status, body } = await post('ValueSet/$expand', { resourceType: 'Parameters', parameter })
    assert.equal(status, 200, JSON.stringify(body))
    assert.deepEqual(codesOf(body), ['red', 'green'])
  })
})

describe('$validate-code', () => {
  const result = async (type: string, given: Record<string, string>) =>
    (await get(`${type}/$validate-code?${query(given)}`)).body.parameter?.find(
      ({ name }: Parameter) => name === 'result',
    )?.valueBoolean
  it('of a value set goes by the versions of it', async () => {
    const asked = { url: String(open.url), system, code: 'green' }
    assert.equal(await result('ValueSet', { ...asked, manifest: url('first') }), true)
    assert.equal(await result('ValueSet', { ...asked, manifest: url('second') }), false)
  })
  it('of a code system goes by its version, unless the request names one', async () => {
    const asked = { url: system, code: 'green' }
    assert.equal(await result('CodeSystem', { ...asked, manifest: url('first') }), true)
    assert.equal(await result('CodeSystem', { ...asked, manifest: url('second') }), false)
    assert.equal(await result('CodeSystem', { ...asked, version: '1.0.0', manifest: url('second') }), true)
  })
})

describe('$evaluate', async () => {
  const issuer = testIssuer()
  const payload = samplePayload('dcc-v', {
    issuer: 'XA',
    issuedAt: new Date('2026-05-31T12:00:00Z'),
    expires: new Date('2026-12-01T00:00:00Z'),
  })
  const question = (...more: Parameter[]): Parameters => ({
    resourceType: 'Parameters',
    parameter: [
      { name: 'credential', valueString: issueHcert(payload, issuer.signer) },
      { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
      { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
      ...more,
    ],
  })
  const named = (name: string, valueCanonical: string): Parameter => ({ name, valueCanonical })
  const library = (version: string, value: string) => ({
    ...cqlLibrary('Ruling', `define Good: ${value}`, { version }),
    id: `ruling-${version}`,
  })
  const rule = (version: string, more: object = {}) => ({
    ...plan('ruling', `${base}/Library/Ruling|${version}`, { version, ...more }),
    id: `plan-${version}`,
  })
  await stored(library('1.0.0', 'true'), library('2.0.0', 'false'), rule('1.0.0'), rule('2.0.0'))
  const planUrl = `${base}/PlanDefinition/ruling`
  await stored(
    manifest('old-rules', [`${base}/Library/Ruling|1.0.0`, `${planUrl}|1.0.0`]),
    manifest('new-rules', [`${base}/Library/Ruling|2.0.0`, `${planUrl}|2.0.0`]),
  )
  const ask = (...more: Parameter[]) => post('$evaluate', question(...more))
  const answered = (body: Parameters) => {
    const rules = allParameters(body, 'rule').map(({ part = [] }) =>
      ['planDefinition', 'library'].map((name) => parameterValue(part.find((each) => each.name === name))),
    )
    return { decision: textParameter(body, 'decision'), manifest: textParameter(body, 'manifest'), rules }
  }

  it('runs a rule, and the library it leans on, in the version of the manifest, and names that', async () => {
    for (const [id, version, decision] of [
      ['old-rules', '1.0.0', 'accepted'],
      ['new-rules', '2.0.0', 'rejected'],
    ]) {
      const { status, body } = await ask(named('planDefinition', planUrl), named('manifest', url(String(id))))
      assert.equal(status, 200, JSON.stringify(body))
      assert.deepEqual(answered(body), {
        decision,
        manifest: `${url(String(id))}|1.0.0`,
        rules: [[`${planUrl}|${version}`, `${base}/Library/Ruling|${version}`]],
      })
    }
    assert.equal(answered((await ask(named('planDefinition', planUrl))).body).manifest, undefined)
  })
  it('selects the version of the manifest by itself', async () => {
    const rulesOf = async (id: string) =>
      answered((await ask(named('manifest', url(id)))).body).rules.map(([canonical]) => canonical)
    assert.ok((await rulesOf('old-rules')).includes(`${planUrl}|1.0.0`))
    assert.ok(!(await rulesOf('old-rules')).includes(`${planUrl}|2.0.0`))
    assert.ok((await rulesOf('new-rules')).includes(`${planUrl}|2.0.0`))
  })
  it('refuses a question that names another version, by any name and place', async () => {
    const pinned = named('manifest', url('old-rules'))
    for (const parameter of [
      named('planDefinition', `${planUrl}|2.0.0`),
      named('library', `${base}/Library/Ruling|2.0.0`),
    ])
      assert.equal((await ask(parameter, pinned)).status, 422)
    assert.equal((await post('PlanDefinition/plan-2.0.0/$evaluate', question(pinned))).status, 422)
    assert.equal(
      (await post(`PlanDefinition/$evaluate?url=${encodeURIComponent(`${planUrl}|2.0.0`)}`, question(pinned))).status,
      422,
    )
  })
  it('refuses an unknown one, and leaves no retired rule out unseen', async () => {
    assert.equal((await ask(named('manifest', url('nobody')))).status, 404)
    assert.equal((await put({ ...rule('1.0.0'), status: 'retired' } as Resource)).status, 200)
    const { status, body } = await ask(named('manifest', url('old-rules')))
    assert.equal(status, 422)
    assert.match(textsOf(body), /is retired, so that it is not selected/)
    const run = await ask(named('planDefinition', `${planUrl}|1.0.0`), named('manifest', url('old-rules')))
    assert.equal(answered(run.body).decision, 'accepted')
  })
  it('never runs a library in another version than its own, though a rule names it', async () => {
    await stored(manifest('mixed', [`${base}/Library/Ruling|1.0.0`, `${planUrl}|2.0.0`]))
    const { body } = await ask(named('planDefinition', planUrl), named('manifest', url('mixed')))
    assert.equal(answered(body).decision, 'undetermined')
  })
  it('goes line by line, each under its own', async () => {
    const asked = [['new-rules'], [], ['nobody']].map(([id]) =>
      JSON.stringify(question(named('planDefinition', planUrl), ...(id ? [named('manifest', url(id))] : []))),
    )
    const reply = await supertest(http)
      .post('/fhir/$evaluate')
      .set({ Authorization: 'Bearer test', 'Content-Type': 'application/fhir+ndjson' })
      .send(asked.join('\n'))
      .buffer(true)
      .parse((incoming, done) => {
        let text = ''
        incoming.on('data', (chunk) => (text += chunk))
        incoming.on('end', () => done(null, text))
      })
    const lines = String(reply.body)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map((line) => (line.resourceType === 'Parameters' ? answered(line).manifest : line.resourceType)),
      [`${url('new-rules')}|1.0.0`, undefined, 'OperationOutcome'],
    )
  })
})
