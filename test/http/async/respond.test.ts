/** `Prefer: respond-async`: what is not done in time is asked for later, by who asked alone, and never kept when it is personal. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import request from 'supertest'
import type { Operation } from '../../../src/fhir/operation.ts'
import { baseUrl, bearer, startApp } from '../support.ts'

/** Calls wait until they are let go. */
let gates: (() => void)[] = []
const letGo = () => {
  for (const each of gates) each()
  gates = []
}
const operation = (name: string, more: Partial<Operation<undefined>> = {}): Operation<undefined> => ({
  name,
  title: name,
  description: name,
  system: true,
  get: true,
  parameters: [],
  async handle({ isGone }) {
    if (name === 'slow' || name === 'fails') await new Promise<void>((done) => gates.push(done))
    if (name === 'fails') throw new Error('a fault')
    const parameter = [{ name: 'gone', valueBoolean: isGone?.() === true }]
    return { resource: { resourceType: 'Parameters', parameter } }
  },
  ...more,
})
const { server, errors } = await startApp(
  [operation('slow'), operation('fast'), operation('fails'), operation('personal', { personal: true, get: false })],
  // a fast call is done before, however busy the machine is; a slow one waits for the test
  { limits: { asyncMilliseconds: 1 } },
)
const asked = { Prefer: 'respond-async, handling=strict' }
const get = (path: string, headers: Record<string, string> = asked) => request(server).get(path).set(headers)
const start = async (name: string, headers: Record<string, string> = asked) => {
  const answer = await get(`/fhir/$${name}`, headers)
  assert.equal(answer.status, 202)
  const address = answer.headers['content-location'] ?? ''
  assert.match(address, /^http:\/\/vidimus\.test\/fhir\/_jobs\/[0-9a-f]{48}$/)
  return address.replace(baseUrl, '/fhir')
}
const done = async (path: string, headers: Record<string, string> = {}) => {
  for (;;) {
    const { status, body } = await get(path, headers)
    if (status !== 202) return body
    letGo()
  }
}

it('a slow call is answered with the address of its status, and then with a Bundle', async () => {
  const path = await start('slow')
  const running = await get(path, {})
  assert.deepEqual(
    [running.status, running.headers['x-progress'], running.headers['retry-after']],
    [202, 'started', '1'],
  )
  const bundle = await done(path)
  assert.deepEqual([bundle.type, bundle.entry[0].response.status], ['batch-response', '200'])
  assert.deepEqual(bundle.entry[0].resource.parameter, [{ name: 'gone', valueBoolean: false }])
  assert.equal((await get(path, {})).status, 200, 'until it is forgotten')
  assert.equal((await request(server).delete(path)).status, 202)
  assert.equal((await get(path, {})).status, 404)
})

it('without the preference a call is waited for', async () => {
  const answer = get('/fhir/$slow', {}).then((each) => each)
  while (gates.length === 0) await new Promise((next) => setTimeout(next, 5))
  letGo()
  assert.equal((await answer).status, 200)
})

it('what fails says so in the Bundle, without its stack', async () => {
  const { entry } = await done(await start('fails'))
  assert.equal(entry[0].response.status, '500')
  assert.doesNotMatch(JSON.stringify(entry), /a fault|\.ts/)
  assert.match(String(errors.at(-1)), /a fault/, 'it is told to the operator')
})

it('nobody but who asked is told, and who asked may be somebody who is known', async () => {
  const path = await start('slow', { ...asked, Authorization: bearer })
  for (const each of [path, path.replace(/.$/, 'x'), '/fhir/_jobs/none'])
    assert.equal((await get(each, {})).status, 404)
  assert.equal((await request(server).delete(path)).status, 404)
  assert.equal((await done(path, { Authorization: bearer })).entry[0].response.status, '200')
})

it('personal calls are never kept: they are waited for', async () => {
  const answer = await request(server)
    .post('/fhir/$personal')
    .set(asked)
    .type('application/fhir+json')
    .send({ resourceType: 'Parameters' })
  assert.equal(answer.status, 200)
})

it('one client has three of them', async () => {
  const paths = [await start('slow'), await start('slow'), await start('slow')]
  const refused = await get('/fhir/$slow')
  assert.equal(refused.status, 429)
  assert.ok(refused.headers['retry-after'])
  for (const path of paths) await done(path)
  await done(await start('slow'))
})

it('an entry of a batch is waited for', async () => {
  const entry = [{ request: { method: 'GET', url: '$fast' } }]
  const answer = await request(server)
    .post('/fhir')
    .set(asked)
    .type('application/fhir+json')
    .send({ resourceType: 'Bundle', type: 'batch', entry })
  assert.equal(answer.body.entry[0].response.status, '200')
})

it('a search, too: its answer is the same, at once or later', async () => {
  const answer = await get('/fhir/ValueSet?name=x')
  const bundle =
    answer.status === 200
      ? answer.body
      : (await done((answer.headers['content-location'] ?? '').replace(baseUrl, '/fhir'))).entry[0].resource
  assert.equal(bundle.type, 'searchset')
})
