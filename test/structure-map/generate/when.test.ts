/** Of which maps code is made, and when: of published ones alone that run often, never of what came with a request. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { StructureMap } from '../../../src/fhir/types.ts'
import { createMaps, type MapOptions, parseMap, type TraceEvent } from '../../../src/structure-map/maps.ts'
import { bothWays } from '../../support/map-agreement.ts'
import { memoryEnvironment } from '../../support/map-cases.ts'
import { mapCall, withRules } from '../../support/run-map.ts'

const draft = parseMap(withRules('  src.id as i -> tgt.id = i "id";')).map
const active: StructureMap = { ...draft, status: 'active' }
const patient = { resourceType: 'Patient', id: 'a' }

const { Function: original } = globalThis
/** Texts that functions have been made of. */
let texts: string[] = []
beforeEach(() => {
  texts = []
  globalThis.Function = new Proxy(original, {
    construct(target, given: string[]) {
      texts.push(given.at(-1) ?? '')
      return Reflect.construct(target, given)
    },
  })
})
afterEach(() => {
  globalThis.Function = original
})

async function runs(
  stored: StructureMap,
  options: MapOptions,
  { times = 100, isBrought = false, isTraced = false } = {},
) {
  const compiled = await createMaps(memoryEnvironment([stored]), options).compile(isBrought ? stored : stored.url)
  const events: TraceEvent[] = []
  for (let time = 0; time < times; time++) {
    assert.deepEqual(compiled.run(patient, mapCall(isTraced ? events : undefined)), patient)
    await setImmediate()
  }
  return events.length
}

describe('code is made', () => {
  it('of a published map that has run often', async () => {
    await runs(active, { generate: {} })
    assert.equal(texts.length, 1)
    assert.match(texts[0] ?? '', /^"use strict";/)
  })

  it('not before it has', async () => {
    await runs(active, { generate: {} }, { times: 15 })
    assert.deepEqual(texts, [])
  })

  it('at once where that is asked for', async () => {
    await runs(active, { generate: { runsBefore: 0 } }, { times: 1 })
    assert.equal(texts.length, 1)
  })

  it('of no map that came with a request', async () => {
    await runs(active, { generate: { runsBefore: 0 } }, { isBrought: true })
    assert.deepEqual(texts, [])
  })

  it('of no draft, and of none that imports one', async () => {
    await runs(draft, { generate: { runsBefore: 0 } })
    const importing = { ...active, import: ['http://example.org/StructureMap/other'] }
    const other = { ...draft, url: 'http://example.org/StructureMap/other', version: '1' }
    const exact = { ...importing, import: [`${other.url}|1`] }
    const maps = createMaps(memoryEnvironment([exact, other]), { generate: { runsBefore: 0 } })
    const compiled = await maps.compile(exact.url)
    for (let time = 0; time < 30; time++) compiled.run(patient, mapCall())
    assert.deepEqual(texts, [])
  })

  it('of none where it is switched off', async () => {
    await runs(active, { generate: undefined })
    await runs(active, {})
    assert.deepEqual(texts, [])
  })

  it('but a trace is that of the closures', async () => {
    const events = await runs(active, { generate: { runsBefore: 0 } }, { times: 3, isTraced: true })
    assert.equal(events, 6)
    assert.deepEqual(texts, [])
  })
})

describe('long maps', () => {
  const rule = (index: number) =>
    `src.name as n where (text = 'x${index}' or family.exists()) -> tgt.name as m, m.text = 'y${index}', m.family = append('f', 'g') "r${index}";`
  const long = (count: number): StructureMap =>
    parseMap(withRules(Array.from({ length: count }, (_, index) => rule(index)).join('\n'))).map
  const source = { resourceType: 'Patient', id: 'a', name: [{ text: 'x7' }, { family: 'F' }] }

  it('go on in another function', async () => {
    const map = long(150)
    const ways = await bothWays(map, memoryEnvironment([map]))
    ways.run(source)
    await ways.countSteps(source)
    assert.match(
      texts[0] ?? '',
      /function g0\(v0, v1, r, d\) \{\nif \(d > r\.limits\.depth\) throw tooDeep\(r\);\ng1\(v0, v1, r, d\);\ng2\(/,
    )
  })

  it('have code for a part, and closures for the rest', async () => {
    const calls = Array.from({ length: 40 }, (_, index) => `  src then part${index}(src, tgt) "c${index}";`).join('\n')
    const groups = Array.from(
      { length: 40 },
      (_, index) =>
        `group part${index}(source src : Source, target tgt : Target) {\n${Array.from({ length: 30 }, (_, at) => rule(at)).join('\n')}\n}`,
    )
    const { map } = parseMap(`${withRules(calls)}${groups.join('\n')}`)
    const ways = await bothWays(map, memoryEnvironment([map]))
    ways.run(source)
    const [text = ''] = texts
    assert.ok(text.length > 400_000 && text.length < 600_000, `${text.length}`)
    assert.match(text, /\nk\d+\.call\(\[\{ value: v\d+, type: k\d+ \}, v\d+\], r, d\);\n/)
    const whole = long(3000)
    const alone = await bothWays(whole, memoryEnvironment([whole]))
    alone.run(source)
    assert.ok((texts[1] ?? '').length < 900_000, `${texts[1]?.length}`)
  })
})
