import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GatewayClient } from '../../../src/gateway/client.ts'
import { GatewayError } from '../../../src/gateway/gateway-error.ts'
import type { GatewayReference, ReferenceContent } from '../../../src/gateway/reference.ts'
import type { Wanted } from '../../../src/gateway/register/decide.ts'
import { registerOnce } from '../../../src/gateway/register/job.ts'
import { setWithdrawn } from '../../../src/gateway/register/records.ts'
import { type RegistrarOptions, startRegistrar } from '../../../src/gateway/register/registrar.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'

const content: ReferenceContent = {
  url: 'https://own.example/fhir/r/a.jws',
  country: 'XA',
  type: 'FHIR',
  service: 'ValueSet',
  thumbprint: 'ab'.repeat(32),
  name: 'a',
  sslPublicKey: 'TUlJ',
  contentType: 'application/jose',
  signatureType: 'JWS',
  referenceVersion: '',
  domain: 'DDCC',
}
const changed = (letter: string): Wanted[] => [{ key: 'a', content: { ...content, thumbprint: letter.repeat(64) } }]

/** A gateway in memory that fails when it is told to. */
function memoryGateway(id = 'main') {
  const rows: GatewayReference[] = []
  const asked: string[] = []
  const failing: { error?: GatewayError } = {}
  let made = 0
  const ask = (what: string) => {
    asked.push(what)
    if (failing.error) throw failing.error
  }
  const client: Pick<
    GatewayClient,
    'id' | 'country' | 'references' | 'postReference' | 'deleteReference' | 'countries'
  > = {
    id,
    country: 'XA',
    async countries() {
      ask('countries')
      return ['XA']
    },
    async references() {
      ask('list')
      return [...rows]
    },
    async postReference(sent, uuid) {
      ask(uuid === undefined ? 'create' : 'update')
      const at = rows.findIndex((row) => row.uuid === uuid)
      const row = { ...sent, sourceGateway: undefined, uuid: uuid ?? `00000000-0000-4000-8000-00000000000${made++}` }
      if (at >= 0) rows[at] = row
      else rows.push(row)
    },
    async deleteReference(uuid) {
      ask('delete')
      rows.splice(
        rows.findIndex((row) => row.uuid === uuid),
        1,
      )
    },
  }
  // Only what a registrar asks.
  return { rows, asked, failing, client: client as GatewayClient }
}

