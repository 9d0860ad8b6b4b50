/** The questions of HL7's terminology tests in XML: the answers are those to JSON. */
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Parameters, Resource } from '../../src/fhir/types.ts'
import { parseXml } from '../../src/fhir/xml/read.ts'
import { writeXml } from '../../src/fhir/xml/write.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { overShared, sharedPath } from '../support/shared.ts'

const runner = sharedPath('tools/tx-runner/lib/')

interface Suite {
  name: string
  setup?: string[]
  tests: { name: string; operation: string; request: string; profile?: string }[]
}

const PATHS: Record<string, string> = {
  expand: 'ValueSet/$expand',
  'validate-code': 'ValueSet/$validate-code',
  'cs-validate-code': 'CodeSystem/$validate-code',
  lookup: 'CodeSystem/$lookup',
  translate: 'ConceptMap/$translate',
  'batch-validate': '$batch-validate-code',
}

/** Members such as `title:en` are remarks of the authors and no FHIR. */
const withoutRemarks = (given: object) =>
  JSON.parse(JSON.stringify(given), (name, value) => (name.includes(':') ? undefined : value))

/** An answer without what differs from one to the next. */
function plain(reply: Resource): Resource {
  const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
  const instant = /"timestamp":"[^"]+"/g
  return JSON.parse(JSON.stringify(reply).replace(uuid, 'uuid').replace(instant, '"timestamp":""'))
}

overShared.test("HL7's terminology tests, asked in XML", async () => {
  const { server, close } = await openTestServer()
  after(close)
  const base = `${await server.listen()}/fhir`
  const load = (name: string) => import(pathToFileURL(`${runner}${name}.mjs`).href)
  const [{ TestSet }, { toR4 }] = await Promise.all(['suite', 'xver'].map(load))
  const set = new TestSet(sharedPath('corpora/terminology'))
  const suites: Suite[] = set.select({ modes: new Set(['general']), version: '4.0' })
  const ask = async (path: string, body: string, type: string) => {
    const headers = { 'content-type': type, accept: type }
    const reply = await fetch(`${base}/${path}`, { method: 'POST', body, headers })
    assert.match(reply.headers.get('content-type') ?? '', new RegExp(type.replace('+', '\\+')))
    return { status: reply.status, text: await reply.text() }
  }
  let compared = 0
  for (const { name, setup = [], tests } of suites) {
    for (const each of tests) {
      const path = PATHS[each.operation]
      if (!path) continue
      const asked = set.json(each.request)
      const brought = setup.map((file) => ({ name: 'tx-resource', resource: set.json(file) }))
      const profile = set.json(each.profile ?? 'parameters-default.json').parameter
      const parameter = [...asked.parameter, ...brought, ...profile]
      const request: Parameters = withoutRemarks(toR4({ ...asked, parameter }))
      const [inJson, inXml] = await Promise.all([
        ask(path, JSON.stringify(request), 'application/fhir+json'),
        ask(path, writeXml(request), 'application/fhir+xml'),
      ])
      assert.equal(inXml.status, inJson.status, `${name}/${each.name}`)
      assert.deepEqual(plain(parseXml(inXml.text)), plain(JSON.parse(inJson.text)), `${name}/${each.name}`)
      compared++
    }
  }
  assert.ok(compared > 400, `${compared} questions`)
})
