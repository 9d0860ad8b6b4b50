import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import request from 'supertest'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import { createApp } from '../../../src/http/app.ts'
import type { AuditEvent } from '../../../src/http/audit/audit-event.ts'
import { createAuditRecorder } from '../../../src/http/audit/recorder.ts'
import { auditedTransaction } from '../../../src/http/audit/transactions.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { bearer, startApp, token, valueSet } from '../support.ts'
import { base, operationArtefacts } from '../svcm/artefacts.ts'

const svcm = 'https://profiles.ihe.net/ITI/SVCM/StructureDefinition/IHE.SVCM.Audit'
const balp = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit'

/** What BALP and SVCM fix for every AuditEvent of a success; its structure is R4's. */
function checkProfile(event: AuditEvent, profile: string, roles: [client: string, server: string]): void {
  assert.deepEqual(checkResource(event), [])
  assert.deepEqual(event.meta?.profile, [profile])
  assert.deepEqual(
    { system: event.type.system, code: event.type.code },
    { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
  )
  assert.equal(event.outcome, '0')
  assert.ok(event.subtype?.some(({ system }) => system === 'http://hl7.org/fhir/restful-interaction'))
  assert.deepEqual(
    event.agent.map((agent) => agent.type?.coding?.[0]?.code),
    roles,
  )
  for (const agent of event.agent) assert.ok(agent.who?.display && agent.network?.address && agent.network.type)
  assert.equal(event.agent[0]?.network?.type, '2')
  assert.equal(event.agent[1]?.network?.type, '5')
  assert.ok(event.source.observer.display)
  const [transaction, data] = event.entity ?? []
  assert.equal(transaction?.type?.code, 'XrequestId')
  assert.ok(transaction?.what?.identifier?.value)
  assert.equal(data?.type?.code, '2')
}

const { server, close } = await openTestServer({ AUDIT_SAMPLE_RATE: '1', BASE_URL: 'https://vidimus.test' })
test.after(close)
const http = () => request(server.handler)
const own = 'Bearer test'
for (const artefact of operationArtefacts) {
  await http()
    .put(`/fhir/${artefact.resourceType}/${artefact.id}`)
    .set('Authorization', own)
    .send({ ...artefact })
}

/** The AuditEvents of the request with that id, once they are stored. */
async function eventsOf(requestId: string): Promise<AuditEvent[]> {
  for (let tries = 0; tries < 100; tries++) {
    const page = await server.storage.search({
      type: 'AuditEvent',
      conditions: [],
      sort: [],
      count: 200,
      total: 'none',
    })
    const events = page.matches.flatMap(({ resource }) => (resource ? [resource as AuditEvent] : []))
    const found = events.filter((event) => event.entity?.[0]?.what?.identifier?.value === requestId)
    if (found.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return []
}

const source = '110153'
const destination = '110152'
const e = encodeURIComponent
const asked = `system=${e(`${base}/codes`)}&code=mmr`
const reads: { code: string; profile: string; path: string; check: (event: AuditEvent) => void }[] = [
  ...(
    [
      ['ITI-95', 'ValueSet', 'some'],
      ['ITI-96', 'CodeSystem', 'codes-1'],
      ['ITI-100', 'ConceptMap', 'map-1'],
    ] as const
  ).flatMap(([code, type, id]) => [
    {
      code,
      profile: `${type}.Read`,
      path: `${type}/${id}`,
      check: (event: AuditEvent) => assert.equal(event.entity?.[1]?.what?.reference, `${type}/${id}`),
    },
    {
      code,
      profile: `${type}.Read`,
      path: `${type}/${id}/_history/1`,
      check: (event: AuditEvent) => {
        assert.equal(event.entity?.[1]?.what?.reference, `${type}/${id}/_history/1`)
        assert.equal(event.subtype?.[0]?.code, 'vread')
      },
    },
    {
      code,
      profile: `${type}.Query`,
      path: `${type}?name:contains=svcm&_count=1`,
      check: (event: AuditEvent) =>
        assert.equal(
          Buffer.from(event.entity?.[1]?.query ?? '', 'base64').toString(),
          `${type}?name:contains=svcm&_count=1`,
        ),
    },
  ]),
  {
    code: 'ITI-97',
    profile: 'ValueSet.Expand',
    path: `ValueSet/$expand?url=${e(`${base}/vs/some`)}`,
    check: (event) => assert.equal(event.entity?.[1]?.what?.identifier?.value, `${base}/vs/some`),
  },
  {
    code: 'ITI-97',
    profile: 'ValueSet.Expand',
    path: 'ValueSet/some/$expand',
    check: (event) => assert.equal(event.entity?.[1]?.what?.reference, 'ValueSet/some'),
  },
  { code: 'ITI-98', profile: 'CodeSystem.Lookup', path: `CodeSystem/$lookup?${asked}`, check: holdsParameters },
  {
    code: 'ITI-99',
    profile: 'Code.Validate',
    path: `ValueSet/$validate-code?url=${e(`${base}/vs/all`)}&${asked}`,
    check: holdsParameters,
  },
  {
    code: 'ITI-99',
    profile: 'Code.Validate',
    path: `CodeSystem/$validate-code?url=${e(`${base}/codes`)}&code=mmr`,
    check: (event) => assert.equal(event.contained?.[0]?.resourceType, 'Parameters'),
  },
  {
    code: 'ITI-101',
    profile: 'ConceptMap.Translate',
    path: `ConceptMap/$translate?url=${e(`${base}/map`)}&${asked}`,
    check: holdsParameters,
  },
]

function holdsParameters(event: AuditEvent): void {
  const parameters = event.contained?.[0] as Parameters | undefined
  assert.ok(parameters?.resourceType === 'Parameters')
  assert.deepEqual(event.entity?.[1]?.what?.reference, `#${parameters.id}`)
  assert.deepEqual(
    parameters.parameter?.filter(({ name }) => name === 'code'),
    [{ name: 'code', valueCode: 'mmr' }],
  )
}

for (const [index, { code, profile, path, check }] of reads.entries()) {
  for (const time of ['first', 'second, from the cache', 'third']) {
    test(`${code} ${profile}: GET ${path}, ${time}`, async () => {
      const id = `read-${index}-${time.slice(0, 3)}`
      const reply = await http().get(`/fhir/${path}`).set('X-Request-Id', id)
      assert.equal(reply.status, 200, reply.text)
      const events = await eventsOf(id)
      assert.equal(events.length, 1)
      const [event] = events
      assert.ok(event)
      const isRead = /Read|Expand/.test(profile)
      checkProfile(event, `${svcm}.${profile}`, isRead ? [destination, source] : [source, destination])
      assert.equal(event.action, isRead ? 'R' : 'E')
      assert.ok(event.subtype?.some((each) => each.system === 'urn:ihe:event-type-code' && each.code === code))
      check(event)
    })
  }
}

test('a posted search and a posted operation are recorded with what was asked', async () => {
  await http().post('/fhir/ValueSet/_search').type('form').set('X-Request-Id', 'posted-search').send('name=svcmset')
  const [search] = await eventsOf('posted-search')
  assert.equal(Buffer.from(search?.entity?.[1]?.query ?? '', 'base64').toString(), 'ValueSet/_search?name=svcmset')
  await http()
    .post('/fhir/ValueSet/$validate-code')
    .set('X-Request-Id', 'posted-operation')
    .send({
      resourceType: 'Parameters',
      parameter: [
        { name: 'valueSet', resource: { resourceType: 'ValueSet', status: 'active', compose: { include: [] } } },
        { name: 'code', valueCode: 'x' },
        { name: 'display', valueString: 'y'.repeat(10_000) },
      ],
    })
  const [operation] = await eventsOf('posted-operation')
  assert.ok(operation)
  assert.deepEqual(checkResource(operation), [])
  assert.ok(JSON.stringify(operation).length < 3000)
})

test('what fails is recorded as failed and claims no profile', async () => {
  const url = e(`${base}/nothing`)
  await http().get(`/fhir/ValueSet/$expand?url=${url}`).set('X-Request-Id', 'failed')
  const [event] = await eventsOf('failed')
  assert.ok(event)
  assert.deepEqual(checkResource(event), [])
  assert.equal(event.outcome, '4')
  assert.equal(event.meta?.profile, undefined)
})

test('$evaluate leaves no trace of a person: neither text nor address', async () => {
  const parameter = [{ name: 'credential', valueString: 'HC1:Jane Doe 1964-08-12' }]
  await http()
    .post('/fhir/$evaluate')
    .set('X-Request-Id', 'evaluated')
    .set('User-Agent', 'phone of Jane Doe')
    .send({ resourceType: 'Parameters', parameter })
  const [event] = await eventsOf('evaluated')
  assert.ok(event)
  assert.deepEqual(checkResource(event), [])
  assert.equal(event.entity?.[1]?.name, '$evaluate')
  assert.equal(event.contained, undefined)
  assert.equal(event.agent[0]?.network, undefined)
  assert.doesNotMatch(JSON.stringify(event), /Jane|HC1|1964|127\.0\.0\.1/)
})

test('AuditEvents are read with a token alone, and found by nobody else', async () => {
  const [event] = await eventsOf('evaluated')
  const paths = [`AuditEvent/${event?.id}`, 'AuditEvent', 'AuditEvent/_history', `AuditEvent/${event?.id}/_history/1`]
  for (const path of paths) {
    assert.equal((await http().get(`/fhir/${path}`)).status, 401, path)
    assert.equal((await http().get(`/fhir/${path}`).set('Authorization', 'Bearer wrong')).status, 401, path)
    assert.equal((await http().get(`/fhir/${path}`).set('Authorization', own)).status, 200, path)
  }
  assert.equal((await http().post('/fhir/AuditEvent/_search').type('form').send('outcome=0')).status, 401)
  const found = await http().get('/fhir/AuditEvent?subtype=ITI-98&_count=5').set('Authorization', own)
  assert.equal(found.body.entry.length, 3)
  const xml = await http().get(`/fhir/AuditEvent/${event?.id}?_format=xml`).set('Authorization', own)
  assert.match(xml.text, /^<\?xml.*<AuditEvent /)
  const drawn = await http().get('/fhir/ValueSet?_id=some&_revinclude=AuditEvent:entity')
  assert.doesNotMatch(drawn.text, /"AuditEvent"/)
  const history = await http().get('/fhir/_history?_count=1000')
  assert.doesNotMatch(history.text, /"AuditEvent"/)
  assert.equal(history.body.total, history.body.entry.length)
  const entry = [{ request: { method: 'GET', url: 'AuditEvent' } }]
  const batch = await http().post('/fhir').send({ resourceType: 'Bundle', type: 'batch', entry })
  assert.match(batch.body.entry[0].response.status, /^401/)
})

test('an AuditEvent cannot be changed or deleted, with any token', async () => {
  const [event] = await eventsOf('evaluated')
  for (const method of ['put', 'patch', 'delete'] as const) {
    const reply = await http()
      [method](`/fhir/AuditEvent/${event?.id}`)
      .set('Authorization', own)
      .send({ ...event })
    assert.equal(reply.status, 405, method)
    assert.equal(reply.headers.allow, 'GET, HEAD, OPTIONS')
  }
  const entry = [{ request: { method: 'DELETE', url: `AuditEvent/${event?.id}` } }]
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  assert.equal((await http().post('/fhir').set('Authorization', own).send(bundle)).status, 405)
  const { body } = await http().get('/fhir/metadata')
  const { interaction } = body.rest[0].resource.find(({ type }: { type: string }) => type === 'AuditEvent')
  assert.deepEqual(
    interaction.filter(({ code }: { code: string }) => /update|patch|delete/.test(code)),
    [],
  )
})

// ---------- writes ----------

test('every write is stored together with its AuditEvent', async () => {
  const { server, storage } = await startApp()
  const app = request(server)
  const put = (body: object) => app.put('/fhir/ValueSet/a').set('Authorization', bearer).send(body)
  const all = async () => {
    const page = await storage.search({ type: 'AuditEvent', conditions: [], sort: [], count: 50, total: 'none' })
    return page.matches.flatMap(({ resource }) => (resource ? [resource as AuditEvent] : [])).reverse()
  }
  assert.equal((await put(valueSet('a'))).status, 201)
  assert.equal((await put(valueSet('a', { title: 'Other' }))).status, 200)
  const made = await app
    .post('/fhir/ValueSet')
    .set('Authorization', bearer)
    .send(valueSet('b', { version: '9' }))
  assert.equal((await app.delete('/fhir/ValueSet/a').set('Authorization', bearer)).status, 204)
  const events = await all()
  assert.deepEqual(
    events.map((event) => `${event.action} ${event.entity?.[1]?.what?.reference}`),
    ['C ValueSet/a', 'U ValueSet/a', `C ValueSet/${made.body.id}`, 'D ValueSet/a'],
  )
  const [create, update, , remove] = events
  assert.ok(create && update && remove)
  checkProfile(create, `${balp}.Create`, [source, destination])
  checkProfile(update, `${balp}.Update`, [source, destination])
  checkProfile(remove, `${balp}.Delete`, ['110150', 'custodian'])
  const entry = ['c', 'd'].map((id) => ({ resource: valueSet(id), request: { method: 'PUT', url: `ValueSet/${id}` } }))
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  assert.equal((await app.post('/fhir').set('Authorization', bearer).send(bundle)).status, 200)
  assert.equal((await all()).length, 6)
})

test('a transaction that fails leaves neither the write nor its AuditEvent, but the failure is recorded', async () => {
  const { storage, server, flush } = await startAudited()
  const app = request(server)
  await app.put('/fhir/ValueSet/a').set('Authorization', bearer).send(valueSet('a'))
  const stale = await app
    .put('/fhir/ValueSet/a')
    .set('Authorization', bearer)
    .set('If-Match', 'W/"7"')
    .set('X-Request-Id', 'stale')
    .send(valueSet('a', { title: 'Late' }))
  assert.equal(stale.status, 412)
  await flush()
  const page = await storage.search({ type: 'AuditEvent', conditions: [], sort: [], count: 50, total: 'none' })
  const outcomes = page.matches.map(({ resource }) => (resource as AuditEvent).outcome).sort()
  assert.deepEqual(outcomes, ['0', '4'])
})

test('who has no permission does not fill the store', async () => {
  const { storage, server, flush } = await startAudited()
  for (let i = 0; i < 5; i++)
    assert.equal((await request(server).put('/fhir/ValueSet/a').send(valueSet('a'))).status, 401)
  await flush()
  assert.equal((await storage.count()).AuditEvent, undefined)
})

test('AuditEvents of reads leave cached replies alone', async () => {
  const { storage, server } = await startApp()
  await request(server).put('/fhir/ValueSet/a').set('Authorization', bearer).send(valueSet('a'))
  let reads = 0
  const read = storage.read
  storage.read = (type, id) => {
    if (type === 'ValueSet') reads += 1
    return read(type, id)
  }
  for (let i = 0; i < 4; i++) {
    await request(server).get('/fhir/ValueSet/a')
    await storage.write([{ method: 'POST', type: 'AuditEvent', resource: anyEvent }])
  }
  assert.equal(reads, 2)
})

async function startAudited() {
  const { storage } = await startApp()
  const app = createApp<undefined>({
    storage,
    operations: [],
    context: undefined,
    settings: { baseUrl: 'http://vidimus.test/fhir', developmentToken: token, bodyLimitBytes: 1e6, production: false },
    hooks: {
      parseMap: () => {
        throw new Error('no maps here')
      },
      readMap: (map) => map,
      printMap: () => '',
      checkWrite: async () => [],
    },
    accessLog: () => {},
    errorLog: () => {},
    now: () => new Date('2026-01-02T03:04:05.678Z'),
    uuid: () => '00000000-0000-4000-8000-000000000001',
    software: { name: 'vidimus', version: '0.1.0', releaseDate: '2026-01-01' },
  })
  return { storage, server: createServer(app.handler), flush: () => app.audit.flush() }
}

// ---------- the queue ----------

const anyEvent: AuditEvent = {
  resourceType: 'AuditEvent',
  type: { code: 'rest' },
  recorded: '2026-01-02T03:04:05.678Z',
  agent: [{ requestor: false }],
  source: { observer: { display: 'x' } },
}

test('a full queue drops and counts, and never waits', async () => {
  let stored = 0
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const storage = {
    write: async (writes: unknown[]) => {
      await gate
      stored += writes.length
      return []
    },
  }
  const recorder = createAuditRecorder({ storage, sampleRate: 0, capacity: 10, report: () => {} })
  for (let i = 0; i < 25; i++) recorder.record(anyEvent)
  assert.equal(recorder.dropped(), 15)
  const flushed = recorder.flush()
  release()
  await flushed
  assert.equal(stored, 10)
  recorder.record(anyEvent)
  await recorder.flush()
  assert.equal(stored, 11)
  assert.equal(recorder.dropped(), 15)
})

test('events that the store refuses are counted and reported', async () => {
  const said: unknown[] = []
  const storage = {
    write: async () => {
      throw new Error('disk full')
    },
  }
  const recorder = createAuditRecorder({ storage, sampleRate: 0, report: (error) => said.push(error) })
  for (let i = 0; i < 3; i++) recorder.record(anyEvent)
  await recorder.flush()
  assert.equal(recorder.dropped(), 3)
  assert.equal(said.length, 1)
})

test('the sample is as large as its rate says', () => {
  for (const [rate, wanted] of [
    [0, 0],
    [0.01, 10],
    [0.1, 100],
    [1, 1000],
  ] as const) {
    const recorder = createAuditRecorder({ storage: { write: async () => [] }, sampleRate: rate, report: () => {} })
    let taken = 0
    for (let i = 0; i < 1000; i++) if (recorder.samples()) taken += 1
    assert.equal(taken, wanted, String(rate))
  }
})

test('any route is a transaction or none, and never an error', () => {
  fc.assert(fc.property(fc.string(), fc.string(), (route, type) => void auditedTransaction(route, type)))
  assert.equal(auditedTransaction('/:type/$toString', 'ValueSet'), undefined)
  assert.equal(auditedTransaction('/:type/:id', 'constructor'), undefined)
  assert.equal(auditedTransaction('constructor', 'ValueSet'), undefined)
})
