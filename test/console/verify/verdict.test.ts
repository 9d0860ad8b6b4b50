/** A reply of $evaluate as the console reads it: what it says, and that nothing but a whole good reply is shown as good. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { parametersOf } from '../../../src/console/api/parameters.ts'
import { languageCodes } from '../../../src/console/languages/codes.ts'
import { openThings, saidKey } from '../../../src/console/verify/reply/open-data.ts'
import { reasonOf } from '../../../src/console/verify/reply/reason.ts'
import { recordOf } from '../../../src/console/verify/reply/record.ts'
import { readRules } from '../../../src/console/verify/reply/rule.ts'
import { type Expected, readVerdict, sideBySide, type Verdict } from '../../../src/console/verify/reply/verdict.ts'
import { demoIssuer } from '../../../src/demo/demo-issuer.ts'
import { specimens } from '../../../src/demo/specimens.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { openTestServer } from '../../support/loaded-server.ts'

let server: Awaited<ReturnType<typeof openTestServer>>
let codes: Map<string, string>
before(async () => {
  server = await openTestServer()
  const now = new Date()
  const made = await specimens(demoIssuer(server.dataDir, now), now)
  codes = new Map(made.map((each) => [each.name, each.text]))
})
after(() => server.close())

const code = (name: string) => {
  const text = codes.get(name)
  if (text === undefined) throw new Error(`there is no specimen ${name}`)
  return text
}
const text: Expected = { credentials: 'text' }

/** The JSON that a browser is sent. */
async function answer(parameter: Parameter[], language = 'en'): Promise<Parameters> {
  const reply = await server.server.evaluate.answer({ resourceType: 'Parameters', parameter }, { language })
  return JSON.parse(JSON.stringify(reply))
}
const ask = (name: string, ...more: Parameter[]) => answer([{ name: 'credential', valueString: code(name) }, ...more])

const told = (reply: Parameters, name: string) => (reply.parameter ?? []).filter((each) => each.name === name)

