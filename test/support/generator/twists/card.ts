import { cardEvent, timeAt } from '../documents.ts'
import type { Draft } from '../draft.ts'
import { add, copy, drop, get, isFields, set, type Tree, tree } from '../tree.ts'
import { cardKinds, type Expectation, firstEvent, twistGroup } from './twist.ts'

const entries = ({ payload, layout }: Draft) => get(payload, ...layout.events)
const patient = (draft: Draft) => get(entries(draft), 0, 'resource')
const setMember = (name: string, value: Tree) => (draft: Draft) => set(firstEvent(draft), [name], value)
const addEntry = (entry: (draft: Draft) => Tree) => (draft: Draft) => {
  const list = entries(draft)
  if (Array.isArray(list)) list.push(entry(draft))
}
const subject = ({ layout }: Draft) => (layout.event === 'v' ? 'patient' : 'subject')
const event = ({ context, layout }: Draft, more: object, reference?: string) =>
  tree({
    fullUrl: 'resource:2',
    resource: { ...cardEvent(context, layout.event === 'v' ? 'v' : 't', reference), ...more },
  })
const another = (more: object) => addEntry((draft) => event(draft, more))
const somebody = { resourceType: 'Patient', name: [{ family: 'Somebody', given: ['Else'] }], birthDate: '1990-01-01' }
const unknownModifier = [{ url: 'http://example.org/modifier', valueBoolean: true }]
const refused = (
  names: string[],
  apply: (name: string) => (draft: Draft) => void,
): [string, Expectation, (draft: Draft) => void][] => names.map((name) => [name, 'refuse', apply(name)])

