/** What is kept of trust lists is told again, or it is said that it is not known: never anything else. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { historyFiles } from '../../../src/trust/history/history-files.ts'
import { historyFolder, standing } from './support.ts'

const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' })
const noSpace = () => Promise.reject(full)

/** Three standings, at the minutes 10, 20 and 30. */
async function three() {
  const made = historyFolder()
  const history = made.open()
  for (const [minute, name] of [
    [10, 'one'],
    [20, 'two'],
    [30, 'three'],
  ] as const)
    await made.tell(history, minute, name)
  const entries = join(made.folder, 'entries')
  return { ...made, history, entryFile: (number: number) => join(entries, `0000000${number}.json`) }
}

describe('a history of trust lists', () => {
  it('tells what counted at each moment, from the millisecond on at which it began to', async () => {
    const { history, counted, clock, open, end } = await three()
    const expected = { 10: 'one', 19: 'one', 20: 'two', 29.9999: 'two', 30: 'three', 500: 'three' }
    for (const each of [history, open()])
      for (const [minute, name] of Object.entries(expected)) assert.equal(await counted(each, Number(minute)), name)
    assert.match(String(await counted(history, 9.9999)), /begins at 2026-06-01T00:10:00.000Z/)
    assert.equal(clock.at(20).getTime() - 1 < clock.at(20).getTime(), true)
    end()
  })

  it('keeps the same once', async () => {
    const { folder, open, tell, end } = historyFolder()
    const history = open()
    for (const [minute, name] of ['a', 'a', 'b', 'b', 'a'].entries()) await tell(history, minute, name)
    assert.equal(readdirSync(join(folder, 'entries')).length, 3)
    assert.equal(readdirSync(join(folder, 'contents')).length, 2)
    end()
  })

  it('is not kept where nobody said so, and says that it is not there', async () => {
    const { open, counted, end } = historyFolder()
    assert.match(String(await counted(open(), 10)), /no history of the trust lists is kept here/)
    end()
  })

  it('goes on with two servers over one folder: what was told last counts', async () => {
    const { open, tell, counted, end } = historyFolder()
    const [first, second] = [open(), open()]
    await tell(first, 10, 'a')
    await tell(second, 20, 'b')
    await tell(first, 30, 'a')
    await Promise.all([tell(first, 40, 'c'), tell(second, 40, 'd')])
    for (const each of [first, second]) {
      assert.equal(await counted(each, 15), 'a')
      assert.equal(await counted(each, 25), 'b')
      assert.equal(await counted(each, 35), 'a')
    }
    assert.equal(await counted(first, 40), await counted(second, 40))
    end()
  })

  it('a clock that was set back: what came twice is not known, what is after it is', async () => {
    const { open, tell, counted, end } = historyFolder()
    const history = open()
    await tell(history, 5, 'early')
    await tell(history, 20, 'late')
    await tell(history, 10, 'set back')
    await tell(history, 12, 'and on')
    for (const each of [history, open()]) {
      assert.equal(await counted(each, 9), 'early')
      for (const minute of [10, 11, 15, 20]) assert.match(String(await counted(each, minute)), /not known for certain/)
      assert.equal(await counted(each, 21), 'and on')
    }
    end()
  })

  it('a clock that was far ahead: nothing that was told since is answered by what was before', async () => {
    const { open, tell, counted, end } = historyFolder()
    const history = open()
    await tell(history, 5, 'one')
    await tell(history, 500_000, 'ahead')
    await tell(history, 10, 'ahead')
    await tell(history, 20, 'revoked')
    assert.equal(await counted(history, 9), 'one')
    for (const minute of [10, 15, 20, 400_000]) assert.match(String(await counted(history, minute)), /not known/)
    end()
  })

  it('ends when it is switched off, and begins again', async () => {
    const { open, tell, counted, clock, end } = historyFolder()
    const history = open()
    await history.end()
    await tell(history, 10, 'a')
    clock.set(20)
    await history.end()
    await history.end()
    await tell(open(), 30, 'b')
    assert.equal(await counted(history, 19), 'a')
    assert.match(String(await counted(history, 25)), /no history of the trust lists was kept at that moment/)
    assert.equal(await counted(history, 30), 'b')
    end()
  })
})

