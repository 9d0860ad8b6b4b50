import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withBrokenSignature } from '../../src/fhir/artefact.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { StructureMap } from '../../src/fhir/types.ts'
import { createMaps, type MapEnvironment, parseMap } from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from '../support/map-cases.ts'
import { mapCall, withRules } from '../support/run-map.ts'

/** A stored version whose map writes this gender. */
function version(versionId: string, gender: string): StructureMap {
  const { map } = parseMap(withRules(`src.birthDate -> tgt.gender = '${gender}' "r";`))
  return { ...map, id: 'a', version: '1', status: 'active', meta: { versionId } }
}

/** Maps over a store that counts how often a map was looked through; `store.revision` is its revision. */
function counting() {
  const store = { revision: 1, looked: 0 }
  const environment: MapEnvironment = {
    ...memoryEnvironment([]),
    revision: () => store.revision,
    findStructure: async () => {
      store.looked++
      return undefined
    },
  }
  return { store, maps: createMaps(environment, { generate: { runsBefore: 0 } }) }
}

const source = { resourceType: 'Patient', birthDate: '1980-01-01' }
const genderOf = async (maps: ReturnType<typeof createMaps>, map: StructureMap) =>
  ((await maps.compileStored(map)).run(source, mapCall()) as { gender?: string }).gender

describe('a stored version of a map', () => {
  it('is compiled once, until something in the store changes', async () => {
    const { store, maps } = counting()
    const first = await maps.compileStored(version('1', 'male'))
    const { looked } = store
    assert.equal(await maps.compileStored(version('1', 'male')), first)
    assert.equal(store.looked, looked)
    store.revision = 2
    assert.notEqual(await maps.compileStored(version('1', 'male')), first)
  })

  it('is another one than the next version, and than another map of its number', async () => {
    const { maps } = counting()
    assert.equal(await genderOf(maps, version('1', 'male')), 'male')
    assert.equal(await genderOf(maps, version('2', 'female')), 'female')
    assert.equal(await genderOf(maps, { ...version('1', 'other'), id: 'b' }), 'other')
    assert.equal(await genderOf(maps, version('1', 'male')), 'male')
  })

  it('is not run from what was kept once its signature holds no more', async () => {
    const { maps } = counting()
    const map = version('1', 'male')
    assert.equal(await genderOf(maps, map), 'male')
    const isRefused = (error: unknown) => error instanceof FhirError && error.status === 422
    await assert.rejects(maps.compileStored(withBrokenSignature(map, 'its key was withdrawn')), isRefused)
    assert.equal(await genderOf(maps, map), 'male')
  })

  it('is no canonical: whoever names its place names nothing', async () => {
    const { maps } = counting()
    assert.equal(await genderOf(maps, version('1', 'male')), 'male')
    const isUnknown = (error: unknown) => error instanceof FhirError && error.status === 404
    for (const canonical of ['a/1', ' a 1', 'a|1', 'a']) await assert.rejects(maps.compile(canonical), isUnknown)
  })

  it('is compiled anew where it has no number', async () => {
    const { maps } = counting()
    const { meta: _, ...unnumbered } = version('1', 'male')
    assert.equal(await genderOf(maps, unnumbered), 'male')
    assert.notEqual(await maps.compileStored(unnumbered), await maps.compileStored(unnumbered))
  })
})
