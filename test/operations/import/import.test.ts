/** `$import`: files become artefacts, asynchronously, all of them or nothing. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import request from 'supertest'
import { openListeningServer } from '../../support/listening-server.ts'

const opened = await openListeningServer()
const { http } = opened

const token = { Authorization: 'Bearer test' }
const base = 'http://example.org/import'
const post = (path: string, type: string, body: string | Buffer, headers: object = {}) =>
  request(http)
    .post(`/fhir/${path}`)
    .set({ ...token, ...headers })
    .set('Content-Type', type)
    .send(body)
const local = (answer: { headers: Record<string, string> }) =>
  new URL(answer.headers['content-location'] ?? assert.fail('no Content-Location')).pathname

/** Asks until the job is done; every answer before is 202 with its progress. */
async function finished(path: string) {
  for (;;) {
    const answer = await request(http).get(path).set(token)
    if (answer.status === 200) return answer.body.entry[0]
    assert.equal(answer.status, 202)
    assert.match(answer.headers['x-progress'] ?? '', /^(waiting|started|storing|\d+ of \d+|\d+ mappings)$/)
    await new Promise((next) => setTimeout(next, 20))
  }
}
const imported = async (path: string, type: string, body: string | Buffer, headers: object = {}) => {
  const answer = await post(path, type, body, headers)
  assert.equal(answer.status, 202, answer.text)
  return finished(local(answer))
}
const uploads = () =>
  readdirSync(opened.dataDir).includes('uploads') ? readdirSync(join(opened.dataDir, 'uploads')) : []

const codes = 'code,display,parent\na,Alpha,\nb,Beta,a\n"c","with, comma",a\n'
const lines = `{"resourceType":"CodeSystem","status":"active","content":"complete","name":"X"}\n{"code":"n","display":"N"}\n{"code":"m","parent":"n"}\n`
const mappings =
  'source,target,code,targetCode,equivalence,comment\nurn:a,urn:b,1,x,equivalent,\nurn:a,urn:b,2,,unmatched,none\nurn:a,urn:c,1,y,wider,"a, b"\n'

describe('what is imported is there', () => {
  it('a code system as CSV', async () => {
    const { response } = await imported(`CodeSystem/$import?url=${base}/csv&version=1`, 'text/csv', codes)
    assert.equal(response.status, '200', JSON.stringify(response))
    const { body } = await request(http).get(`/fhir/CodeSystem/$lookup?system=${base}/csv&code=c`)
    assert.match(JSON.stringify(body), /with, comma/)
    const { body: below } = await request(http).get(`/fhir/CodeSystem/$subsumes?system=${base}/csv&codeA=a&codeB=b`)
    assert.equal(below.parameter[0].valueCode, 'subsumes')
    assert.deepEqual(uploads(), [], 'no file is left')
  })
  it('a code system as NDJSON, packed', async () => {
    const { response } = await imported(
      `CodeSystem/$import?url=${base}/ndjson&version=1`,
      'application/fhir+ndjson',
      gzipSync(lines),
      { 'Content-Encoding': 'gzip' },
    )
    assert.equal(response.status, '200', JSON.stringify(response))
    const { body } = await request(http).get(`/fhir/CodeSystem?url=${base}/ndjson`)
    assert.deepEqual([body.entry[0].resource.count, body.entry[0].resource.name], [2, 'X'])
  })
  it('a code system as an attachment', async () => {
    const parameter = [
      { name: 'url', valueUri: `${base}/attachment` },
      { name: 'version', valueString: '1' },
      { name: 'status', valueCode: 'draft' },
      { name: 'file', valueAttachment: { contentType: 'text/csv', data: Buffer.from(codes).toString('base64') } },
    ]
    const { response } = await imported(
      'CodeSystem/$import',
      'application/fhir+json',
      JSON.stringify({ resourceType: 'Parameters', parameter }),
    )
    assert.equal(response.status, '200', JSON.stringify(response))
    const { body } = await request(http).get(`/fhir/CodeSystem?url=${base}/attachment`).set(token)
    assert.deepEqual([body.entry[0].resource.status, body.entry[0].resource.count], ['draft', 3])
  })
  it('a concept map as CSV', async () => {
    const { response } = await imported(`ConceptMap/$import?url=${base}/map&version=1&name=M`, 'text/csv', mappings)
    assert.equal(response.status, '200', JSON.stringify(response))
    const { body } = await request(http).get(`/fhir/ConceptMap?url=${base}/map`)
    const groups = body.entry[0].resource.group
    assert.deepEqual(
      groups.map((each: { target: string }) => each.target),
      ['urn:b', 'urn:c'],
    )
    assert.deepEqual(groups[0].element[1], { code: '2', target: [{ equivalence: 'unmatched', comment: 'none' }] })
  })
  it('a concept map as NDJSON', async () => {
    const rows = [
      '{"resourceType":"ConceptMap","status":"draft","title":"T"}',
      '{"source":"urn:a","target":"urn:b","code":"1","targetCode":"x","equivalence":"equal"}',
    ]
    const { response } = await imported(
      `ConceptMap/$import?url=${base}/map2&version=1`,
      'application/x-ndjson',
      rows.join('\r\n'),
    )
    assert.equal(response.status, '200', JSON.stringify(response))
    assert.equal((await request(http).get(`/fhir/ConceptMap?url=${base}/map2`)).body.entry[0].resource.title, 'T')
  })
})