describe('a history that lost something', () => {
  it('a full disk: from then on nothing is told, until it is kept again', async () => {
    const { open, tell, counted, end } = historyFolder()
    await tell(open(), 10, 'a')
    for (const fault of [{ addContent: noSpace }, { addEntry: noSpace }, { setHead: noSpace }]) {
      const history = open(fault)
      await tell(history, 20, 'b')
      assert.match(String(history.fault()), /no space|disk is full/)
      const reader = open()
      assert.match(String(await counted(reader, 25)), /were not kept/, Object.keys(fault).join())
    }
    const history = open()
    await tell(history, 30, 'c')
    assert.equal(history.fault(), undefined)
    assert.match(String(await counted(history, 25)), /were not kept/)
    assert.equal(await counted(history, 30), 'c')
    end()
  })

  it('and a server that goes on tells from when on it was lost', async () => {
    const { open, tell, counted, end, folder } = historyFolder()
    let isFull = false
    const files = historyFiles(folder)
    const history = open({ addContent: (bytes) => (isFull ? noSpace() : files.addContent(bytes)) })
    await tell(history, 10, 'a')
    isFull = true
    await tell(history, 20, 'b')
    isFull = false
    await tell(history, 30, 'c')
    assert.equal(await counted(history, 19), 'a')
    assert.match(
      String(await counted(history, 20)),
      /from 2026-06-01T00:20:00.000Z to 2026-06-01T00:30:00.000Z were not/,
    )
    assert.equal(await counted(history, 30), 'c')
    end()
  })

  for (const [name, damage] of Object.entries<(file: string) => void>({
    'is missing': (file) => rmSync(file),
    'is cut': (file) => truncateSync(file, 40),
    'is empty': (file) => truncateSync(file, 0),
    'is no JSON': (file) => writeFileSync(file, 'x'),
    'is of another number': (file) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"number":\d/, '"number":9')),
    'says another time': (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('T00:20', 'T00:21')),
  })) {
    it(`an entry that ${name} is never passed over`, async () => {
      const { open, counted, entryFile, end } = await three()
      damage(entryFile(2))
      const found = [10, 15, 20, 25].map((minute) => counted(open(), minute))
      for (const each of await Promise.all(found)) assert.match(String(each), /^one$|damaged/)
      assert.match(String(await counted(open(), 22)), /damaged/)
      assert.equal(await counted(open(), 30), 'three')
      end()
    })
  }

  it('the newest entry is missed', async () => {
    const { open, counted, entryFile, end } = await three()
    rmSync(entryFile(3))
    assert.match(String(await counted(open(), 40)), /damaged/)
    assert.equal(await counted(open(), 15), 'one')
    end()
  })

  it('the newest entry and what says how far they go', async () => {
    const { folder, open, counted, entryFile, end } = await three()
    rmSync(entryFile(3))
    rmSync(join(folder, 'head.json'))
    assert.match(String(await counted(open(), 40)), /were not kept/)
    assert.equal(await counted(open(), 15), 'one')
    end()
  })

  for (const [name, damage] of Object.entries<(file: string) => void>({
    'is missing': (file) => rmSync(file),
    'is cut': (file) => truncateSync(file, 20),
    'is other content': (file) => writeFileSync(file, 'H4sIAAAAAAAAA0tMBACp8Y0HAgAAAA=='),
  })) {
    it(`content that ${name} gives no answer`, async () => {
      const { folder, open, counted, end } = await three()
      for (const each of readdirSync(join(folder, 'contents'))) damage(join(folder, 'contents', each))
      for (const minute of [10, 20, 30]) assert.match(String(await counted(open(), minute)), /damaged/)
      end()
    })
  }

  it('a stop between an entry and its head is none: old or new, whole', async () => {
    const { folder, open, tell, counted, end } = historyFolder()
    await tell(open(), 10, 'a')
    const stopped = open({ setHead: () => new Promise(() => {}) })
    void tell(stopped, 20, 'b')
    while (readdirSync(join(folder, 'entries')).filter((each) => each.endsWith('2.json')).length === 0)
      await new Promise((done) => setImmediate(done))
    assert.equal(await counted(open(), 19), 'a')
    assert.match(String(await counted(open(), 25)), /not written yet/)
    await tell(open(), 30, 'c')
    assert.equal(await counted(open(), 25), 'b')
    assert.equal(await counted(open(), 30), 'c')
    end()
  })
})

