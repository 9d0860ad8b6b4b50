/** The way of one PUT of a ValueSet: the files of `src/` that it passes, in an application with nothing but a store. */
import assert from 'node:assert/strict'
import request from 'supertest'
import { bearer, startApp, valueSet } from '../http/support.ts'

/** An application, warm; each call stores a new version. */
export async function warmPut(): Promise<() => Promise<void>> {
  const { server } = await startApp()
  let version = 0
  const put = async () => {
    const { status } = await request(server)
      .put('/fhir/ValueSet/way')
      .set('Authorization', bearer)
      .type('application/fhir+json')
      .send(valueSet('way', { version: `${++version}` }))
    assert.ok(status === 200 || status === 201)
  }
  for (let warm = 0; warm < 3; warm++) await put()
  return put
}
