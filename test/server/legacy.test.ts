/** The endpoints of the EU Digital COVID Certificate over the artefacts of a server. */

import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import type { Library, Resource, ValueSet } from '../../src/fhir/types.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { euRuleToFhir } from '../../src/rules/certlogic/eu-rule.ts'
import { openStorage } from '../../src/storage/open.ts'
import { euRule } from '../support/eu-rule.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { openssl, withOpenssl } from '../support/openssl.ts'
import { overShared, sharedPath } from '../support/shared.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const textUrl = 'http://vidimus.org/fhir/StructureDefinition/eu-value-set'
const rule = (change: JsonObject = {}): JsonObject => euRule({ Identifier: 'GR-AT-0001', Country: 'AT', ...change })

/** Whose mirrored rules are run: those of France alone. */
const suppliers = JSON.stringify([{ participant: 'FRA', runRules: true }, { participant: 'ITA' }])

describe('legacy endpoints of a server', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  let url = ''
  before(async () => {
    opened = await openTestServer({ LEGACY_DCC: 'on', STORAGE_URL: 'sqlite:legacy.db', MIRROR: suppliers })
    url = await opened.server.listen()
  })
  after(() => opened.close())

  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`${url}${path}`, init)
    const body = Buffer.from(await response.arrayBuffer())
    return { response, status: response.status, body, json: () => JSON.parse(body.toString('utf8')) }
  }
  const put = async (resource: Resource) => {
    const response = await fetch(`${url}/fhir/${resource.resourceType}/${resource.id}`, {
      method: 'PUT',
      headers: { authorization: 'Bearer test', 'content-type': 'application/fhir+json' },
      body: JSON.stringify(resource),
    })
    assert.ok(response.ok, `${response.status} ${await response.text()}`)
  }
  /** As the mirror stores a copy: over REST nobody may. */
  const putCopy = async (resource: Resource) => {
    const storage = await openStorage('sqlite:legacy.db', { dataDir: opened.dataDir })
    const { resourceType: type, id = '' } = resource
    await storage.write([{ method: 'PUT', type, id, resource, unrecorded: true }])
    await storage.close()
  }
  const artefacts = (given: JsonObject, text = JSON.stringify(given)) => {
    const { library, planDefinition } = euRuleToFhir(given, { base: 'http://example.org/fhir', ...own })
    library.content = [{ contentType: 'application/certlogic+json', data: Buffer.from(text).toString('base64') }]
    return { library, planDefinition }
  }
  const own = {
    kindSystem: 'http://vidimus.org/fhir/CodeSystem/certificate-kind',
    ruleTypeSystem: 'http://vidimus.org/fhir/CodeSystem/rule-type',
  }
  const listed = async (path = '/rules/AT'): Promise<string[]> =>
    (await get(path)).json().map(({ identifier, version }: Record<string, string>) => `${identifier} ${version}`)

  it('lists the value sets of the EU that are shipped, each at the hash of its bytes', async () => {
    const list: { id: string; hash: string }[] = (await get('/valuesets')).json()
    assert.deepEqual(
      list.map(({ id }) => id),
      [
        'country-2-codes',
        'covid-19-lab-result',
        'covid-19-lab-test-manufacturer-and-name',
        'covid-19-lab-test-type',
        'disease-agent-targeted',
        'sct-vaccines-covid-19',
        'vaccines-covid-19-auth-holders',
        'vaccines-covid-19-names',
      ],
    )
    for (const { id, hash } of list) {
      const found = await get(`/valuesets/${hash}`)
      assert.equal(sha256(found.body), hash)
      assert.equal(found.json().valueSetId, id)
      assert.equal(found.response.headers.get('content-type'), 'application/json')
    }
  })

  overShared.it('says of every code what the EU said, versions of systems aside', async () => {
    const list: { id: string; hash: string }[] = (await get('/valuesets')).json()
    const files = ['vaccine-prophylaxis', 'vaccine-medicinal-product', 'test-manf-example', 'test-result']
    for (const file of files) {
      const theirs = JSON.parse(readFileSync(sharedPath(`igs/eu-dcc-valuesets/${file}.json`), 'utf8'))
      const { hash } = list.find(({ id }) => id === theirs.valueSetId) ?? {}
      const ours = (await get(`/valuesets/${hash}`)).json()
      const said = (values: Record<string, JsonObject>) =>
        Object.entries(values)
          .map(([code, { lang, active, system }]) => `${code} ${lang} ${active} ${system}`)
          .sort()
      assert.deepEqual(said(ours.valueSetValues), said(theirs.valueSetValues), file)
    }
  })

  it('serves the text of a rule byte for byte, from the moment it is published until it is retired', async () => {
    const odd = `\uFEFF${JSON.stringify(rule(), null, '\t').replace('Always', 'Alw\\u0061ys – 😀')}\r\n \n`
    const { library, planDefinition } = artefacts(rule(), odd)
    await put({ ...library, status: 'draft' })
    assert.deepEqual(await listed(), [])
    await put(library)
    await put(planDefinition)
    assert.deepEqual(await listed(), ['GR-AT-0001 1.0.0'])
    const found = await get(`/rules/at/${sha256(odd)}`)
    assert.equal(found.body.toString('utf8'), odd)
    const etag = found.response.headers.get('etag') ?? ''
    assert.equal((await get(`/rules/AT/${sha256(odd)}`, { headers: { 'if-none-match': etag } })).status, 304)
    await put({ ...planDefinition, status: 'retired' })
    assert.deepEqual(await listed(), [], 'whose rule set is retired')
    assert.equal((await get(`/rules/AT/${sha256(odd)}`)).status, 404)
    assert.equal((await get('/rules/AUT/GR-AT-0001')).json().code, '0x006')
  })

  it('lists every active version, and no draft, retired or mirrored one', async () => {
    const versions: [string, Partial<Library>][] = [
      ['1.0.0', {}],
      ['1.1.0', {}],
      ['1.2.0', { status: 'draft' }],
      ['1.3.0', { meta: { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/mirrored', code: 'DEU' }] } }],
    ]
    for (const [version, change] of versions) {
      const { library } = artefacts(rule({ Identifier: 'GR-DE-0001', Country: 'DE', Version: version }))
      if (!change.meta) await put({ ...library, ...change })
      else await putCopy({ ...library, ...change })
    }
    assert.deepEqual(await listed('/rules/DE'), ['GR-DE-0001 1.1.0', 'GR-DE-0001 1.0.0'])
    const versionsOf: JsonObject[] = (await get('/rules/DEU/GR-DE-0001')).json()
    assert.deepEqual(
      versionsOf.map(({ version }) => version),
      ['1.1.0', '1.0.0'],
    )
    for (const { hash, content } of versionsOf) assert.equal(sha256(String(content)), hash)
  })

  it('hands a mirrored rule on where the configuration has it run here, and no other', async () => {
    for (const [participant, country] of [
      ['FRA', 'FR'],
      ['ITA', 'IT'],
    ] as const) {
      const { library, planDefinition } = artefacts(rule({ Identifier: `GR-${country}-0001`, Country: country }))
      const meta = { tag: [{ system: 'http://vidimus.org/fhir/CodeSystem/mirrored', code: participant }] }
      await putCopy({ ...library, meta })
      await putCopy({ ...planDefinition, meta })
    }
    assert.deepEqual(await listed('/rules/FR'), ['GR-FR-0001 1.0.0'])
    assert.deepEqual(await listed('/rules/IT'), [])
  })

  it('never lists a CQL library, a bare expression, or what an import found unfit', async () => {
    const bare = Buffer.from('{"===":[1,1]}').toString('base64')
    const library: Library = {
      resourceType: 'Library',
      id: 'bare',
      url: 'http://example.org/fhir/Library/bare',
      version: '1.0.0',
      name: 'Bare',
      status: 'active',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/library-type', code: 'logic-library' }] },
      content: [{ contentType: 'application/certlogic+json', data: bare }],
    }
    await put(library)
    assert.ok((await listed('/rules')).every((name) => name.startsWith('GR-')))
  })

  it('prefers a value set of the installation, in the text of its publisher, where it says what the ValueSet says', async () => {
    const text =
      '{ "valueSetId": "covid-19-lab-result",\n  "valueSetDate": "2030-01-01", "valueSetValues": {"X1":{"display":"Öne","lang":"en","active":true,"version":"1","system":"http://example.org/s"}} }\n'
    const valueSet = (version: string, code: string): ValueSet => ({
      resourceType: 'ValueSet',
      id: 'own-lab-result',
      url: 'http://example.org/fhir/ValueSet/lab-result',
      version,
      name: 'LabResult',
      status: 'active',
      date: '2030-01-01',
      identifier: [{ system: 'https://ec.europa.eu/health/ehealth/covid-19', value: 'covid-19-lab-result' }],
      extension: [
        {
          url: textUrl,
          valueAttachment: { contentType: 'application/json', data: Buffer.from(text).toString('base64') },
        },
      ],
      compose: { include: [{ system: 'http://example.org/s', concept: [{ code, display: 'Öne' }] }] },
    })
    const system: Resource = {
      resourceType: 'CodeSystem',
      id: 's',
      url: 'http://example.org/s',
      status: 'active',
      content: 'complete',
      concept: [
        { code: 'X1', display: 'Öne' },
        { code: 'X2', display: 'Two' },
      ],
    }
    await put(system)
    await put(valueSet('1', 'X1'))
    const textNow = async () => {
      const list: { id: string; hash: string }[] = (await get('/valuesets')).json()
      const { hash } = list.find(({ id }) => id === 'covid-19-lab-result') ?? {}
      return (await get(`/valuesets/${hash}`)).body.toString('utf8')
    }
    assert.equal(await textNow(), text)
    await put(valueSet('2', 'X2'))
    const made: { valueSetValues: Json } = JSON.parse(await textNow())
    assert.deepEqual(made.valueSetValues, {
      X2: { display: 'Öne', lang: 'en', active: true, system: 'http://example.org/s', version: '' },
    })
  })

  it('lists the others where one value set cannot be expanded any more', async () => {
    const system: Resource = {
      resourceType: 'CodeSystem',
      id: 'fleeting',
      url: 'http://example.org/fleeting',
      version: '1',
      status: 'active',
      content: 'complete',
      concept: [{ code: 'a', display: 'A' }],
    }
    await put(system)
    await put({
      resourceType: 'ValueSet',
      id: 'fleeting',
      url: 'http://example.org/fhir/ValueSet/fleeting',
      version: '1',
      status: 'active',
      identifier: [{ system: 'https://ec.europa.eu/health/ehealth/covid-19', value: 'fleeting' }],
      compose: { include: [{ system: 'http://example.org/fleeting' }] },
    })
    const ids = async () => (await get('/valuesets')).json().map(({ id }: { id: string }) => id)
    assert.ok((await ids()).includes('fleeting'))
    // The system goes: nobody is refused it but by another artefact that takes its id.
    await put({ ...system, status: 'retired' } as Resource)
    await put({ ...system, url: 'http://example.org/other', version: '2' } as Resource)
    const listed = await ids()
    assert.ok(!listed.includes('fleeting'))
    assert.equal(listed.length, 8)
    assert.equal((await get('/rules')).status, 200)
  })

  it('lists the countries of trusted participants in two letters, and of none that is not trusted', async () => {
    const list: string[] = (await get('/countrylist')).json()
    assert.ok(list.length > 0 && list.every((each) => /^[A-Z]{2}$/.test(each)), list.join())
    const participants = new Set(opened.server.trust.keys().keys.map(({ participant }) => participant))
    assert.ok(list.length <= participants.size)
  })

  it('takes no other method, and ignores query and X-VERSION', async () => {
    assert.equal((await get('/rules', { method: 'POST', body: '{}' })).status, 405)
    assert.equal((await get('/rules?x=1', { headers: { 'x-version': '9.9' } })).status, 200)
    assert.equal((await get('/rules', { method: 'HEAD' })).body.length, 0)
  })
})

describe('two servers over one store', () => {
  it('list the same bytes, and what one publishes the other lists', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-replicas-'))
    const environment = { LEGACY_DCC: 'on', STORAGE_URL: `sqlite:${join(folder, 'one.db')}` }
    const [a, b] = [await openTestServer(environment), await openTestServer(environment)]
    try {
      const [first, second] = [await a.server.listen(), await b.server.listen()]
      const both = async (path: string) => {
        const replies = await Promise.all([first, second].map((url) => fetch(`${url}${path}`)))
        const [one, two] = await Promise.all(replies.map((each) => each.text()))
        assert.equal(one, two, path)
        assert.equal(replies[0]?.headers.get('etag'), replies[1]?.headers.get('etag'))
        return one
      }
      assert.equal(await both('/rules'), '[]')
      await both('/valuesets')
      const { library } = euRuleToFhir(rule(), { base: 'http://example.org/fhir' })
      await a.server.storage.write([{ method: 'PUT', type: 'Library', id: library.id ?? '', resource: library }])
      await new Promise((next) => setTimeout(next, 20)) // what another process wrote shows within 5 ms
      assert.match((await both('/rules')) ?? '', /GR-AT-0001/)
      await both('/rules/AT/GR-AT-0001')
    } finally {
      await Promise.all([a.close(), b.close()])
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a server without them', () => {
  it('answers as for any unknown path', async () => {
    const { server, close } = await openTestServer()
    try {
      const url = await server.listen()
      for (const path of ['/rules', '/rules/AT', '/valuesets', '/countrylist', '/publickey']) {
        const response = await fetch(`${url}${path}`)
        assert.equal(response.status, 404, path)
        assert.match(await response.text(), /"OperationOutcome"/)
      }
    } finally {
      await close()
    }
  })
})

overShared.describe('value sets as the EU publishes them', () => {
  it('come in by an import and are served byte for byte, the same to rules', async () => {
    const { server, close } = await openTestServer({ LEGACY_DCC: 'on', STORAGE_URL: 'sqlite:legacy.db' })
    try {
      const url = await server.listen()
      const options = { storage: server.storage, gate: server.publish, canonical: 'http://ministry.example/fhir' }
      const report = await importPackage({ path: sharedPath('igs/eu-dcc-valuesets') }, options)
      assert.deepEqual(
        report.entries.filter(({ status }) => status === 'failed'),
        [],
      )
      assert.equal(report.entries.filter(({ status }) => status === 'loaded').length, 8)
      const again = await importPackage({ path: sharedPath('igs/eu-dcc-valuesets') }, options)
      assert.equal(again.entries.filter(({ status }) => status === 'unchanged').length, 8)
      const list: { id: string; hash: string }[] = JSON.parse(await (await fetch(`${url}/valuesets`)).text())
      assert.equal(list.length, 8)
      const files = readdirSync(sharedPath('igs/eu-dcc-valuesets')).filter((name) => name.endsWith('.json'))
      const hashes = new Set(files.map((name) => sha256(readFileSync(sharedPath(`igs/eu-dcc-valuesets/${name}`)))))
      for (const { id, hash } of list) assert.ok(hashes.has(hash), id)
    } finally {
      await close()
    }
  })
})

withOpenssl('signed lists', () => {
  it('verify with openssl by the key that is served, before and after a restart, over the same bytes', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-legacy-'))
    const seen: { body: string; signature: string }[] = []
    try {
      for (let start = 0; start < 2; start++) {
        const { server, close } = await openTestServer({ LEGACY_DCC: 'on', DATA_DIR: dataDir })
        try {
          const url = await server.listen()
          const key = Buffer.from(await (await fetch(`${url}/publickey`)).text(), 'base64')
          for (const path of ['/valuesets', '/rules', '/countrylist']) {
            const response = await fetch(`${url}${path}`)
            const body = await response.text()
            const signature = response.headers.get('x-signature') ?? ''
            const files = { key, hash: sha256(body), signature: Buffer.from(signature, 'base64') }
            const said = openssl(
              ['dgst', '-sha256', '-verify', 'key', '-keyform', 'DER', '-signature', 'signature', 'hash'],
              files,
            )
            assert.match(said.toString(), /Verified OK/, path)
            const changed = { ...files, hash: sha256(`${body} `) }
            assert.throws(() =>
              openssl(
                ['dgst', '-sha256', '-verify', 'key', '-keyform', 'DER', '-signature', 'signature', 'hash'],
                changed,
              ),
            )
            if (path === '/valuesets') seen.push({ body, signature })
          }
        } finally {
          await close()
        }
      }
      assert.equal(seen[0]?.body, seen[1]?.body)
      assert.notEqual(seen[0]?.signature, seen[1]?.signature)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  it('are unsigned without a key on P-256: in production without one, and with an RSA key', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-legacy-'))
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
    const file = join(dataDir, 'rsa.pem')
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    try {
      for (const environment of [
        { SIGNING_KEY: file },
        { NODE_ENV: 'production', DEVELOPMENT_TOKEN: '', ALLOW_REQUEST_TRUST_ANCHORS: 'false', TRUST_LISTS: '[]' },
      ]) {
        const { server, close } = await openTestServer({ LEGACY_DCC: 'on', ...environment })
        try {
          const url = await server.listen()
          const list = await fetch(`${url}/rules`)
          assert.equal(list.status, 200)
          assert.equal(list.headers.get('x-signature'), null)
          const key = await fetch(`${url}/publickey`)
          assert.equal(key.status, 404)
          assert.equal(JSON.parse(await key.text()).code, '0x000')
        } finally {
          await close()
        }
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