describe('all or nothing', () => {
  const refused: [name: string, path: string, type: string, body: string, text: RegExp][] = [
    ['a record that is broken', 'CodeSystem/$import', 'text/csv', 'code,display\na,"x\nb,y\n', /quote/],
    ['a line that is no JSON', 'CodeSystem/$import', 'application/x-ndjson', '{"code":"a"}\n{"code":\n', /line 2/],
    ['no column code', 'CodeSystem/$import', 'text/csv', 'id\na\n', /columns/],
    ['an empty line', 'CodeSystem/$import', 'text/csv', '\n', /columns/],
    [
      'a mapping without target',
      'ConceptMap/$import',
      'text/csv',
      'source,code,equivalence\nurn:a,1,equal\n',
      /line 2/,
    ],
    [
      'an unknown equivalence',
      'ConceptMap/$import',
      'text/csv',
      'source,target,code,targetCode,equivalence\nurn:a,urn:b,1,x,same\n',
      /equivalence/,
    ],
    ['an unknown column', 'ConceptMap/$import', 'text/csv', 'source,code,nonsense\nurn:a,1,x\n', /columns/],
    [
      'a member that nobody knows',
      'ConceptMap/$import',
      'application/x-ndjson',
      '{"source":"urn:a","codes":"1"}\n',
      /codes/,
    ],
    ['a map without mappings', 'ConceptMap/$import', 'text/csv', 'source,code\n', /no mapping/],
  ]
  for (const [name, path, type, body, text] of refused)
    it(name, async () => {
      const url = `${base}/refused/${name.replaceAll(' ', '-')}`
      const { response } = await imported(`${path}?url=${url}&version=1`, type, body)
      assert.equal(response.status, '422', JSON.stringify(response))
      assert.match(JSON.stringify(response.outcome), text)
      const { body: found } = await request(http)
        .get(`/fhir/${path.split('/')[0]}?url=${url}&_summary=count`)
        .set(token)
      assert.equal(found.total, 0)
      assert.deepEqual(uploads(), [])
    })
  it('published content never changes: the old version goes on', async () => {
    const path = `CodeSystem/$import?url=${base}/fixed&version=1`
    assert.equal((await imported(path, 'text/csv', codes)).response.status, '200')
    const again = await imported(path, 'text/csv', `${codes}d,Delta,\n`)
    assert.ok(Number(again.response.status) >= 400, JSON.stringify(again.response))
    const { body } = await request(http).get(`/fhir/CodeSystem?url=${base}/fixed`)
    assert.equal(body.entry[0].resource.count, 3)
    const next = await imported(`CodeSystem/$import?url=${base}/fixed&version=2`, 'text/csv', `${codes}d,Delta,\n`)
    assert.equal(next.response.status, '200', JSON.stringify(next.response))
  })
})

describe('who may, and how much', () => {
  it('nobody without a token, and nothing is read then', async () => {
    const answer = await request(http)
      .post(`/fhir/CodeSystem/$import?url=${base}/x`)
      .set('Content-Type', 'text/csv')
      .send(codes)
    assert.equal(answer.status, 401)
    assert.deepEqual(uploads(), [])
  })
  it('refused before it starts', async () => {
    for (const [path, type, status] of [
      ['CodeSystem/$import', 'application/pdf', 415],
      [`CodeSystem/$import?url=${base}/x&status=unknown`, 'text/csv', 400],
      [`CodeSystem/$import?url=${base}/x&nonsense=1`, 'text/csv', 400],
      [`ValueSet/$import?url=${base}/x`, 'text/csv', 404],
      [`CodeSystem/$import?version=1`, 'text/csv', 400],
    ] as const)
      assert.equal((await post(path, type, codes)).status, status, path)
    assert.deepEqual(uploads(), [])
  })
  it('a job is told to nobody but who asked, and cancelled once', async () => {
    const answer = await post(`CodeSystem/$import?url=${base}/cancelled&version=1`, 'text/csv', codes)
    const path = local(answer)
    assert.equal((await request(http).get(path)).status, 404)
    assert.equal((await request(http).delete(path)).status, 404)
    const second = await post(`CodeSystem/$import?url=${base}/second&version=1`, 'text/csv', codes)
    assert.equal(second.status, 429)
    assert.equal((await request(http).delete(path).set(token)).status, 202)
    assert.equal((await request(http).get(path).set(token)).status, 404)
    const { body } = await request(http).get(`/fhir/CodeSystem?url=${base}/cancelled&_summary=count`)
    assert.equal(body.total, 0)
  })
  it('what a restart interrupted is told so', async () => {
    const id = 'a'.repeat(48)
    const record = JSON.stringify({ owner: 'token', started: new Date().toISOString() })
    await opened.server.storage.records.replace('async-job', id, undefined, record)
    const { body } = await request(http).get(`/fhir/_jobs/${id}`).set(token)
    assert.equal(body.entry[0].response.status, '503')
    assert.match(JSON.stringify(body), /restarted/)
    assert.equal((await request(http).get(`/fhir/_jobs/${id}`)).status, 404)
  })
})
