import assert from 'node:assert/strict'
import type { Json } from '../../../src/base/json-value.ts'
import { readSidecar } from '../../../src/trust/lists/sidecar.ts'
import { walkSections } from '../../support/sections.ts'

interface SidecarCase {
  entries: Json
  /** How many entries can be used. */
  keys: number
  /** Part of what is wrong with it. */
  problem?: string
  usage?: string
  participant?: string
}

walkSections<SidecarCase>('sidecar.json', import.meta.url, ({ entries, keys, problem, usage, participant }) => {
  const sidecar = readSidecar(entries)
  assert.equal(sidecar.entries.length, keys)
  if (problem === undefined) assert.deepEqual(sidecar.problems, [])
  else assert.ok(sidecar.problems.join('\n').includes(problem), sidecar.problems.join('\n'))
  if (usage !== undefined) assert.equal(sidecar.entries[0]?.usage, usage)
  if (participant !== undefined) assert.equal(sidecar.entries[0]?.participant, participant)
})
