import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { ReferenceContent } from '../../../src/gateway/reference.ts'
import type { Wanted } from '../../../src/gateway/register/decide.ts'
import { knownGateway, knownReferences } from '../../../src/gateway/register/records.ts'
import { type RunOutcome, runRegistration } from '../../../src/gateway/register/run.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { type GatewayBench, startBench } from '../stand-in.ts'

const base = 'https://own.example'

function wantedOf(service: string, changes: Partial<ReferenceContent> = {}): Wanted {
  const content: ReferenceContent = {
    url: `${base}/fhir/r/${service}.jws`,
    country: 'XA',
    type: 'FHIR',
    service,
    thumbprint: 'ab'.repeat(32),
    name: service,
    sslPublicKey: 'TUlJ',
    contentType: 'application/jose',
    signatureType: 'JWS',
    referenceVersion: '1',
    domain: 'PH4H',
    ...changes,
  }
  return { key: service, content }
}

const list = 'GET /trustList/references'
const post = 'POST /trust/reference'
const remove = 'DELETE /trust/reference'

describe('registration at the stand-in, over mutual TLS', () => {
  let bench: GatewayBench
  let storage: Storage
  let client: Awaited<ReturnType<GatewayBench['open']>>['client']
  before(async () => {
    bench = await startBench()
    client = (await bench.open('XA')).client
  })
  after(() => bench.close())
  beforeEach(() => {
    storage = openSqlite(':memory:')
    bench.gateway.references.length = 0
    bench.gateway.faults.length = 0
    bench.asked()
  })

  const run = (...wanted: Wanted[]): Promise<RunOutcome> =>
    runRegistration({ client, records: storage.records, base, wanted, now: () => new Date(), isHeld: async () => true })
  const rows = () =>
    bench.gateway.references.map(
      ({ country, service, thumbprint }) => `${country} ${service} ${String(thumbprint).slice(0, 2)}`,
    )
  const known = async () => (await knownReferences(storage.records, 'main')).sort((a, b) => (a.key < b.key ? -1 : 1))
  const states = async () => (await known()).map(({ key, state }) => `${key} ${state}`)

  it('creates, learns the uuid, and asks for nothing but the list when nothing has changed', async () => {
    const outcome = await run(wantedOf('ValueSet'), wantedOf('Library'))
    assert.deepEqual([outcome.state, outcome.isDone, outcome.error], ['ok', true, undefined])
    assert.deepEqual(bench.asked(), [list, post, post, list])
    assert.deepEqual(await states(), ['Library registered', 'ValueSet registered'])
    const [first] = await known()
    assert.equal(first?.uuid, bench.gateway.references.find(({ service }) => service === 'Library')?.uuid)
    await run(wantedOf('ValueSet'), wantedOf('Library'))
    assert.deepEqual(bench.asked(), [list])
  })

  it('reads one row by its uuid; none is no error', async () => {
    await run(wantedOf('ValueSet'))
    const [row] = bench.gateway.references
    assert.equal((await client.reference(row?.uuid ?? ''))?.service, 'ValueSet')
    for (const notFoundAs400 of [false, true]) {
      bench.gateway.quirks.notFoundAs400 = notFoundAs400
      assert.equal(await client.reference('00000000-0000-4000-8000-000000000009'), undefined)
    }
  })

  it('changes by the uuid, and withdraws', async () => {
    await run(wantedOf('ValueSet'))
    const [{ uuid } = { uuid: '' }] = bench.gateway.references
    await run(wantedOf('ValueSet', { thumbprint: 'cd'.repeat(32), url: `${base}/fhir/r/new.jws` }))
    assert.deepEqual(rows(), ['XA ValueSet cd'])
    assert.equal(bench.gateway.references[0]?.uuid, uuid)
    bench.asked()
    await run()
    assert.deepEqual(bench.asked(), [list, remove, list])
    assert.deepEqual([rows(), await states()], [[], []])
  })

  it('a lost 201 leaves one row', async () => {
    bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, resetAfterCommit: true })
    const outcome = await run(wantedOf('ValueSet'))
    assert.equal(outcome.isDone, true)
    assert.deepEqual(rows(), ['XA ValueSet ab'])
    assert.deepEqual(await states(), ['ValueSet registered'])
    assert.deepEqual(bench.asked(), [list, post, list])
  })

  it('a lost 201 while the list is away, too: the next run adopts the row', async () => {
    bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, resetAfterCommit: true })
    bench.gateway.faults.push({ match: /^GET \/trustList\/references/, times: 0, status: 503 })
    const failing = bench.gateway.faults[1]
    const first = runRegistration({
      client: {
        ...client,
        // The list goes away once it has been read.
        references: async () => {
          const found = await client.references()
          if (failing) failing.times = 1
          return found
        },
      },
      records: storage.records,
      base,
      wanted: [wantedOf('ValueSet')],
      now: () => new Date(),
      isHeld: async () => true,
    })
    const outcome = await first
    assert.deepEqual([outcome.state, outcome.isDone], ['unreachable', false])
    assert.deepEqual(await states(), ['ValueSet pending'])
    bench.gateway.faults.length = 0
    bench.asked()
    await run(wantedOf('ValueSet'))
    assert.deepEqual([bench.asked(), rows()], [[list], ['XA ValueSet ab']])
    assert.equal((await known())[0]?.uuid, bench.gateway.references[0]?.uuid)
  })

  it('a reset before anything was stored: nothing is repeated in the run, and the next makes it', async () => {
    bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, reset: true })
    const outcome = await run(wantedOf('ValueSet'), wantedOf('Library'))
    assert.deepEqual([outcome.state, outcome.isDone], ['unreachable', false])
    assert.deepEqual(bench.asked(), [list, post, list])
    assert.match((await known()).find(({ key }) => key === 'ValueSet')?.lastError ?? '', /not reached/)
    await run(wantedOf('ValueSet'), wantedOf('Library'))
    assert.deepEqual(rows().sort(), ['XA Library ab', 'XA ValueSet ab'])
  })

  it('theft: another participant sends our uuid; ours is made anew, and it is told', async () => {
    await run(wantedOf('ValueSet'))
    const [stolen] = bench.gateway.references
    assert.ok(stolen)
    const thief = (await bench.open('XB')).client
    await thief.postReference({ ...wantedOf('ValueSet').content, country: 'XB' }, stolen.uuid)
    assert.deepEqual(rows(), ['XB ValueSet ab'])
    const outcome = await run(wantedOf('ValueSet'))
    assert.equal(outcome.isDone, true)
    assert.deepEqual(rows().sort(), ['XA ValueSet ab', 'XB ValueSet ab'])
    const [record] = await known()
    assert.equal(record?.state, 'conflict')
    assert.match(record?.lastError ?? '', /XB overwrote the entry/)
    assert.ok(record?.uuid && record.uuid !== stolen.uuid)
    bench.asked()
    await run(wantedOf('ValueSet'))
    assert.deepEqual(bench.asked(), [list])
    assert.deepEqual(await states(), ['ValueSet registered'])
    assert.match((await known())[0]?.lastError ?? '', /XB overwrote/)
  })

  it('a strange thumbprint under our country is corrected', async () => {
    await run(wantedOf('ValueSet'))
    const [row] = bench.gateway.references
    if (row) row.thumbprint = 'ef'.repeat(32)
    await run(wantedOf('ValueSet'))
    assert.deepEqual(rows(), ['XA ValueSet ab'])
  })

  it('duplicates go, the equal one stays', async () => {
    await run(wantedOf('ValueSet'))
    const another = (await bench.open('XA')).client
    await another.postReference(wantedOf('ValueSet').content)
    await another.postReference(wantedOf('ValueSet', { thumbprint: 'cd'.repeat(32) }).content)
    await run(wantedOf('ValueSet'))
    assert.deepEqual(rows(), ['XA ValueSet ab'])
    assert.equal((await known())[0]?.uuid, bench.gateway.references[0]?.uuid)
  })

  it('a row that goes between the list and its change is made anew in the same run', async () => {
    await run(wantedOf('ValueSet'))
    const gone = {
      ...client,
      references: async () => {
        const found = await client.references()
        bench.gateway.references.length = 0
        return found
      },
    }
    let times = 0
    const vanishing = { ...client, references: () => (times++ === 0 ? gone.references() : client.references()) }
    const wanted = [wantedOf('ValueSet', { thumbprint: 'cd'.repeat(32) })]
    const outcome = await runRegistration({
      client: vanishing,
      records: storage.records,
      base,
      wanted,
      now: () => new Date(),
      isHeld: async () => true,
    })
    assert.equal(outcome.isDone, true)
    assert.deepEqual(rows(), ['XA ValueSet cd'])
  })

  it('a fault of the gateway’s own three times over is refused for good, and the others are not held up', async () => {
    const answer = { contentType: 'application/json', body: '{"code":"0x008","problem":"Internal Server Error"}' }
    let sent = 0
    const failing = {
      ...client,
      postReference: async (content: ReferenceContent, uuid?: string) => {
        if (content.service !== 'ValueSet') return client.postReference(content, uuid)
        sent++
        bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, status: 500, answer })
        return client.postReference(content, uuid).finally(() => (bench.gateway.faults.length = 0))
      },
    }
    const again = (thumbprint = 'ab'.repeat(32)) =>
      runRegistration({
        client: failing,
        records: storage.records,
        base,
        wanted: [wantedOf('ValueSet', { thumbprint }), wantedOf('Library')],
        now: () => new Date(),
        isHeld: async () => true,
      })
    const first = await again()
    assert.deepEqual([first.state, first.isDone], ['ok', false])
    assert.deepEqual(rows(), ['XA Library ab'])
    assert.deepEqual(await states(), ['Library registered', 'ValueSet pending'])
    await again()
    assert.equal((await again()).isDone, true)
    assert.deepEqual(await states(), ['Library registered', 'ValueSet rejected'])
    await again()
    assert.equal(sent, 3)
    // Other content is another matter.
    await again('cd'.repeat(32))
    assert.equal(sent, 4)
    assert.equal((await states())[1], 'ValueSet pending')
  })

  it('what the gateway refuses is refused until it changes', async () => {
    const answer = {
      contentType: 'application/json',
      body: '{"code":"0x000","problem":"Invalid values","details":"secret"}',
    }
    bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, status: 400, answer })
    await run(wantedOf('ValueSet'))
    const [record] = await known()
    assert.equal(record?.state, 'rejected')
    assert.doesNotMatch(JSON.stringify(record), /secret/)
    bench.asked()
    await run(wantedOf('ValueSet'))
    assert.deepEqual(bench.asked(), [list])
    // A server that starts anew, and a person, try it once more.
    const again = { client, records: storage.records, base, wanted: [wantedOf('ValueSet')], now: () => new Date() }
    bench.gateway.faults.push({ match: 'POST /trust/reference', times: 1, status: 400, answer })
    await runRegistration({ ...again, isHeld: async () => true, sendsRefused: true })
    assert.deepEqual(await states(), ['ValueSet rejected'])
    assert.deepEqual(bench.asked(), [list, post, list])
    await run(wantedOf('ValueSet', { name: 'another' }))
    assert.deepEqual(await states(), ['ValueSet registered'])
  })

  it('403 0x000 to a write ends the run: not onboarded', async () => {
    const answer = { contentType: 'application/json', body: '{"code":"0x000","problem":"Invalid Upload Certificate"}' }
    bench.gateway.faults.push({ match: 'POST /trust/reference', status: 403, answer })
    const outcome = await run(wantedOf('ValueSet'), wantedOf('Library'))
    assert.deepEqual([outcome.state, outcome.isDone], ['not-onboarded', false])
    assert.deepEqual(bench.asked(), [list, post])
    assert.equal((await knownGateway(storage.records, 'main'))?.state, 'not-onboarded')
  })

  for (const checksOwner of [false, true])
    it(`a row that is taken between the list and its change or deletion; ${checksOwner ? 'refused' : 'moved'} by the gateway`, async () => {
      bench.gateway.quirks.updateChecksOwner = checksOwner
      await run(wantedOf('ValueSet'), wantedOf('Library'))
      let times = 0
      const racing = {
        ...client,
        references: async () => {
          const found = await client.references()
          if (times++ === 0) for (const row of bench.gateway.references) row.country = 'XB'
          return found
        },
      }
      const wanted = [wantedOf('ValueSet', { thumbprint: 'cd'.repeat(32) })]
      const outcome = await runRegistration({
        client: racing,
        records: storage.records,
        base,
        wanted,
        now: () => new Date(),
        isHeld: async () => true,
      })
      bench.gateway.quirks.updateChecksOwner = false
      assert.deepEqual([outcome.state, outcome.isDone], ['ok', true], outcome.error)
      const taken = checksOwner ? ['XB Library ab', 'XB ValueSet ab'] : ['XB Library ab']
      assert.deepEqual(rows().sort(), ['XA ValueSet cd', ...taken])
      assert.deepEqual(
        (await known()).map(({ key, state }) => `${key} ${state}`),
        [checksOwner ? 'ValueSet conflict' : 'ValueSet registered'],
      )
    })

  it('403 0x000 to a change of a row that stays ours: not onboarded', async () => {
    await run(wantedOf('ValueSet'))
    const answer = { contentType: 'application/json', body: '{"code":"0x000","problem":"Invalid Upload Certificate"}' }
    bench.gateway.faults.push({ match: 'POST /trust/reference', status: 403, answer })
    bench.asked()
    const outcome = await run(wantedOf('ValueSet', { thumbprint: 'cd'.repeat(32) }))
    assert.deepEqual([outcome.state, bench.asked()], ['not-onboarded', [list, post, list]])
  })

  it('signed by the SCA in place of the UP: not onboarded', async () => {
    const upload = { certificate: `${bench.folder}/XA_SCA.pem`, key: `${bench.folder}/XA_SCA.key` }
    const other = (await bench.open('XA', { upload })).client
    const outcome = await runRegistration({
      client: other,
      records: storage.records,
      base,
      wanted: [wantedOf('ValueSet')],
      now: () => new Date(),
      isHeld: async () => true,
    })
    assert.equal(outcome.state, 'not-onboarded')
    assert.match(outcome.error ?? '', /upload certificate/)
  })

  for (const [what, fault] of [
    ['503', { status: 503 }],
    ['half a list', { truncate: true }],
    ['bytes of chance', { garbage: true }],
    ['a reset', { reset: true }],
    ['a page of a portal', { status: 200 }],
  ] as const)
    it(`a list that cannot be read changes nothing: ${what}`, async () => {
      await run(wantedOf('ValueSet'))
      bench.gateway.faults.push({ match: /^GET \/trustList\/references/, ...fault })
      bench.asked()
      const outcome = await run(wantedOf('Library'))
      assert.deepEqual([outcome.state, outcome.isDone], ['unreachable', false])
      assert.ok(bench.asked().every((line) => line === list))
      assert.deepEqual(rows(), ['XA ValueSet ab'])
      assert.deepEqual(await states(), ['ValueSet registered'])
      const gateway = await knownGateway(storage.records, 'main')
      assert.deepEqual([gateway?.state, gateway?.failures], ['unreachable', 1])
    })

  it('whoever has lost the lease changes nothing more', async () => {
    const wanted = [wantedOf('ValueSet'), wantedOf('Library')]
    let left = 1
    const outcome = await runRegistration({
      client,
      records: storage.records,
      base,
      wanted,
      now: () => new Date(),
      isHeld: async () => left-- > 0,
    })
    assert.equal(outcome.isDone, false)
    assert.deepEqual(bench.asked(), [list, post])
  })

  it('a second server with the same store and another clock does the same', async () => {
    await run(wantedOf('ValueSet'))
    bench.asked()
    const later = new Date(Date.now() + 366 * 86_400_000)
    const outcome = await runRegistration({
      client,
      records: storage.records,
      base,
      wanted: [wantedOf('ValueSet')],
      now: () => later,
      isHeld: async () => true,
    })
    assert.deepEqual([outcome.isDone, bench.asked()], [true, [list]])
  })
})

describe('who the gateway does not know', () => {
  it('by 401, and by a TLS alert', async () => {
    const bench = await startBench({ countries: ['XB'] })
    try {
      const { client } = await bench.open('XA')
      for (const tlsAlert of [false, true]) {
        bench.gateway.quirks.tlsAlert = tlsAlert
        const storage = openSqlite(':memory:')
        const outcome = await runRegistration({
          client,
          records: storage.records,
          base,
          wanted: [wantedOf('ValueSet')],
          now: () => new Date(),
          isHeld: async () => true,
        })
        assert.deepEqual([outcome.state, outcome.isDone], ['not-onboarded', false], outcome.error)
      }
    } finally {
      await bench.close()
    }
  })
})
