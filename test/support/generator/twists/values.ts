import { dayAt, secondsAt, timeAt } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { drop, get, set, type Tree } from '../tree.ts'
import {
  cardKinds,
  type Expectation,
  hcertKinds,
  kindsWhere,
  sealKinds,
  twistGroup,
  vaccinationKinds,
} from './twist.ts'

const cwtKinds = kindsWhere(({ family, kind }) => family === 'hcert' && !kind.startsWith('flat'))
const cborKinds = hcertKinds
const bothKinds = kindsWhere(() => true)

const claim = (key: number | string, value: (draft: Draft) => Tree) => (draft: Draft) =>
  set(draft.payload, [key], value(draft))
const constant = (value: Tree) => () => value

/** Times of a CWT that are not what they should be. */
export const periodTwists = [
  ...twistGroup('period', cwtKinds, [
    ['no expiry', 'accept', (draft) => drop(draft.payload, 4)],
    ['no time of issue', 'accept', (draft) => drop(draft.payload, 6)],
    ['expiry gone by', 'refuse', claim(4, ({ clock }) => secondsAt(clock, -1))],
    ['expiry this second', 'any', claim(4, ({ clock }) => secondsAt(clock, 0))],
    ['expiry NaN', 'refuse', claim(4, constant({ float: Number.NaN, bytes: 2 }))],
    ['expiry NaN in eight bytes', 'refuse', claim(4, constant({ float: Number.NaN, bytes: 8 }))],
    ['expiry infinite', 'refuse', claim(4, constant({ float: Number.POSITIVE_INFINITY, bytes: 4 }))],
    ['expiry infinite before', 'refuse', claim(4, constant({ float: Number.NEGATIVE_INFINITY, bytes: 2 }))],
    ['expiry as text', 'refuse', claim(4, ({ clock }) => String(secondsAt(clock, 90)))],
    ['expiry as a date without tag', 'refuse', claim(4, ({ clock }) => timeAt(clock, 2000))],
    ['expiry as null', 'refuse', claim(4, constant(null))],
    ['expiry undefined', 'refuse', claim(4, constant(undefined))],
    ['expiry true', 'refuse', claim(4, constant(true))],
    ['expiry as bytes', 'refuse', claim(4, constant(Buffer.of(0x7f, 0xff, 0xff, 0xff)))],
    ['expiry as a list', 'refuse', claim(4, ({ clock }) => [secondsAt(clock, 90)])],
    ['expiry negative', 'refuse', claim(4, constant(-1))],
    ['expiry zero', 'refuse', claim(4, constant(0))],
    ['expiry as float', 'accept', claim(4, ({ clock }) => ({ float: secondsAt(clock, 90) + 0.5, bytes: 8 }))],
    ['expiry in eight bytes', 'accept', claim(4, ({ clock }) => ({ wide: secondsAt(clock, 90) }))],
    ['expiry in milliseconds', 'any', claim(4, ({ clock }) => secondsAt(clock, 90) * 1000)],
    ['expiry beyond every date', 'any', claim(4, constant(2n ** 64n - 1n))],
    ['expiry as a date', 'any', claim(4, ({ clock }) => ({ tag: 0, item: timeAt(clock, 2000) }))],
    ['expiry as a date gone by', 'refuse', claim(4, ({ clock }) => ({ tag: 0, item: timeAt(clock, -2000) }))],
    ['expiry as no date', 'refuse', claim(4, constant({ tag: 0, item: 'tomorrow' }))],
    ['expiry NaN under tag 1', 'refuse', claim(4, constant({ tag: 1, item: { float: Number.NaN, bytes: 2 } }))],
    ['issued tomorrow', 'refuse', claim(6, ({ clock }) => secondsAt(clock, 1))],
    ['issued in milliseconds', 'refuse', claim(6, ({ clock }) => secondsAt(clock, -10) * 1000)],
    ['issued as text', 'refuse', claim(6, ({ clock }) => String(secondsAt(clock, -10)))],
    ['issued NaN', 'refuse', claim(6, constant({ float: Number.NaN, bytes: 2 }))],
    ['issued as float', 'accept', claim(6, ({ clock }) => ({ float: secondsAt(clock, -10) + 0.25, bytes: 8 }))],
    ['not before yesterday', 'accept', claim(5, ({ clock }) => secondsAt(clock, -1))],
    ['not before tomorrow', 'refuse', claim(5, ({ clock }) => secondsAt(clock, 1))],
    ['not before in milliseconds', 'refuse', claim(5, ({ clock }) => secondsAt(clock, -10) * 1000)],
    ['not before as text', 'refuse', claim(5, ({ clock }) => String(secondsAt(clock, -10)))],
  ]),
  ...twistGroup(
    'period',
    kindsWhere(({ kind }) => kind.startsWith('flat')),
    [
      ['valid until yesterday', 'refuse', claim('valid_until', ({ clock }) => dayAt(clock, -2))],
      ['valid until today', 'any', claim('valid_until', ({ clock }) => dayAt(clock, 0))],
      ['valid from tomorrow', 'refuse', claim('valid_from', ({ clock }) => dayAt(clock, 2))],
      ['valid until no day', 'refuse', claim('valid_until', constant('2099-02-30'))],
      ['valid until a number', 'refuse', claim('valid_until', constant(20990101))],
      ['valid until nothing', 'any', (draft) => drop(draft.payload, 'valid_until')],
    ],
  ),
  ...twistGroup('period', cardKinds, [
    ['no start', 'accept', (draft) => drop(draft.payload, 'nbf')],
    ['starts tomorrow', 'refuse', claim('nbf', ({ clock }) => secondsAt(clock, 1))],
    ['starts in milliseconds', 'refuse', claim('nbf', ({ clock }) => secondsAt(clock, -10) * 1000)],
    ['start as text', 'refuse', claim('nbf', ({ clock }) => String(secondsAt(clock, -10)))],
    ['start null', 'refuse', claim('nbf', constant(null))],
    ['start in fractions', 'accept', claim('nbf', ({ clock }) => secondsAt(clock, -10) + 0.5)],
    ['expiry ahead', 'accept', claim('exp', ({ clock }) => secondsAt(clock, 9))],
    ['expiry gone by', 'refuse', claim('exp', ({ clock }) => secondsAt(clock, -1))],
    ['expiry as text', 'refuse', claim('exp', ({ clock }) => String(secondsAt(clock, 9)))],
    ['expiry null', 'refuse', claim('exp', constant(null))],
    ['expiry 1e400', 'refuse', claim('exp', constant({ json: '1e400' }))],
    ['expiry as a list', 'refuse', claim('exp', ({ clock }) => [secondsAt(clock, 9)])],
  ]),
]

