/** What maps make of values that are odd: empty, `-`, null, partial, unknown. What they say is told, what they do not say is not made up. */
import assert from 'node:assert/strict'
import { isJsonObject } from '../../src/base/json.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { changed, valueAt } from '../support/cbor-json.ts'
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
  vaccination,
} from '../support/map-samples.ts'
import { walkSections } from '../support/sections.ts'

interface OddCase {
  /** Which content is changed. */
  of: keyof typeof contents
  /** Values by path in it. */
  set?: JsonObject
  drop?: string[]
  /** What the first core data set then has, by path; null where it has nothing. */
  data?: JsonObject
  /** Codes of what stands in the way, with the elements; absent: nothing does. */
  obstacles?: string[]
  /** Part of what is told of a map; absent: nothing is. */
  told?: string
}

const core = { name: 'Aoife Beispiel', birthDate: '1984-02-29' }
const sealTest = {
  tr: { tc: 'antigen', r: 'negative', m: 'saliva' },
  dat: { sc: '2026-05-30T10:00:00Z' },
  sp: { spn: 'Harbour', ctr: 'UTO' },
}
/** Content by format and kind of event, each without obstacles. */
const contents: Record<string, [format: string, content: Json]> = {
  'dcc vaccination': ['hcert-dcc', dcc({ v: [vaccination] })],
  'dcc test': ['hcert-dcc', dcc({ t: [testEvent] })],
  'dcc recovery': ['hcert-dcc', dcc({ r: [recovery] })],
  'ddcc vaccination': [
    'hcert-ddcc-vs',
    {
      '-260': {
        '3': {
          ...core,
          vaccination: { vaccine: { system: 'http://id.who.int/icd11/mms', code: 'XM0GQ8' }, date: '2026-01-15' },
        },
      },
    },
  ],
  'ddcc test': [
    'hcert-ddcc-tr',
    {
      '-260': {
        '4': {
          ...core,
          test: {
            type: { system: 'http://loinc.org', code: 'LP6464-4' },
            date: '2026-01-15',
            result: { system: 'http://snomed.info/sct', code: '260415000' },
          },
        },
      },
    },
  ],
  flat: ['hcert-ddcc-vs', flat],
  dvc: ['hcert-dvc', { '-260': { '-6': claim6 } }],
  'card vaccination': ['shc', card(cardPatient(), cardDose())],
  'card test': ['shc', card(cardPatient(), cardResult())],
  'divoc vaccination': ['divoc', divoc(divocDose)],
  'divoc test': [
    'divoc',
    divoc({ testType: 'RT-PCR', result: 'Negative', sampleCollectionTimestamp: '2026-05-30T10:00:00Z' }),
  ],
  'seal vaccination': ['icao-vds-nc', seal({ ve: [{ des: 'XM0GQ8', nam: 'Comirnaty', vd: [sealDose] }] })],
  'seal test': ['icao-vds-nc', seal(sealTest)],
}

walkSections<OddCase>('odd-values.json', import.meta.url, async (each) => {
  const [format, content] = contents[each.of] ?? []
  assert.ok(format !== undefined && content !== undefined, `there is no content ${each.of}`)
  const mapped = await mapByDefault(format, changed(content, each.set, each.drop))
  const [data] = mapped.coreDataSets
  for (const [path, expected] of Object.entries(each.data ?? {})) {
    const found = valueAt(data, path)
    if (isJsonObject(expected) && isJsonObject(found as Json))
      assert.deepEqual({ ...Object(found), display: undefined }, { ...expected, display: undefined }, path)
    else assert.deepEqual(found ?? null, expected, path)
  }
  assert.deepEqual(codes(mapped), each.obstacles ?? [])
  const told = [...mapped.leftOut, ...mapped.warnings.map(({ details }) => details?.text ?? '')].join('\n')
  if (each.told === undefined) assert.equal(told, '')
  else assert.ok(told.includes(each.told), told)
})
