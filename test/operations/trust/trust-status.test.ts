/** `$trust-status` over HTTP: lists, participants and keys as they stand, what only authenticated callers are told, and questions that are none. */
import assert from 'node:assert/strict'
import type { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { keepList, keepMirror, type MirrorRecord } from '../../../src/gateway/mirror/records.ts'
import { createServer, type VidimusServer } from '../../../src/server.ts'
import { derivedKeyId } from '../../../src/trust/keys/trusted-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-trust-status-'))
let server: VidimusServer
let url = ''
let certificate: X509Certificate
let keyId = ''

before(async () => {
  certificate = demoIssuer(folder, new Date()).certificate
  keyId = derivedKeyId(certificate)
  const certificates = join(folder, 'certificates')
  mkdirSync(certificates)
  writeFileSync(join(certificates, 'XAA.pem'), certificate.toString())
  const distrusted = join(folder, 'distrusted.json')
  writeFileSync(distrusted, JSON.stringify({ keyIds: ['AAAAAAAAAAA='] }))
  const lists = join(folder, 'lists.json')
  writeFileSync(
    lists,
    JSON.stringify([
      { name: 'own', kind: 'certificates', location: 'certificates', domain: 'DCC', usage: 'DSC', participant: 'XAA' },
      { name: 'withdrawn', kind: 'distrusted', location: 'distrusted.json' },
      { name: 'lost', kind: 'certificates', location: 'nowhere', domain: 'DCC', usage: 'DSC', participant: 'XBB' },
    ]),
  )
  server = await createServer(
    readConfig({
      PORT: '0',
      DATA_DIR: folder,
      STORAGE_URL: 'sqlite::memory:',
      ACCESS_LOG: 'off',
      TRUST_LISTS: lists,
      DEVELOPMENT_TOKEN: 'test',
    }),
  )
  url = await server.listen()
})
after(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Part {
  name: string
  part?: Part[]
  [value: string]: unknown
}

async function ask(query = '', headers: Record<string, string> = {}) {
  const reply = await fetch(`${url}/fhir/$trust-status${query}`, { headers })
  const body: { parameter: Part[]; issue?: { expression?: string[] }[] } = JSON.parse(await reply.text())
  return { status: reply.status, headers: reply.headers, body }
}

const valueIn = (part: Part | undefined) =>
  part && Object.entries(part).find(([member]) => member.startsWith('value'))?.[1]
const partsOf = (body: { parameter: Part[] }, name: string) =>
  body.parameter
    .filter((each) => each.name === name)
    .map(({ part = [] }) => Object.fromEntries(part.map((each) => [each.name, valueIn(each)])))
const single = (body: { parameter: Part[] }, name: string) => valueIn(body.parameter.find((each) => each.name === name))

describe('$trust-status', () => {
  it('says how every list stands, also one that is not there', async () => {
    const { status, headers, body } = await ask()
    assert.equal(status, 200)
    assert.equal(headers.get('cache-control'), 'no-store')
    const lists = partsOf(body, 'list')
    assert.deepEqual(
      lists.map(({ name, kind, state, usable, keys }) => [name, kind, state, usable, keys]),
      [
        ['own', 'certificates', 'ok', true, 1],
        ['withdrawn', 'distrusted', 'ok', true, 0],
        ['lost', 'certificates', 'absent', false, 0],
      ],
    )
    assert.equal(lists[1]?.withdraws, 1)
  })

  it('tells places and reasons to those alone who say who they are', async () => {
    const anybody = JSON.stringify((await ask()).body)
    assert.doesNotMatch(anybody, /nowhere|vidimus-trust-status|ENOENT|certificates"\s*,\s*"location/)
    const [, , lost] = partsOf((await ask('', { Authorization: 'Bearer test' })).body, 'list')
    assert.match(String(lost?.location), /nowhere/)
    assert.ok(String(lost?.failure).length > 0)
    assert.equal((await ask('', { Authorization: 'Bearer other' })).status, 401)
  })

  it('names whose keys there are, for what, and until when', async () => {
    const { body } = await ask()
    assert.deepEqual(partsOf(body, 'participant')[0], { code: 'XAA', keys: 1, expired: 0, domain: 'DCC', usage: 'DSC' })
    const [key] = partsOf(body, 'key')
    assert.equal(key?.keyId, keyId)
    assert.equal(key?.validTo, new Date(certificate.validTo).toISOString())
    assert.equal(key?.expired, false)
    assert.equal(key?.list, 'own')
    assert.equal(key?.leftOut, undefined)
    assert.equal(single(body, 'total'), 1)
  })

  const questions: [query: string, total: number, keys: number][] = [
    ['?participant=xa', 0, 0],
    ['?participant=XAA', 1, 1],
    ['?domain=DCC&usage=DSC&list=own', 1, 1],
    ['?domain=DDCC', 0, 0],
    ['?usage=SCA', 0, 0],
    ['?list=lost', 0, 0],
    ['?count=0', 1, 0],
    ['?offset=1', 1, 0],
    ['?endsWithin=0', 0, 0],
    ['?endsWithin=3660', 1, 1],
    ['?keyId=nothing', 0, 0],
  ]
  for (const [query, total, keys] of questions)
    it(`${query}: ${keys} of ${total}`, async () => {
      const { body, status } = await ask(query)
      assert.equal(status, 200)
      assert.equal(single(body, 'total'), total)
      assert.equal(partsOf(body, 'key').length, keys)
    })

  it('says of a key that was withdrawn why it does not count', async () => {
    writeFileSync(join(folder, 'distrusted.json'), JSON.stringify({ keyIds: [keyId] }))
    await server.trust.reload()
    const { body } = await ask(`?keyId=${encodeURIComponent(keyId)}`)
    const [key] = partsOf(body, 'key')
    assert.match(String(key?.leftOut), /withdraw|distrust/i)
    assert.equal(partsOf((await ask()).body, 'key').length, 0)
  })

  it('says how references of others stand, those first that are not mirrored, and nothing where nothing is', async () => {
    assert.doesNotMatch(JSON.stringify((await ask()).body), /"references?"|mirroredFrom/)
    const { records } = server.storage
    const reference = (name: string, more: Partial<MirrorRecord>): MirrorRecord => ({
      ...{ gateway: 'test', participant: 'XXA', uuid: name, service: 'ValueSet', domain: 'DCC' },
      ...{ url: `https://example.org/${name}`, state: 'mirrored', artefacts: {} },
      ...more,
    })
    const there = { hash: 'a' }
    await keepList(records, { gateway: 'test', checkedAt: '2026-01-01T00:00:00.000Z', error: 'ECONNREFUSED 10.0.0.1' })
    await keepMirror(
      records,
      'good',
      reference('good', {
        mirroredAt: '2026-01-01T00:00:00.000Z',
        artefacts: { 'ValueSet/a': there, 'ValueSet/b': { ...there, isRetired: true } },
      }),
    )
    await keepMirror(records, 'bad', reference('bad', { state: 'signature', lastError: 'no key of 10.0.0.1' }))
    const { body } = await ask()
    assert.deepEqual(partsOf(body, 'mirroredFrom'), [
      { gateway: 'test', checkedAt: '2026-01-01T00:00:00.000Z', reached: false },
    ])
    assert.equal(single(body, 'references'), 2)
    assert.deepEqual(
      partsOf(body, 'reference').map(({ url: of, state, artefacts, participant }) => [
        of,
        state,
        artefacts,
        participant,
      ]),
      [
        ['https://example.org/bad', 'signature', 0, 'XXA'],
        ['https://example.org/good', 'mirrored', 1, 'XXA'],
      ],
    )
    assert.doesNotMatch(JSON.stringify(body), /10\.0\.0\.1/)
    const known = (await ask('', { Authorization: 'Bearer test' })).body
    assert.match(String(partsOf(known, 'reference')[0]?.failure), /no key of/)
    assert.match(String(partsOf(known, 'mirroredFrom')[0]?.failure), /ECONNREFUSED/)
    for (let at = 0; at < 500; at++) await keepMirror(records, `n${at}`, reference(`n${at}`, { state: 'pending' }))
    const many = (await ask()).body
    assert.deepEqual([single(many, 'references'), partsOf(many, 'reference').length], [502, 500])
  })

  const wrong = ['count=501', 'count=-1', 'count=x', 'offset=1.5', 'endsWithin=3661', 'participant=Atlantis', 'kid=x']
  for (const query of wrong)
    it(`?${query} is no question`, async () => {
      const { status, body } = await ask(`?${query}`)
      assert.equal(status, 400)
      assert.match(JSON.stringify(body.issue), new RegExp(query.split('=')[0] ?? ''))
    })
})