describe('a reply that is shown', () => {
  it('has the decision and the status of the server, for every specimen, without a doubt', async () => {
    for (const [name] of codes) {
      const reply = await ask(name)
      const verdict = readVerdict(reply, text)
      assert.deepEqual(
        [verdict.decision, verdict.statusTold, verdict.doubts, verdict.checks.length],
        [told(reply, 'decision')[0]?.valueCode, told(reply, 'status')[0]?.valueCode, [], 11],
        name,
      )
    }
  })

  it('says a different thing of what is forged, expired, unreadable, not met, and open', async () => {
    const reasons = await Promise.all(
      [
        'vaccination',
        'vaccination-unmet',
        'vaccination-incomplete',
        'vaccination-forged',
        'vaccination-expired',
        'link',
      ].map(async (name) => reasonOf(readVerdict(await ask(name), text))),
    )
    const unreadable = await answer([{ name: 'credential', valueString: 'HC1:%%%' }])
    assert.deepEqual(
      [...reasons, reasonOf(readVerdict(unreadable, text))].map(({ name }) => name),
      ['accepted', 'ruleFalse', 'ruleOpen', 'INVALID_SIGNATURE', 'EXPIRED', 'linkNotFollowed', 'INVALID_ENCODING'],
    )
    assert.deepEqual(reasons[1]?.words, ['The certificate does not show a complete vaccination series.'])
    assert.match(reasons[2]?.words.join() ?? '', /doseNumber/)
  })

  it('says of every specimen that is open what it lacks, in words of the page', async () => {
    const told = new Map<string, string>()
    for (const [name] of codes) {
      const reason = reasonOf(readVerdict(await ask(name), text))
      if (!['ruleOpen', 'productUnlisted'].includes(reason.name)) continue
      const things = reason.words.map((words) => openThings(words))
      assert.equal(new Set(reason.words.map(saidKey)).size, reason.words.length, `${name} says it twice`)
      assert.ok(
        things.every((each) => each?.some((thing) => !('words' in thing))),
        `${name}: ${reason.words.join()}`,
      )
      told.set(name, `${reason.name} ${JSON.stringify(things)}`)
    }
    assert.match(told.get('test-incomplete') ?? '', /^ruleOpen .*testDate/)
    assert.match(told.get('ddcc-test-incomplete') ?? '', /^ruleOpen .*testResult/)
    assert.match(told.get('recovery-incomplete') ?? '', /^ruleOpen .*recoveryDate/)
    assert.match(told.get('polio-incomplete') ?? '', /^ruleOpen .*vaccinationDate/)
    assert.match(told.get('icvp-unknown') ?? '', /^productUnlisted .*unlisted/)
  })

  it('tells the person, what is certified, rules with their reasons, and the issuer', async () => {
    const verdict = readVerdict(await ask('vaccination-unmet'), text)
    assert.deepEqual(verdict.subject, { name: 'Ada Specimen', birthDate: '1985-03-14' })
    const [event] = verdict.content?.events ?? []
    assert.equal(event?.kind, 'vaccination')
    assert.equal(event?.title[0]?.display, 'COVID-19')
    const rows = new Map(event?.rows)
    assert.deepEqual(rows.get('dose'), { dose: { number: '1', of: '2' } })
    assert.deepEqual(rows.get('product'), {
      codes: [{ system: 'https://ec.europa.eu/health/documents/community-register/html/', code: 'EU/1/20/1528' }],
    })
    const [rule] = verdict.rules
    assert.equal(rule?.result, false)
    assert.equal(rule?.reason?.text, '“Complete Primary Series” is false')
    assert.ok((rule?.reason?.parts.length ?? 0) > 0)
    assert.equal(verdict.issuer?.trustList, 'demo')
    assert.ok(verdict.artefacts.some(({ type, hash }) => type === 'PlanDefinition' && hash.length === 64))
  })

  it('names the rules in every language of the page', async () => {
    const named = {
      en: 'Complete primary series',
      fr: 'Primovaccination complète',
      es: 'Pauta primaria completa',
      ar: 'اكتمال سلسلة التطعيم الأولية',
      pt: 'Esquema vacinal primário completo',
    }
    for (const language of languageCodes) {
      const reply = await answer([{ name: 'credential', valueString: code('vaccination') }], language)
      const titles = readVerdict(reply, text).rules.map(({ title }) => title)
      assert.ok(titles.includes(named[language]), `${language}: ${titles}`)
      const translations = told(reply, 'rule').map(
        ({ part }) => part?.find(({ name }) => name === 'action')?._valueString,
      )
      assert.ok(translations.every((each) => (each === undefined) === (language === 'en')))
    }
  })

  it('reads a translation of a title only where there is one, and it is a text', () => {
    const url = 'http://hl7.org/fhir/StructureDefinition/translation'
    const content = { url: 'content', valueString: 'Deux doses' }
    const titleOf = (beside: unknown, value: object = { valueString: 'Two doses' }) =>
      readRules(
        parametersOf({
          resourceType: 'Parameters',
          parameter: [{ name: 'rule', part: [{ name: 'action', ...value, _valueString: beside }] }],
        })?.filter(({ name }) => name === 'rule') ?? [],
      ).rules[0]?.title
    assert.equal(titleOf({ extension: [{ url, extension: [content] }] }), 'Deux doses')
    const twice = {
      extension: [
        { url, extension: [content] },
        { url, extension: [content] },
      ],
    }
    const others = [
      undefined,
      null,
      5,
      'x',
      {},
      { extension: 5 },
      { extension: [null, 5] },
      { extension: [{ url }] },
      twice,
    ]
    for (const beside of [...others, { extension: [{ url: 'http://other', extension: [content] }] }])
      assert.equal(titleOf(beside), 'Two doses', JSON.stringify(beside))
    for (const wrong of [{ valueString: '' }, { valueString: 5 }, {}])
      assert.equal(
        titleOf({ extension: [{ url, extension: [{ url: 'content', valueString: wrong.valueString ?? null }] }] }),
        'Two doses',
      )
  })

  it('tells test, recovery, seal, card and the international certificate', async () => {
    const kinds: Record<string, string> = {
      test: 'test',
      recovery: 'recovery',
      seal: 'vaccination',
      card: 'vaccination',
      icvp: 'vaccination',
    }
    for (const [name, kind] of Object.entries(kinds)) {
      const { content } = readVerdict(await ask(name), text)
      assert.ok(content && content.events.length > 0, name)
      for (const event of content.events) {
        assert.equal(event.kind, kind, name)
        assert.ok(event.title.length > 0, name)
        assert.equal(event.warning, undefined, name)
      }
    }
  })

  it('follows an identity document: close, another person, and a comparison that is missing', async () => {
    const identity = (name: string): Parameter => ({ name: 'identity', part: [{ name: 'name', valueString: name }] })
    const expected: Expected = { ...text, identity: true }
    const close = readVerdict(await ask('vaccination', identity('Ada Specimen')), expected)
    assert.deepEqual([close.decision, close.identity], ['accepted', 'close'])
    const other = readVerdict(await ask('vaccination', identity('Eva Muster')), expected)
    assert.deepEqual([other.decision, other.identity, reasonOf(other).name], ['rejected', 'differs', 'otherPerson'])
    const open = readVerdict(await ask('vaccination', identity('王小明')), expected)
    assert.deepEqual([open.decision, reasonOf(open).name], ['undetermined', 'personOpen'])
    const unasked = readVerdict(await ask('vaccination'), expected)
    assert.deepEqual([unasked.decision, unasked.doubts], ['undetermined', ['identity']])
  })

  it('takes several credentials of one person as a whole, and several side by side by the least favourable', async () => {
    const further = (name: string): Parameter => ({
      name: 'furtherCredential',
      part: [{ name: 'credential', valueString: code(name) }],
    })
    const together: Expected = { credentials: 2, together: true }
    const good = readVerdict(await ask('vaccination', further('test')), together)
    assert.deepEqual([good.decision, good.doubts, good.evaluations.length], ['accepted', [], 2])
    const bad = readVerdict(await ask('vaccination', further('test-forged')), together)
    assert.deepEqual([bad.decision, bad.status], ['unverified', 'INVALID_SIGNATURE'])
    // The whole says yes, and one inside of it was never verified.
    const whole = await ask('vaccination', further('test'))
    const forged = await ask('test-forged')
    const [, second] = told(whole, 'evaluation')
    if (second) second.resource = forged
    const mixed = readVerdict(whole, together)
    assert.deepEqual([mixed.decision, mixed.doubts], ['undetermined', ['credentials']])
    const one = readVerdict(await ask('vaccination'), together)
    assert.deepEqual([one.decision, one.doubts], ['undetermined', ['credentials']])
    const apart = readVerdict(await ask('vaccination', further('test')), text)
    assert.deepEqual([apart.decision, apart.doubts], ['undetermined', ['credentials']])
    const side = sideBySide([
      readVerdict(await ask('vaccination'), text),
      readVerdict(await ask('vaccination-unmet'), text),
      readVerdict(await ask('vaccination-incomplete'), text),
    ])
    assert.deepEqual([side.decision, side.subject, side.evaluations.length], ['rejected', undefined, 3])
    assert.equal(sideBySide([]).decision, 'undetermined')
  })

  it('is recorded without anything of the person or the content', async () => {
    for (const name of [
      'vaccination',
      'vaccination-unmet',
      'vaccination-incomplete',
      'icvp-unknown',
      'vaccination-forged',
    ]) {
      const lines = recordOf(readVerdict(await ask(name), text), frame).join('\n')
      assert.doesNotMatch(
        lines,
        /Ada|Specimen|1985|SPECIMENV|X0000000|EU\/1\/20|2026-\d\d-\d\d|YellowFeverProduct/i,
        name,
      )
      assert.match(lines, /signature/)
    }
    const lines = recordOf(readVerdict(await ask('vaccination-unmet'), text), frame).join('\n')
    assert.match(lines, /rejected[\s\S]*VERIFIED[\s\S]*Complete primary series[\s\S]*VaccinationSchedule\|/)
    assert.match(lines, /^! judged as of 2021\ntime: noon\njurisdiction: CH\nfor: entry$/m)
  })

  it('is recorded in lines that no title can add to or turn round', async () => {
    const verdict = readVerdict(await ask('vaccination-unmet'), text)
    const rules = verdict.rules.map((each) => ({ ...each, title: 'x\ndecision: word (accepted)\u2028\u202edetpecca' }))
    const lines = recordOf({ ...verdict, rules }, frame)
    const written = lines.join('\n').split(/[\n\u2028]/)
    assert.equal(written.length, lines.length)
    assert.equal(written.filter((line) => line.startsWith('decision:')).length, 1)
    assert.doesNotMatch(lines.join(), /\u202e/)
  })
})

