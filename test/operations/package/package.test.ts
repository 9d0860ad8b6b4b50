import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Bundle, OperationOutcome, PlanDefinition, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { findRoot } from '../../../src/publish/package/find.ts'
import { fileIn, ownFolder } from '../../provenance/support.ts'
import {
  base,
  codeSystem,
  conceptMap,
  cqlLibrary,
  openPublishing,
  plan,
  textsOf,
  valueSet,
} from '../../publish/support.ts'
import { askServer } from '../../support/ask-server.ts'
import { testSigner } from '../../support/cms-signer.ts'

const bed = await openPublishing()

const drawn = (id: string, system: string, more: Partial<ValueSet> = {}) =>
  valueSet(id, { compose: { include: [{ system: `${base}/CodeSystem/${system}` }] }, ...more })

before(async () => {
  const rule = (name: string, more: object = {}) =>
    cqlLibrary(
      name,
      `valueset "V": '${base}/ValueSet/colours' version '1.0.0'\ndefine Good: exists [Immunization: "V"]`,
      more,
    )
  const stored: Resource[] = [
    codeSystem('colour', ['red', 'green']),
    drawn('colours', 'colour'),
    rule('Rule'),
    plan('good', `${base}/Library/Rule|1.0.0`, { identifier: [{ system: 'urn:x', value: 'good' }] }),
    // Of it only a draft is here.
    drawn('drafted', 'colour', { status: 'draft' }),
    valueSet('leaning', { compose: { include: [{ valueSet: [`${base}/ValueSet/drafted|1.0.0`] }] } }),
    valueSet('leaning-draft', { status: 'draft', compose: { include: [{ valueSet: [`${base}/ValueSet/drafted`] }] } }),
    // Two versions, and one who names neither.
    codeSystem('many-1', ['a'], { url: `${base}/CodeSystem/many`, version: '1.0.0' }),
    codeSystem('many-2', ['b'], { url: `${base}/CodeSystem/many`, version: '2.0.0' }),
    drawn('of-many', 'many'),
    drawn('of-many-1', 'many', {
      compose: { include: [{ system: `${base}/CodeSystem/many`, version: '1.0.0' }] },
    }),
    {
      ...cqlLibrary('Manifest', ''),
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'asset-collection' }] },
      content: undefined,
      relatedArtifact: [{ type: 'depends-on', resource: `${base}/CodeSystem/many|1.0.0` }],
    } as Resource,
    valueSet('built-in', { compose: { include: [{ valueSet: ['http://hl7.org/fhir/ValueSet/mimetypes'] }] } }),
    valueSet('circle-a', { status: 'draft', compose: { include: [{ valueSet: [`${base}/ValueSet/circle-b`] }] } }),
    valueSet('circle-b', { status: 'draft', compose: { include: [{ valueSet: [`${base}/ValueSet/circle-a`] }] } }),
    conceptMap('to-elsewhere'),
  ]
  for (const each of stored) {
    const { status, body } = await bed.put(each)
    assert.ok(status < 300, `${each.id}: ${textsOf(body)}`)
  }
})

const packaged = async (path: string, status = 200): Promise<Bundle> => {
  const answer = await bed.get(path)
  assert.equal(answer.status, status, `${path}: ${JSON.stringify(answer.body).slice(0, 1000)}`)
  return answer.body
}
const at = (path: string) => encodeURIComponent(`${base}/${path}`)
/** Ids in order; the outcome as its type. */
const ids = ({ entry = [] }: Bundle) =>
  entry.map(({ resource }) => (resource?.resourceType === 'OperationOutcome' ? 'outcome' : resource?.id))
const told = (bundle: Bundle) =>
  textsOf(bundle.entry?.find(({ resource }) => resource?.resourceType === 'OperationOutcome')?.resource)
const post = (path: string, parameter: object[]) => bed.post(path, { resourceType: 'Parameters', parameter })

