import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { evaluationDetails } from '../../../src/operations/input/evaluate-audit.ts'
import { openTestServer } from '../../support/loaded-server.ts'

describe('what an AuditEvent says of an evaluation', () => {
  it('is verdict, format, issuer and rules, and nothing else of the answer', () => {
    const secret = 'Jane'
    const details = evaluationDetails({
      resourceType: 'Parameters',
      parameter: [
        { name: 'decision', valueCode: 'accepted' },
        { name: 'status', valueCode: 'VALID' },
        { name: 'format', valueCode: 'hcert' },
        {
          name: 'issuer',
          part: [
            { name: 'name', valueString: secret },
            { name: 'participant', valueCode: 'AT' },
            { name: 'keyId', valueString: secret },
            { name: 'trustDomain', valueCode: 'DCC' },
            { name: 'keyUsage', valueCode: 'DSC' },
          ],
        },
        { name: 'subject', part: [{ name: 'name', valueString: secret }] },
        { name: 'content', resource: { resourceType: 'Patient', id: secret } },
        { name: 'check', part: [{ name: 'detail', valueString: secret }] },
        {
          name: 'rule',
          part: [
            { name: 'planDefinition', valueCanonical: 'http://e/p|1' },
            { name: 'message', valueString: secret },
            { name: 'evidence', part: [{ name: 'name', valueString: secret }] },
          ],
        },
        {
          name: 'rule',
          part: [
            { name: 'library', valueCanonical: 'http://e/l|1' },
            { name: 'result', valueBoolean: true },
          ],
        },
      ],
    })
    assert.deepEqual(
      details.map(({ type, value }) => `${type} ${value}`),
      [
        ...['decision accepted', 'status VALID', 'format hcert', 'participant AT', 'trustDomain DCC', 'keyUsage DSC'],
        ...['rule http://e/p|1', 'rule http://e/l|1'],
      ],
    )
    assert.deepEqual(evaluationDetails({ resourceType: 'OperationOutcome', issue: [] }), [])
  })

  it('stands in the event that is stored, with the time it took and nobody who asked', async () => {
    const { server, close } = await openTestServer({ AUDIT_SAMPLE_RATE: '1' })
    try {
      const root = await server.listen()
      const response = await fetch(`${root}/fhir/$evaluate`, {
        method: 'POST',
        headers: { authorization: 'Bearer test', 'content-type': 'application/fhir+json' },
        body: JSON.stringify({
          resourceType: 'Parameters',
          parameter: [{ name: 'credential', valueString: 'HC1:Jane' }],
        }),
      })
      assert.equal(response.status, 200)
      for (let tries = 0; tries < 200; tries++) {
        const page = await server.storage.search({
          type: 'AuditEvent',
          conditions: [],
          sort: [],
          count: 10,
          total: 'none',
        })
        const text = JSON.stringify(page.matches.map(({ resource }) => resource))
        if (page.matches.length > 0) {
          assert.match(text, /"type":"decision","valueString":"[a-z-]+"/)
          assert.match(text, /"type":"milliseconds","valueString":"\d+"/)
          assert.doesNotMatch(text, /Jane|127\.0\.0\.1"|development token/)
          return
        }
        await new Promise((next) => setTimeout(next, 25))
      }
      assert.fail('no AuditEvent came')
    } finally {
      await close()
    }
  })
})
