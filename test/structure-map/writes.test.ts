import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { after, before, test } from 'node:test'
import supertest from 'supertest'
import type { OperationOutcome } from '../../src/fhir/types.ts'
import { openTestServer } from '../support/loaded-server.ts'

let opened: Awaited<ReturnType<typeof openTestServer>>
let http: Server
before(async () => {
  opened = await openTestServer()
  http = createServer(opened.server.handler)
})
after(async () => {
  http.close()
  await opened.close()
})

/** Writes a map of one rule. */
async function write(
  rule: string,
  status: string,
  id = 'written',
): Promise<{ status: number; outcome: OperationOutcome }> {
  const fml = `/// url = 'http://example.org/StructureMap/${id}'
/// name = 'written'
/// status = '${status}'
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Source as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
group main(source src : Source, target tgt : Target) {
  ${rule}
}`
  const reply = await supertest(http)
    .put(`/fhir/StructureMap/${id}`)
    .set({ Authorization: 'Bearer test', 'Content-Type': 'text/fhir-mapping', Prefer: 'return=OperationOutcome' })
    .send(fml)
  return { status: reply.status, outcome: reply.body as OperationOutcome }
}

const texts = ({ issue }: OperationOutcome, severity: string) =>
  issue
    .filter((each) => each.severity === severity)
    .map((each) => `${each.diagnostics ?? ''} ${each.details?.text ?? ''}`)
    .join('\n')

/** Rules that fail whenever they fire. */
const DEFECTS: [rule: string, said: RegExp][] = [
  [`src.id as v where (v.isInteger()) -> tgt.id = v "r";`, /isInteger\(\), which is no function/],
  [`src -> tgt.id = (%nobody) "r";`, /%nobody is read/],
  [`src.id as v -> x.id = v "r";`, /target 'x' is not bound/],
  [`src -> tgt.birthDate = '1988-00-02' "r";`, /"1988-00-02" is no date/],
]

test('an active map with a rule that cannot work is refused with its place; a draft is stored with a warning', async () => {
  for (const [rule, said] of DEFECTS) {
    const active = await write(rule, 'active')
    assert.equal(active.status, 422, rule)
    assert.match(texts(active.outcome, 'error'), said)
    assert.match(texts(active.outcome, 'error'), /line 7, column 3/)
    const draft = await write(rule, 'draft')
    assert.ok(draft.status === 200 || draft.status === 201, rule)
    assert.equal(texts(draft.outcome, 'error'), '')
    assert.match(texts(draft.outcome, 'warning'), said)
  }
})

test('elements that a definition does not have, models and concept maps that may come are warnings', async () => {
  const rules: [rule: string, said: RegExp][] = [
    [`src.name as n -> tgt.nmae = n "r";`, /Patient has no element 'nmae'/],
    [
      `src.gender as g -> tgt.id = translate(g, 'http://example.org/none', 'code') "r";`,
      /ConceptMap http:\/\/example.org\/none cannot be used/,
    ],
  ]
  for (const [rule, said] of rules) {
    const written = await write(rule, 'active')
    assert.ok(written.status < 300, rule)
    assert.match(texts(written.outcome, 'warning'), said)
  }
})

test('what cannot be run is refused as active, and told as a draft', async () => {
  const rule = 'src then nobody(src, tgt) "r";'
  assert.equal((await write(rule, 'active')).status, 422)
  // What is active is no draft again: another one.
  const draft = await write(rule, 'draft', 'never-active')
  assert.ok(draft.status < 300)
  assert.notEqual(texts(draft.outcome, 'warning'), '')
})
