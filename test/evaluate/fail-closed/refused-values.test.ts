import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { subjectOf } from '../../../src/evaluate/person.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import {
  card,
  cardDose,
  cardPatient,
  cardResult,
  claim6,
  codes,
  dcc,
  divoc,
  divocDose,
  flat,
  mapByDefault,
  recovery,
  seal,
  sealDose,
  testEvent,
  texts,
  vaccination,
} from '../../support/map-samples.ts'
import { mappingClock } from '../../support/own-mapping.ts'

/** A value that FHIR would refuse: where it is missing then, and what is required and lacks for it. */
const REFUSED: [what: string, string, Json, leftOut: RegExp, obstacles: string[]][] = [
  [
    'a birth date that is no day',
    'hcert-dcc',
    dcc({ v: [vaccination], dob: '1988-00-02' }),
    /^birthDate of the core data set is not a FHIR date and was left out/,
    [],
  ],
  ['a birth date in another notation', 'hcert-dcc', dcc({ v: [vaccination], dob: '01.06.1988' }), /^birthDate/, []],
  ['a birth date that is a number', 'hcert-dcc', dcc({ v: [vaccination], dob: 19880102 }), /^birthDate/, []],
  ['a year that is a number', 'hcert-dcc', dcc({ v: [vaccination], dob: 1988 }), /^birthDate/, []],
  ['a birth date that is true', 'hcert-dcc', dcc({ v: [vaccination], dob: true }), /^birthDate/, []],
  ['a masked birth date', 'hcert-dcc', dcc({ v: [vaccination], dob: 'XXXX-XX-XX' }), /^birthDate/, []],
  [
    'a month that is not there',
    'hcert-dcc',
    dcc({ v: [{ ...vaccination, dt: '2021-13-01' }] }),
    /^vaccination\.date of the core data set is not a FHIR date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a date of vaccination that is a number',
    'hcert-dcc',
    dcc({ v: [{ ...vaccination, dt: 20210501 }] }),
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a dose zero',
    'hcert-dcc',
    dcc({ v: [{ ...vaccination, dn: 0 }] }),
    /^vaccination\.dose of the core data set is not a FHIR positiveInt/,
    [],
  ],
  ['half a dose', 'hcert-dcc', dcc({ v: [{ ...vaccination, dn: 1.5 }] }), /^vaccination\.dose/, []],
  [
    'a product with spaces',
    'hcert-dcc',
    dcc({ v: [{ ...vaccination, mp: 'EU/1/20/1528  x' }] }),
    /^vaccination\.brand\.code of the core data set is not a FHIR code/,
    [],
  ],
  [
    'a result with spaces',
    'hcert-dcc',
    dcc({ t: [{ ...testEvent, tr: ' 260415000' }] }),
    /Coding\.code|result/,
    ['required DDCCCoreDataSetTR.test.result'],
  ],
  [
    'a sample at 25 o’clock',
    'hcert-dcc',
    dcc({ t: [{ ...testEvent, sc: '2026-05-30T25:12:22Z' }] }),
    /^test\.date/,
    ['required DDCCCoreDataSetTR.test.date'],
  ],
  [
    'a sample in a numbered year',
    'hcert-dcc',
    dcc({ t: [{ ...testEvent, sc: 2026 }] }),
    /^test\.date/,
    ['required DDCCCoreDataSetTR.test.date'],
  ],
  [
    'a recovery on a day that is not there',
    'hcert-dcc',
    dcc({ r: [{ ...recovery, fr: '2026-02-30' }] }),
    /^recovery\.date/,
    ['required DDCCCoreDataSetRecovery.recovery.date'],
  ],
  [
    'an end of validity that is no date',
    'hcert-dcc',
    dcc({ r: [{ ...recovery, du: 'never' }] }),
    /^recovery\.validUntil/,
    [],
  ],
  [
    'a core data set with a date that is none',
    'hcert-ddcc-vs',
    { name: 'A', vaccination: { vaccine: { code: '1' }, date: '2021-13-01' } },
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a flat date that is none',
    'hcert-ddcc-vs',
    { ...flat, date: '2021-13-01' },
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a claim 6 with a number for a date',
    'hcert-dvc',
    { '-260': { '-6': { ...claim6, v: [{ vp: 'XM0GQ8', dt: 20260115 }] } } },
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a card with a month 13',
    'shc',
    card(cardPatient(), cardDose({ occurrenceDateTime: '2021-13-01' })),
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a card’s Patient born on day 0',
    'shc',
    card(cardPatient({ birthDate: '1988-00-02' }), cardDose()),
    /^birthDate/,
    [],
  ],
  [
    'a card’s code with a control character',
    'shc',
    card(cardPatient(), cardResult({ valueCodeableConcept: { coding: [{ code: '1\u0000' }] } })),
    /code/,
    ['required DDCCCoreDataSetTR.test.result'],
  ],
  [
    'a card’s lot number with half a letter',
    'shc',
    card(cardPatient(), cardDose({ lotNumber: 'A\ud800' })),
    /^vaccination\.lot/,
    [],
  ],
  [
    'a seal with a day 32',
    'icao-vds-nc',
    seal({ ve: [{ des: 'XM0GQ8', vd: [{ ...sealDose, dvc: '2026-01-32' }] }] }),
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
  [
    'a DIVOC date of words',
    'divoc',
    divoc({ ...divocDose, date: 'last week' }),
    /^vaccination\.date/,
    ['required DDCCCoreDataSetVS.vaccination.date'],
  ],
]

describe('a value that FHIR would refuse', () => {
  for (const [what, format, content, leftOut, obstacles] of REFUSED)
    it(`is left out and told, the rest stays: ${what}`, async () => {
      const mapped = await mapByDefault(format, content)
      assert.equal(mapped.leftOut.length, 1, mapped.leftOut.join('\n'))
      assert.match(mapped.leftOut[0] ?? '', leftOut)
      assert.deepEqual(
        codes(mapped).filter((each) => each.startsWith('required') && !each.includes('Bundle.')),
        obstacles,
        texts(mapped),
      )
      assert.ok(mapped.coreDataSets.length > 0)
      const values = checkResource(mapped.bundle).filter(({ code }) => code === 'value')
      assert.deepEqual(values, [])
      assert.ok(subjectOf(mapped.coreDataSets, mapped.bundle, mappingClock)?.name)
      assert.doesNotMatch([...mapped.leftOut, texts(mapped)].join(), /1988-00|2021-13|19880102|never|last week/)
    })
})

/** Values that are converted, and into what. */
const CONVERTED: [what: string, string, Json, path: string, value: Json][] = [
  [
    'a date-time for a date',
    'hcert-dcc',
    dcc({ v: [{ ...vaccination, dt: '2026-01-15T10:00:00+02:00' }] }),
    'vaccination.date',
    '2026-01-15',
  ],
  [
    'a date of birth with a time',
    'hcert-dcc',
    dcc({ v: [vaccination], dob: '1984-02-29T00:00:00' }),
    'birthDate',
    '1984-02-29',
  ],
  ['a count in words of digits', 'hcert-dcc', dcc({ v: [{ ...vaccination, dn: '2' }] }), 'vaccination.dose', 2],
  ['a count with a point', 'hcert-dcc', dcc({ v: [{ ...vaccination, sd: '2.0' }] }), 'vaccination.totalDoses', 2],
]

describe('a value in another form', () => {
  for (const [what, format, content, path, value] of CONVERTED)
    it(`is converted with a warning: ${what}`, async () => {
      const mapped = await mapByDefault(format, content)
      const found = path
        .split('.')
        .reduce<Json | undefined>((each, name) => (each as JsonObject)?.[name], mapped.coreDataSets[0])
      assert.deepEqual(found, value)
      assert.deepEqual(mapped.leftOut, [])
      assert.deepEqual(codes(mapped), [])
      assert.ok(
        mapped.warnings.some(({ details }) => details?.text?.endsWith(`in DDCCCoreDataSetVS.${path}`)),
        JSON.stringify(mapped.warnings),
      )
    })
})
