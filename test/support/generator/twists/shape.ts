import { cardEvent, dccEntry, ddccEvent, goodPayload, minimalDose } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, copy, drop, get, isFields, rename, set, type Tree, tree } from '../tree.ts'
import {
  cardKinds,
  certificate,
  dccKinds,
  firstEvent,
  hcertKinds,
  kindsWhere,
  sealKinds,
  subclaimOf,
  twistGroup,
  withSubclaim,
} from './twist.ts'

const hcert = (draft: Draft) => get(draft.payload, -260)
const setEvents = (change: (events: Tree, draft: Draft) => Tree) => (draft: Draft) =>
  set(draft.payload, draft.layout.events, change(get(draft.payload, ...draft.layout.events), draft))
const setCertificate = (change: (certificate: Tree) => Tree) => (draft: Draft) =>
  set(draft.payload, draft.layout.certificate, change(certificate(draft)))
const listed = dccKinds.concat('icvp')
const first = (events: Tree) => get(events, 0)

/** Lists that are none, maps that are none. */
export const shapeTwists = [
  ...twistGroup('shape', dccKinds, [
    ['events as one map', 'refuse', setEvents(first)],
    ['events as a map of positions', 'refuse', setEvents((events) => ({ fields: [[0, first(events)]] }))],
    [
      'names as a list',
      'refuse',
      (draft) => set(draft.payload, [-260, 1, 'nam'], [get(draft.payload, -260, 1, 'nam')]),
    ],
    ['names as a text', 'refuse', (draft) => set(draft.payload, [-260, 1, 'nam'], draft.holder.family)],
    [
      'an empty map of other events',
      'any',
      (draft) => add(certificate(draft), draft.layout.event === 'v' ? 't' : 'v', { fields: [] }),
    ],
    [
      'an empty list of other events',
      'accept',
      (draft) => add(certificate(draft), draft.layout.event === 'v' ? 't' : 'v', []),
    ],
    ['no names', 'refuse', (draft) => set(draft.payload, [-260, 1, 'nam'], { fields: [] })],
  ]),
  ...twistGroup('shape', listed, [
    ['events as text', 'refuse', setEvents(() => 'v')],
    ['events in a list in the list', 'refuse', setEvents((events) => [events])],
    ['an event as text', 'refuse', setEvents((events) => [first(events), 'v'])],
    ['an event as null', 'refuse', setEvents((events) => [null, first(events)])],
    ['no events', 'refuse', setEvents(() => [])],
    ['events as null', 'refuse', setEvents(() => null)],
    ['events as number', 'refuse', setEvents(() => 1)],
    ['an event of no members', 'refuse', setEvents((events) => [first(events), { fields: [] }])],
    ['two events', 'any', setEvents((events) => [first(events), copy(first(events))])],
  ]),
  ...twistGroup('shape', withSubclaim, [
    ['certificate as a list', 'refuse', setCertificate((own) => [own])],
    ['certificate as text', 'refuse', setCertificate(() => 'certificate')],
    ['certificate as null', 'refuse', setCertificate(() => null)],
    ['hcert claim as a list', 'refuse', (draft) => set(draft.payload, [-260], [hcert(draft)])],
    ['hcert claim empty', 'refuse', (draft) => set(draft.payload, [-260], { fields: [] })],
    [
      'claims as a list',
      'refuse',
      (draft) => {
        draft.payload = [draft.payload]
      },
    ],
    ['an unknown member', 'accept', (draft) => add(certificate(draft), 'meta', { fields: [['a', 1]] })],
    ['an unknown claim', 'any', (draft) => add(draft.payload, 99, 'text')],
    ['nested a hundred deep', 'refuse', (draft) => add(certificate(draft), 'meta', nested(100))],
    ['the prototype as a member', 'any', (draft) => add(certificate(draft), '__proto__', { fields: [['a', 1]] })],
    ['all of it under the prototype', 'refuse', setCertificate((own) => ({ fields: [['__proto__', own]] }))],
    [
      'members of every object',
      'any',
      (draft) =>
        ['constructor', 'toString', 'hasOwnProperty', 'valueOf'].forEach((name) => {
          add(certificate(draft), name, 'x')
        }),
    ],
  ]),
]

function nested(depth: number): Tree {
  return depth === 0 ? 1 : [nested(depth - 1)]
}

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
    ['dvc', 'icvp'],
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
    ['ddcc-vs', 'ddcc-tr', 'dvc', 'icvp'],
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
  ...twistGroup(
    'shape',
    ['vds-v'],
    [
      ['vaccines as one map', 'refuse', setEvents(first)],
      ['doses as one map', 'refuse', (draft) => set(draft.payload, ['msg', 've', 0, 'vd'], firstEvent(draft))],
      ['no vaccines', 'refuse', setEvents(() => [])],
      ['no doses', 'refuse', (draft) => set(draft.payload, ['msg', 've', 0, 'vd'], [])],
    ],
  ),
  ...twistGroup('shape', cardKinds, [
    ['entries as one object', 'refuse', setEvents((events) => get(events, 1))],
    ['no events', 'refuse', setEvents((events) => [get(events, 0) ?? null])],
    [
      'event in a Bundle in the Bundle',
      'refuse',
      setEvents((events) => [
        get(events, 0) ?? null,
        tree({ resource: { resourceType: 'Bundle', type: 'collection' } }),
      ]),
    ],
    [
      'subject of the credential as a list',
      'refuse',
      (draft) => set(draft.payload, ['vc', 'credentialSubject'], [get(draft.payload, 'vc', 'credentialSubject')]),
    ],
    [
      'not a Bundle',
      'refuse',
      (draft) => set(draft.payload, ['vc', 'credentialSubject', 'fhirBundle', 'resourceType'], 'Parameters'),
    ],
    [
      'event contained in the Patient',
      'refuse',
      (draft) => {
        const own = get(draft.payload, 'vc', 'credentialSubject', 'fhirBundle', 'entry')
        add(get(own, 0, 'resource'), 'contained', [get(own, 1, 'resource') ?? null])
        if (Array.isArray(own)) own.pop()
      },
    ],
    [
      'another event',
      'any',
      (draft) => {
        const own = get(draft.payload, 'vc', 'credentialSubject', 'fhirBundle', 'entry')
        if (Array.isArray(own))
          own.push(
            tree({ fullUrl: 'resource:2', resource: cardEvent(draft.context, draft.layout.event === 'v' ? 't' : 'v') }),
          )
      },
    ],
  ]),
  ...twistGroup(
    'shape',
    ['dvc'],
    [
      ['vaccination as a list in a list', 'refuse', setEvents((own) => [[own]])],
      ['two vaccinations', 'any', (draft) => setEvents((own) => [own, tree(minimalDose(draft.context))])(draft)],
    ],
  ),
  ...twistGroup('shape', hcertKinds, [
    [
      'payload is a text',
      'refuse',
      (draft) => {
        draft.payload = 'text'
      },
    ],
    [
      'payload is empty',
      'refuse',
      (draft) => {
        draft.payload = { fields: [] }
      },
    ],
  ]),
]
