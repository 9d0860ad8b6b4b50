/**
 * The mapping language by sections (https://hl7.org/fhir/R4/mapping-language.html): each case is a sentence, rules from a Patient to a
 * Patient (or a whole map), an instance, and what comes of it: a result, an error with its place, or the map as it is printed.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { parseMap, printMap, type ValueRemark } from '../../src/structure-map/maps.ts'
import { compileMap, mapCall, withRules } from '../support/run-map.ts'

interface Case {
  name: string
  /** Rules of the group `main(source src : Patient, target tgt : Patient)`; they begin in line 5, column 3. */
  rules?: string
  map?: string
  /** Other maps, as FML. */
  maps?: string[]
  artefacts?: Resource[]
  source?: Json
  result?: Json
  /** What was not written as it was given: kind and element. */
  remarks?: string[]
  error?: { says: string; line: number; column: number }
  /** A map that is printed as it stands here. */
  print?: string
}

async function run(given: Case, remarks: ValueRemark[] = []): Promise<Json> {
  const fml = given.map ?? withRules(`  ${given.rules}`)
  const compiled = await compileMap(fml, { maps: given.maps ?? [], artefacts: given.artefacts ?? [] })
  return compiled.run(given.source ?? {}, { ...mapCall(), remark: (each) => void remarks.push(each) })
}

async function check(given: Case): Promise<void> {
  const { error, print } = given
  if (print !== undefined) {
    assert.equal(printMap(parseMap(print).map), print)
    return
  }
  if (error) {
    const place = `line ${error.line}, column ${error.column}: `
    await assert.rejects(run(given), (thrown) => {
      assert.ok(thrown instanceof FhirError, String(thrown))
      const texts = thrown.issues.map((each) => each.diagnostics ?? '')
      assert.ok(
        texts.some((each) => each.startsWith(place) && each.includes(error.says)),
        `${place}… ${error.says}, but it says:\n${texts.join('\n')}`,
      )
      return true
    })
    return
  }
  const remarks: ValueRemark[] = []
  assert.deepEqual(await run(given, remarks), given.result)
  assert.deepEqual(
    remarks.map((each) => `${each.kind} ${each.element}`),
    given.remarks ?? [],
  )
}

const folder = join(import.meta.dirname, 'cases')
for (const file of readdirSync(folder)) {
  describe(file.replace('.json', '').replaceAll('-', ' '), () => {
    const cases: Case[] = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    for (const each of cases) it(each.name, () => check(each))
  })
}
