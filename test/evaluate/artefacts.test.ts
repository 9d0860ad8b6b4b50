/** Which artefacts a reply names, and that they are never those of an earlier state of the store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artefactFinder } from '../../src/evaluate/evaluate.ts'

const nothing = { rules: [], structureMaps: [], valueSets: [], evaluations: [], linked: [] }

/** A store whose artefacts have its revision as hash. */
function store() {
  const state = { revision: 1, asked: 0, during: () => {} }
  const contentOf = async (type: 'PlanDefinition' | 'Library' | 'StructureMap' | 'ValueSet', canonical: string) => {
    state.asked += 1
    const hash = `${state.revision}`
    state.during()
    return canonical.startsWith('unknown') ? undefined : { type, canonical: `${canonical}|1`, hash }
  }
  return { state, contentOf }
}

test('artefacts are looked up once a revision, for what is named', async () => {
  const { state, contentOf } = store()
  const find = artefactFinder(contentOf, () => state.revision)
  const one = { ...nothing, structureMaps: ['a', 'b', 'a', 'unknown', ''] }
  const named = (hash: string) => ['a', 'b'].map((each) => ({ type: 'StructureMap', canonical: `${each}|1`, hash }))
  assert.deepEqual(await find(one), named('1'))
  assert.equal(state.asked, 3)
  assert.deepEqual(await find({ ...one, structureMaps: [...one.structureMaps] }), named('1'))
  assert.equal(state.asked, 3)
  // The same canonicals of another type are others.
  const sets = await find({ ...nothing, valueSets: one.structureMaps })
  assert.deepEqual(
    sets.map(({ type }) => type),
    ['ValueSet', 'ValueSet'],
  )
  state.revision = 2
  assert.deepEqual(await find(one), named('2'))
})

test('what was found while the store changed is not kept', async () => {
  const { state, contentOf } = store()
  const find = artefactFinder(contentOf, () => state.revision)
  const one = { ...nothing, valueSets: ['a'] }
  state.during = () => {
    state.revision = 2
  }
  await find(one)
  state.during = () => {}
  assert.deepEqual(await find(one), [{ type: 'ValueSet', canonical: 'a|1', hash: '2' }])
})

test('without revisions everything is looked up each time, and a reply may change its list', async () => {
  const { state, contentOf } = store()
  const find = artefactFinder(contentOf, undefined)
  const one = {
    ...nothing,
    rules: [{ planDefinition: 'p', library: 'l' }],
    evaluations: [{ ...nothing, valueSets: ['v'] }],
  }
  assert.deepEqual(
    (await find(one)).map(({ type }) => type),
    ['PlanDefinition', 'Library', 'ValueSet'],
  )
  state.revision = 2
  assert.deepEqual(
    (await find(one)).map(({ hash }) => hash),
    ['2', '2', '2'],
  )
  const kept = artefactFinder(contentOf, () => 1)
  ;(await kept(one)).length = 0
  assert.equal((await kept(one)).length, 3)
})
