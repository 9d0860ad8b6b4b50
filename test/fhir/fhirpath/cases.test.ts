/**
 * FHIRPath by sections of the specification (http://hl7.org/fhirpath/N1/): each line of a file is a sentence, an expression on the
 * patient of instance.json, and what it gives. The engine answers, and the closures that maps run instead of it.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import { compileExpression } from '../../../src/structure-map/fhirpath/compile-expression.ts'
import { createHost } from '../../../src/structure-map/fhirpath/host.ts'
import { inferType } from '../../../src/structure-map/model/nodes.ts'
import { createTypeTable } from '../../../src/structure-map/model/type-table.ts'
import { frameOver } from '../../support/map-frame.ts'

const folder = join(import.meta.dirname, 'cases')
const patient = JSON.parse(readFileSync(join(folder, 'instance.json'), 'utf8'))
const clock = new Date('2026-01-02T03:04:05Z')
const scope = { sources: new Map(), targets: new Map(), constants: new Map(), counter: { slots: 0, types: [] } }
const host = createHost(createTypeTable(new Map()), new Map())
const remarks = { problem: () => {}, doubt: () => {} }
const root = { value: patient, type: inferType(patient) }

/** As a map evaluates it. */
function inMap(expression: string): unknown[] {
  const compiled = compileExpression(expression, scope, { host, functions: host.functions, remarks })
  const frame = frameOver(root)
  frame.run.now = clock
  return compiled(frame, [root]).map((each) => each.value)
}

/** Fractions of seconds are dropped in maps; value sets are known there, if none is loaded the answer is empty. */
const otherInMaps = new Set(['fractions of seconds count', 'memberOf() without terminology is an error'])

for (const file of readdirSync(folder).filter((name) => name.endsWith('.tsv'))) {
  describe(file.replace('.tsv', '').replaceAll('-', ' '), () => {
    for (const line of readFileSync(join(folder, file), 'utf8').trimEnd().split('\n')) {
      const [sentence = '', expression = '', expected = ''] = line.split('\t')
      it(sentence, () => {
        if (expected === 'error') {
          assert.throws(() => compileFhirPath(expression)(patient, {}, { clock }), FhirError)
          if (!otherInMaps.has(sentence)) assert.throws(() => inMap(expression), FhirError)
          return
        }
        assert.deepEqual(compileFhirPath(expression)(patient, {}, { clock }), JSON.parse(expected))
        if (!otherInMaps.has(sentence)) assert.deepEqual(inMap(expression), JSON.parse(expected), 'in a map')
      })
    }
  })
}
