/** The desk of the Verify view: one answer to one question, and nothing of it after its time. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import type { Reply } from '../../../src/console/api/reply.ts'
import { Desk } from '../../../src/console/verify/desk/desk.ts'
import { asking, working } from '../../../src/console/verify/input/settings.ts'
import { checkNames } from '../../../src/credentials/verdict-words.ts'

interface Asked {
  body: { parameter: { name: string; valueString?: string; part?: { name: string; valueString?: string }[] }[] }
  signal: AbortSignal
  answer(reply: Reply<unknown>): void
}

let time = 0
let asked: Asked[] = []
let desk: Desk
let later: { at: number; act: () => void }[] = []

/** Makes time pass, second by second, as the view does. */
function pass(seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    time += 1000
    for (const each of later.filter(({ at }) => at <= time)) each.act()
    later = later.filter(({ at }) => at > time)
    desk.tick()
  }
}

const passport = [`P<UTOSPECIMEN<<ADA${'<'.repeat(26)}`, `X000000001UTO8503149F3512311${'<'.repeat(15)}0`]

const settled = () => new Promise((done) => setImmediate(done))

interface Told {
  gap?: number
  clock?: string
  identity?: string
}

function reply(decision = 'accepted', { gap = 0, clock, identity }: Told = {}): Reply<unknown> {
  const status = decision === 'unverified' ? 'EXPIRED' : 'VERIFIED'
  const at = new Date(time - gap)
  const parameter = [
    { name: 'decision', valueCode: decision },
    { name: 'status', valueCode: status },
    ...checkNames.map((name) => ({
      name: 'check',
      part: [
        { name: 'name', valueCode: name },
        { name: 'outcome', valueCode: 'pass' },
      ],
    })),
    { name: 'subject', part: [{ name: 'name', valueString: 'Ada' }] },
    ...(identity === undefined ? [] : [{ name: 'identity', valueCode: identity }]),
    {
      name: 'rule',
      part: [
        { name: 'action', valueString: 'r' },
        { name: 'result', valueBoolean: true },
      ],
    },
    { name: 'evaluationDateTime', valueDateTime: clock ?? at.toISOString() },
  ]
  return { value: { resourceType: 'Parameters', parameter }, headers: new Headers({ Date: at.toUTCString() }) }
}

async function answer(given: Reply<unknown>, at = asked.length - 1): Promise<void> {
  asked[at]?.answer(given)
  await settled()
}

const credentials = (at = asked.length - 1) => {
  const all = asked[at]?.body.parameter ?? []
  const texts = (list: typeof all) =>
    list.filter(({ name }) => name.startsWith('credential')).map(({ valueString }) => valueString)
  return [texts(all), ...all.filter(({ name }) => name === 'furtherCredential').map(({ part = [] }) => texts(part))]
}
const identityOf = (at = asked.length - 1) => asked[at]?.body.parameter.find(({ name }) => name === 'identity')?.part

beforeEach(() => {
  time = Date.parse('2026-06-01T12:00:00Z')
  asked = []
  later = []
  asking.value = { jurisdiction: '', uses: [], trustDomains: [], clock: '' }
  working.value = { silence: 200, pause: 0 }
  desk = new Desk({
    ask: (body, signal) =>
      new Promise((resolve) => asked.push({ body: body as Asked['body'], signal, answer: resolve })),
    now: () => time,
    after(milliseconds, act) {
      const entry = { at: time + milliseconds, act }
      later.push(entry)
      return () => {
        later = later.filter((each) => each !== entry)
      }
    },
  })
})

const verdict = () => (desk.state.value.is === 'answered' ? desk.state.value.answer : undefined)

