import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { notReady } from '../../../src/fhir/not-ready.ts'
import type { CodeSystem, Resource, ValueSet } from '../../../src/fhir/types.ts'
import { createArtefacts } from '../../../src/terminology/request/artefacts.ts'
import { createScope, type Need } from '../../../src/terminology/request/scope.ts'
import { loaded, perform, type Work } from '../../../src/terminology/request/work.ts'
import { createTerminology } from '../../../src/terminology/terminology.ts'
import { createBudget } from '../../../src/workers/budget.ts'
import { answer, memorySource, parameters } from '../support.ts'

const system = (name: string): CodeSystem => ({
  resourceType: 'CodeSystem',
  url: `http://example.org/CodeSystem/${name}`,
  status: 'active',
  content: 'complete',
  concept: [{ code: 'a' }],
})
const set = (name: string, include: NonNullable<ValueSet['compose']>['include']): ValueSet => ({
  resourceType: 'ValueSet',
  url: `http://example.org/ValueSet/${name}`,
  status: 'active',
  compose: { include },
})
const VS = 'http://example.org/ValueSet/'

/** A source that counts what is asked of it. */
function counting(resources: Resource[]) {
  const source = memorySource(resources)
  const asked: string[] = []
  return {
    asked,
    source: {
      ...source,
      find: async (type: Parameters<typeof source.find>[0], url: string) => {
        asked.push(`${type} ${url.split('/').at(-1)}`)
        return source.find(type, url)
      },
    },
  }
}

const engine = (source: ReturnType<typeof counting>['source']) =>
  createTerminology(source, { now: () => new Date(0), uuid: () => 'x' })