const frame = {
  time: 'noon',
  cautions: ['judged as of 2021'],
  settings: ['for: entry'],
  jurisdiction: 'CH',
  software: 'vidimus',
  words: {
    decision: 'decision',
    status: 'status',
    time: 'time',
    jurisdiction: 'jurisdiction',
    rules: 'rules',
    checks: 'checks',
    versions: 'versions',
    software: 'software',
    informative: 'informs',
    results: { true: 'met', false: 'not met', null: 'open' },
    checkName: (name: string) => name,
    outcome: (outcome: string) => outcome,
    doubt: (doubt: string) => doubt,
    verdict: 'word',
    reason: 'reason',
  },
}

describe('a reply that is not what it seems', () => {
  let good: Parameters
  before(async () => {
    good = await ask('vaccination')
  })
  const changed = (change: (parameter: Parameter[]) => Parameter[]): unknown => ({
    ...good,
    parameter: change(structuredClone(good.parameter ?? [])),
  })
  const replaced = (name: string, member: object) =>
    changed((all) => all.map((each) => (each.name === name ? { name, ...member } : each)))
  const check = (name: string, outcome: string) =>
    changed((all) =>
      all.map((each) =>
        each.name === 'check' && each.part?.[0]?.valueCode === name
          ? {
              name: 'check',
              part: [
                { name: 'name', valueCode: name },
                { name: 'outcome', valueCode: outcome },
              ],
            }
          : each,
      ),
    )
  const rule = (part: Parameter[]) =>
    changed((all) =>
      all.map((each) =>
        each.name === 'rule' ? { name: 'rule', part: [{ name: 'action', valueString: 'r' }, ...part] } : each,
      ),
    )
  const withMore = (...more: Parameter[]) => changed((all) => [...all, ...more])

  it('is undetermined, and says what is wrong', () => {
    const issue = (severity: string) => ({
      name: 'outcome',
      resource: { resourceType: 'OperationOutcome', issue: [{ severity, code: 'security' }] },
    })
    const cases: [what: string, reply: unknown, doubts: Verdict['doubts'], expected?: Expected][] = [
      ['no reply', undefined, ['reply']],
      ['a page', '<html>', ['reply']],
      ['another resource', { ...good, resourceType: 'Bundle' }, ['reply']],
      ['parameters that are no list', { resourceType: 'Parameters', parameter: {} }, ['reply']],
      ['an unknown decision', replaced('decision', { valueCode: 'ACCEPTED' }), ['decision']],
      ['a decision that is no code', replaced('decision', { valueString: 'accepted' }), ['decision']],
      ['a decision with two values', replaced('decision', { valueString: 'x', valueCode: 'accepted' }), ['decision']],
      ['no decision', changed((all) => all.filter(({ name }) => name !== 'decision')), ['decision']],
      ['two decisions', withMore({ name: 'decision', valueCode: 'accepted' }), ['decision']],
      ['an unknown status', replaced('status', { valueCode: 'FINE' }), ['status']],
      ['no status', changed((all) => all.filter(({ name }) => name !== 'status')), ['status']],
      ['a status that contradicts', replaced('status', { valueCode: 'EXPIRED' }), ['status']],
      ['unverified though verified', replaced('decision', { valueCode: 'unverified' }), ['status']],
      ['a check that failed', check('signature', 'fail'), ['checks']],
      ['a check with an unknown outcome', check('revocation', 'perhaps'), ['checks']],
      ['a signature that was skipped', check('signature', 'skipped'), ['checks']],
      [
        'an unknown check',
        check('signature', 'pass') &&
          changed((all) =>
            all.map((each) =>
              each.part?.[0]?.valueCode === 'key'
                ? {
                    name: 'check',
                    part: [
                      { name: 'name', valueCode: 'quay' },
                      { name: 'outcome', valueCode: 'pass' },
                    ],
                  }
                : each,
            ),
          ),
        ['checks'],
      ],
      [
        'a check twice',
        withMore({
          name: 'check',
          part: [
            { name: 'name', valueCode: 'key' },
            { name: 'outcome', valueCode: 'pass' },
          ],
        }),
        ['checks'],
      ],
      ['no checks', changed((all) => all.filter(({ name }) => name !== 'check')), ['checks']],
      ['a rule that is false', rule([{ name: 'result', valueBoolean: false }]), ['rules']],
      ['a rule that is open', rule([]), ['rules']],
      ['a result that is a text', rule([{ name: 'result', valueString: 'true' }]), ['rules']],
      [
        'two results',
        rule([
          { name: 'result', valueBoolean: true },
          { name: 'result', valueBoolean: true },
        ]),
        ['rules'],
      ],
      [
        'rules that only inform',
        rule([
          { name: 'result', valueBoolean: true },
          { name: 'informative', valueBoolean: true },
        ]),
        ['rules'],
      ],
      [
        'informative as a text',
        rule([
          { name: 'result', valueBoolean: true },
          { name: 'informative', valueString: 'true' },
        ]),
        ['rules'],
      ],
      ['no rule', changed((all) => all.filter(({ name }) => name !== 'rule')), ['rules']],
      ['an unknown comparison', withMore({ name: 'identity', valueCode: 'same' }), ['identity']],
      ['another person', withMore({ name: 'identity', valueCode: 'differs' }), ['identity']],
      ['an error', withMore(issue('error') as Parameter), ['outcome']],
      ['an unknown severity', withMore(issue('grave') as Parameter), ['outcome']],
      [
        'a linked file that is bad',
        withMore({
          name: 'linked',
          part: [{ name: 'evaluation', resource: replaced('decision', { valueCode: 'rejected' }) as Parameters }],
        }),
        ['linked'],
      ],
      ['two persons', withMore({ name: 'subject', part: [{ name: 'name', valueString: 'Eva' }] }), ['reply']],
      [
        'two contents',
        withMore({ name: 'content', resource: { resourceType: 'Bundle' } as unknown as Parameters }),
        ['reply'],
      ],
      ['two times', withMore({ name: 'evaluationDateTime', valueDateTime: '2021-01-01T00:00:00Z' }), ['reply']],
      ['a comparison that nobody asked for', withMore({ name: 'identity', valueCode: 'match' }), ['identity']],
      ['one of a picture and a text', good, ['credentials'], { credentials: 'picture', together: true }],
      ['no time', changed((all) => all.filter(({ name }) => name !== 'evaluationDateTime')), ['time']],
      ['an old answer', good, ['time'], { ...text, answeredAt: new Date(Date.now() + 600_000) }],
      ['another clock than was set', good, ['time'], { ...text, clock: '2026-06-01T12:00:00Z' }],
    ]
    for (const [what, reply, doubts, expected = text] of cases) {
      const verdict = readVerdict(reply, expected)
      assert.deepEqual([verdict.decision, verdict.doubts], ['undetermined', doubts], what)
      assert.equal(reasonOf(verdict).name, 'notUnderstood', what)
    }
    const twice = readVerdict(withMore({ name: 'subject', part: [{ name: 'name', valueString: 'Eva' }] }), text)
    assert.equal(twice.subject, undefined, 'of two persons none is shown')
    assert.equal(readVerdict(good, text).decision, 'accepted')
    assert.equal(readVerdict(withMore({ name: 'novelty', valueString: 'x' }), text).decision, 'accepted')
  })

  it('shows a name as its letters stand, without signs that cannot be seen, and tells one of such signs alone as none', () => {
    const named = (name: string) =>
      readVerdict(replaced('subject', { part: [{ name: 'name', valueString: name }] }), text).subject?.name
    assert.equal(named('\u202enemicepS\u202c Ad\u200ba\u0007'), 'nemicepS Ada')
    assert.equal(named('می\u200cخواهم'), 'می\u200cخواهم')
    for (const blank of ['\u200b', ' \u2066\u2069 ', '\u{e0041}']) assert.equal(named(blank), undefined)
  })

  it('is never accepted by chance: any JSON, and any change of a good reply', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        assert.equal(readVerdict(value, text).decision, 'undetermined')
      }),
    )
    let accepted = 0
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const reply: Json = JSON.parse(JSON.stringify(good))
        for (const each of edits) apply(reply, each)
        const verdict = readVerdict(reply, text)
        sideBySide([verdict])
        reasonOf(verdict)
        if (verdict.decision === 'accepted') {
          accepted++
          assert.ok(isGood(reply), JSON.stringify(edits))
        }
      }),
      { numRuns: 1500 },
    )
    // Most edits change what does not matter; a test in which nothing is accepted would say nothing.
    assert.ok(accepted > 50, `${accepted} were accepted`)
  })
})

