import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import {
  card,
  cardDose,
  cardPatient,
  cardResult,
  codes,
  dcc,
  divoc,
  mapByDefault,
  recovery,
  seal,
  testEvent,
  texts,
  vaccination,
  without,
} from '../../support/map-samples.ts'

/** What is missing of a credential, and the obstacle that names it. */
const MISSING: [what: string, string, Json, obstacles: string[]][] = [
  ['no name', 'hcert-dcc', dcc({ v: [vaccination], nam: {} }), ['required DDCCCoreDataSetVS.name']],
  [
    'no vaccine and no product',
    'hcert-dcc',
    dcc({ v: [without(vaccination, 'vp', 'mp')] }),
    ['required DDCCCoreDataSetVS.vaccination.vaccine'],
  ],
  [
    'no date of vaccination',
    'hcert-dcc',
    dcc({ v: [without(vaccination, 'dt')] }),
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  ['no result', 'hcert-dcc', dcc({ t: [without(testEvent, 'tr')] }), ['required DDCCCoreDataSetTR.test.result']],
  ['no type of test', 'hcert-dcc', dcc({ t: [without(testEvent, 'tt')] }), ['required DDCCCoreDataSetTR.test.type']],
  [
    'no disease',
    'hcert-dcc',
    dcc({ r: [without(recovery, 'tg')] }),
    ['required DDCCCoreDataSetRecovery.recovery.disease'],
  ],
  ['an event without content', 'hcert-dcc', dcc({ v: [vaccination, {}] }), ['incomplete']],
  ['an event that is a text', 'hcert-dcc', dcc({ v: [vaccination], t: 'negative' }), []],
  ['no event', 'hcert-dcc', dcc({}), ['incomplete', 'incomplete']],
  [
    'one of two results lacks its date',
    'hcert-dcc',
    dcc({ t: [testEvent, without(testEvent, 'sc')] }),
    ['required DDCCCoreDataSetTR.test.date'],
  ],
  ['a card without Patient', 'shc', card(cardDose()), ['required DDCCCoreDataSetVS.name']],
  [
    'a card whose event has no status',
    'shc',
    card(cardPatient(), cardDose(), without(cardDose(), 'status')),
    ['incomplete'],
  ],
  [
    'a card whose occurrence is a text',
    'shc',
    card(cardPatient(), { ...without(cardDose(), 'occurrenceDateTime'), occurrenceString: 'May' }),
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a card whose result is a text',
    'shc',
    card(cardPatient(), { ...without(cardResult(), 'valueCodeableConcept'), valueString: 'Negative' }),
    ['required DDCCCoreDataSetTR.test.result'],
  ],
  [
    'evidence of neither kind',
    'divoc',
    divoc({ certificateId: '1', date: '2026-01-15' }),
    ['incomplete', 'incomplete'],
  ],
  ['a seal without doses', 'icao-vds-nc', seal({ ve: [{ des: 'XM0GQ8' }] }), ['incomplete', 'incomplete']],
  [
    'a vaccine that is a text for a Coding',
    'hcert-ddcc-vs',
    { name: 'A', vaccination: { vaccine: 'Comirnaty', date: '2026-01-15' } },
    ['structure DDCCCoreDataSetVS.vaccination.vaccine'],
  ],
  [
    'a list of vaccinations for one',
    'hcert-ddcc-vs',
    {
      name: 'A',
      vaccination: [
        { vaccine: { code: '1' }, date: '2026' },
        { vaccine: { code: '1' }, date: '2026' },
      ],
    },
    ['incomplete'],
  ],
]

describe('what a credential lacks', () => {
  for (const [what, format, content, obstacles] of MISSING)
    it(`is an obstacle that names it: ${what}`, async () => {
      const mapped = await mapByDefault(format, content)
      const own = codes(mapped).filter((each) => !each.includes('Bundle.') && !each.startsWith('conflict'))
      if (obstacles.length === 0) assert.notDeepEqual(codes(mapped), [])
      else assert.deepEqual(own, obstacles, texts(mapped))
      if (obstacles[0]?.startsWith('required'))
        assert.match(texts(mapped), /which its model http:\/\/vidimus\.org\/fhir\/StructureDefinition\/\w+ requires/)
    })
})