describe('a question at the desk', () => {
  it('is answered by its own answer alone: what was superseded or left is dropped', async () => {
    desk.scan(['HC1:A'])
    desk.scan(['HC1:B'])
    assert.equal(asked[0]?.signal.aborted, true)
    await answer(reply('accepted'), 0)
    assert.equal(desk.state.value.is, 'asking')
    await answer(reply('rejected'), 1)
    assert.equal(verdict()?.verdict.decision, 'rejected')
    assert.deepEqual(desk.tally.value, { accepted: 0, rejected: 1, undetermined: 0, unverified: 0 })
    desk.scan(['HC1:C'])
    assert.equal(verdict(), undefined, 'no old verdict beside a question')
    desk.clear()
    await answer(reply('accepted'))
    assert.equal(desk.state.value.is, 'waiting')
  })

  it('fails without a verdict, whatever was there before', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    for (const fault of [{ kind: 'unreachable' }, { kind: 'broken' }, { kind: 'forbidden', status: 401 }] as const) {
      desk.scan(['HC1:B'])
      await answer({ fault })
      assert.deepEqual(desk.state.value, { is: 'failed', fault })
    }
    desk.scan(['HC1:B'])
    await answer({ value: { resourceType: 'OperationOutcome', issue: [] }, headers: new Headers() })
    assert.deepEqual(desk.state.value, { is: 'failed', fault: { kind: 'broken' } })
    desk.scan(['HC1:A\nHC1:B'])
    await answer(reply(), asked.length - 2)
    await answer({ fault: { kind: 'unreachable' } })
    assert.equal(desk.state.value.is, 'failed', 'of two side by side one has no answer')
  })

  it('is asked again by itself when a busy server said when, and not for ever', async () => {
    desk.scan(['HC1:A'])
    await answer({ fault: { kind: 'busy', status: 503, retryAfter: 5 } })
    pass(4)
    assert.equal(asked.length, 1)
    pass(1)
    assert.equal(asked.length, 2)
    for (let round = 0; round < 20; round++) {
      await answer({ fault: { kind: 'busy', status: 503, retryAfter: 5 } })
      pass(5)
    }
    assert.equal(desk.state.value.is, 'waiting', 'nobody was there for a minute')
    assert.ok(asked.length < 16, String(asked.length))
  })

  it('says that it is slow', async () => {
    desk.scan(['HC1:A'])
    pass(4)
    assert.deepEqual(desk.state.value, { is: 'asking', isSlow: true })
    await answer(reply())
    assert.ok(verdict())
  })

  it('tells how far the clocks are apart, and doubts an answer of another time', async () => {
    desk.scan(['HC1:A'])
    await answer(reply('accepted', { gap: 300_000 }))
    assert.deepEqual([verdict()?.clockGap, verdict()?.verdict.decision], [300, 'accepted'])
    desk.scan(['HC1:A'])
    await answer(reply('accepted', { clock: '2026-06-01T11:00:00Z' }))
    assert.deepEqual(verdict()?.verdict.doubts, ['time'])
    asking.value = { ...asking.value, clock: '2026-01-01T00:00:00.000Z', jurisdiction: 'CH' }
    desk.scan(['HC1:A'])
    asking.value = { ...asking.value, clock: '', jurisdiction: 'FR' }
    await answer(reply('accepted', { clock: '2026-01-01T00:00:00.000Z' }))
    assert.deepEqual(
      [verdict()?.settings.clock, verdict()?.settings.jurisdiction, verdict()?.verdict.doubts],
      ['2026-01-01T00:00:00.000Z', 'CH', []],
    )
  })

  it('doubts an answer of another time even where no header tells the time', async () => {
    desk.scan(['HC1:A'])
    const old = reply('accepted', { gap: 600_000 })
    await answer({ ...old, headers: new Headers() } as Reply<unknown>)
    assert.deepEqual([verdict()?.verdict.decision, verdict()?.verdict.doubts], ['undetermined', ['time']])
    desk.scan(['HC1:A'])
    await answer({ ...reply(), headers: new Headers() } as Reply<unknown>)
    assert.equal(verdict()?.verdict.decision, 'accepted')
  })

  it('keeps what was set when it was asked, for every verdict', async () => {
    asking.value = { jurisdiction: '', uses: ['venue'], trustDomains: ['DCC'], clock: '' }
    desk.scan(['HC1:A'])
    asking.value = { ...asking.value, uses: [], trustDomains: [] }
    await answer(reply())
    assert.deepEqual([verdict()?.settings.uses, verdict()?.settings.trustDomains], [['venue'], ['DCC']])
  })

  it('leaves no code out: more than can be judged together are none', async () => {
    const many = Array.from({ length: 21 }, (_, at) => `HC1:${at}`)
    desk.scan(many)
    assert.deepEqual([desk.state.value, asked.length], [{ is: 'refused', why: 'tooMany' }, 0])
    desk.scan(many.slice(1))
    assert.equal(asked.length, 20)
    desk.clear()
    asked = []
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.isAdding.value = true
    desk.scan(many.slice(1))
    assert.deepEqual([desk.state.value, asked.length], [{ is: 'refused', why: 'tooMany' }, 1])
  })

  it('is not asked about a text or a picture that is too large', () => {
    desk.scan(['x'.repeat(1_000_000)])
    assert.deepEqual(desk.state.value, { is: 'refused', why: 'tooLong' })
    desk.picture(new Uint8Array(10_000_001), 'image/png')
    assert.deepEqual(desk.state.value, { is: 'refused', why: 'pictureTooLarge' })
    assert.equal(asked.length, 0)
  })
})