/** Events that did not happen, or not to this person. */
export const happeningTwists = [
  ...twistGroup(
    'not done',
    ['shc-v'],
    [
      ...refused(['not-done', 'entered-in-error', 'in-progress', 'Completed', 'completed ', 'final', ''], (status) =>
        setMember('status', status),
      ),
      ['partial dose', 'refuse', setMember('isSubpotent', true)],
      ['partial dose as text', 'refuse', setMember('isSubpotent', 'true')],
      ['whole dose', 'accept', setMember('isSubpotent', false)],
      ['a second one not done', 'accept', another({ status: 'not-done' })],
      [
        'occurrence as text',
        'refuse',
        (draft) => {
          drop(firstEvent(draft), 'occurrenceDateTime')
          set(firstEvent(draft), ['occurrenceString'], 'last year')
        },
      ],
      [
        'of another vaccine system',
        'any',
        (draft) =>
          set(firstEvent(draft), ['vaccineCode', 'coding', 0], tree({ system: 'http://example.org', code: '212' })),
      ],
      [
        'two protocols',
        'any',
        (draft) =>
          set(
            firstEvent(draft),
            ['protocolApplied'],
            tree([
              { doseNumberPositiveInt: 1, seriesDosesPositiveInt: 2 },
              { doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2 },
            ]),
          ),
      ],
      [
        'dose in words',
        'any',
        (draft) =>
          set(
            firstEvent(draft),
            ['protocolApplied'],
            tree([{ doseNumberString: 'booster', seriesDosesString: 'all' }]),
          ),
      ],
    ],
  ),
  ...twistGroup(
    'not done',
    ['shc-t'],
    [
      ...refused(
        ['registered', 'preliminary', 'cancelled', 'entered-in-error', 'unknown', 'Final', 'completed', ''],
        (status) => setMember('status', status),
      ),
      ['amended', 'accept', setMember('status', 'amended')],
      ['corrected', 'accept', setMember('status', 'corrected')],
      ['result absent for a reason', 'refuse', setMember('dataAbsentReason', tree({ coding: [{ code: 'error' }] }))],
      ['positive', 'any', setResult(['260373001'])],
      ['negative and positive', 'refuse', setResult(['260415000', '260373001'])],
      ['positive and negative', 'refuse', setResult(['260373001', '260415000'])],
      ['unknown result', 'any', setResult(['419984006'])],
      [
        'result as text',
        'any',
        (draft) => {
          drop(firstEvent(draft), 'valueCodeableConcept')
          set(firstEvent(draft), ['valueString'], 'negative')
        },
      ],
      [
        'a second one positive',
        'any',
        addEntry((draft) =>
          event(draft, { valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '260373001' }] } }),
        ),
      ],
      ['a second one preliminary', 'accept', another({ status: 'preliminary' })],
      [
        'antigen, 30 hours ago',
        'any',
        (draft) => {
          set(firstEvent(draft), ['code', 'coding', 0, 'code'], 'LP217198-3')
          set(firstEvent(draft), ['effectiveDateTime'], timeAt(draft.clock, -30))
        },
      ],
      ['unknown test', 'any', (draft) => set(firstEvent(draft), ['code', 'coding', 0, 'code'], '0000-0')],
    ],
  ),
  ...twistGroup('not done', cardKinds, [
    ['no status', 'refuse', (draft) => drop(firstEvent(draft), 'status')],
    ['status null', 'refuse', setMember('status', null)],
    ['status as a list', 'refuse', (draft) => set(firstEvent(draft), ['status'], [get(firstEvent(draft), 'status')])],
    [
      'status under an extension',
      'refuse',
      (draft) => {
        drop(firstEvent(draft), 'status')
        add(
          firstEvent(draft),
          '_status',
          tree({
            extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
          }),
        )
      },
    ],
    ['unknown modifier', 'refuse', setMember('modifierExtension', tree(unknownModifier))],
    [
      'unknown modifier of the Patient',
      'refuse',
      (draft) => add(patient(draft), 'modifierExtension', tree(unknownModifier)),
    ],
    ['unknown rules of the event', 'refuse', setMember('implicitRules', 'http://example.org/rules')],
    [
      'extension',
      'accept',
      setMember('extension', tree([{ url: 'http://example.org/extension', valueBoolean: true }])),
    ],
    ['status twice', 'refuse', (draft) => add(firstEvent(draft), 'status', 'not-done')],
    [
      'status twice, the name escaped',
      'refuse',
      (draft) => add(firstEvent(draft), { json: '"st\\u0061tus"' }, 'not-done'),
    ],
    ['resource type of the prototype', 'refuse', setMember('resourceType', 'constructor')],
    ['resource type twice', 'refuse', (draft) => add(firstEvent(draft), 'resourceType', 'Basic')],
  ]),
  ...twistGroup('other person', cardKinds, [
    ['a second Patient', 'refuse', addEntry(() => tree({ fullUrl: 'resource:2', resource: somebody }))],
    [
      'a second Patient first',
      'refuse',
      (draft) => {
        const list = entries(draft)
        if (Array.isArray(list)) list.unshift(tree({ fullUrl: 'resource:9', resource: somebody }))
      },
    ],
    [
      'the Patient twice',
      'refuse',
      (draft) => {
        const list = entries(draft)
        if (Array.isArray(list)) list.push(copy(list[0] ?? null))
      },
    ],
    [
      'no Patient',
      'refuse',
      (draft) => {
        const list = entries(draft)
        if (Array.isArray(list)) list.shift()
      },
    ],
    [
      'of a Patient who is not there',
      'refuse',
      (draft) => set(firstEvent(draft), [subject(draft), 'reference'], 'resource:7'),
    ],
    [
      'of a Patient elsewhere',
      'refuse',
      (draft) => set(firstEvent(draft), [subject(draft), 'reference'], 'https://example.org/Patient/1'),
    ],
    ['of the event itself', 'refuse', (draft) => set(firstEvent(draft), [subject(draft), 'reference'], 'resource:1')],
    ['of nobody', 'refuse', (draft) => drop(firstEvent(draft), subject(draft))],
    [
      'of a Patient by words alone',
      'refuse',
      (draft) => set(firstEvent(draft), [subject(draft)], tree({ display: 'the same' })),
    ],
    [
      'of a contained Patient',
      'refuse',
      (draft) => {
        add(firstEvent(draft), 'contained', tree([{ ...somebody, id: 'p' }]))
        set(firstEvent(draft), [subject(draft), 'reference'], '#p')
      },
    ],
    ['a second event of somebody else', 'refuse', addEntry((draft) => event(draft, {}, 'resource:7'))],
    [
      'reference to the prototype',
      'refuse',
      (draft) => set(firstEvent(draft), [subject(draft), 'reference'], '__proto__'),
    ],
    ['reference null', 'refuse', (draft) => set(firstEvent(draft), [subject(draft), 'reference'], null)],
    [
      'Patient twice by its name escaped',
      'refuse',
      (draft) => add(get(draft.payload, 'vc', 'credentialSubject', 'fhirBundle'), { json: '"entr\\u0079"' }, []),
    ],
    [
      'by its id',
      'any',
      (draft) => {
        add(patient(draft), 'id', 'p1')
        set(firstEvent(draft), [subject(draft), 'reference'], 'Patient/p1')
      },
    ],
  ]),
  ...twistGroup('name of a card', cardKinds, [
    ['old name first, official second', 'accept', names([{ use: 'old', family: 'Former' }], [])],
    ['official first, old second', 'accept', names([], [{ use: 'old', family: 'Former' }])],
    ['no name', 'any', (draft) => drop(patient(draft), 'name')],
    ['name as one object', 'any', (draft) => set(patient(draft), ['name'], get(patient(draft), 'name', 0))],
    ['an empty name', 'any', (draft) => set(patient(draft), ['name'], [{ fields: [] }])],
    ['text beside the parts', 'any', (draft) => add(get(patient(draft), 'name', 0), 'text', 'Somebody Else')],
  ]),
  ...twistGroup('revoked', cardKinds, [
    ['by its id', 'refuse', (draft) => set(draft.payload, ['vc', 'rid'], 'REVOKEDRID')],
    ['by id and time', 'refuse', (draft) => set(draft.payload, ['vc', 'rid'], 'NEWRID')],
    ['those of long ago', 'accept', (draft) => set(draft.payload, ['vc', 'rid'], 'OLDRID')],
    ['no id', 'accept', (draft) => drop(get(draft.payload, 'vc'), 'rid')],
  ]),
]

