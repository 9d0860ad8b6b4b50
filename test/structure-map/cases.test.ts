/**
 * The mapping language by sections (https://hl7.org/fhir/R4/mapping-language.html): each case is a sentence, rules from a Patient to a
 * Patient (or a whole map), an instance, and what comes of it: a result, an error with its place, or the map as it is printed.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError, isError } from '../../src/fhir/error.ts'
import type { Issue, Resource } from '../../src/fhir/types.ts'
import {
  asAuthorSees,
  checkWithStore,
  createMaps,
  parseMap,
  printMap,
  type ValueRemark,
} from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from '../support/map-cases.ts'
import { compileMap, mapCall, withRules } from '../support/run-map.ts'

/** A message; line 0 when it has no place. */
interface Told {
  says: string
  line: number
  column: number
}

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
  error?: Told
  /** What an author is told before anything runs. */
  check?: Told
  /** A map that is printed as it stands here. */
  print?: string
}

async function run(given: Case, remarks: ValueRemark[] = []): Promise<Json> {
  const fml = given.map ?? withRules(`  ${given.rules}`)
  const compiled = await compileMap(fml, { maps: given.maps ?? [], artefacts: given.artefacts ?? [] })
  return compiled.run(given.source ?? {}, { ...mapCall(), remark: (each) => void remarks.push(each) })
}

function assertTold({ says, line, column }: Told, issues: Issue[]): void {
  const place = line === 0 ? '' : `line ${line}, column ${column}: `
  const texts = issues.map((each) => each.diagnostics ?? each.details?.text ?? '')
  assert.ok(
    texts.some((each) => each.startsWith(place) && each.includes(says)),
    `${place}… ${says}, but it says:\n${texts.join('\n')}`,
  )
}

async function checkOnly(given: Case): Promise<Issue[]> {
  const { map, warnings } = parseMap(given.map ?? withRules(`  ${given.rules}`))
  const others = (given.maps ?? []).map((each) => parseMap(each).map)
  const maps = createMaps(memoryEnvironment([...others, ...(given.artefacts ?? [])]))
  return asAuthorSees([...warnings, ...(await checkWithStore(map, [], { maps }))]).filter(isError)
}

async function check(given: Case): Promise<void> {
  const { error, print } = given
  if (given.check) {
    assertTold(given.check, await checkOnly(given))
    return
  }
  if (print !== undefined) {
    assert.equal(printMap(parseMap(print).map), print)
    return
  }
  if (error) {
    await assert.rejects(run(given), (thrown) => {
      assert.ok(thrown instanceof FhirError, String(thrown))
      assertTold(error, thrown.issues)
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