describe('what the desk keeps', () => {
  it('is gone after a minute without touch, and said before', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    pass(44)
    assert.equal(desk.remaining.value, undefined)
    pass(1)
    assert.equal(desk.remaining.value, 15)
    desk.touch()
    assert.equal(desk.remaining.value, undefined)
    pass(59)
    assert.equal(desk.remaining.value, 1)
    pass(1)
    assert.deepEqual([desk.state.value.is, desk.remaining.value], ['waiting', undefined])
    desk.again()
    assert.equal(asked.length, 1, 'there is nothing to ask again')
  })

  it('is gone in time when the clock was set back', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    time -= 3_600_000
    pass(61)
    assert.equal(desk.state.value.is, 'waiting')
  })

  it('is gone with what was typed and not asked about', () => {
    desk.isDrafted.value = true
    pass(60)
    assert.equal(desk.isDrafted.value, false)
  })

  it('is gone at once when the clock jumped while the page was hidden', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    time += 3_600_000
    desk.tick()
    assert.equal(desk.state.value.is, 'waiting')
  })

  it('makes room by itself after the pause, where one is set', async () => {
    working.value = { silence: 200, pause: 3 }
    desk.scan(['HC1:A'])
    await answer(reply())
    pass(2)
    assert.ok(verdict())
    desk.touch()
    pass(2)
    assert.ok(verdict(), 'somebody is looking')
    pass(1)
    assert.equal(desk.state.value.is, 'waiting')
    assert.equal(desk.tally.value.accepted, 1)
  })

  it('forgets parts, a document, and the wish for a further code, too', () => {
    desk.scan(['shc:/1/2/56'])
    desk.document.value = { name: 'Ada', birthDate: '', mrz: '' }
    desk.isAdding.value = true
    pass(60)
    assert.deepEqual([desk.collected.value, desk.document.value.name, desk.isAdding.value], [undefined, '', false])
  })
})

