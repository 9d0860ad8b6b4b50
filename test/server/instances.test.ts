/**
 * Terminology that is asked for by its id (`ValueSet/[id]/$expand`): read and compiled once, like what is asked for by its url, and
 * never a moment longer than it counts; what a view does not show is in no memory of it.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Resource } from '../../src/fhir/types.ts'
import { openTestServer } from '../support/loaded-server.ts'

const { server, close } = await openTestServer()
const base = `${await server.listen()}/fhir`
after(close)

const system = 'http://example.org/CodeSystem/kept'
let version = 0
/** The next published version: what is published keeps its content. */
const published = () => {
  version += 1
  return { version: String(version), status: 'active' }
}
const codeSystem = (codes: string[]) => ({
  resourceType: 'CodeSystem',
  id: 'kept',
  url: system,
  ...published(),
  content: 'complete',
  caseSensitive: true,
  hierarchyMeaning: 'is-a',
  concept: [{ code: 'all', concept: codes.map((code) => ({ code, display: `The code ${code}` })) }],
})
const valueSet = (codes: string[], { id = 'kept', ...given }: { id?: string; status?: string } = {}) => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/ValueSet/${id}`,
  ...published(),
  ...given,
  compose: { include: [{ system, concept: codes.map((code) => ({ code })) }] },
})
const conceptMap = (target: string) => ({
  resourceType: 'ConceptMap',
  id: 'kept',
  url: 'http://example.org/ConceptMap/kept',
  ...published(),
  group: [
    { source: system, target: 'urn:other', element: [{ code: 'a', target: [{ code: target, equivalence: 'equal' }] }] },
  ],
})

const headers = { 'content-type': 'application/fhir+json', authorization: 'Bearer test' }

async function put(resource: { resourceType: string; id: string }): Promise<void> {
  const path = `${base}/${resource.resourceType}/${resource.id}`
  const reply = await fetch(path, { method: 'PUT', headers, body: JSON.stringify(resource) })
  assert.ok(reply.status < 300, await reply.text())
}

let asked = 0

/** Asks once more: what was answered before is not sent again. `as`: a bearer's token. */
async function ask(path: string, as?: string): Promise<{ status: number; text: string }> {
  asked += 1
  const address = `${base}/${path}${path.includes('?') ? '&' : '?'}n=${asked}`
  const reply = await fetch(address, { headers: as ? { authorization: `Bearer ${as}` } : {} })
  return { status: reply.status, text: (await reply.text()).replaceAll(/urn:uuid:[\w-]+|"timestamp":"[^"]+"/g, '') }
}

/** The same question with the resource itself in place of its id. */
async function askWith(path: string, parameter: object): Promise<{ status: number; text: string }> {
  const [operation = '', query = ''] = path.split('?')
  const [type = '', , name = ''] = operation.split('/')
  const given = [...new URLSearchParams(query)].map(([each, value]) => {
    const kind = /^(?:code|codeA|codeB)$/.test(each)
      ? 'valueCode'
      : /count|offset/.test(each)
        ? 'valueInteger'
        : 'valueUri'
    return { name: each, [kind]: kind === 'valueInteger' ? Number(value) : value }
  })
  const body = JSON.stringify({ resourceType: 'Parameters', parameter: [parameter, ...given] })
  const reply = await fetch(`${base}/${type}/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body,
  })
  return { status: reply.status, text: (await reply.text()).replaceAll(/urn:uuid:[\w-]+|"timestamp":"[^"]+"/g, '') }
}

const questions: [path: string, name: string][] = [
  ['ValueSet/kept/$expand?count=5&offset=1', 'valueSet'],
  ['ValueSet/kept/$expand?filter=code', 'valueSet'],
  [`ValueSet/kept/$validate-code?system=${system}&code=a`, 'valueSet'],
  [`ValueSet/kept/$validate-code?system=${system}&code=none`, 'valueSet'],
  ['CodeSystem/kept/$validate-code?code=b', 'codeSystem'],
  ['CodeSystem/kept/$subsumes?codeA=all&codeB=a', 'codeSystem'],
  [`ConceptMap/kept/$translate?system=${system}&code=a`, 'conceptMap'],
]