describe('$package', () => {
  it('answers the root first and all that it leans on by type, url and version, the same bytes each time', async () => {
    const bundle = await packaged('PlanDefinition/good/$package')
    assert.equal(bundle.type, 'collection')
    assert.deepEqual(ids(bundle), ['good', 'Rule', 'colours', 'colour', 'outcome'])
    assert.match(told(bundle), /FHIRHelpers\|4\.0\.1, which is not in this package: this server makes it itself/)
    for (const { fullUrl } of bundle.entry ?? [])
      assert.match(String(fullUrl), /^(http:\/\/[^/]+\/fhir\/\w+\/[\w-]+|urn:uuid:[0-9a-f-]{36})$/)
    const again = await bed.get('PlanDefinition/good/$package')
    assert.deepEqual(again.body, bundle)
  })

  it('finds the root by id, url, url and version, identifier, and by POST', async () => {
    for (const query of [
      'id=good',
      `url=${at('PlanDefinition/good')}`,
      `url=${at('PlanDefinition/good')}%7C1.0.0`,
      `url=${at('PlanDefinition/good')}&version=1.0.0`,
      'identifier=urn:x%7Cgood',
      'identifier=good&version=1.0.0',
    ])
      assert.equal(ids(await packaged(`PlanDefinition/$package?${query}`))[0], 'good', query)
    const answer = await post('PlanDefinition/$package', [{ name: 'url', valueUri: `${base}/PlanDefinition/good` }])
    assert.equal(ids(answer.body)[0], 'good')
  })

  const refusals: [what: string, path: string, status: number, text: RegExp][] = [
    ['no name', 'PlanDefinition/$package', 400, /one of id, url and identifier/],
    ['two names', `PlanDefinition/$package?id=good&identifier=x`, 400, /not by id and identifier/],
    ['an unknown id', 'PlanDefinition/$package?id=none', 404, /is not known/],
    ['another version of an id', 'PlanDefinition/$package?id=good&version=9', 404, /of version 9/],
    ['an unknown url', `PlanDefinition/$package?url=${at('PlanDefinition/none')}`, 404, /is not known/],
    [
      'versions that part',
      `PlanDefinition/$package?url=${at('PlanDefinition/good')}%7C1.0.0&version=2`,
      400,
      /names the version/,
    ],
    ['an unknown identifier', 'PlanDefinition/$package?identifier=none', 404, /No PlanDefinition with that identifier/],
    ['a name beside an instance', 'PlanDefinition/good/$package?url=x', 400, /no parameter url/],
    ['a draft by its bare url', `ValueSet/$package?url=${at('ValueSet/drafted')}`, 404, /not active on this server/],
    ['an unknown capability', 'PlanDefinition/good/$package?capability=wonderful', 422, /capability is one of/],
    [
      'terminologyCapabilities',
      'PlanDefinition/good/$package?terminologyCapabilities=x',
      422,
      /terminologyCapabilities is not supported/,
    ],
    ['a binding without version', 'PlanDefinition/good/$package?artifactVersion=http://x', 400, /names no version/],
    [
      'two versions of one url',
      'PlanDefinition/good/$package?artifactVersion=http://x%7C1&artifactVersion=http://x%7C2',
      400,
      /two versions/,
    ],
    ['an unknown manifest', 'PlanDefinition/good/$package?manifest=http://x', 404, /manifest/],
    ['a manifest that is none', `PlanDefinition/good/$package?manifest=${at('Library/Rule')}`, 422, /is no manifest/],
    ['a negative offset', 'PlanDefinition/good/$package?offset=-1', 400, /0 or more/],
    ['a negative count', 'PlanDefinition/good/$package?count=-1', 400, /0 or more/],
    ['an unknown kind to include', 'PlanDefinition/good/$package?include=wishes', 400, /include takes one of/],
    ['kinds that nobody can tell here', 'PlanDefinition/good/$package?include=tests', 422, /tests is not supported/],
    ['the same to exclude', 'PlanDefinition/good/$package?exclude=examples', 422, /examples is not supported/],
    ['a name that nothing has', 'PlanDefinition/good/$package?includeUri=http://x', 422, /does not lean on/],
    ['an unknown parameter', 'PlanDefinition/good/$package?includes=all', 400, /The nearest one is include\./],
    ['a type without canonical', 'Provenance/$package?id=x', 404, /There is no operation/],
  ]
  for (const [what, path, status, text] of refusals)
    it(`refuses ${what}`, async () => {
      const answer = await bed.get(path)
      assert.match(textsOf(answer.body), text)
      assert.equal(answer.status, status)
    })

  it('refuses endpoints by name', async () => {
    const endpoint = {
      resourceType: 'Endpoint',
      status: 'active',
      connectionType: {},
      payloadType: [{}],
      address: 'http://x',
    }
    const terminology = await post('PlanDefinition/good/$package', [
      { name: 'terminologyEndpoint', resource: endpoint },
    ])
    assert.deepEqual([terminology.status, /terminologyEndpoint is not/.test(textsOf(terminology.body))], [422, true])
    const part = [{ name: 'endpointUri', valueUri: 'http://x' }]
    const routed = await post('PlanDefinition/good/$package', [{ name: 'artifactEndpointConfiguration', part }])
    assert.deepEqual([routed.status, /artifactEndpointConfiguration is not/.test(textsOf(routed.body))], [422, true])
  })

  it('tells what is missing and why, and packages no draft for what is active', async () => {
    const elsewhere = await packaged('ConceptMap/to-elsewhere/$package')
    assert.deepEqual(ids(elsewhere), ['to-elsewhere', 'outcome'])
    assert.match(
      told(elsewhere),
      /names http:\S+\/CodeSystem\/from \(ConceptMap\.group\[0\]\.source\), which is not in this package/,
    )
    const leaning = await packaged('ValueSet/leaning/$package')
    assert.deepEqual(ids(leaning), ['leaning', 'outcome'])
    assert.match(told(leaning), /drafted\|1\.0\.0 .*: it is draft here, and not active/)
  })

  it('packages drafts for a draft, and says so', async () => {
    const bundle = await packaged('ValueSet/leaning-draft/$package')
    assert.deepEqual(ids(bundle), ['leaning-draft', 'drafted', 'colour', 'outcome'])
    assert.match(told(bundle), /leaning-draft\|1\.0\.0 is draft: /)
    assert.equal(
      ids(await packaged(`ValueSet/$package?url=${at('ValueSet/leaning-draft')}%7C1.0.0`))[0],
      'leaning-draft',
    )
  })

  it('ends in circles', async () => {
    assert.deepEqual(ids(await packaged('ValueSet/circle-a/$package')), ['circle-a', 'circle-b', 'outcome'])
  })

  it('tells what the terminology has built in', async () => {
    const bundle = await packaged('ValueSet/built-in/$package')
    assert.deepEqual(ids(bundle), ['built-in', 'outcome'])
    assert.match(
      told(bundle),
      /ValueSet\/mimetypes, which is not in this package: the terminology of this server has it/,
    )
  })

  it('takes versions as they are bound: where none is named, the only one, whatever is named', async () => {
    const many = (version: string) => `${encodeURIComponent(`${base}/CodeSystem/many|${version}`)}`
    const of = async (path: string) => ids(await packaged(path)).slice(0, 2)
    assert.deepEqual(await of('ValueSet/of-many/$package'), ['of-many', 'many-2'])
    assert.deepEqual(await of(`ValueSet/of-many/$package?artifactVersion=${many('1.0.0')}`), ['of-many', 'many-1'])
    assert.deepEqual(await of(`ValueSet/of-many/$package?manifest=${at('Library/Manifest')}`), ['of-many', 'many-1'])
    // What the request says goes before what its manifest does.
    const both = `artifactVersion=${many('2.0.0')}&manifest=${at('Library/Manifest')}`
    assert.deepEqual(await of(`ValueSet/of-many/$package?${both}`), ['of-many', 'many-2'])
    assert.deepEqual(await of(`ValueSet/of-many-1/$package?artifactVersion=${many('2.0.0')}`), ['of-many-1', 'many-1'])
    assert.deepEqual(await of(`ValueSet/of-many-1/$package?checkArtifactVersion=${many('1.0.0')}`), [
      'of-many-1',
      'many-1',
    ])
    await packaged(`ValueSet/of-many-1/$package?checkArtifactVersion=${many('2.0.0')}`, 422)
    const forced = await packaged(`ValueSet/of-many-1/$package?forceArtifactVersion=${many('2.0.0')}`)
    assert.deepEqual(ids(forced), ['of-many-1', 'many-2', 'outcome'])
    assert.match(told(forced), /many\|2\.0\.0 takes its place/)
    assert.deepEqual(ids(await packaged(`ValueSet/of-many/$package?forceArtifactVersion=${many('7')}`)), [
      'of-many',
      'outcome',
    ])
  })

  const selections: [query: string, expected: string[]][] = [
    ['include=all', ['good', 'Rule', 'colours', 'colour']],
    ['include=artifact', ['good']],
    ['include=terminology', ['colours', 'colour']],
    ['include=knowledge', ['good', 'Rule']],
    ['include=CodeSystem&include=artifact', ['good', 'colour']],
    [`includeUri=${encodeURIComponent(`${base}/Library/Rule`)}`, ['Rule']],
    [`include=artifact&includeUri=${encodeURIComponent(`${base}/ValueSet/colours|1.0.0`)}`, ['good', 'colours']],
    ['exclude=terminology', ['good', 'Rule']],
    ['exclude=artifact', ['Rule', 'colours', 'colour']],
    [`excludeUri=${encodeURIComponent(`${base}/Library/Rule`)}`, ['good', 'colours', 'colour']],
    ['include=knowledge&exclude=Library', ['good']],
    ['packageOnly=true', ['good', 'Rule', 'colours', 'colour']],
  ]
  for (const [query, expected] of selections)
    it(`holds for ${query} ${expected.join(', ')}, and tells what is left out`, async () => {
      const bundle = await packaged(`PlanDefinition/good/$package?${query}`)
      assert.deepEqual(
        ids(bundle).filter((each) => each !== 'outcome'),
        expected,
      )
      assert.equal(/Left out, as the request says/.test(told(bundle)), expected.length < 4)
    })

  it('is paged: pages put together are the whole, and their number alone is a searchset', async () => {
    const whole = ids(await packaged('PlanDefinition/good/$package')).filter((each) => each !== 'outcome')
    const paged: unknown[] = []
    for (let offset = 0; offset < 5; offset += 2) {
      const page = await packaged(`PlanDefinition/good/$package?count=2&offset=${offset}`)
      assert.equal(page.type, 'collection')
      paged.push(...ids(page).filter((each) => each !== 'outcome'))
    }
    assert.deepEqual(paged, whole)
    assert.deepEqual(await packaged('PlanDefinition/good/$package?count=0'), {
      resourceType: 'Bundle',
      type: 'searchset',
      total: 4,
    })
  })

  it('with its value sets expanded is executable, in the versions that are bound', async () => {
    const members = async (path: string, id: string) => {
      const { entry = [] } = await packaged(path)
      const found = entry.find(({ resource }) => resource?.id === id)?.resource as ValueSet
      assert.ok(found.compose)
      return found.expansion?.contains?.map(({ code }) => code)
    }
    assert.deepEqual(await members('PlanDefinition/good/$package?capability=executable', 'colours'), ['red', 'green'])
    const force = `forceArtifactVersion=${encodeURIComponent(`${base}/CodeSystem/many|2.0.0`)}`
    assert.deepEqual(await members(`ValueSet/of-many-1/$package?capability=executable&${force}`, 'of-many-1'), ['b'])
  })

  it('is refused as executable when something that running needs is missing, or a value set cannot be expanded', async () => {
    const missing = await bed.get('ValueSet/leaning/$package?capability=executable')
    assert.match(textsOf(missing.body), /drafted\|1\.0\.0 .*: it is draft here, and not active/)
    assert.equal(missing.status, 422)
    const circle = await bed.get('ValueSet/circle-a/$package?capability=executable')
    assert.match(textsOf(circle.body), /cannot be expanded/)
    assert.equal(circle.status, 422)
  })

  it('never holds content that was refused', async () => {
    const { resource } = await bed.server.publish.admit(
      drawn('unfit', 'none', { compose: { include: [{ concept: [{ code: 'x' }] }] } }),
    )
    await bed.server.storage.write([{ method: 'PUT', type: 'ValueSet', id: 'unfit', resource }])
    for (const path of ['ValueSet/unfit/$package', `ValueSet/$package?url=${at('ValueSet/unfit')}%7C1.0.0`])
      await packaged(path, 422)
    await bed.put(
      valueSet('leaning-unfit', {
        status: 'draft',
        compose: { include: [{ valueSet: [`${base}/ValueSet/unfit|1.0.0`] }] },
      }),
    )
    const leaning = await packaged('ValueSet/leaning-unfit/$package')
    assert.deepEqual(ids(leaning), ['leaning-unfit', 'outcome'])
    assert.match(told(leaning), /not fit to be used/)
  })

  it('is there for every own rule, whole, as executable', async () => {
    const rules = await bed.get('PlanDefinition?url:below=http://vidimus.org/fhir&_count=100')
    const { entry = [] } = rules.body as Bundle
    const urls = entry.map(({ resource }) => String((resource as PlanDefinition).url))
    assert.ok(urls.length >= 6, `${urls.length} rules`)
    for (const url of urls) {
      const bundle = await packaged(`PlanDefinition/$package?url=${encodeURIComponent(url)}&capability=executable`)
      const outcome = bundle.entry?.at(-1)?.resource as OperationOutcome
      // Systems of others are named for codes that certificates carry; each value set has its members all the same.
      const lacking = outcome.issue.filter(({ severity }) => severity !== 'information')
      for (const { details } of lacking) assert.match(String(details?.text), /\.system\), which is not/, url)
      for (const { resource } of bundle.entry ?? [])
        if (resource?.resourceType === 'ValueSet') assert.ok((resource as ValueSet).expansion, `${resource.id}`)
    }
  })
})