/** A clock that goes when it is told to; what is due runs to its end. */
function clock() {
  const timers = new Set<{ at: number; run: () => void }>()
  let at = 0
  const settle = async () => {
    for (let turn = 0; turn < 60; turn++) await new Promise((done) => setImmediate(done))
  }
  return {
    elapsed: () => at,
    after: (milliseconds: number, run: () => void) => {
      const timer = { at: at + milliseconds, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async pass(seconds: number) {
      const until = at + seconds * 1000
      for (;;) {
        const [due] = [...timers].filter((each) => each.at <= until).sort((a, b) => a.at - b.at)
        if (!due) break
        at = Math.max(at, due.at)
        timers.delete(due)
        due.run()
        await settle()
      }
      at = until
    },
  }
}

function setUp(gateway = memoryGateway(), shared = openSqlite(':memory:'), changes: Partial<RegistrarOptions> = {}) {
  const time = clock()
  const told: string[] = []
  const state: { wanted: Wanted[] | undefined | Error; date: Date } = { wanted: changed('a'), date: new Date() }
  const options: RegistrarOptions = {
    gateways: [{ client: gateway.client, registers: true }],
    records: shared.records,
    base: () => 'https://own.example',
    wanted: async () => {
      if (state.wanted instanceof Error) throw state.wanted
      return state.wanted
    },
    now: () => state.date,
    elapsed: time.elapsed,
    random: () => 0.5,
    after: time.after,
    tell: (text) => told.push(text),
    holder: Math.random().toString(),
    ...changes,
  }
  const since = () => gateway.asked.splice(0)
  return { ...gateway, time, told, state, since, options, storage: shared, registrar: startRegistrar(options) }
}

const unreachable = new GatewayError({ state: 'unreachable', text: 'the gateway is away', isRetried: true })
const unknown = new GatewayError({ state: 'not-onboarded', text: 'the gateway does not know this server', status: 401 })
const minute = 60

describe('the registrar', () => {
  it('registers at the start, and then reads the list every 15 minutes and does nothing else', async () => {
    const { time, since, registrar } = setUp()
    await time.pass(0)
    assert.deepEqual(since(), ['list', 'create', 'list'])
    assert.deepEqual(registrar.states(), [{ id: 'main', state: 'ok' }])
    await time.pass(15 * minute - 1)
    assert.deepEqual(since(), [])
    await time.pass(46 * minute)
    assert.deepEqual(since(), ['list', 'list', 'list', 'list'])
    await registrar.close()
  })

  it('registers after a publication, once for many, and asks for nothing when what is wanted is the same', async () => {
    const { time, since, state, registrar, rows } = setUp()
    await time.pass(0)
    since()
    registrar.published()
    await time.pass(2)
    assert.deepEqual(since(), [])
    state.wanted = changed('b')
    for (let times = 0; times < 5; times++) registrar.published()
    await time.pass(2)
    assert.deepEqual(since(), ['list', 'update', 'list'])
    assert.equal(rows.length, 1)
    // The look every 15 minutes is not put off by publications for ever.
    for (let minutes = 0; minutes < 16; minutes++) {
      registrar.published()
      await time.pass(minute)
    }
    assert.deepEqual(since(), ['list'])
    await registrar.close()
  })

  it('a gateway that is away for a day: a minute, two, four, up to an hour; publications do not hurry it; then all is right', async () => {
    const { time, since, state, failing, registrar, rows, told } = setUp()
    await time.pass(0)
    since()
    failing.error = unreachable
    await time.pass(15 * minute)
    assert.deepEqual(since(), ['list'])
    assert.deepEqual(registrar.states(), [{ id: 'main', state: 'unreachable' }])
    const waits: number[] = []
    for (let seconds = 0; seconds < 4 * 3600; seconds++) {
      if (seconds % 600 === 0) registrar.published()
      await time.pass(1)
      if (since().length > 0) waits.push(seconds + 1)
    }
    assert.deepEqual(
      waits.map((at, index) => (at - (waits[index - 1] ?? 0)) / minute),
      [1, 2, 4, 8, 16, 32, 60, 60],
    )
    state.wanted = changed('b')
    await time.pass(20 * 3600)
    failing.error = undefined as never
    delete failing.error
    await time.pass(3600)
    assert.equal(rows[0]?.thumbprint, 'b'.repeat(64))
    assert.equal(rows.length, 1)
    // Said when it came, and when it went.
    assert.deepEqual(told, ['gateway main: the gateway is away', 'gateway main: all is in order again'])
    await registrar.close()
  })

  it('not onboarded: nothing is asked any more, until somebody’s run succeeds', async () => {
    const { time, since, failing, registrar, told, options, client, state } = setUp()
    failing.error = unknown
    await time.pass(0)
    assert.deepEqual(since(), ['list'])
    registrar.published()
    await time.pass(12 * 3600)
    assert.deepEqual(since(), [])
    assert.deepEqual(registrar.states(), [{ id: 'main', state: 'not-onboarded' }])
    assert.match(told.join(), /nothing is asked any more until/)
    delete failing.error
    const wanted = changed('a')
    await registerOnce({ ...options, holder: 'by hand', elapsed: () => performance.now() }, client, wanted)
    since()
    await time.pass(2 * minute)
    assert.deepEqual(registrar.states(), [{ id: 'main', state: 'ok' }])
    state.wanted = changed('b')
    registrar.published()
    await time.pass(2)
    assert.deepEqual(since(), ['list', 'update', 'list'])
    await registrar.close()
  })

  it('while content is being loaded nothing is asked, and nothing withdrawn', async () => {
    const { time, since, state, registrar, rows } = setUp()
    await time.pass(0)
    since()
    state.wanted = undefined
    registrar.published()
    await time.pass(3600)
    assert.deepEqual(since(), [])
    assert.equal(rows.length, 1)
    state.wanted = changed('a')
    await time.pass(10)
    assert.deepEqual(since(), ['list'])
    await registrar.close()
  })

  it('what is missing on this side is told, and withdraws nothing', async () => {
    const { time, since, state, registrar, rows, told } = setUp()
    await time.pass(0)
    since()
    state.wanted = new Error('BASE_URL must be https')
    await time.pass(3600)
    assert.deepEqual([since(), rows.length], [[], 1])
    assert.deepEqual(told, ['gateway main: BASE_URL must be https'])
    await registrar.close()
  })

  it('everything withdrawn stays withdrawn', async () => {
    const { time, registrar, rows, storage } = setUp()
    await time.pass(0)
    await setWithdrawn(storage.records, true)
    await time.pass(15 * minute)
    assert.equal(rows.length, 0)
    await time.pass(3600)
    assert.equal(rows.length, 0)
    await registrar.close()
  })

  it('of two servers on one store one runs; the other sees that it is done', async () => {
    const gateway = memoryGateway()
    const storage = openSqlite(':memory:')
    const [a, b] = [setUp(gateway, storage), setUp(gateway, storage)]
    await a.time.pass(0)
    await b.time.pass(0)
    assert.equal(gateway.rows.length, 1)
    gateway.asked.length = 0
    for (const server of [a, b]) server.state.wanted = changed('b')
    for (const server of [a, b]) server.registrar.published()
    await a.time.pass(2)
    await b.time.pass(2)
    assert.deepEqual(gateway.asked, ['list', 'update', 'list'])
    for (const server of [a, b]) await server.registrar.close()
  })

  it('a clock that jumps a year, forth and back, changes nothing', async () => {
    const { time, since, state, failing, registrar } = setUp()
    await time.pass(0)
    since()
    for (const years of [1, -1]) {
      state.date = new Date(Date.now() + years * 366 * 86_400_000)
      await time.pass(15 * minute)
      assert.deepEqual(since(), ['list'])
    }
    failing.error = unreachable
    await time.pass(15 * minute)
    state.date = new Date(Date.now() - 366 * 86_400_000)
    since()
    await time.pass(minute)
    assert.deepEqual(since(), ['list'])
    await registrar.close()
  })

  it('several gateways do not wait for each other; one at which nothing is registered is only asked whether it answers', async () => {
    const storage = openSqlite(':memory:')
    const [first, second, reading] = [memoryGateway('first'), memoryGateway('second'), memoryGateway('reading')]
    first.failing.error = unreachable
    const gateways = [first, second].map(({ client }) => ({ client, registers: true }))
    const options = { gateways: [...gateways, { client: reading.client, registers: false }] }
    const { time, registrar } = setUp(first, storage, options)
    await time.pass(0)
    assert.deepEqual(
      registrar.states().map(({ id, state }) => `${id} ${state}`),
      ['first unreachable', 'second ok', 'reading ok'],
    )
    assert.deepEqual(second.asked, ['list', 'create', 'list'])
    assert.deepEqual(reading.asked, ['countries'])
    await registrar.close()
  })

  it('after a restart in the middle the next run goes on', async () => {
    const gateway = memoryGateway()
    const storage = openSqlite(':memory:')
    const first = setUp(gateway, storage)
    // It dies between the answer and what it would have written of it: the lease is never given back.
    gateway.client.references = async () => new Promise(() => {})
    await first.time.pass(0)
    gateway.client.references = async () => {
      gateway.asked.push('list')
      return [...gateway.rows]
    }
    await gateway.client.postReference(content)
    gateway.asked.length = 0
    const second = setUp(gateway, storage)
    second.state.wanted = [{ key: 'a', content }]
    await second.time.pass(20)
    assert.deepEqual(gateway.asked, [])
    await second.time.pass(30)
    assert.deepEqual(gateway.asked, ['list'])
    assert.equal(gateway.rows.length, 1)
    await second.registrar.close()
  })
})
