import assert from 'node:assert/strict'
import type { Json } from '../../src/base/json-value.ts'
import * as data from '../../src/credentials/data.ts'
import { walkSections } from '../support/sections.ts'

interface DatumCase {
  /** Name of the reader; for a date of birth with the version of the schema. */
  datum: string
  value: Json
  /** Absent when the value is left out. */
  becomes?: Json
  /** Part of the remark; absent when there is none. */
  remark?: string
}

const { deciding: _, ...plain } = data
const readers: Record<string, data.Datum> = {
  ...plain,
  birthDate: data.birthDate(undefined),
  'birthDate 1.0.0': data.birthDate('1.0.0'),
  'birthDate 1.2.1': data.birthDate('1.2.1'),
  'birthDate 1.3.0': data.birthDate('1.3.0'),
}

walkSections<DatumCase>('data.json', import.meta.url, ({ datum, value, becomes, remark }) => {
  const read = readers[datum]?.(value)
  assert.ok(read, datum)
  assert.deepEqual(read.value, becomes)
  if (remark === undefined) assert.equal(read.remark, undefined)
  else assert.ok(read.remark?.includes(remark), read.remark)
  // A remark never quotes the value.
  if (typeof value === 'string' && value.length > 4) assert.ok(!read.remark?.includes(value))
})