/** The stored resource, read anew. */
async function stored(type: string, id = 'kept'): Promise<Resource> {
  const resource = (await server.storage.read(type, id))?.resource
  assert.ok(resource)
  return resource
}

const typeOf = { valueSet: 'ValueSet', codeSystem: 'CodeSystem', conceptMap: 'ConceptMap' } as const

describe('terminology by its id', () => {
  it('answers what the resource itself answers, again and again, and stays as it is stored', async () => {
    for (const each of [codeSystem(['a', 'b', 'c']), valueSet(['a', 'b', 'c']), conceptMap('x')]) await put(each)
    for (const [path, name] of questions) {
      const resource = await stored(typeOf[name as keyof typeof typeOf])
      const wanted = await askWith(path, { name, resource })
      assert.equal(wanted.status, 200, wanted.text)
      for (let time = 0; time < 3; time++) assert.deepEqual(await ask(path), wanted, path)
    }
    for (const type of Object.values(typeOf)) {
      const { text } = await ask(`${type}/kept`)
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(await stored(type))))
    }
  })

  it('is read once, not for every question', async () => {
    const { read } = server.storage
    const reads: string[] = []
    server.storage.read = (type, id) => {
      reads.push(`${type}/${id}`)
      return read(type, id)
    }
    try {
      for (const [path] of questions) await ask(path)
      const before = reads.length
      for (let time = 0; time < 5; time++) for (const [path] of questions) await ask(path)
      assert.deepEqual(reads.slice(before), [])
    } finally {
      server.storage.read = read
    }
  })

  it('is the next version as soon as that is written', async () => {
    assert.match((await ask('ValueSet/kept/$expand')).text, /"code":"c"/)
    await put(valueSet(['a']))
    const { text } = await ask('ValueSet/kept/$expand')
    assert.match(text, /"code":"a"/)
    assert.doesNotMatch(text, /"code":"c"/)
    assert.match((await ask(`ConceptMap/kept/$translate?system=${system}&code=a`)).text, /"code":"x"/)
    await put(conceptMap('y'))
    assert.match((await ask(`ConceptMap/kept/$translate?system=${system}&code=a`)).text, /"code":"y"/)
    await put(codeSystem(['a', 'd']))
    assert.match((await ask('CodeSystem/kept/$validate-code?code=d')).text, /"valueBoolean":true/)
    assert.match((await ask('CodeSystem/kept/$validate-code?code=b')).text, /"valueBoolean":false/)
  })

  it('is gone as soon as it is deleted, and there again when it is written again', async () => {
    const draft = { id: 'draft', status: 'draft' }
    const expand = () => ask('ValueSet/draft/$expand', 'test')
    assert.equal((await expand()).status, 404)
    await put(valueSet(['a'], draft))
    assert.match((await expand()).text, /"code":"a"/)
    assert.match((await expand()).text, /"code":"a"/)
    const deleted = await fetch(`${base}/ValueSet/draft`, { method: 'DELETE', headers })
    assert.ok(deleted.status < 300)
    assert.equal((await expand()).status, 410)
    await put(valueSet(['d'], draft))
    assert.match((await expand()).text, /"code":"d"/)
  })

  it('is there for its authors alone where it is not for everybody, whoever asked first', async () => {
    const id = 'hidden'
    await put(valueSet(['a'], { id, status: 'draft' }))
    for (let time = 0; time < 2; time++) {
      assert.equal((await ask('ValueSet/hidden/$expand', 'test')).status, 200)
      assert.equal((await ask('ValueSet/hidden/$expand')).status, 404)
    }
    await put(valueSet(['a'], { id }))
    for (const as of [undefined, 'test']) assert.match((await ask('ValueSet/hidden/$expand', as)).text, /"code":"a"/)
  })
})
