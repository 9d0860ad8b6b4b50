import { cardEvent, minimalDose } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, copy, get, set, type Tree, tree } from '../tree.ts'
import {
  cardKinds,
  certificate,
  dccKinds,
  firstEvent,
  hcertKinds,
  setEvents,
  twistGroup,
  withSubclaim,
} from './twist.ts'

const hcert = (draft: Draft) => get(draft.payload, -260)
const setCertificate = (change: (certificate: Tree) => Tree) => (draft: Draft) =>
  set(draft.payload, draft.layout.certificate, change(certificate(draft)))
const listed = dccKinds.concat('icvp', 'icvp-polio')
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

function nested(depth: number): Tree {
  return depth === 0 ? 1 : [nested(depth - 1)]
}