describe('a change of the lists', () => {
  it('that is broken off when it counts already is never answered by what was before', async () => {
    const { open, tell, counted, clock, folder, end } = historyFolder()
    await tell(open(), 10, 'a')
    clock.set(20)
    // Whoever is killed here has answered by `revoked`, and has not written it.
    await open().remember(standing('revoked'))
    assert.equal(await counted(open(), 19), 'a')
    assert.match(String(await counted(open(), 25)), /have been changing since 2026-06-01T00:20/)
    await tell(open(), 30, 'b')
    assert.equal(await counted(open(), 19), 'a')
    for (const minute of [20, 25]) assert.match(String(await counted(open(), minute)), /were not kept/)
    assert.equal(await counted(open(), 30), 'b')
    assert.deepEqual(readdirSync(join(folder, 'gaps')), [])
    end()
  })

  it('that came to nothing is told of when the next one is written', async () => {
    const { open, tell, counted, clock, end } = historyFolder()
    const history = open()
    await tell(history, 10, 'a')
    clock.set(20)
    await history.remember(standing('lost'))
    await tell(history, 30, 'a')
    assert.equal(await counted(history, 19), 'a')
    assert.match(String(await counted(history, 25)), /were not kept/)
    assert.equal(await counted(history, 30), 'a')
    end()
  })

  it('is marked only while it is under way, and not when nothing changes', async () => {
    const { open, tell, counted, clock, end } = historyFolder()
    const history = open()
    await tell(history, 10, 'a')
    clock.set(20)
    await history.remember(standing('a'))
    assert.equal(await counted(history, 20), 'a')
    const stands = await history.remember(standing('b'))
    assert.match(String(await counted(history, 20)), /changing/)
    await stands()
    assert.equal(await counted(history, 20), 'b')
    end()
  })

  it('of earlier does not take the place of one that began later', async () => {
    const { open, tell, counted, clock, end } = historyFolder()
    const history = open()
    await tell(history, 10, 'a')
    clock.set(20)
    const early = await history.remember(standing('early'))
    const late = await history.remember(standing('late'))
    await late()
    await early()
    assert.equal(await counted(history, 21), 'late')
    end()
  })

  it('of another server that is under way makes its time unknown, and stays', async () => {
    const { open, tell, counted, clock, folder, end } = historyFolder()
    await tell(open(), 10, 'a')
    clock.set(20)
    const other = await open().remember(standing('other'))
    const [mark = ''] = readdirSync(join(folder, 'gaps'))
    // Of a process that runs: our parent.
    renameSync(
      join(folder, 'gaps', mark),
      join(folder, 'gaps', mark.replace(`open-${process.pid}-`, `open-${process.ppid}-`)),
    )
    await tell(open(), 25, 'b')
    assert.equal(readdirSync(join(folder, 'gaps')).length, 1)
    assert.match(String(await counted(open(), 22)), /not written yet/)
    assert.equal(await counted(open(), 19), 'a')
    await other()
    end()
  })

  it('whose mark cannot be written is lost at once, and one that is damaged tells nothing', async () => {
    const { open, tell, counted, folder, clock, end } = historyFolder()
    await tell(open(), 10, 'a')
    clock.set(20)
    await open({ putGap: noSpace }).remember(standing('b'))
    assert.match(String(await counted(open(), 25)), /were not kept/)
    await tell(open(), 30, 'c')
    assert.equal(await counted(open(), 30), 'c')
    mkdirSync(join(folder, 'gaps'), { recursive: true })
    writeFileSync(join(folder, 'gaps', 'open-1-x-y.json'), '{"since":"then"}')
    assert.match(String(await counted(open(), 30)), /damaged/)
    end()
  })
})

describe('a newest entry that is damaged', () => {
  it('gives no answer, and what is kept after it does', async () => {
    const { open, tell, counted, clock, entryFile, end } = await three()
    truncateSync(entryFile(3), 40)
    await tell(open(), 50, 'four')
    assert.match(String(await counted(open(), 40)), /damaged/)
    assert.equal(await counted(open(), 50), 'four')
    assert.equal(await counted(open(), 15), 'one')
    truncateSync(entryFile(4), 40)
    clock.set(60)
    await open().end()
    assert.match(String(await counted(open(), 60)), /no history of the trust lists was kept/)
    end()
  })
})

describe('what a history lets go', () => {
  it('what was replaced too long ago, and content that nobody names', async () => {
    const made = historyFolder()
    const { folder, open, tell, counted, limits, clock, end } = made
    limits.days = 1
    const files = historyFiles(folder)
    // Content is not young any more.
    const { rm } = await import('node:fs/promises')
    const remove: typeof files.remove = (of, name) => rm(join(folder, of, name), { force: true })
    await tell(open({ remove }), 10, 'a')
    await tell(open({ remove }), 20, 'b')
    await tell(open({ remove }), 60 * 24 + 15, 'c')
    assert.equal(await counted(open(), 15), 'a')
    const reader = open()
    assert.equal(await counted(reader, 15), 'a')
    await tell(open({ remove }), 60 * 24 + 25, 'd')
    assert.match(String(await counted(reader, 15)), /begins at 2026-06-01T00:20/)
    assert.match(String(await counted(open(), 15)), /begins at 2026-06-01T00:20/)
    assert.equal(await counted(open(), 21), 'b')
    assert.equal(readdirSync(join(folder, 'contents')).length, 3)
    await tell(open({ remove }), 60 * 24 * 9, 'e')
    assert.equal(await counted(open(), 60 * 24 + 26), 'd')
    assert.equal(readdirSync(join(folder, 'entries')).length, 2)
    assert.ok(clock.now())
    end()
  })

  it('the oldest when it is too much, and never the newest', async () => {
    const { folder, open, tell, counted, limits, end } = historyFolder()
    limits.bytes = 3000
    for (const [minute, name] of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].entries()) await tell(open(), minute, name)
    assert.equal(await counted(open(), 100), 'h')
    assert.match(String(await counted(open(), 0)), /begins/)
    assert.ok(readdirSync(join(folder, 'entries')).length < 8)
    end()
  })

  it('lists that are too large are not kept, and that is told', async () => {
    const { open, limits, tell, counted, end } = historyFolder()
    await tell(open(), 10, 'a')
    limits.bytes = 100
    const history = open()
    await tell(history, 20, 'b')
    assert.match(String(history.fault()), /takes more than 10 bytes/)
    assert.match(String(await counted(history, 25)), /were not kept/)
    end()
  })
})
