/** `NamingSystem/$preferred-id`, sentence by sentence (cases/preferred-id.json), by GET and by POST. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import request from 'supertest'
import type { OperationContext } from '../../../src/operations/context.ts'
import { preferredId } from '../../../src/operations/naming/preferred-id.ts'
import { bearer, startApp, type TestApp } from '../../http/support.ts'
import { readCases } from '../../support/cases.ts'

interface Case {
  name: string
  query: string
  result?: string
  status?: number
}

for (const { source, cases, ...more } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`$preferred-id (${source})`, async () => {
    let app: TestApp | undefined
    const { handle, atOnce: _atOnce, ...declaration } = preferredId
    app = await startApp([
      {
        ...declaration,
        handle: (call) => {
          const storage = app?.storage ?? assert.fail('not started')
          // it reads the store and the clock alone
          return handle(call, { storage, now: () => new Date('2026-01-02') } as unknown as OperationContext)
        },
      },
    ])
    const { server } = app
    before(async () => {
      for (const each of 'resources' in more && Array.isArray(more.resources) ? more.resources : [])
        await request(server)
          .put(`/fhir/NamingSystem/${each.id}`)
          .set('Authorization', bearer)
          .type('application/fhir+json')
          .send(each)
          .expect(201)
    })
    for (const { name, query, result, status = 200 } of cases) {
      const check = (answer: { status: number; body: { parameter?: unknown } }) => {
        assert.equal(answer.status, status, JSON.stringify(answer.body))
        if (result !== undefined) assert.deepEqual(answer.body.parameter, [{ name: 'result', valueString: result }])
      }
      it(`${name}: ${query}`, async () => {
        check(await request(server).get(`/fhir/NamingSystem/$preferred-id?${query}`))
        const parameter = [...new URLSearchParams(query)].map(([name, value]) => ({
          name,
          [name === 'type' ? 'valueCode' : 'valueString']: value,
        }))
        const body = { resourceType: 'Parameters', parameter }
        if (!query.includes('id=&'))
          check(await request(server).post('/fhir/NamingSystem/$preferred-id').type('application/fhir+json').send(body))
      })
    }
  })
