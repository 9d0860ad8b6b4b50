/** A table keeps the types that it found under the names that they have, and nothing of what an instance calls itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createTypeTable } from '../../../src/structure-map/model/type-table.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

test('names that nobody published are found and not kept', () => {
  const table = createTypeTable(new Map())
  const names: ((at: number) => string)[] = [
    (at) => `Patient|${at}${'x'.repeat(50_000)}`,
    (at) => `http://hl7.org/fhirpath/System.${at}${'x'.repeat(50_000)}`,
  ]
  const before = heap()
  for (const name of names)
    for (let at = 0; at < 200; at++) {
      // Joined anew: a text that is put together lazily would weigh nothing.
      const long = Buffer.from(name(at)).toString('latin1')
      assert.ok(table.find(long))
    }
  assert.ok(heap() - before < 5_000_000, 'names of instances are kept')
  assert.equal(table.find('Patient'), table.find('Patient|4.0.1'))
})