/** Dates that are none, or are not what they seem; the event must then not count. */
const badDates: [string, Tree][] = [
  ['2021-13-01', '2021-13-01'],
  ['1988-00-02', '1988-00-02'],
  ['the 30th of February', '2022-02-30'],
  ['the year 0', '0000-01-01'],
  ['01.06.2021', '01.06.2021'],
  ['2021-6-1', '2021-6-1'],
  ['a number', 20210601],
  ['seconds', 1_622_505_600],
  ['nothing', ''],
  ['null', null],
  ['a list', ['2021-06-01']],
  ['two of them', ['2021-06-01', '2022-01-01']],
  ['a map', { fields: [] }],
  ['true', true],
  ['junk behind the day', '2021-06-01junk'],
  ['a blank before the day', ' 2021-06-01'],
  ['letters of another width', '２０２１-０６-０１'],
  ['an hour 25', '2021-06-01T25:00:00Z'],
  ['a sign before the year', '+2021-06-01'],
  ['a year of five digits', '12021-06-01'],
  ['a line end behind the day', '2021-06-01\n'],
  ['XX for the day', '2021-06-XX'],
]

const setDate = (value: (draft: Draft) => Tree) => (draft: Draft) => set(draft.payload, draft.layout.date, value(draft))
const setBirth = (value: Tree) => (draft: Draft) => set(draft.payload, draft.layout.birthDate, value)
const testKinds = kindsWhere(({ event }) => event === 't')