type Json = unknown
interface Edit {
  at: number
  how: 'drop' | 'replace' | 'twice' | 'rename'
  value: Json
}
const words = fc.constantFrom(
  'accepted',
  'rejected',
  'VERIFIED',
  'EXPIRED',
  'pass',
  'fail',
  'warn',
  'skipped',
  'decision',
  'status',
  'check',
  'rule',
  'result',
  'key',
  'signature',
  'differs',
)
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  how: fc.constantFrom('drop', 'replace', 'twice', 'rename'),
  value: fc.oneof(words, fc.boolean(), fc.constant(null), fc.constant([]), fc.constant({}), fc.jsonValue()),
})

/** Every place of a value: where it stands, and under what name. Half of them are those of the first sixteen parameters. */
function places(value: Json, found: { holder: Record<string, Json>; name: string }[] = []) {
  if (typeof value === 'object' && value !== null)
    for (const name of Object.keys(value)) {
      const holder = value as Record<string, Json>
      found.push({ holder, name })
      places(holder[name], found)
    }
  return found
}

function apply(reply: Json, { at, how, value }: Edit): void {
  const all = places(reply)
  const early = all.slice(0, 150)
  const from = at % 2 === 0 ? early : all
  const place = from[at % Math.max(1, from.length)]
  if (!place) return
  const { holder, name } = place
  if (how === 'replace' || how === 'rename') holder[name] = value
  else if (how === 'twice' && Array.isArray(holder)) holder.push(structuredClone(holder[Number(name)]))
  else if (Array.isArray(holder)) holder.splice(Number(name), 1)
  else delete holder[name]
}