describe('one person after the other', () => {
  it('has codes that are held still read once, and read again when they come back', async () => {
    for (let at = 0; at < 20; at++) {
      desk.see(['HC1:A'])
      time += 500
    }
    assert.equal(asked.length, 1)
    desk.see(['HC1:B'])
    assert.equal(asked.length, 2)
    time += 10_000
    desk.see(['HC1:B'])
    assert.equal(asked.length, 3)
    // The trigger of a hand-held scanner is pulled on purpose.
    desk.scan(['HC1:B'])
    assert.equal(asked.length, 4)
  })

  it('has no verdict of another beside a picture that is being read, or a code that is being typed', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.begin()
    assert.equal(desk.state.value.is, 'waiting')
    desk.scan(['HC1:A'])
    const late = asked.length - 1
    desk.begin()
    await answer(reply(), late)
    assert.equal(desk.state.value.is, 'waiting', 'nor an answer that was awaited')
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.isAdding.value = true
    desk.begin()
    assert.ok(verdict(), 'what is to be added is of the same person')
  })

  it('gives up what is being read when another code comes, or all is cleared', () => {
    const given = [() => desk.scan(['HC1:B']), () => desk.scan(['shc:/1/2/56']), () => desk.clear(), () => desk.begin()]
    given.push(() => desk.picture(new Uint8Array(1), 'image/png'))
    for (const other of given) {
      const reading = desk.begin()
      assert.equal(reading.aborted, false)
      other()
      assert.equal(reading.aborted, true)
    }
    const reading = desk.begin()
    desk.scan([`P<UTOSPECIMEN<<ADA${'<'.repeat(26)}`])
    assert.equal(reading.aborted, false, 'a document is no other code')
  })

  it('has a picture judged together with the codes that it is added to', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.isAdding.value = true
    desk.picture(new Uint8Array(1), 'image/png')
    assert.deepEqual(credentials().slice(1), [['HC1:A']])
    assert.ok(asked.at(-1)?.body.parameter.some(({ name }) => name === 'credentialImage'))
    await answer(reply())
    assert.deepEqual(verdict()?.verdict.doubts, ['credentials'], 'the answer tells nothing of both')
    desk.isAdding.value = true
    desk.picture(new Uint8Array(1), 'image/png')
    assert.equal(desk.state.value.is, 'refused', 'the server reads one picture at a time')
  })

  it('has further codes of the same person judged together, and those of the next alone', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    assert.equal(verdict()?.canAdd, true)
    desk.isAdding.value = true
    desk.scan(['HC1:B'])
    assert.deepEqual(credentials(), [['HC1:A'], ['HC1:B']])
    await answer(reply())
    assert.deepEqual(verdict()?.verdict.doubts, ['credentials'], 'the answer tells nothing of the second')
    desk.scan(['HC1:C'])
    assert.deepEqual(credentials(), [['HC1:C']])
  })

  it('collects the parts of a card', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.scan(['shc:/2/2/57'])
    assert.equal(desk.state.value.is, 'waiting', 'the verdict was that of another')
    assert.equal(desk.collected.value?.parts.size, 1)
    desk.scan(['shc:/1/2/56'])
    assert.deepEqual(credentials(), [['shc:/1/2/56', 'shc:/2/2/57']])
    assert.equal(desk.collected.value, undefined)
  })

  it('is compared with a document that came while the server was busy', async () => {
    desk.scan(['HC1:A'])
    await answer({ fault: { kind: 'busy', status: 503, retryAfter: 1 } })
    desk.document.value = { name: 'Ada', birthDate: '', mrz: '' }
    pass(1)
    assert.equal(identityOf()?.[0]?.valueString, 'Ada')
  })

  it('has lines of two documents never put together', () => {
    const [first, second] = [`P<UTOSPECIMEN<<ADA${'<'.repeat(26)}`, `X000000001UTO8503149F3512311${'<'.repeat(15)}0`]
    const [other] = [`P<UTOMUSTER<<EVA${'<'.repeat(28)}`]
    for (const line of [first, second, other]) desk.scan([line])
    assert.equal(desk.document.value.mrz, other)
    desk.scan([`I<UTO${'0'.repeat(24)}<`])
    assert.equal(desk.document.value.mrz, `I<UTO${'0'.repeat(24)}<`)
  })

  it('is held against his own document, never against that of the person before', async () => {
    const line = `P<UTOSPECIMEN<<ADA${'<'.repeat(26)}`
    desk.scan([line])
    desk.scan([`X000000001UTO8503149F3512311${'<'.repeat(15)}0`])
    assert.equal(asked.length, 0)
    desk.scan(['HC1:A'])
    assert.equal(identityOf()?.[0]?.valueString?.split('\n').length, 2)
    await answer(reply())
    assert.deepEqual(verdict()?.verdict.doubts, ['identity'], 'the answer does not compare')
    desk.scan(['HC1:B'])
    assert.equal(identityOf(), undefined)
    await answer(reply())
    desk.document.value = { name: 'Eva', birthDate: '', mrz: '' }
    desk.again()
    assert.deepEqual(credentials(), [['HC1:B']])
    assert.equal(identityOf()?.[0]?.valueString, 'Eva')
    await answer(reply())
    desk.isAdding.value = true
    desk.document.value = { name: '', birthDate: '', mrz: '' }
    desk.scan(['HC1:D'])
    assert.equal(identityOf(), undefined, 'a document that was taken back does not count')
    await answer(reply())
    desk.document.value = { name: 'Next', birthDate: '', mrz: '' }
    desk.scan(['HC1:C'])
    assert.equal(identityOf(), undefined, 'given beside the verdict: it is of that person, and of nobody else')
    await answer(reply())
    assert.equal(verdict()?.isDocumentLeft, true, 'and that is said')
    desk.scan(['HC1:E'])
    await answer(reply())
    assert.equal(verdict()?.isDocumentLeft, false)
    desk.clear()
    desk.document.value = { name: 'Next', birthDate: '', mrz: '' }
    assert.equal(desk.documentStanding().is, 'forNext')
    desk.scan(['HC1:C'])
    assert.equal(identityOf()?.[0]?.valueString, 'Next', 'given while nobody was asked about')
  })

  it('is compared at once with a document that is read beside his verdict, when all its lines are there', async () => {
    const [first = '', second = ''] = passport
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.scan([first])
    assert.deepEqual([asked.length, desk.documentStanding()], [1, { is: 'open', lines: { read: [1], of: 2 } }])
    assert.ok(verdict(), 'nothing else came')
    desk.scan([second])
    assert.deepEqual([asked.length, credentials()], [2, [['HC1:A']]])
    assert.equal(identityOf()?.[0]?.valueString, `${first}\n${second}`)
    assert.equal(verdict(), undefined, 'the verdict without the document is gone')
    await answer(reply('rejected', { identity: 'differs' }))
    assert.deepEqual([verdict()?.verdict.identity, desk.documentStanding().is], ['differs', 'compared'])
    assert.deepEqual(desk.tally.value, { accepted: 0, rejected: 1, undetermined: 0, unverified: 0 }, 'one person')
    desk.scan(['HC1:B'])
    assert.equal(identityOf(), undefined)
    await answer(reply())
    assert.equal(verdict()?.isDocumentLeft, true, 'it was not that of the first: it may have been that of this one')
    desk.scan([passport.join('')])
    assert.deepEqual([credentials(), identityOf()?.length], [[['HC1:B']], 1], 'all in one line')
    await answer(reply('accepted', { identity: 'match' }))
    assert.equal(verdict()?.isDocumentLeft, false)
    assert.deepEqual(desk.tally.value, { accepted: 1, rejected: 1, undetermined: 0, unverified: 0 })
    desk.scan(['HC1:C'])
    await answer(reply())
    assert.equal(verdict()?.isDocumentLeft, false, 'it was that of the second')
  })

  it('judges a code that came in two pieces as one: of the same person, beside what was his, with what was his', async () => {
    const goesOn = { goesOn: true }
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.scan([passport.join('')])
    await answer(reply('rejected', { identity: 'differs' }))
    for (const piece of ['HC1:B', 'HC1:C']) {
      desk.scan([piece])
      await answer(reply('unverified'))
      desk.begin(goesOn)
      desk.scan([`${piece}REST`], goesOn)
      assert.deepEqual([credentials(), identityOf()], [[[`${piece}REST`]], undefined])
      await answer(reply())
      // Of the document that went with A this is said of the next person, and of nobody after.
      assert.equal(verdict()?.isDocumentLeft, piece === 'HC1:B')
    }
    assert.deepEqual(desk.tally.value, { accepted: 2, rejected: 1, undetermined: 0, unverified: 0 }, 'three people')
    // The second code of a person, in pieces: he keeps the first.
    desk.isAdding.value = true
    desk.scan(['HC1:D'])
    await answer(reply('unverified'))
    desk.scan(['HC1:DREST'], goesOn)
    assert.deepEqual(credentials(), [['HC1:CREST'], ['HC1:DREST']])
    await answer(reply())
    desk.scan(['HC1:E'])
    assert.deepEqual(credentials(), [['HC1:E']])
    // A document that waited for the code is that of the whole code.
    desk.clear()
    desk.document.value = { name: 'Next', birthDate: '', mrz: '' }
    desk.scan(['HC1:F'])
    await answer(reply('unverified'))
    desk.begin(goesOn)
    desk.scan(['HC1:FREST'], goesOn)
    assert.equal(identityOf()?.[0]?.valueString, 'Next')
    await answer(reply('accepted', { identity: 'match' }))
    assert.deepEqual([verdict()?.isDocumentLeft, desk.documentStanding().is], [false, 'compared'])
  })

  it('has half a document never held against the next, nor a whole one that came while the server was asked or busy', async () => {
    const [first = '', second = ''] = passport
    desk.scan(['HC1:A'])
    await answer(reply())
    desk.scan([first])
    desk.scan(['HC1:B'])
    assert.deepEqual([identityOf(), desk.document.value.mrz], [undefined, ''])
    for (const line of passport) desk.scan([line])
    assert.deepEqual([asked.length, asked[1]?.signal.aborted, credentials()], [3, true, [['HC1:B']]])
    await answer({ fault: { kind: 'busy', status: 503, retryAfter: 5 } })
    desk.scan([`P<UTOMUSTER<<EVA${'<'.repeat(28)}`])
    desk.scan([second])
    assert.equal(asked.length, 3, 'a busy server is not asked earlier than it said')
    pass(5)
    assert.match(identityOf()?.[0]?.valueString ?? '', /MUSTER/)
    await answer({ fault: { kind: 'refused', status: 400 } })
    desk.withoutDocument()
    assert.deepEqual([identityOf(), credentials()], [undefined, [['HC1:B']]])
    await answer({ fault: { kind: 'unreachable' } })
    for (const line of passport) desk.scan([line])
    await answer({ fault: { kind: 'unreachable' } })
    desk.begin()
    desk.scan(['HC1:C'])
    assert.equal(identityOf(), undefined)
  })
})