/** Dates of events and of birth. */
export const dateTwists = [
  ...twistGroup('date of the event', bothKinds, [
    ...badDates.map(([name, value]): [string, Expectation, (draft: Draft) => void] => [
      name,
      'refuse',
      setDate(() => value),
    ]),
    [
      'absent',
      'refuse',
      (draft) => drop(get(draft.payload, ...draft.layout.date.slice(0, -1)), draft.layout.date.at(-1) ?? ''),
    ],
    ['in the future', 'any', setDate(({ clock }) => dayAt(clock, 30))],
    ['of a year alone', 'any', setDate(() => '2021')],
    ['of a month alone', 'any', setDate(() => '2021-06')],
    ['with a time', 'any', setDate(() => '2021-06-01T10:00:00Z')],
  ]),
  ...twistGroup('date of the event', cborKinds, [['bytes', 'refuse', setDate(() => Buffer.from('2021-06-01'))]]),
  ...twistGroup('date of the event', testKinds, [
    ['just too long ago', 'any', setDate(({ clock }) => timeAt(clock, -72.001))],
    ['just not too long ago', 'any', setDate(({ clock }) => timeAt(clock, -71.999))],
    ['sampled in the future', 'any', setDate(({ clock }) => timeAt(clock, 1))],
    ['with an offset', 'any', setDate(({ clock }) => timeAt(clock, -3).replace('Z', '+02:00'))],
    ['without an offset', 'any', setDate(({ clock }) => timeAt(clock, -5).replace('Z', ''))],
    ['today, without a time', 'any', setDate(({ clock }) => clock.today)],
  ]),
  ...twistGroup('date of birth', bothKinds, [
    ...badDates.map(([name, value]): [string, Expectation, (draft: Draft) => void] => [name, 'any', setBirth(value)]),
    ['of a year alone', 'any', setBirth('1963')],
    ['of a month alone', 'any', setBirth('1963-05')],
    ['with XX', 'any', setBirth('1963-XX-XX')],
    ['with a time', 'any', setBirth('1963-05-01T00:00:00')],
  ]),
]

const setDose = (value: Tree) => (draft: Draft) => set(draft.payload, draft.layout.dose ?? [], value)
const setTotal = (value: Tree) => (draft: Draft) => set(draft.payload, draft.layout.total ?? [], value)
const counted = kindsWhere(({ kind }) => ['dcc-v', 'ddcc-vs', 'flat-v', 'shc-v'].includes(kind))
const badCounts: [string, Tree][] = [
  ['2.5', 2.5],
  ['0', 0],
  ['-1', -1],
  ['1e300', { float: 1e300, bytes: 8 }],
  ['2^64-1', 2n ** 64n - 1n],
  ['2^53', 2n ** 53n],
  ['2^31', 2n ** 31n],
  ['"02"', '02'],
  ['"two"', 'two'],
  ['"2 "', '2 '],
  ['"0x2"', '0x2'],
  ['"2e0"', '2e0'],
  ['""', ''],
  ['２', '２'],
  ['true', true],
  ['null', null],
  ['a list', [2]],
  ['two of them', [1, 2]],
  ['a map', { fields: [] }],
]

/** Numbers of doses: what is not a count must complete nothing. */
export const countTwists = [
  ...twistGroup(
    'number of the dose',
    counted,
    badCounts.map(([name, value]): [string, Expectation, (draft: Draft) => void] => [name, 'any', setDose(value)]),
  ),
  ...twistGroup(
    'number of doses',
    counted,
    badCounts.map(([name, value]): [string, Expectation, (draft: Draft) => void] => [name, 'any', setTotal(value)]),
  ),
  ...twistGroup('number of the dose', counted, [
    ['first of two', 'any', setDose(1)],
    ['third of two', 'accept', setDose(3)],
    ['"2"', 'any', setDose('2')],
    ['2.0', 'any', setDose({ float: 2, bytes: 8 })],
    ['absent', 'any', setDose(undefined)],
  ]),
  ...twistGroup(
    'number of the dose',
    vaccinationKinds.filter((kind) => hcertKinds.includes(kind)),
    [
      ['NaN', 'any', setDose({ float: Number.NaN, bytes: 2 })],
      ['infinite', 'any', setDose({ float: Number.POSITIVE_INFINITY, bytes: 2 })],
      ['-0.0', 'any', setDose({ float: -0, bytes: 8 })],
    ],
  ),
]

const setName = (value: (draft: Draft) => Tree) => (draft: Draft) => set(draft.payload, draft.layout.name, value(draft))
const name = ({ payload, layout }: Draft): string => String(get(payload, ...layout.name))

