import { dayAt, timeAt } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, copy, drop, get, rename, set, type Tree, writeJson } from '../tree.ts'
import { type Expectation, firstEvent, kindsWhere, twistGroup } from './twist.ts'

const divocKinds = kindsWhere(({ family }) => family === 'divoc')
const vaccinations = kindsWhere(({ kind }) => kind === 'divoc-v')
const tests = kindsWhere(({ kind }) => kind === 'divoc-t')

type Change = (draft: Draft) => void

/** Signs what stands there now, and shows it changed. */
const afterwards =
  (change: Change): Change =>
  (draft) => {
    draft.signedPayload = Buffer.from(writeJson(draft.payload))
    change(draft)
  }

const member = (path: string[], value: (draft: Draft) => Tree): Change => {
  return (draft) => set(draft.payload, path, value(draft))
}
const ofEvent = (name: string, value: (draft: Draft) => Tree): Change => {
  return (draft) => set(firstEvent(draft), [name], value(draft))
}

/** Shows the values of two members of the event exchanged. */
const exchange = (one: string, other: string): Change =>
  afterwards((draft) => {
    const event = firstEvent(draft)
    const [a, b] = [get(event, one), get(event, other)]
    set(event, [one], b)
    set(event, [other], a)
  })

/** Adds a second event, made of the first. */
const second =
  (make: (event: Tree) => void): Change =>
  (draft) => {
    const event = copy(firstEvent(draft))
    // Blank nodes that only their place tells apart are another matter.
    for (const part of ['verifier', 'facility']) drop(event, part)
    make(event)
    const events = get(draft.payload, 'evidence')
    if (Array.isArray(events)) events.push(event)
  }

const contexts = (...more: Tree[]): Change =>
  member(['@context'], ({ payload }) => [...((get(payload, '@context') as Tree[]) ?? []), ...more])

const both: [string, Expectation, Change][] = [
  ['one event written twice', 'refuse', afterwards(second(() => {}))],
  ['a second event of the same address', 'refuse', second((event) => set(event, ['batch'], 'OTHER'))],
  [
    'a second event of an address of its own',
    'accept',
    second((event) => set(event, ['id'], 'https://divoc.example.org/2')),
  ],
  ['a person without an address', 'refuse', member(['credentialSubject', 'id'], () => '')],
  ['a person with a number for an address', 'refuse', member(['credentialSubject', 'id'], () => '872550100V')],
  ['a person without an address of any kind', 'accept', (draft) => drop(get(draft.payload, 'credentialSubject'), 'id')],
  ['person and event of one address', 'refuse', ofEvent('id', () => 'did:holder:1')],
  ['another name', 'refuse', afterwards(member(['credentialSubject', 'name'], () => 'Somebody Else'))],
  ['a member more', 'refuse', afterwards((draft) => add(draft.payload, 'note', 'x'))],
  ['a member of the person more', 'refuse', afterwards(member(['credentialSubject', 'sex'], () => 'Male'))],
  [
    'a name under its full address',
    'refuse',
    (draft) => rename(get(draft.payload, 'credentialSubject'), 'name', 'https://schema.org/name'),
  ],
  ['a graph', 'refuse', afterwards((draft) => add(draft.payload, '@graph', []))],
  [
    'a reverse member',
    'refuse',
    afterwards((draft) => add(get(draft.payload, 'credentialSubject'), '@reverse', { fields: [] })),
  ],
  ['an unknown context', 'refuse', contexts('https://attacker.example.org/v1')],
  ['an inline context', 'refuse', contexts({ fields: [['name', 'https://schema.org/description']] })],
  [
    'an inline context in the person',
    'refuse',
    (draft) => add(get(draft.payload, 'credentialSubject'), '@context', { fields: [] }),
  ],
  [
    'two people',
    'refuse',
    (draft) =>
      set(
        draft.payload,
        ['credentialSubject'],
        [get(draft.payload, 'credentialSubject'), { fields: [['type', 'Person']] }],
      ),
  ],
  ['no event', 'refuse', (draft) => set(draft.payload, ['evidence'], [])],
  ['issued tomorrow', 'refuse', member(['issuanceDate'], ({ clock }) => timeAt(clock, 24))],
  ['issued at no time', 'refuse', member(['issuanceDate'], () => '2022-02-30T00:00:00Z')],
  ['expired', 'refuse', member(['expirationDate'], ({ clock }) => timeAt(clock, -0.5))],
  ['expires at no time', 'refuse', member(['expirationDate'], () => 'never')],
  ['expires at a number', 'refuse', member(['expirationDate'], () => 4_102_444_800)],
  ['expires never', 'accept', (draft) => drop(draft.payload, 'expirationDate')],
  [
    'a status to look up',
    'refuse',
    (draft) => add(draft.payload, 'credentialStatus', { fields: [['id', 'https://divoc.example.org/status']] }),
  ],
  ['a member twice', 'refuse', (draft) => add(get(draft.payload, 'credentialSubject'), 'name', 'Somebody Else')],
  ['null members', 'accept', (draft) => add(get(draft.payload, 'credentialSubject'), 'uhid', null)],
]

/** What only documents have that are signed as statements. */
export const divocTwists = [
  ...twistGroup('statements', divocKinds, both),
  ...twistGroup('statements', vaccinations, [
    [
      'dose and number of doses exchanged',
      'refuse',
      (draft) => {
        ofEvent('dose', () => 1)(draft)
        exchange('dose', 'totalDoses')(draft)
      },
    ],
    ['date and end of the effect exchanged', 'refuse', exchange('date', 'effectiveUntil')],
    ['date after the certificate', 'refuse', ofEvent('date', ({ clock }) => dayAt(clock, 1))],
    ['two doses in a list', 'refuse', ofEvent('dose', () => [1, 2])],
    [
      'dose and number as texts',
      'any',
      (draft) => {
        ofEvent('dose', () => '2')(draft)
        ofEvent('totalDoses', () => '2')(draft)
      },
    ],
    ['a dash for the batch', 'accept', ofEvent('batch', () => '-')],
    ['a result of a test', 'refuse', afterwards(ofEvent('result', () => 'Negative'))],
  ]),
  ...twistGroup('statements', tests, [
    ['sampled after its result', 'refuse', exchange('sampleCollectionTimestamp', 'resultTimestamp')],
    ['positive', 'any', ofEvent('result', () => 'Positive')],
    ['result and disease exchanged', 'any', exchange('result', 'disease')],
    ['a vaccine', 'refuse', afterwards(ofEvent('vaccine', () => 'Pfizer'))],
  ]),
]