describe('a document that was not read rightly', () => {
  const wrong = () => [passport[0] ?? '', `${passport[1]?.slice(0, -1)}7`]
  const refusal = (expression: string): Reply<unknown> => ({
    fault: {
      kind: 'refused',
      status: 400,
      outcome: {
        resourceType: 'OperationOutcome',
        issue: [{ severity: 'error', code: 'invalid', expression: [expression] }],
      },
    },
  })

  it('takes the verdict away, is told as such, and is never said to be compared', async () => {
    desk.scan(['HC1:A'])
    await answer(reply())
    for (const line of wrong()) desk.scan([line])
    assert.deepEqual([desk.state.value, asked.length], [{ is: 'documentUnread' }, 1], 'nothing was sent')
    assert.deepEqual(desk.documentStanding(), { is: 'misread', what: 'mrz' })
    desk.again()
    assert.equal(asked.length, 1, 'nor by asking again')
    for (const line of passport) desk.scan([line])
    assert.deepEqual([asked.length, credentials(), identityOf()?.length], [2, [['HC1:A']], 1], 'it is read again')
    assert.equal(desk.documentStanding().is, 'notCompared', 'while it is asked')
    await answer({ fault: { kind: 'unreachable' } })
    assert.equal(desk.documentStanding().is, 'notCompared', 'without an answer')
    desk.again()
    await answer(reply())
    assert.equal(desk.documentStanding().is, 'notCompared', 'by an answer that tells no comparison')
    desk.again()
    await answer(reply('accepted', { identity: 'match' }))
    assert.equal(desk.documentStanding().is, 'compared')
    desk.document.value = { name: '', birthDate: '14.3.1985', mrz: '' }
    desk.again()
    assert.equal(desk.state.value.is, 'documentUnread')
    assert.deepEqual(desk.documentStanding(), { is: 'misread', what: 'birthDate' })
    desk.withoutDocument()
    assert.deepEqual([identityOf(), credentials(), desk.documentStanding().is], [undefined, [['HC1:A']], 'none'])
    await answer(reply())
    assert.equal(verdict()?.verdict.decision, 'accepted', 'asked anew without it')
  })

  it('is that of the server, too, and nothing else that it refuses is', async () => {
    for (const line of passport) desk.scan([line])
    desk.scan(['HC1:A'])
    await answer(refusal("Parameters.parameter.where(name='identity').part.where(name='mrz')"))
    assert.deepEqual(desk.state.value, { is: 'documentUnread' })
    assert.deepEqual(desk.documentStanding(), { is: 'misread', what: 'refused' })
    desk.again()
    assert.equal(asked.length, 1, 'the same could only be refused again')
    for (const line of passport) desk.scan([line])
    assert.equal(asked.length, 2, 'what is read again is asked about')
    await answer(refusal("Parameters.parameter.where(name='jurisdiction')"))
    assert.deepEqual([desk.state.value.is, desk.documentStanding().is], ['failed', 'notCompared'])
  })

  it('or of which a line is missing lets no code pass as if there were none', async () => {
    const [first = '', second = ''] = passport
    desk.scan([second])
    assert.deepEqual(desk.documentStanding(), { is: 'open', lines: { read: [2], of: 2 } })
    desk.scan(['HC1:A'])
    assert.deepEqual([desk.state.value, asked.length], [{ is: 'documentUnread' }, 0])
    desk.scan([first])
    assert.deepEqual([asked.length, credentials()], [1, [['HC1:A']]])
    assert.equal(identityOf()?.[0]?.valueString, `${first}\n${second}`)
    await answer(reply('accepted', { identity: 'match' }))
    desk.scan([second])
    assert.ok(verdict(), 'a line of a document is no other code')
    desk.clear()
    for (const line of wrong()) desk.scan([line])
    assert.equal(desk.documentStanding().is, 'misread', 'told before any code came')
    desk.scan(['HC1:B'])
    assert.deepEqual([desk.state.value.is, asked.length], ['documentUnread', 1])
    pass(61)
    assert.deepEqual([desk.state.value.is, desk.document.value.mrz], ['waiting', ''], 'and forgotten as all else is')
  })
})
