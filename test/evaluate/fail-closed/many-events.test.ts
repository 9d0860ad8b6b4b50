/** Rules hold each event against each: of more than are judged at once nothing is accepted, and nobody else waits for them. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { issueHcert } from '../../../src/demo/issue-hcert.ts'
import { samplePayload } from '../../../src/demo/samples.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { testIssuer } from '../../support/issuer.ts'
import { openTestServer } from '../../support/loaded-server.ts'

const issuer = testIssuer()
const { server, close } = await openTestServer()
after(close)

/** A certificate of so many vaccinations on different days. */
function certificateOf(count: number, year: number): string {
  const times = { issuedAt: new Date('2022-01-01T00:00:00Z'), expires: new Date('2023-01-01T00:00:00Z') }
  const claims = samplePayload('dcc-v', { issuer: issuer.country, ...times })
  const hcert = (claims as Map<unknown, unknown>).get(-260) as Map<unknown, { v: object[] }>
  const { v: [one] = [] } = hcert.get(1) ?? {}
  const v = Array.from({ length: count }, (_, at) => ({
    ...one,
    dt: new Date(Date.UTC(year, 0, 1 + at)).toISOString().slice(0, 10),
    ci: `URN:UVCI:01:XA:${year}${at}`,
  }))
  hcert.set(1, { ...Object(hcert.get(1)), v })
  return issueHcert(claims, issuer.signer)
}
async function judge(first: string, ...others: string[]) {
  const parameter: Parameter[] = [
    { name: 'credential', valueString: first },
    ...others.map((text) => ({
      name: 'furtherCredential',
      part: [{ name: 'credential', valueString: text }],
    })),
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    { name: 'evaluationDateTime', valueDateTime: '2022-02-01T00:00:00Z' },
  ]
  const question: Parameters = { resourceType: 'Parameters', parameter }
  const reply = await server.evaluate.answer(question, {})
  const [decision, status] = ['decision', 'status'].map(
    (name) => reply.parameter?.find((each) => each.name === name)?.valueCode,
  )
  return { decision, status, text: JSON.stringify(reply) }
}

const tooMany = /More than 100 events are certified/

describe('events of one judgement', () => {
  it('are judged, a hundred of them', async () => {
    const { text } = await judge(certificateOf(100, 2021))
    assert.ok(!/was not run/.test(text) && !tooMany.test(text))
  })
  for (const count of [101, 400])
    it(`are not judged, ${count} of them, and every rule is listed without result`, async () => {
      const { decision, status, text } = await judge(certificateOf(count, 2020))
      assert.deepEqual([decision, status], ['undetermined', 'VERIFIED'])
      assert.ok(tooMany.test(text) && /complete-primary-series/.test(text) && !/valueBoolean/.test(text))
    })
  it('are those of all credentials', async () => {
    const few = await judge(certificateOf(50, 2020), certificateOf(50, 2021))
    assert.ok(!/was not run/.test(few.text) && !tooMany.test(few.text))
    const many = await judge(certificateOf(51, 2020), certificateOf(50, 2021))
    assert.deepEqual([many.decision, many.status], ['undetermined', 'VERIFIED'])
    assert.ok(tooMany.test(many.text) && /was not run/.test(many.text))
  })
})
