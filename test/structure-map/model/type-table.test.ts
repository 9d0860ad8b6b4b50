/** Types are kept under the names that they have, and nothing of what an instance calls itself or its members. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { StructureDefinition } from '../../../src/fhir/types.ts'
import { children, type Node } from '../../../src/structure-map/model/nodes.ts'
import { createTypeTable } from '../../../src/structure-map/model/type-table.ts'
import { r4Type, UNKNOWN } from '../../../src/structure-map/model/types.ts'

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

test('members that no type has are not kept, however long their names are', () => {
  const model = createTypeTable(
    new Map([
      [
        'http://example.org/Model',
        {
          resourceType: 'StructureDefinition',
          url: 'http://example.org/Model',
          name: 'Model',
          status: 'active',
          kind: 'logical',
          abstract: false,
          type: 'http://example.org/Model',
          snapshot: { element: [{ id: 'Model', path: 'Model' }] },
        } as StructureDefinition,
      ],
    ]),
  ).find('http://example.org/Model')
  const types = [r4Type('HumanName'), r4Type('Patient'), model]
  const before = heap()
  for (const type of types)
    for (let at = 0; at < 200; at++) {
      const name = Buffer.from(`${at}${'x'.repeat(50_000)}`).toString('latin1')
      assert.equal(type?.element(name), undefined)
      const node: Node = { value: { a: 1 }, type: r4Type('Patient') ?? UNKNOWN }
      assert.deepEqual(children(node, name), [])
    }
  assert.ok(heap() - before < 5_000_000, 'names of members are kept')
})
