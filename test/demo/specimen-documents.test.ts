/** Specimens for whoever tries the server out: what they are is what the server makes of them, and no other server has any. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import supertest from 'supertest'
import { specimenDocuments } from '../../src/demo/specimen-documents.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { openListeningServer } from '../support/listening-server.ts'
import { programs } from '../support/pictures/programs.ts'

interface Specimen {
  name: string
  kind: string
  format: string
  text: string
}

const { http, dataDir } = await openListeningServer()
const listed = async () => (await supertest(http).get('/specimens')).body.specimen as Specimen[]

describe('specimens of a development server', () => {
  it('are what they are said to be', async () => {
    const response = await supertest(http).get('/specimens')
    assert.equal(response.status, 200)
    assert.equal(response.get('Cache-Control'), 'no-store')
    const all = await listed()
    const said: string[] = []
    const found: string[] = []
    for (const { name, kind, format, text } of all) {
      const parameter = [{ name: 'credential', valueString: text }]
      const { body } = await supertest(http)
        .post('/fhir/$evaluate')
        .type('application/fhir+json')
        .send(JSON.stringify({ resourceType: 'Parameters', parameter }))
      const codeOf = (wanted: string) =>
        body.parameter.find((each: { name: string }) => each.name === wanted)?.valueCode
      // Of content that is not verified only the family is known: what it is about stands in it.
      const told = kind === 'unverified' ? String(codeOf('format')).split('-')[0] : codeOf('format')
      said.push(`${name}: ${kind} ${kind === 'unverified' ? format.split('-')[0] : format}`)
      found.push(`${name}: ${codeOf('decision')} ${told}`)
    }
    assert.deepEqual(found, said)
    const kinds = new Set(all.map(({ kind }) => kind))
    assert.deepEqual([...kinds].sort(), ['accepted', 'rejected', 'undetermined', 'unverified'])
  })

  it('are codes to be held before a camera, each as SVG and PNG, bytes that are no text too', async () => {
    const read = createPictureReader(programs)
    const wrong: string[] = []
    // Variants differ from these in a few characters.
    for (const { name, text } of (await listed()).filter(({ kind, name }) => kind === 'accepted' || name === 'link')) {
      const png = await supertest(http).get(`/specimens/${name}.png`).responseType('blob')
      assert.equal(png.get('Content-Type'), 'image/png', name)
      const reading = await read({ data: png.body })
      if (!('codes' in reading) || reading.codes.length !== 1 || reading.codes[0]?.text !== text) wrong.push(name)
      const svg = await supertest(http).get(`/specimens/${name}.svg`)
      assert.equal(svg.get('Content-Type'), 'image/svg+xml', name)
      assert.match(String(svg.body), /<svg/, name)
    }
    assert.deepEqual(wrong, [])
  })

  it('are the same ones all day, and others the next day', async () => {
    let now = new Date('2026-05-01T23:59:00Z')
    const find = specimenDocuments({ dataDir, now: () => now })
    const read = async () => (await find({ path: '/specimens', accept: undefined }))?.body.toString()
    const first = await read()
    assert.equal(await read(), first)
    now = new Date('2026-05-02T00:01:00Z')
    assert.notEqual(await read(), first)
  })

  it('are described, and no others are there', async () => {
    const { paths } = (await supertest(http).get('/openapi.json')).body
    assert.ok(paths['/specimens']?.get && paths['/specimens/{file}']?.get)
    for (const path of [
      '/specimens/none.svg',
      '/specimens/polio',
      '/specimens/polio.txt',
      '/specimens/',
      '/specimens/..%2fpolio.svg',
    ])
      assert.equal((await supertest(http).get(path)).status, 404, path)
    assert.equal((await supertest(http).post('/specimens')).status, 405)
  })
})

describe('a server that trusts others', () => {
  const cases: [what: string, environment: Record<string, string>][] = [
    ['has none: its lists are named', { TRUST_LISTS: '[]' }],
    [
      'has none: it is in production',
      { NODE_ENV: 'production', DEVELOPMENT_TOKEN: '', ALLOW_REQUEST_TRUST_ANCHORS: 'false' },
    ],
  ]
  for (const [what, environment] of cases)
    it(what, async () => {
      const other = await openListeningServer(environment)
      for (const path of ['/specimens', '/specimens/polio.svg', '/specimens/polio.png'])
        assert.equal((await supertest(other.http).get(path)).status, 404, path)
      const { paths } = (await supertest(other.http).get('/openapi.json')).body
      assert.deepEqual(
        Object.keys(paths).filter((path) => /specimen/.test(path)),
        [],
      )
    })
})