describe('the root of a package', () => {
  it("is no copy of another participant's rules", async () => {
    const copy = {
      ...cqlLibrary('Foreign', 'define Good: true'),
      meta: { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/mirrored', code: 'XXX' }] },
    }
    const { storage } = bed.server
    const holding = {
      ...storage,
      read: async () => ({
        type: 'Library',
        id: 'x',
        versionId: '1',
        lastUpdated: '',
        method: 'PUT' as const,
        resource: copy,
      }),
      findCanonical: async () => [copy],
    }
    for (const name of [{ id: 'Foreign' }, { url: copy.url }, { url: copy.url, version: '1.0.0' }])
      await assert.rejects(findRoot('Library', name, holding), {
        status: 422,
        message: /copy of another participant's rules/,
      })
  })
})

describe('a signed package', async () => {
  const folder = ownFolder()
  const { key, cert, certificate } = testSigner('P-256')
  const { ask } = await askServer({ SIGNING_KEY: fileIn(folder, key), SIGNING_CERTIFICATE: fileIn(folder, cert) })
  const json = ({ body }: { body: Buffer }) => JSON.parse(body.toString())
  const put = (resource: ValueSet) => ask('PUT', `ValueSet/${resource.id}`, { body: resource })

  it('carries the signature of this server, which holds until a byte of the content changes', async () => {
    assert.equal((await put(valueSet('signed'))).status, 201)
    const answer = await ask('GET', 'ValueSet/signed/$package?_sign=true')
    assert.equal(answer.status, 200, answer.body.toString())
    const bundle: Bundle = json(answer)
    assert.equal(bundle.signature?.sigFormat, 'application/jose')
    const head = Buffer.from(String(bundle.signature?.data), 'base64').toString().split('.')[0] ?? ''
    const { x5c } = JSON.parse(Buffer.from(head, 'base64url').toString())
    assert.deepEqual(x5c, [certificate.raw.toString('base64')])
    const verify = async (resource: Bundle) => {
      const body = { resourceType: 'Parameters', parameter: [{ name: 'bundle', resource }] }
      const { parameter } = json(await ask('POST', '$verify-signature', { body }))
      return parameter.find(({ name }: { name: string }) => name === 'result').valueBoolean
    }
    assert.equal(await verify(bundle), true)
    const changed: Bundle = JSON.parse(JSON.stringify(bundle).replace('"code":"a"', '"code":"b"'))
    assert.notDeepEqual(changed, bundle)
    assert.equal(await verify(changed), false)
  })

  it('is none of a draft', async () => {
    assert.equal((await put(valueSet('draft', { status: 'draft' }))).status, 201)
    const refused = await ask('GET', 'ValueSet/draft/$package?_sign=true', {
      headers: { Authorization: 'Bearer a-token-for-tests' },
    })
    assert.match(textsOf(json(refused)), /Only a package of an active artefact is signed/)
  })
})
