import { dccEntry, ddccEvent, goodPayload } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, drop, get, isFields, rename, set, type Tree, tree } from '../tree.ts'
import {
  certificate,
  dccKinds,
  kindsWhere,
  sealKinds,
  setEvents,
  subclaimOf,
  twistGroup,
  withSubclaim,
} from './twist.ts'

const hcert = (draft: Draft) => get(draft.payload, -260)

const insert = (name: string, value: (draft: Draft) => Tree) => (draft: Draft) =>
  add(certificate(draft), name, value(draft))
const vaccination = (draft: Draft) => tree(ddccEvent(draft.context, 'v'))
const test = (draft: Draft) => tree(ddccEvent(draft.context, 't'))
const entry = (kind: 'v' | 't' | 'r') => (draft: Draft) => [tree(dccEntry(draft.context, kind))]
const moveTo = (key: Tree) => (draft: Draft) => rename(hcert(draft), subclaimOf(draft), key)
const beside = (key: Tree, value: (draft: Draft) => Tree) => (draft: Draft) => add(hcert(draft), key, value(draft))

/** The certificate of another kind for the same holder, or for another. */
const subclaim = (kind: 'dcc-v' | 'dcc-t' | 'ddcc-vs' | 'ddcc-tr' | 'icvp', family?: string) => (draft: Draft) => {
  const { context } = draft
  const holder = family === undefined ? context.holder : { ...context.holder, family }
  const claim = get(goodPayload(kind, { ...context, holder }), -260)
  return isFields(claim) ? claim.fields[0]?.[1] : undefined
}

