import assert from 'node:assert/strict'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { ipsKind, openIps } from '../../../src/credentials/ips/ips.ts'
import { sampleSummary } from '../../../src/demo/sample-summary.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import { changed } from '../../support/cbor-json.ts'
import { ownMapping } from '../../support/own-mapping.ts'
import { walkSections } from '../../support/sections.ts'

interface SummaryCase {
  /** Values by path in the document. */
  set?: JsonObject
  drop?: string[]
  /** Resources behind those of the specimen, under the addresses urn:uuid:added-0, … */
  add?: JsonObject[]
  /** Members of the one vaccination, the one condition, the one allergy, the Patient, the Composition; null takes one away. */
  vaccination?: JsonObject
  condition?: JsonObject
  allergy?: JsonObject
  patient?: JsonObject
  composition?: JsonObject
  /** Part of why it is no summary; absent: it is one. */
  refused?: string
  /** Part of what makes `accepted` impossible; absent: nothing does. */
  blocks?: string
  /** Part of what is told and stands in the way of nothing; absent: nothing is. */
  told?: string
  /** Part of a remark; absent: there is none. */
  remark?: string
  /** Types of resources in the content that rules read; default: those of the specimen. */
  resources?: string[]
  /** Vaccinations in the core data sets: members that are there and what they are. */
  coreDataSets?: JsonObject[]
}

const specimen = sampleSummary({ issuedAt: new Date('2026-05-01T10:00:00Z') })
const own = ['Composition', 'Patient', 'Organization', 'Immunization', 'Condition', 'AllergyIntolerance']
const places = { composition: 0, patient: 1, vaccination: 3, condition: 4, allergy: 5 } as const

function documentOf(each: SummaryCase): Json {
  const set: JsonObject = { ...each.set }
  const drop = [...(each.drop ?? [])]
  for (const [name, at] of Object.entries(places)) {
    const members = each[name as keyof typeof places] ?? {}
    for (const [member, value] of Object.entries(members)) {
      const path = `entry/${at}/resource/${member}`
      if (value === null) drop.push(path)
      else set[path] = value
    }
  }
  for (const [at, resource] of (each.add ?? []).entries())
    set[`entry/${own.length + at}`] = { fullUrl: `urn:uuid:added-${at}`, resource }
  return changed(specimen, set, drop)
}

walkSections<SummaryCase>('summaries.json', import.meta.url, async (each) => {
  const opened = openIps(documentOf(each))
  if (each.refused !== undefined) {
    assert.ok(typeof opened === 'string' && opened.includes(each.refused), JSON.stringify(opened))
    return
  }
  assert.ok(typeof opened !== 'string', String(opened))
  assert.deepEqual(opened.events, ['s'])
  assert.deepEqual(opened.formats, ['ips'])
  const texts = (blocks: boolean) => opened.obstacles.filter((one) => one.blocks === blocks).map(({ text }) => text)
  holds(each.blocks, texts(true), 'blocks')
  holds(each.told, texts(false), 'told')
  holds(each.remark, opened.remarks, 'remarks')
  const input = ipsKind.input?.(opened.content)
  assert.ok(input)
  const mapped = await mapContent([input], [], ownMapping())
  const types = mapped.bundle?.entry?.map(({ resource }) => resource?.resourceType)
  assert.deepEqual(types, each.resources ?? own)
  assert.deepEqual(mapped.obstacles, [])
  assert.equal(mapped.coreDataSets.length, input.events)
  if (!each.coreDataSets) return
  assert.equal(mapped.coreDataSets.length, each.coreDataSets.length)
  for (const [at, expected] of each.coreDataSets.entries()) {
    const vaccination = mapped.coreDataSets[at]?.vaccination as JsonObject
    const found = Object.fromEntries(Object.keys(expected).map((name) => [name, vaccination[name] ?? null]))
    assert.deepEqual(found, expected)
  }
})

function holds(expected: string | undefined, found: string[], what: string): void {
  if (expected === undefined) assert.deepEqual(found, [], what)
  else assert.ok(found.join('\n').includes(expected), `${what}: ${found.join('\n')}`)
}