/** Names that are not what they seem. */
export const nameTwists = twistGroup('name', bothKinds, [
  ['decomposed letters', 'accept', setName((draft) => `${name(draft)} Zoe\u0308`)],
  ['letters of another alphabet', 'any', setName((draft) => name(draft).replaceAll('a', 'а'))],
  ['ligatures and width', 'any', setName((draft) => `${name(draft)} ﬁＡ`)],
  ['the prototype', 'any', setName(constant('__proto__'))],
  ['constructor', 'any', setName(constant('constructor'))],
  ['markup', 'any', setName((draft) => `${name(draft)} <b>"&`)],
  ['right to left', 'any', setName((draft) => `${name(draft)}\u202e`)],
  ['a number', 'any', setName(constant(42))],
  ['a list', 'any', setName((draft) => [name(draft)])],
  ['two of them', 'any', setName((draft) => [name(draft), 'Somebody'])],
  ['a map', 'any', setName((draft) => ({ fields: [['text', name(draft)]] }))],
  ['null', 'any', setName(constant(null))],
  ['nothing', 'any', setName(constant(''))],
  ['a thousand letters', 'any', setName((draft) => `${name(draft)}${'x'.repeat(1000)}`)],
])

/** Texts of the issuer: those that cannot be compared are no reason, those that hide something are. */
export const issuerTwists = [
  ...twistGroup('issuer', cwtKinds, [
    ['absent', 'any', (draft) => drop(draft.payload, 1)],
    ['lower case', 'any', claim(1, ({ context }) => context.country.toLowerCase())],
    ['alpha-3', 'any', claim(1, constant('DEU'))],
    ['another country', 'any', claim(1, constant('UY'))],
    ['address', 'any', claim(1, constant('https://health.example.org'))],
    ['urn', 'any', claim(1, constant('urn:oid:2.16.528.1.1007.3.2'))],
    ['did', 'any', claim(1, constant('did:web:health.example.org'))],
    ['words', 'any', claim(1, constant('Ministry of Health'))],
    ['letters of another alphabet', 'any', claim(1, constant('ДЕ'))],
    ['zero byte behind it', 'refuse', claim(1, ({ context }) => `${context.country}\u0000`)],
    ['zero width space in it', 'refuse', claim(1, ({ context }) => `${context.country[0]}\u200b${context.country[1]}`)],
    ['right to left in it', 'refuse', claim(1, ({ context }) => `\u202e${context.country}`)],
    ['soft hyphen in it', 'refuse', claim(1, ({ context }) => `${context.country}\u00ad`)],
    ['line end behind it', 'refuse', claim(1, ({ context }) => `${context.country}\n`)],
  ]),
  ...twistGroup('issuer', cardKinds, [
    ['another', 'refuse', claim('iss', constant('https://attacker.example.org'))],
    ['a country', 'refuse', claim('iss', constant('DE'))],
    ['slash behind it', 'refuse', claim('iss', ({ context }) => `${context.cardIssuer}/`)],
    ['blank behind it', 'refuse', claim('iss', ({ context }) => `${context.cardIssuer} `)],
    ['zero byte behind it', 'refuse', claim('iss', ({ context }) => `${context.cardIssuer}\u0000`)],
    [
      'a way back in it',
      'refuse',
      claim('iss', ({ context }) => context.cardIssuer.replace('/issuer', '/a/../issuer')),
    ],
    ['a user in it', 'refuse', claim('iss', ({ context }) => context.cardIssuer.replace('https://', 'https://user@'))],
    ['a list', 'refuse', claim('iss', ({ context }) => [context.cardIssuer])],
    ['absent', 'refuse', (draft) => drop(draft.payload, 'iss')],
  ]),
  ...twistGroup('issuer', sealKinds, [
    ['another country', 'refuse', (draft) => set(draft.payload, ['hdr', 'is'], 'FRA')],
    ['alpha-2', 'any', (draft) => set(draft.payload, ['hdr', 'is'], draft.context.country)],
    ['words', 'refuse', (draft) => set(draft.payload, ['hdr', 'is'], 'Germany')],
    ['absent', 'refuse', (draft) => drop(get(draft.payload, 'hdr'), 'is')],
    ['zero byte behind it', 'refuse', (draft) => set(draft.payload, ['hdr', 'is'], 'DEU\u0000')],
  ]),
]
