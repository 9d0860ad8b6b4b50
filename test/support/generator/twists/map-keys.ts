import { dccEntry } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, copy, get, isFields, rename, set, type Tree, tree } from '../tree.ts'
import {
  certificate,
  dccKinds,
  firstEvent,
  hcertKinds,
  subclaimOf,
  twistGroup,
  vaccinationKinds,
  withSubclaim,
} from './twist.ts'

/** A certificate with another holder or other events, to stand beside the first under a key that looks the same. */
function other(draft: Draft): Tree {
  const made = copy(certificate(draft))
  const [name] = ['nam', 'n', 'name'].filter((each) => get(made, each) !== undefined)
  if (name === 'nam') set(made, ['nam', 'fn'], 'Somebody')
  else set(made, [name ?? ''], 'Somebody Else')
  return made
}

const hcert = (draft: Draft) => get(draft.payload, -260)
const bignum = (value: number): Tree => ({ tag: 2, item: Buffer.of(value) })

const besideSubclaim =
  (key: (own: number) => Tree, isFirst = false) =>
  (draft: Draft) => {
    const node = hcert(draft)
    add(node, key(subclaimOf(draft)), other(draft))
    if (isFirst && isFields(node)) node.fields.reverse()
  }

const insteadOfSubclaim = (key: (own: number) => Tree) => (draft: Draft) =>
  rename(hcert(draft), subclaimOf(draft), key(subclaimOf(draft)))

const doubled = (find: (draft: Draft) => Tree, name: string, value: (draft: Draft) => Tree) => (draft: Draft) =>
  add(find(draft), name, value(draft))

/** Keys of maps that a reader of JSON and a reader of CBOR see differently. */
export const mapKeyTwists = [
  ...twistGroup('keys that coincide', withSubclaim, [
    ['subclaim twice', 'refuse', besideSubclaim((own) => own)],
    ['subclaim twice, the other first', 'refuse', besideSubclaim((own) => own, true)],
    ['subclaim as number and text', 'refuse', besideSubclaim(String)],
    ['subclaim as text and number', 'refuse', besideSubclaim(String, true)],
    ['subclaim as number and under a tag', 'refuse', besideSubclaim((own) => ({ tag: 99, item: own }))],
    ['subclaim under a tag and as number', 'refuse', besideSubclaim((own) => ({ tag: 99, item: own }), true)],
    [
      'subclaim as number and bignum',
      'refuse',
      besideSubclaim((own) => (own > 0 ? bignum(own) : { tag: 3, item: Buffer.of(-1 - own) })),
    ],
    ['subclaim as number and float', 'refuse', besideSubclaim((own) => ({ float: own, bytes: 8 }))],
    [
      'subclaim as number and in eight bytes',
      'refuse',
      besideSubclaim((own) => ({
        cbor: Buffer.from(
          own > 0 ? `1b${own.toString(16).padStart(16, '0')}` : `3b${(-1 - own).toString(16).padStart(16, '0')}`,
          'hex',
        ),
      })),
    ],
    ['subclaim under a tag alone', 'refuse', insteadOfSubclaim((own) => ({ tag: 99, item: own }))],
    ['subclaim as text alone', 'refuse', insteadOfSubclaim(String)],
    ['subclaim as float alone', 'refuse', insteadOfSubclaim((own) => ({ float: own, bytes: 8 }))],
    [
      'claim -260 twice',
      'refuse',
      (draft) => add(draft.payload, -260, { fields: [[subclaimOf(draft), other(draft)]] }),
    ],
    [
      'claim -260 as number and text',
      'refuse',
      (draft) => add(draft.payload, '-260', { fields: [[subclaimOf(draft), other(draft)]] }),
    ],
    ['claim -260 as text alone', 'refuse', (draft) => rename(draft.payload, -260, '-260')],
    ['expiry twice', 'refuse', (draft) => add(draft.payload, 4, 9_999_999_999)],
    ['expiry as number and text', 'refuse', (draft) => add(draft.payload, '4', 9_999_999_999)],
    ['issuer twice', 'refuse', (draft) => add(draft.payload, 1, 'FR')],
    ['issuer under a tag beside it', 'refuse', (draft) => add(draft.payload, { tag: 99, item: 1 }, 'FR')],
  ]),
  ...twistGroup('keys that coincide', dccKinds, [
    [
      'events twice',
      'refuse',
      (draft) => add(certificate(draft), draft.layout.event, [tree(dccEntry(draft.context, draft.layout.event))]),
    ],
    [
      'events once more under a tag',
      'refuse',
      (draft) =>
        add(certificate(draft), { tag: 99, item: draft.layout.event }, [
          tree(dccEntry(draft.context, draft.layout.event)),
        ]),
    ],
    ['names twice', 'refuse', doubled(certificate, 'nam', () => tree({ fn: 'Somebody', fnt: 'SOMEBODY' }))],
    ['birth date twice', 'refuse', doubled(certificate, 'dob', () => '1990-01-01')],
    ['certificate id twice', 'refuse', doubled(firstEvent, 'ci', () => 'URN:UVCI:OTHER')],
  ]),
  ...twistGroup(
    'keys that coincide',
    vaccinationKinds.filter((kind) => hcertKinds.includes(kind)),
    [
      ['dose twice', 'refuse', (draft) => add(firstEvent(draft), draft.layout.dose?.at(-1) ?? '', 3)],
      ['day twice', 'refuse', (draft) => add(firstEvent(draft), draft.layout.date.at(-1) ?? '', '2021-01-01')],
    ],
  ),
]