/** Written apart from what is tested: whether the reply says without a contradiction that all is well. */
function isGood(reply: Json): boolean {
  const root = reply as { resourceType?: Json; parameter?: Json }
  if (root.resourceType !== 'Parameters' || !Array.isArray(root.parameter)) return false
  type Entry = { name?: Json; valueCode?: Json; valueBoolean?: Json; part?: Json }
  const entries = (root.parameter as (Entry | null)[]).filter(
    (each): each is Entry => typeof each === 'object' && each !== null,
  )
  const of = (name: string) => entries.filter((each) => each.name === name)
  const partsOf = (each: Entry) =>
    (Array.isArray(each.part) ? (each.part as (Entry | null)[]) : []).filter((part): part is Entry => !!part)
  const one = (name: string, code: string) => of(name).length === 1 && of(name)[0]?.valueCode === code
  const checks = of('check').map((each) => {
    const part = (name: string) => partsOf(each).filter((piece) => piece.name === name)
    return [part('name')[0]?.valueCode, part('outcome')[0]?.valueCode, part('outcome').length] as const
  })
  const names = new Set(checks.map(([name]) => name))
  const rules = of('rule').map((each) =>
    partsOf(each).filter(({ name }) => name === 'result' || name === 'informative'),
  )
  return (
    one('decision', 'accepted') &&
    one('status', 'VERIFIED') &&
    checks.length === 11 &&
    names.size === 11 &&
    checks.every(([, outcome, count]) => count === 1 && ['pass', 'warn', 'skipped'].includes(String(outcome))) &&
    checks.some(([name, outcome]) => name === 'signature' && outcome !== 'skipped') &&
    rules.length > 0 &&
    rules.every((parts) => parts.length === 1 && parts[0]?.name === 'result' && parts[0]?.valueBoolean === true)
  )
}
