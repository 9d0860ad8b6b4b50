import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { baseUrl, bearer, startApp, valueSet } from './support.ts'

const { server, errors } = await startApp()
const http = () => request(server)
const put = (id: string, more: object = {}) =>
  http().put(`/fhir/ValueSet/${id}`).set('Authorization', bearer).type('application/fhir+json').send(valueSet(id, more))

test('an artefact is created, read, updated, deleted and its history kept', async () => {
  const created = await put('life')
  assert.equal(created.status, 201)
  assert.equal(created.headers.location, `${baseUrl}/ValueSet/life/_history/1`)
  assert.equal(created.headers.etag, 'W/"1"')
  assert.match(created.headers['last-modified'] ?? '', /GMT$/)
  assert.equal(created.body.meta.versionId, '1')

  const read = await http().get('/fhir/ValueSet/life')
  assert.equal(read.status, 200)
  assert.equal(read.headers['content-type'], 'application/fhir+json; charset=utf-8')
  assert.equal(read.body.title, 'Vaccines life')
  assert.equal((await http().get('/fhir/ValueSet/life').set('If-None-Match', 'W/"1"')).status, 304)
  assert.equal((await http().get('/fhir/ValueSet/life').set('If-None-Match', 'W/"0"')).status, 200)

  assert.equal((await put('life')).headers.etag, 'W/"1"', 'unchanged content keeps its version')
  const updated = await put('life', { title: 'New' })
  assert.equal(updated.status, 200)
  assert.equal(updated.headers.etag, 'W/"2"')
  assert.equal((await http().get('/fhir/ValueSet/life/_history/1')).body.title, 'Vaccines life')

  const removed = await http().delete('/fhir/ValueSet/life').set('Authorization', bearer)
  assert.equal(removed.status, 204)
  const gone = await http().get('/fhir/ValueSet/life')
  assert.equal(gone.status, 410)
  assert.equal(gone.body.resourceType, 'OperationOutcome')
  assert.equal((await http().get('/fhir/ValueSet/life/_history/3')).status, 410)
  assert.equal((await http().delete('/fhir/ValueSet/life').set('Authorization', bearer)).status, 204)
  const history = await http().get('/fhir/ValueSet/life/_history')
  assert.deepEqual(
    history.body.entry.map((entry: { request: { method: string } }) => entry.request.method),
    ['DELETE', 'PUT', 'PUT'],
  )
  assert.equal(history.body.total, 3)
  const upwards = await http().get('/fhir/ValueSet/life/_history?_sort=_lastUpdated')
  assert.equal(upwards.body.entry[0].response.etag, 'W/"1"')
  assert.equal((await http().get('/fhir/ValueSet/life/_history?_sort=url')).status, 400)
  const unknown = await http().get('/fhir/ValueSet/nobody').set('X-Request-Id', 'abc-2')
  assert.equal(unknown.body.issue[0].diagnostics, 'X-Request-Id: abc-2')
  assert.deepEqual(errors, [])
})
