/** Several processes as one: connections on their way, workers that end, letters that are answered. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHandOut, type HandOut } from '../../src/workers/serving/connections.ts'
import { type Crew, createCrew } from '../../src/workers/serving/crew.ts'
import { createPost, type Readers } from '../../src/workers/serving/letters.ts'
import type { ToFirst } from '../../src/workers/serving/protocol.ts'
import type { ServingProcess } from '../../src/workers/serving/serving-process.ts'

/** A connection, of which is known whether it was closed here. */
class FakeSocket extends EventEmitter {
  destroyed = false
  readonly client: string
  constructor(client: string) {
    super()
    this.client = client
  }
  destroy() {
    this.destroyed = true
  }
}
const socketOf = (client = 'a') => new FakeSocket(client) as FakeSocket & Socket
const limits = {
  connections: 5,
  connectionsOfOne: 3,
  clientOf: (socket: Socket) => (socket as Socket & FakeSocket).client,
}

function taker(id: number) {
  const given: number[] = []
  return { id, given, give: (connection: { id: number }) => void given.push(connection.id) }
}

describe('connections', () => {
  it('go to who has fewest, and wait where nobody takes any', () => {
    const handOut = createHandOut(limits)
    const [one, two] = [taker(1), taker(2)]
    handOut.give(socketOf(), 'plain')
    handOut.add(one)
    handOut.add(two)
    for (const client of ['b', 'c', 'd']) handOut.give(socketOf(client), 'plain')
    assert.deepEqual([one.given.length, two.given.length], [2, 2])
  })

  it('that a worker had not taken when it ended go to another, those that it had are no more', () => {
    const handOut = createHandOut(limits)
    const [one, two] = [taker(1), taker(2)]
    handOut.add(one)
    const [taken, onTheWay] = [socketOf('a'), socketOf('b')]
    handOut.give(taken, 'plain')
    handOut.give(onTheWay, 'tls')
    handOut.taken(1)
    assert.deepEqual([taken.destroyed, onTheWay.destroyed], [true, false], 'its end here is closed when it was taken')
    handOut.add(two)
    handOut.lost(one)
    assert.deepEqual(two.given, [2])
    handOut.taken(2)
    assert.equal(onTheWay.destroyed, true)
  })

  it('one too many, of one client or of all, is closed; room comes with the end of another', () => {
    const handOut = createHandOut(limits)
    handOut.add(taker(1))
    const give = (client: string) => {
      const socket = socketOf(client)
      handOut.give(socket, 'plain')
      return !socket.destroyed
    }
    assert.deepEqual(['a', 'a', 'a', 'a', 'b', 'c', 'd'].map(give), [true, true, true, false, true, true, false])
    handOut.closed(1)
    assert.deepEqual([give('a'), give('a')], [true, false])
  })
})

/** A worker that says what it is made to say. */
function fakeWorkers(cannotEnd: boolean) {
  const started: { id: number; readers: Readers<ToFirst>; end(code: number): void; told: string[] }[] = []
  const start = (id: number, readers: Readers<ToFirst>): ServingProcess => {
    const { promise: ended, resolve: end } = Promise.withResolvers<number>()
    const told: string[] = []
    started.push({ id, readers, end, told })
    const post = {
      tell: (topic: string, body: unknown) => {
        told.push(topic === 'lead' ? `lead ${body}` : topic)
        if (topic === 'end' && !cannotEnd) end(0)
      },
      ask: async (topic: string, body: unknown) => {
        told.push(`${topic} ${body}`)
        if (cannotEnd) throw new Error(`${topic}: no answer`)
      },
      receive: () => {},
      end: () => {},
    }
    const kill = () => {
      told.push('kill')
      // It takes the system a moment.
      setTimeout(() => {
        told.push('ended')
        end(137)
      }, 20)
    }
    return { id, pid: id, post: post as ServingProcess['post'], give: () => {}, kill, ended }
  }
  return { started, start }
}

function crewOf(count: number, cannotEnd = false) {
  const { started, start } = fakeWorkers(cannotEnd)
  const said: string[] = []
  let clock = 0
  const handOut: HandOut = createHandOut({ ...limits, clientOf: () => undefined })
  const crew: Crew = createCrew({
    count,
    start,
    // Nothing of it is asked here.
    readers: () => ({}) as Omit<Readers<ToFirst>, 'ready' | 'taken' | 'closed'>,
    handOut,
    ready: () => {},
    gone: () => {},
    tell: (text) => said.push(text),
    elapsed: () => clock,
  })
  const ready = (at: number) => void started[at]?.readers.ready(undefined)
  return { crew, started, said, ready, pass: (milliseconds: number) => (clock += milliseconds) }
}
const turn = () => sleep(0)