const tagAt = (find: (draft: Draft) => (string | number)[], tag: number) => (draft: Draft) => {
  const path = find(draft)
  set(draft.payload, path, { tag, item: get(draft.payload, ...path) })
}

/** Tags on data: only 0 and 1, the times, mean anything here. */
export const tagTwists = [
  ...twistGroup(
    'tags on data',
    hcertKinds.filter((kind) => !kind.startsWith('flat')),
    [
      ['on the list of events', 'refuse', tagAt(({ layout }) => layout.events, 99)],
      ['on the first event', 'refuse', tagAt(({ layout }) => layout.first, 24)],
      ['on the certificate', 'refuse', tagAt(({ layout }) => layout.certificate, 55799)],
      ['on the hcert claim', 'refuse', tagAt(() => [-260], 61)],
      ['on the name', 'refuse', tagAt(({ layout }) => layout.name, 32)],
      ['days since 1970 on the day', 'refuse', tagAt(({ layout }) => layout.date, 100)],
      ['full-date on the day', 'refuse', tagAt(({ layout }) => layout.date, 1004)],
      ['0 on the day', 'any', tagAt(({ layout }) => layout.date, 0)],
      ['1 on the time of issue', 'accept', tagAt(() => [6], 1)],
      ['1 on the expiry', 'accept', tagAt(() => [4], 1)],
      ['99 on the expiry', 'refuse', tagAt(() => [4], 99)],
      [
        '0 twice on the day',
        'refuse',
        (draft) =>
          [tagAt(({ layout }) => layout.date, 0), tagAt(({ layout }) => layout.date, 0)].forEach((each) => {
            each(draft)
          }),
      ],
      ['0 on a number', 'any', (draft) => set(draft.payload, draft.layout.date, { tag: 0, item: 1_600_000_000 })],
      ['1 on a text', 'any', tagAt(({ layout }) => layout.date, 1)],
    ],
  ),
  ...twistGroup(
    'tags on data',
    vaccinationKinds.filter((kind) => hcertKinds.includes(kind)),
    [
      ['bignum for the dose', 'refuse', (draft) => set(draft.payload, draft.layout.dose ?? [], bignum(2))],
      [
        'decimal fraction for the dose',
        'refuse',
        (draft) => set(draft.payload, draft.layout.dose ?? [], { tag: 4, item: [0, 2] }),
      ],
    ],
  ),
]