describe('work that needs something', () => {
  it('goes on where it stopped: nothing is done twice, and each artefact is loaded once', async () => {
    const { source, asked } = counting([system('one'), system('two')])
    const scope = createScope(createArtefacts(source), [])
    const steps: string[] = []
    function* work(): Work<string> {
      steps.push('begin')
      yield* loaded(scope, [{ type: 'CodeSystem', url: system('one').url ?? '' }])
      steps.push(scope.systems(system('one').url ?? '')[0]?.head.url.slice(-3) ?? 'nothing')
      yield
      yield* loaded(scope, [
        { type: 'CodeSystem', url: system('one').url ?? '' },
        { type: 'CodeSystem', url: system('two').url ?? '' },
      ])
      steps.push(scope.systems(system('two').url ?? '')[0]?.head.url.slice(-3) ?? 'nothing')
      return 'done'
    }
    assert.equal(await perform(scope, work(), createBudget({ client: 'test' })), 'done')
    assert.deepEqual(steps, ['begin', 'one', 'two'])
    assert.deepEqual(asked, ['CodeSystem one', 'CodeSystem two'])
  })

  it('a chain of imports is walked once, whatever its length', async () => {
    const length = 200
    const chain = Array.from({ length }, (_, i) => set(`link${i}`, [{ valueSet: [`${VS}link${i + 1}`] }]))
    const { source, asked } = counting([
      ...chain,
      set(`link${length}`, [{ system: system('one').url ?? '' }]),
      system('one'),
    ])
    const { expansion } = await engine(source).expand(parameters({ url: `${VS}link0` }))
    assert.equal(expansion?.total, 1)
    assert.deepEqual(asked, [...new Set(asked)], 'nothing twice')
    assert.equal(asked.length, length + 2)
  })

  it('what one definition names is loaded together', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `s${i}`)
    const all = set(
      'all',
      names.map((name) => ({ system: system(name).url ?? '' })),
    )
    const { source, asked } = counting([all, ...names.map(system)])
    let most = 0
    let open = 0
    const terminology = engine({
      ...source,
      find: async (type, url) => {
        most = Math.max(most, ++open)
        await new Promise((done) => setImmediate(done))
        open--
        return source.find(type, url)
      },
    })
    assert.equal((await terminology.expand(parameters({ url: `${VS}all` }))).expansion?.total, 30)
    assert.equal(asked.length, 31)
    assert.ok(most > 1 && most <= 16, `${most} at once: together, and in turns`)
  })

  it('what is named many times at once is read once, and again after a write', async () => {
    const { source, asked } = counting([system('one')])
    let revision = 1
    const artefacts = createArtefacts({ ...source, revision: () => revision })
    const need: Need = { type: 'CodeSystem', url: system('one').url ?? '' }
    await createScope(artefacts, []).load(Array.from({ length: 100 }, () => need))
    assert.deepEqual(asked, ['CodeSystem one'])
    const reading = artefacts.load(need.type, need.url)
    revision++
    const anew = artefacts.load(need.type, need.url)
    assert.notEqual(anew, reading, 'what was begun before the write is not its answer')
    await Promise.all([reading, anew])
  })

  it('a look-up of what was not loaded is a fault, never an answer', () => {
    const scope = createScope(createArtefacts(memorySource([system('one')])), [])
    for (const look of [
      () => scope.systems('http://example.org/CodeSystem/one'),
      () => scope.valueSet(`${VS}x`),
      () => scope.conceptMaps('http://example.org/ConceptMap/x'),
      () => scope.supplement('http://example.org/CodeSystem/one'),
    ])
      assert.throws(look, /looked up before it is loaded/)
  })

  it('sees one state of the store, whatever is written meanwhile', async () => {
    const source = memorySource([system('one')])
    const artefacts = createArtefacts(source)
    const scope = createScope(artefacts, [])
    const need: Need = { type: 'CodeSystem', url: system('one').url ?? '' }
    await scope.load([need])
    source.add({ ...system('one'), version: '2' })
    artefacts.refresh()
    assert.ok(scope.has(need))
    assert.deepEqual(
      scope.systems(need.url).map(({ head }) => head.version),
      [undefined],
    )
    const next = createScope(artefacts, [])
    await next.load([need])
    assert.deepEqual(
      next.systems(need.url).map(({ head }) => head.version),
      ['2', undefined],
    )
  })

  it('what the request does not need may still be coming', async () => {
    const { source } = counting([
      system('one'),
      set('list', [{ system: 'http://example.org/CodeSystem/coming', concept: [{ code: 'x' }] }]),
    ])
    const terminology = engine({
      ...source,
      find: async (type, url) => {
        const found = await source.find(type, url)
        if (found.length === 0) throw notReady(`${type} ${url}`)
        return found
      },
    })
    const ask = (code: string) =>
      terminology.validateCode(parameters({ url: `${VS}list`, system: 'http://example.org/CodeSystem/coming', code }))
    assert.equal(answer(await ask('x'), 'result'), true, 'a list stands for itself')
    const inSystem = (url: string) =>
      terminology.validateCode(parameters({ url, code: 'a' }), { resourceType: 'CodeSystem' })
    assert.equal(answer(await inSystem('http://example.org/CodeSystem/one'), 'result'), true)
    for (const open of [
      inSystem('http://example.org/CodeSystem/coming'),
      terminology.expand(parameters({ url: `${VS}coming` })),
      terminology.expand(parameters({ valueSet: set('own', [{ system: 'http://example.org/CodeSystem/coming' }]) })),
      terminology.expand(parameters({ valueSet: set('own', [{ valueSet: [`${VS}coming`] }]) })),
      terminology.translate(
        parameters({ url: 'http://example.org/ConceptMap/coming', system: 'http://x.org', code: 'a' }),
      ),
      terminology.membership(`${VS}coming`),
      terminology.translator('http://example.org/ConceptMap/coming'),
    ])
      await assert.rejects(open, { status: 503 })
  })

  it('a thousand codings let others have their turns', async () => {
    const { source } = counting([system('one'), set('one', [{ system: system('one').url ?? '' }])])
    const terminology = engine(source)
    const coding = Array.from({ length: 1000 }, (_, i) => ({
      system: system('one').url ?? '',
      code: `c${i}`,
      display: 'x',
    }))
    for (const [resourceType, url] of [
      ['ValueSet', `${VS}one`],
      ['CodeSystem', system('one').url],
    ] as const) {
      let ticks = 0
      const clock = () => ticks++
      const budget = createBudget({ client: 'test', clock, limits: { cpuMilliseconds: 1e9, sliceMilliseconds: 20 } })
      let slices = 0
      const tick = () => {
        slices++
        return budget.tick()
      }
      const watched = { ...budget, tick }
      await terminology.validateCode(parameters({ url, codeableConcept: { coding } }), {
        resourceType,
        budget: watched,
      })
      assert.ok(slices >= 40, `${resourceType}: ${slices} looks at the clock`)
    }
  })
})