function setResult(codes: string[]): (draft: Draft) => void {
  const coding = codes.map((code) => ({ system: 'http://snomed.info/sct', code }))
  return (draft) => set(firstEvent(draft), ['valueCodeableConcept'], tree({ coding }))
}

function names(before: object[], after: object[]): (draft: Draft) => void {
  return (draft) => {
    const own = get(patient(draft), 'name', 0)
    if (isFields(own)) own.fields.push(['use', 'official'])
    set(patient(draft), ['name'], [...before.map(tree), own, ...after.map(tree)])
  }
}

/** Results of tests in the other formats. */
export const resultTwists = [
  ...twistGroup(
    'result',
    ['dcc-t'],
    [
      ['positive', 'any', (draft) => set(firstEvent(draft), ['tr'], '260373001')],
      ['unknown', 'any', (draft) => set(firstEvent(draft), ['tr'], '419984006')],
      ['as a number', 'any', (draft) => set(firstEvent(draft), ['tr'], 260415000)],
      ['as a list', 'any', (draft) => set(firstEvent(draft), ['tr'], ['260415000'])],
      ['absent', 'any', (draft) => drop(firstEvent(draft), 'tr')],
      ['antigen', 'any', (draft) => set(firstEvent(draft), ['tt'], 'LP217198-3')],
      ['unknown test', 'any', (draft) => set(firstEvent(draft), ['tt'], 'LP0000-0')],
    ],
  ),
  ...twistGroup(
    'result',
    ['ddcc-tr', 'flat-t'],
    [
      ['positive', 'any', (draft) => set(firstEvent(draft), ['result', 'code'], '260373001')],
      [
        'negative and positive',
        'refuse',
        (draft) =>
          set(
            firstEvent(draft),
            ['result'],
            [get(firstEvent(draft), 'result'), tree({ system: 'http://snomed.info/sct', code: '260373001' })],
          ),
      ],
      ['of another system', 'any', (draft) => set(firstEvent(draft), ['result', 'system'], 'http://example.org')],
      ['code as a number', 'any', (draft) => set(firstEvent(draft), ['result', 'code'], 260415000)],
      ['as text', 'any', (draft) => set(firstEvent(draft), ['result'], '260415000')],
    ],
  ),
  ...twistGroup(
    'result',
    ['vds-t'],
    [
      ['positive', 'any', (draft) => set(firstEvent(draft), ['r'], 'positive')],
      ['in capitals', 'any', (draft) => set(firstEvent(draft), ['r'], 'NEGATIVE')],
      ['as a list of both', 'any', (draft) => set(firstEvent(draft), ['r'], ['negative', 'positive'])],
      ['results as a list', 'refuse', (draft) => set(draft.payload, ['msg', 'tr'], [firstEvent(draft)])],
    ],
  ),
]