/** Events where the kind of certificate has none, kinds under other kinds' keys, several kinds. */
export const confusionTwists = [
  ...twistGroup(
    'kind confusion',
    ['ddcc-tr'],
    [
      ['vaccination under a test result', 'refuse', insert('vaccination', vaccination)],
      ['flat vaccine under a test result', 'refuse', insert('vaccine', vaccination)],
      ['recovery under a test result', 'refuse', insert('recovery', vaccination)],
      [
        'vaccination alone under a test result',
        'refuse',
        (draft) => {
          drop(certificate(draft), 'test')
          add(certificate(draft), 'vaccination', vaccination(draft))
        },
      ],
      ['list v under a test result', 'refuse', insert('v', entry('v'))],
    ],
  ),
  ...twistGroup(
    'kind confusion',
    ['ddcc-vs'],
    [
      ['test under a vaccination', 'refuse', insert('test', test)],
      ['list t under a vaccination', 'refuse', insert('t', entry('t'))],
      ['vaccination as a list of one', 'refuse', setEvents((own) => [own])],
    ],
  ),
  ...twistGroup(
    'kind confusion',
    ['dvc', 'icvp', 'icvp-polio', 'icvp-vx'],
    [
      ['list t under -6', 'refuse', insert('t', entry('t'))],
      ['test under -6', 'refuse', insert('test', test)],
      ['vaccination under -6', 'refuse', insert('vaccination', vaccination)],
    ],
  ),
  ...twistGroup('kind confusion', dccKinds, [
    ['vaccination under 1', 'refuse', insert('vaccination', vaccination)],
    ['test under 1', 'refuse', insert('test', test)],
    ['under the key of a core data set', 'refuse', moveTo(3)],
    ['under the key of a minimal certificate', 'any', moveTo(-6)],
    [
      'entries of another kind',
      'refuse',
      (draft) => setEvents(() => entry(draft.layout.event === 'v' ? 't' : 'v')(draft))(draft),
    ],
    [
      'vaccinations and tests',
      'any',
      (draft) => {
        for (const kind of ['v', 't', 'r'] as const) set(draft.payload, [-260, 1, kind], entry(kind)(draft))
      },
    ],
  ]),
  ...twistGroup(
    'kind confusion',
    ['ddcc-vs', 'ddcc-tr', 'dvc', 'icvp', 'icvp-polio', 'icvp-vx'],
    [
      ['under the key of a DCC', 'refuse', moveTo(1)],
      ['under the reserved key', 'refuse', moveTo(2)],
      ['under an unknown key', 'refuse', moveTo(99)],
      ['under the key of a link', 'refuse', moveTo(5)],
    ],
  ),
  ...twistGroup(
    'kind confusion',
    ['flat-v', 'flat-t'],
    [
      [
        'vaccine and test',
        'any',
        (draft) => {
          add(draft.payload, 'vaccine', vaccination(draft))
          add(draft.payload, 'test', test(draft))
        },
      ],
      ['list v among flat claims', 'refuse', insert('v', entry('v'))],
      ['vaccination among flat claims', 'refuse', insert('vaccination', vaccination)],
      ['an hcert claim of nothing beside them', 'any', (draft) => add(draft.payload, -260, { fields: [] })],
    ],
  ),
  ...twistGroup('several subclaims', withSubclaim, [
    ['an unknown one', 'refuse', beside(99, () => 'text')],
    ['an unknown negative one', 'refuse', beside(-99, certificate)],
    ['an unknown one with a text key', 'refuse', beside('x', certificate)],
    ['one named constructor', 'refuse', beside('constructor', certificate)],
    ['one named __proto__', 'refuse', beside('__proto__', certificate)],
    ['the reserved one', 'refuse', beside(2, certificate)],
    ['a link', 'refuse', beside(5, () => 'vhlink:/e30')],
    [
      'an unknown one first',
      'refuse',
      (draft) => {
        const node = hcert(draft)
        if (isFields(node)) node.fields.unshift([0, 'text'])
      },
    ],
  ]),
  ...twistGroup(
    'several subclaims',
    kindsWhere(({ kind }) => kind === 'ddcc-vs' || kind === 'ddcc-tr' || kind === 'icvp'),
    [
      ['a DCC of the same holder', 'any', beside(1, subclaim('dcc-v'))],
      ['a test of another holder', 'refuse', beside(1, subclaim('dcc-t', 'Somebody'))],
    ],
  ),
  ...twistGroup('several subclaims', dccKinds, [
    ['a core data set of the same holder', 'any', beside(3, subclaim('ddcc-vs'))],
    ['a core data set of another holder', 'refuse', beside(3, subclaim('ddcc-vs', 'Somebody'))],
    ['a test of another holder', 'refuse', beside(4, subclaim('ddcc-tr', 'Somebody'))],
    ['a minimal certificate of another holder', 'refuse', beside(-6, subclaim('icvp', 'Somebody'))],
    ['a broken core data set', 'refuse', beside(3, () => 'text')],
    [
      'flat claims of another holder beside them',
      'any',
      (draft) => {
        for (const [name, value] of [
          ['name', 'Somebody'],
          ['vaccine', vaccination(draft)],
          ['date', '2021-12-01'],
        ] as const)
          add(draft.payload, name, value)
      },
    ],
  ]),
  ...twistGroup('kind confusion', sealKinds, [
    [
      'the other kind in the header',
      'refuse',
      (draft) => set(draft.payload, ['hdr', 't'], draft.layout.event === 'v' ? 'icao.test' : 'icao.vacc'),
    ],
    ['an unknown kind', 'refuse', (draft) => set(draft.payload, ['hdr', 't'], 'icao.vaccine')],
    ['kind in capitals', 'refuse', (draft) => set(draft.payload, ['hdr', 't'], 'ICAO.VACC')],
    [
      'events of both kinds',
      'refuse',
      (draft) => {
        const kind = draft.layout.event === 'v' ? 'vds-t' : 'vds-v'
        const member = kind === 'vds-t' ? 'tr' : 've'
        add(get(draft.payload, 'msg'), member, get(goodPayload(kind, draft.context), 'msg', member))
      },
    ],
    [
      'two persons',
      'refuse',
      (draft) =>
        set(
          draft.payload,
          ['msg', 'pid'],
          [get(draft.payload, 'msg', 'pid'), tree({ n: 'SOMEBODY', dob: '1990-01-01' })],
        ),
    ],
    ['message as a list', 'refuse', (draft) => set(draft.payload, ['msg'], [get(draft.payload, 'msg')])],
    ['no header', 'refuse', (draft) => drop(draft.payload, 'hdr')],
  ]),
]
