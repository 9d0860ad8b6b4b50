import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { defaultLimits } from '../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { createMaps } from '../../src/structure-map/maps.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { overShared } from '../support/shared.ts'
import { byCanonical, ofType } from './own-content.ts'

const corpus = new URL('../../../shared/corpora/credentials/', import.meta.url)
const call = { now: new Date('2026-06-01T12:00:00Z'), uuid: () => crypto.randomUUID() }

const terminology = createTerminology(
  {
    find: async (type, url) => ofType(type).filter((each) => 'url' in each && each.url === url),
    list: async (type) => ofType(type),
    revision: () => 1,
  },
  { now: () => call.now, uuid: call.uuid },
)
const engine = createMaps({
  findMaps: async (url) => byCanonical('StructureMap', url),
  findStructure: async (name) => ofType('StructureDefinition').find((each) => each.url === name),
  membership: terminology.membership,
  translator: terminology.translator,
  revision: () => 1,
})

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const resourcesOf = (bundle: Json): JsonObject[] => {
  const entries = isObject(bundle) && Array.isArray(bundle.entry) ? bundle.entry : []
  return entries.flatMap((entry) => (isObject(entry) && isObject(entry.resource) ? [entry.resource] : []))
}

/** Texts of codes by name of the case: the published test codes and the visible vectors. */
function codes(): [id: string, text: string][] {
  const lines = readFileSync(new URL('dgc.jsonl', corpus), 'utf8').split('\n')
  const dgc = lines.filter((line) => line !== '').map((line) => JSON.parse(line))
  const vectors = readdirSync(new URL('qr/', corpus)).filter((name) => name.endsWith('.json'))
  const qr = vectors.map((name) => JSON.parse(readFileSync(new URL(`qr/${name}`, corpus), 'utf8')))
  return [
    ...dgc.map((each): [string, string] => [each.id, each.qr]),
    ...qr.map((each): [string, string] => [each.id, each.credential]),
  ].filter(([, text]) => typeof text === 'string')
}

const fullDate = /^\d{4}(-\d\d(-\d\d)?)?$/
const fullDateTime = /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/

async function transform(canonicals: readonly string[], content: Json): Promise<Json> {
  let current = content
  for (const canonical of canonicals) current = (await engine.compile(canonical)).run(current, call)
  return current
}

describe('codes of the world', () => {
  overShared.it('become core data sets and FHIR, whatever oddity they carry', async () => {
    let mapped = 0
    for (const [id, text] of codes()) {
      const format = credentialFormats.find((each) => each.recognises([text]))
      const envelope = format?.decode([text], defaultLimits)
      if (!format || !envelope || 'check' in envelope) continue
      const opened = envelope.open()
      const input = typeof opened === 'string' ? undefined : format.kinds[envelope.format]?.input?.(opened.content)
      if (typeof opened === 'string' || !input) continue
      const coreDataSets = resourcesOf(await transform(input.maps.coreDataSet, input.claims))
      assert.ok(coreDataSets.length >= opened.events.length, id)
      for (const each of coreDataSets) {
        mapped += 1
        assert.ok(typeof each.name === 'string' && each.name.trim() !== '', `${id}: name`)
        if (each.birthDate !== undefined) assert.match(String(each.birthDate), fullDate, id)
        const event = each.vaccination ?? each.test ?? each.recovery
        assert.ok(isObject(event), `${id}: event`)
        assert.match(String(event.date), fullDateTime, id)
        const types = resourcesOf(await transform(input.maps.bundle, each)).map((resource) => resource.resourceType)
        assert.ok(types.includes('Patient') && types.includes('Composition'), id)
        assert.ok(
          ['Immunization', 'Observation', 'Condition'].some((type) => types.includes(type)),
          id,
        )
      }
    }
    assert.ok(mapped > 150, `${mapped} events`)
  })
})