describe('a crew', () => {
  it('starts the first one alone, and the others when that answers; the oldest leads', async () => {
    const { crew, started, ready } = crewOf(3)
    const begun = crew.begin()
    assert.equal(started.length, 1)
    ready(0)
    await begun
    assert.equal(started.length, 3)
    assert.equal(crew.lead()?.id, 1)
  })

  it('does not try again what cannot start at first', async () => {
    const { crew, started } = crewOf(2)
    const begun = crew.begin()
    started[0]?.end(2)
    await assert.rejects(begun, { exitCode: 2, code: 'WORKERS' })
    await turn()
    assert.equal(started.length, 1)
  })

  it('starts another at once for one that had worked long, and hands the lead on', async () => {
    const { crew, started, ready, pass } = crewOf(2)
    const begun = crew.begin()
    ready(0)
    await begun
    ready(1)
    pass(60_000)
    started[0]?.end(137)
    await sleep(20)
    assert.equal(started.length, 3)
    assert.equal(crew.lead()?.id, 2)
    assert.ok(started[1]?.told.includes('lead true'))
  })

  it('gives up when none can be started any more, and not while one answers', { timeout: 20_000 }, async () => {
    const { crew, started, ready } = crewOf(2)
    const begun = crew.begin()
    ready(0)
    await begun
    let isGivenUp = false
    void crew.failed.then(() => {
      isGivenUp = true
    })
    // The second never answers, time and again.
    for (let tries = 1; tries <= 3; tries++) {
      started[tries]?.end(1)
      await sleep(500 * 2 ** (tries - 1) + 100)
      assert.equal(started.length, tries + 2, 'another one after a while that grows')
    }
    assert.equal(isGivenUp, false)
    started[0]?.end(1)
    started[4]?.end(3)
    const failure = await crew.failed
    assert.match(failure.message, /no worker can be started; the last one ended with/)
  })

  it('replaces each when its successor answers; the lead ends what only it does first', async () => {
    const { crew, started, ready, said } = crewOf(1)
    const begun = crew.begin()
    ready(0)
    await begun
    const replaced = crew.replaceAll()
    await turn()
    assert.deepEqual(started[0]?.told.includes('end'), false, 'it works until there is another')
    ready(1)
    await replaced
    assert.deepEqual(
      started[0]?.told.filter((each) => each !== 'strength' && each !== 'begin'),
      ['lead false', 'end'],
    )
    assert.equal(crew.lead()?.id, 2)
    assert.ok(said.includes('all workers were replaced'))
  })

  it('has no second lead while the first cannot end what only it does: that one is killed first', async () => {
    const { crew, started, ready, said } = crewOf(1, true)
    const begun = crew.begin()
    ready(0)
    await begun
    const replaced = crew.replaceAll()
    await turn()
    ready(1)
    await turn()
    assert.equal(started[0]?.told.includes('kill'), true)
    assert.equal(started[1]?.told.includes('lead true'), false)
    await replaced
    assert.equal(started[1]?.told.filter((each) => each === 'lead true').length, 1)
    assert.equal(crew.lead()?.id, 2)
    assert.ok(said.includes('all workers were replaced'))
  })

  it('has as many as before when one had ended before the others were replaced', async () => {
    const { crew, started, ready } = crewOf(2)
    const begun = crew.begin()
    ready(0)
    await begun
    ready(1)
    // It was of no use: another is started after a pause, in which the successor of the first stands for it.
    started[1]?.end(1)
    await turn()
    const replaced = crew.replaceAll()
    await sleep(600)
    assert.equal(started.length, 3)
    ready(2)
    await replaced
    await sleep(20)
    assert.equal(started.length, 4)
    ready(3)
    assert.deepEqual(
      crew.members().map(({ id, state }) => [id, state]),
      [
        [3, 'ready'],
        [4, 'ready'],
      ],
    )
    await crew.end()
  })

  it('goes on with the old ones when a successor does not start', async () => {
    const { crew, started, ready, said } = crewOf(1)
    const begun = crew.begin()
    ready(0)
    await begun
    const replaced = crew.replaceAll()
    await turn()
    started[1]?.end(1)
    await replaced
    assert.equal(started[0]?.told.includes('end'), false)
    assert.ok(
      said.some((text) => text.includes('those that are there go on')),
      said.join(),
    )
    await crew.end()
  })
})

describe('letters', () => {
  interface Topics {
    double: { body: number; reply: number }
    fail: { body: undefined; reply: unknown }
    never: { body: undefined; reply: unknown }
  }
  const pair = () => {
    const readers: Readers<Topics> = {
      double: (body) => body * 2,
      fail: () => {
        throw new Error('it does not go')
      },
      never: () => new Promise(() => {}),
    }
    const asks = createPost<Topics, Topics>((letter) => queueMicrotask(() => answers.receive(letter)), readers)
    const answers = createPost<Topics, Topics>((letter) => queueMicrotask(() => asks.receive(letter)), readers)
    return asks
  }
  it('are answered, also with a fault', async () => {
    const post = pair()
    assert.deepEqual(await Promise.all([1, 2, 3].map((each) => post.ask('double', each))), [2, 4, 6])
    await assert.rejects(post.ask('fail', undefined), /it does not go/)
  })
  it('are not waited for for ever, nor of one that is no more', async () => {
    const post = pair()
    await assert.rejects(post.ask('never', undefined, 0.01), /never: no answer within 0.01 s/)
    const asked = post.ask('never', undefined)
    post.end()
    await assert.rejects(asked, /the process is no more/)
    await assert.rejects(post.ask('double', 1), /the process is no more/)
  })
  it('that are none are passed over', () => {
    const post = pair()
    for (const letter of [undefined, null, 1, 'text', [], {}, { answer: 99, body: 1 }]) post.receive(letter)
  })
})
