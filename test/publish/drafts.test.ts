/** A draft is never chosen: it does not win over what is active, and decides only when it is named exactly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { importOptions } from '../../src/cli/loaded-server.ts'
import { issueHcert } from '../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../src/demo/samples.ts'
import { allParameters, firstParameter, parameterValue, textParameter } from '../../src/fhir/operation.ts'
import type { Library, Parameter, Parameters, PlanDefinition, Resource, ValueSet } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { testIssuer } from '../support/issuer.ts'
import { base, codeSystem, cqlLibrary, openPublishing, plan, textsOf, valueSet } from './support.ts'

const { put, post, putMap, get, server, remove } = await openPublishing()
const issuer = testIssuer()
const credential = issueHcert(
  samplePayload('dcc-v', {
    issuer: 'XA',
    issuedAt: new Date('2026-05-31T12:00:00Z'),
    expires: new Date('2026-12-01T00:00:00Z'),
  }),
  issuer.signer,
)
const evaluate = async (...more: Parameter[]) => {
  const parameter: Parameter[] = [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: '2026-06-01T12:00:00Z' },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    ...more,
  ]
  return post('$evaluate', { resourceType: 'Parameters', parameter })
}
const decision = async (...more: Parameter[]) => textParameter((await evaluate(...more)).body, 'decision')
const named = (name: string, valueCanonical: string) => ({ name, valueCanonical })
const store = async (...resources: Resource[]) => {
  for (const each of resources) {
    const { status, body } = await put(each, { Prefer: 'return=OperationOutcome' })
    assert.ok(status < 300, JSON.stringify(body))
  }
}
const own = 'http://vidimus.org/fhir'

test('rule sets: a newer draft of one, and a draft that stands alone, run only when named exactly', async () => {
  const no = cqlLibrary('No', 'define Good: false')
  await store(no)
  const library = `${no.url}|1.0.0`
  for (const status of ['draft', 'unknown', 'retired'] as const) {
    const url = `${own}/PlanDefinition/complete-primary-series`
    await store({ ...plan(`newer-${status}`, library), url, version: `9.0.${status.length}`, status } as PlanDefinition)
    await store({ ...plan(`alone-${status}`, library), status } as PlanDefinition)
    assert.equal(await decision(), 'accepted', status)
    assert.equal(await decision(named('planDefinition', url)), 'accepted', status)
    const alone = `${base}/PlanDefinition/alone-${status}`
    const bare = await evaluate(named('planDefinition', alone))
    assert.equal(bare.status, 404)
    assert.match(textsOf(bare.body), /is not active on this server; name .*\|1\.0\.0/)
    assert.equal(await decision(named('planDefinition', `${alone}|1.0.0`)), 'rejected', status)
    const byType = await post(`PlanDefinition/$evaluate?url=${alone}`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'credential', valueString: credential }],
    })
    assert.equal(byType.status, 404, status)
  }
})

test('libraries: a newer draft changes nothing, named with or without version', async () => {
  const yes = (name: string, body: string, more: Partial<Library> = {}) => cqlLibrary(name, body, more)
  await store(
    yes('Base', 'define Yes: true'),
    yes('Uses', "include Base version '1.0.0'\ncontext Patient\ndefine Good: Base.Yes"),
  )
  await store(
    { ...yes('Base', 'define Yes: false', { version: '2.0.0' }), id: 'base-draft', status: 'draft' },
    { ...yes('Uses', 'define Good: false', { version: '2.0.0' }), id: 'uses-draft', status: 'draft' },
    // Another resource whose text has the same name.
    { ...yes('Base', 'define Yes: false'), id: 'impostor', url: `${base}/Library/Impostor`, status: 'draft' },
    { ...yes('FHIRHelpers', 'define x: 1', { version: '4.0.1' }), id: 'helpers', status: 'draft' },
  )
  const run = (canonical: string) => decision(named('library', canonical), { name: 'expression', valueString: 'Good' })
  assert.equal(await run(`${base}/Library/Uses`), 'accepted')
  assert.equal(await run(`${base}/Library/Uses|1.0.0`), 'accepted')
  assert.equal(await run(`${base}/Library/Uses|2.0.0`), 'rejected')
  await store({ ...cqlLibrary('OnlyDraft', 'define Good: true'), status: 'draft' })
  assert.equal((await evaluate(named('library', `${base}/Library/OnlyDraft`))).status, 404)
})

test('maps: a newer draft of one in use is not run, neither by default nor named without version', async () => {
  const name = 'HcertDccToCoreDataSet'
  const fml = (url: string, head: string) =>
    `${head}map "${url}" = X\nuses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target\ngroup X(source src, target bundle : Bundle) { src.absent -> bundle.type = 'collection' "type"; }`
  const url = `${own}/StructureMap/${name}`
  assert.ok((await putMap('newer', fml(url, "/// version = '9.0.0'\n/// status = 'draft'\n"))).status < 300)
  assert.equal(await decision(), 'accepted')
  assert.equal(await decision(named('structureMap', url)), 'accepted')
  assert.equal(await decision(named('structureMap', `${url}|9.0.0`)), 'undetermined')
  const alone = `${base}/StructureMap/Alone`
  assert.ok((await putMap('alone', fml(alone, "/// version = '1.0.0'\n/// status = 'draft'\n"))).status < 300)
  const shown = await evaluate(named('structureMap', alone))
  assert.equal(textParameter(shown.body, 'decision'), 'undetermined')
  assert.match(
    textsOf(firstParameter(shown.body as Parameters, 'outcome')?.resource),
    /Alone\|1\.0\.0 is not active: its status is draft/,
  )
})

test('maps: a draft joins an active map neither by wildcard nor by its bare url', async () => {
  const group = (name: string, value: string) =>
    `group ${name}(source s, target t) {\n  s.a -> t.b = '${value}' "r";\n}`
  const map = (url: string, head: string, body: string) => `${head}map "${base}/StructureMap/${url}" = M\n${body}`
  const active = "/// version = '1.0.0'\n/// status = 'active'\n"
  const draft = "/// version = '2.0.0'\n/// status = 'draft'\n"
  const main = (wanted: string) =>
    `imports "${base}/StructureMap/${wanted}"\ngroup main(source s, target t) {\n  s -> t then part(s, t) "r";\n}`
  for (const [id, text] of [
    ['join-part', map('JoinPart', active, group('part', 'published'))],
    ['join-draft', map('JoinPart', draft, group('part', 'draft'))],
    ['join-rival', map('JoinRival', draft, group('part', 'rival'))],
    ['main-bare', map('MainBare', active, main('JoinPart'))],
    ['main-wild', map('MainWild', active, main('Join*'))],
  ] as const)
    assert.ok((await putMap(id, text)).status < 300, id)
  for (const name of ['MainBare', 'MainWild']) {
    const { body } = await post(`StructureMap/$transform?source=${base}/StructureMap/${name}`, { a: 1 } as never)
    assert.equal(body.b, 'published', `${name} ${JSON.stringify(body)}`)
  }
})

test('value sets and code systems: a newer draft is not what a url without version means', async () => {
  const system = codeSystem('versions', ['old'])
  const set = (version: string, code: string, status: ValueSet['status']) => ({
    ...valueSet(`set-${version}`),
    url: `${base}/ValueSet/versions`,
    version,
    status,
    compose: { include: [{ system: 'http://example.org/any', concept: [{ code }] }] },
  })
  await store(system, { ...codeSystem('versions', ['new'], { version: '2.0.0', status: 'draft' }), id: 'versions-2' })
  await store(
    set('1.0.0', 'old', 'active'),
    set('2.0.0', 'new', 'draft'),
    set('3.0.0', 'newest', 'unknown'),
    set('4.0.0', 'gone', 'retired'),
  )
  const codes = async (canonical: string) => {
    const { body } = await get(`ValueSet/$expand?url=${encodeURIComponent(canonical)}`)
    return (body as ValueSet).expansion?.contains?.map(({ code }) => code)
  }
  assert.deepEqual(await codes(`${base}/ValueSet/versions`), ['old'])
  assert.deepEqual(await codes(`${base}/ValueSet/versions|2.0.0`), ['new'])
  const { body } = await get(`CodeSystem/$validate-code?url=${base}/CodeSystem/versions&code=new`)
  assert.equal(parameterValue(allParameters(body as Parameters, 'result')[0]), false)
})

test('a rule that goes by a bare id does not go by a draft', async () => {
  const stored = (await get('ValueSet/vaccines-covid-19-names')).body as ValueSet
  const { text: _text, meta: _meta, ...own } = stored
  assert.equal((await put({ ...own, status: 'retired' })).status, 200)
  assert.equal((await remove('ValueSet/vaccines-covid-19-names')).status, 409, 'rules of this server ask for it')
  // What is retired leaves its id to what comes after it.
  await store({
    ...stored,
    url: `${base}/ValueSet/hijack`,
    status: 'draft',
    compose: { include: [{ system: 'x', concept: [{ code: 'y' }] }] },
  })
  const logic = { in: ['EU/1/20/1528', { var: 'external.valueSets.vaccines-covid-19-names' }] }
  const library: Library = {
    ...cqlLibrary('ByDraft', ''),
    content: [
      { contentType: 'application/certlogic+json', data: Buffer.from(JSON.stringify(logic)).toString('base64') },
    ],
  }
  const rule = plan('by-draft', `${library.url}|1.0.0`, {
    action: [
      {
        title: 'R',
        condition: [
          {
            kind: 'applicability',
            expression: { language: 'application/certlogic+json' as never, expression: 'Logic' },
          },
        ],
      },
    ],
  })
  await store(library, rule)
  assert.equal(await decision(named('planDefinition', rule.url ?? '')), 'undetermined')
  await store({ ...own, version: '1.0.1' })
})

test('what an import refused is used for nothing, also when it is named exactly or by its id', async () => {
  const broken: Resource[] = [
    cqlLibrary('Broken', 'define Good: true\ndefine Bad: Foo'),
    plan('broken', `${base}/Library/None|1.0.0`),
    {
      ...valueSet('broken'),
      compose: { include: [{ system: `${base}/CodeSystem/versions`, concept: [{ code: 'old' }] }, { version: '1' }] },
    },
    { ...codeSystem('broken', ['a', 'a']) },
  ]
  for (const resource of broken) {
    const bytes = Buffer.from(JSON.stringify(resource))
    const { entries } = await importPackage({ bytes, name: `${resource.id}.json` }, importOptions(server))
    assert.deepEqual([entries[0]?.status, entries[0]?.isDraft], ['loaded', true], JSON.stringify(entries))
    const { body } = await get(`${resource.resourceType}/${resource.id}`)
    assert.equal(body.status, 'draft')
    assert.equal(body.meta.tag[0].code, 'not-fit')
  }
  assert.equal((await evaluate(named('library', `${base}/Library/Broken|1.0.0`))).status, 404)
  assert.equal((await evaluate(named('planDefinition', `${base}/PlanDefinition/broken|1.0.0`))).status, 404)
  for (const [path, body] of [
    [
      'PlanDefinition/broken/$evaluate',
      { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: credential }] },
    ],
    ['Library/Broken/$evaluate', { resourceType: 'Parameters' }],
    ['ValueSet/broken/$expand', { resourceType: 'Parameters' }],
  ] as const)
    assert.equal((await post(path, body)).status, 422, path)
  for (const path of [
    `ValueSet/$expand?url=${base}/ValueSet/broken`,
    `ValueSet/$expand?url=${encodeURIComponent(`${base}/ValueSet/broken|1.0.0`)}`,
    `CodeSystem/$lookup?system=${base}/CodeSystem/broken&code=a`,
  ])
    assert.equal((await get(path)).status, 404, path)
  // Mended by its author it is like any other.
  await store(cqlLibrary('Broken', 'context Patient\ndefine Good: true'))
  assert.equal((await get('Library/Broken')).body.meta.tag, undefined)
  assert.equal(await decision(named('library', `${base}/Library/Broken`)), 'accepted')
})
