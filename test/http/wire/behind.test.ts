/** A store that has not told anything for too long: what was kept of it is answered only when it has been asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { caughtUp } from '../../../src/server/documents.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { bearer, makeApp } from '../support.ts'

const valueSet = { resourceType: 'ValueSet', id: 'a', url: 'http://example.org/a', name: 'A', status: 'active' }

test('documents of what is stored are looked for again when the store had to be asked, and are 503 when it cannot be', async () => {
  const found = (body: string) => ({ body: Buffer.from(body), contentType: 'text/plain', etag: body })
  let stored = 'old'
  let behind: Promise<void> | undefined
  const find = caughtUp({ catchUp: () => behind }, ({ path }) => (path === '/x' ? found(stored) : undefined))
  assert.equal((await find({ path: '/x', accept: undefined }))?.etag, 'old')
  behind = Promise.resolve().then(() => {
    stored = 'new'
  })
  assert.equal((await find({ path: '/x', accept: undefined }))?.etag, 'new')
  behind = Promise.reject(new Error('away'))
  assert.equal(find({ path: '/other', accept: undefined }), undefined)
  await assert.rejects(async () => find({ path: '/x', accept: undefined }), /away/)
})

test('a kept reply waits until the store has told what is new; without it the answer is 503', async () => {
  let catchUp: () => Promise<void> | undefined = () => undefined
  const opened = await openStorage('sqlite::memory:', { dataDir: '.' })
  const { handler } = await makeApp([], { storage: { ...opened, catchUp: () => catchUp() } })
  await request(handler).put('/fhir/ValueSet/a').set('Authorization', bearer).send(valueSet).expect(201)
  // Asked twice it is kept as bytes.
  for (let count = 0; count < 3; count++) await request(handler).get('/fhir/ValueSet/a').expect(200)

  let asked = 0
  catchUp = async () => void asked++
  await request(handler).get('/fhir/ValueSet/a').expect(200)
  assert.equal(asked, 1)

  const down = new FhirError(503, issue('transient', 'The store cannot be reached.'), { 'Retry-After': '5' })
  catchUp = () => Promise.reject(down)
  const refused = await request(handler).get('/fhir/ValueSet/a').expect(503)
  assert.equal(refused.headers['retry-after'], '5')
  assert.equal(refused.body.resourceType, 'OperationOutcome')
  await request(handler).put('/fhir/ValueSet/a').set('Authorization', bearer).send(valueSet).expect(503)
  await request(handler).get('/fhir/metadata').expect(200)

  catchUp = () => undefined
  await request(handler).get('/fhir/ValueSet/a').expect(200)
  await opened.close()
})
