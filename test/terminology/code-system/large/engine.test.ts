import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystem, CodeSystemConcept, Resource } from '../../../../src/fhir/types.ts'
import type { CodeSystemProvider } from '../../../../src/terminology/code-system/code-system.ts'
import { largeCodeSystem } from '../../../../src/terminology/code-system/large/large-code-system.ts'
import { createTerminology } from '../../../../src/terminology/terminology.ts'
import { answer, memorySource, parameters, terminologyOver } from '../../support.ts'
import { indexFileOf } from './support.ts'

const url = 'http://example.org/CodeSystem/large'

function system(version: string, count: number): CodeSystem {
  const concepts = Array.from({ length: count }, (_, i): CodeSystemConcept => {
    const property: CodeSystemConcept['property'] = [{ code: 'kind', valueCode: `k${i % 7}` }]
    if (i % 10 === 9) property.push({ code: 'inactive', valueBoolean: true })
    const display = `${['acute', 'chronic', 'mild'][i % 3]} finding ${i}`
    return {
      code: `c${i}`,
      display,
      property,
      ...(i % 4 === 0 && { designation: [{ language: 'fr', value: `terme ${i}` }] }),
    }
  })
  const roots: CodeSystemConcept[] = []
  concepts.forEach((concept, i) => {
    const parent = i === 0 ? undefined : concepts[Math.floor((i - 1) / 3)]
    if (!parent) roots.push(concept)
    else parent.concept = [...(parent.concept ?? []), concept]
  })
  return {
    resourceType: 'CodeSystem',
    id: `large-${version}`,
    url,
    version,
    name: 'Large',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    valueSet: 'http://example.org/ValueSet/large',
    hierarchyMeaning: 'is-a',
    property: [{ code: 'kind', type: 'code' }],
    concept: roots,
  }
}

const supplement: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://example.org/CodeSystem/supplement',
  version: '1',
  status: 'active',
  content: 'supplement',
  supplements: url,
  concept: [
    { code: 'c1', designation: [{ language: 'de', value: 'Eins' }], property: [{ code: 'kind', valueCode: 'extra' }] },
  ],
}

/** The same systems twice: with their concepts in the resources, and with them in index files. */
function both(systems: CodeSystem[], others: Resource[] = []) {
  const files = new Map(systems.map((each) => [each.version, indexFileOf(each).bytes]))
  const heads = systems.map(({ concept, ...head }): CodeSystem => head)
  let opened = 0
  const largeCodeSystem_ = async (resource: CodeSystem): Promise<CodeSystemProvider | undefined> => {
    const file = heads.includes(resource) ? files.get(resource.version) : undefined
    opened += file ? 1 : 0
    return file && largeCodeSystem(resource, file)
  }
  const large = createTerminology(
    { ...memorySource([...heads, ...others]), largeCodeSystem: largeCodeSystem_ },
    { now: () => new Date('2026-01-01T00:00:00Z'), uuid: () => '00000000-0000-4000-8000-000000000000' },
  )
  return { memory: terminologyOver([...systems, ...others]), large, opened: () => opened }
}

describe('the engine over large code systems', () => {
  const set = (name: string, include: object, exclude?: object): Resource =>
    ({
      resourceType: 'ValueSet',
      url: `http://example.org/ValueSet/${name}`,
      status: 'active',
      compose: { include: [{ system: url, ...include }], ...(exclude && { exclude: [{ system: url, ...exclude }] }) },
    }) as Resource
  const concept = (op: string, value: string) => ({ filter: [{ property: 'concept', op, value }] })
  const sets = [
    set('branch', concept('is-a', 'c1')),
    set('rest', concept('is-a', 'c1'), concept('descendent-of', 'c4')),
    set('kind', { filter: [{ property: 'kind', op: '=', value: 'k3' }] }),
    set('extra', { filter: [{ property: 'kind', op: 'in', value: 'k3,extra' }] }),
    set('old', { version: '1', ...concept('is-a', 'c2') }),
    set('listed', { concept: [{ code: 'c5', display: 'Five' }, { code: 'none' }] }),
  ]
  const { memory, large, opened } = both([system('1', 40), system('2', 200)], [...sets, supplement])
  const anything = /"(?:identifier|timestamp)":"[^"]*",?/g
  const same = async (ask: (terminology: typeof large) => Promise<unknown>) => {
    const text = async (terminology: typeof large) => {
      try {
        return JSON.stringify(await ask(terminology)).replace(anything, '')
      } catch (error) {
        return String(error)
      }
    }
    const expected = await text(memory)
    assert.equal(await text(large), expected)
    return expected
  }

  it('expands as if the concepts were in the resource', async () => {
    const urls = [
      ...sets.map((each) => ('url' in each ? String(each.url) : '')),
      `${url}?fhir_vs`,
      'http://example.org/ValueSet/large',
    ]
    for (const each of urls) {
      for (const more of [
        {},
        { filter: 'acute 1' },
        { offset: 3, count: 5 },
        { activeOnly: true, excludeNested: true },
        { property: 'kind', includeDesignations: true, displayLanguage: 'fr' },
        { useSupplement: supplement.url, displayLanguage: 'de', filter: 'finding' },
        { count: 0 },
      ]) {
        const reply = await same((terminology) => terminology.expand(parameters({ url: each, ...more })))
        assert.match(reply, /"total":/, `${each} ${JSON.stringify(more)}: ${reply}`)
      }
    }
    assert.equal(opened(), 2, 'an index is opened once')
  })

  it('validates, looks up and compares as if the concepts were in the resource', async () => {
    for (const code of ['c1', 'c4', 'c9', 'c39', 'c199', 'C1', 'none']) {
      const coded = { code, system: url }
      await same((terminology) => terminology.lookup(parameters({ ...coded, property: '*' })))
      await same((terminology) => terminology.lookup(parameters({ ...coded, useSupplement: supplement.url })))
      await same((terminology) => terminology.subsumes(parameters({ codeA: 'c1', codeB: code, system: url })))
      for (const version of ['1', '2', '3', undefined]) {
        for (const each of sets) {
          const given = { url: 'url' in each ? each.url : '', ...coded, ...(version && { systemVersion: version }) }
          await same((terminology) => terminology.validateCode(parameters(given)))
        }
      }
    }
    const isMember = await large.membership('http://example.org/ValueSet/branch')
    assert.deepEqual([isMember('c4', url), isMember('c2', url)], [true, false])
  })

  it('takes no resource without its concepts for an empty system', async () => {
    const { concept, ...rest } = system('2', 200)
    const summary: CodeSystem = { ...rest, count: 200 }
    const given = { url: 'http://example.org/ValueSet/branch', system: url, code: 'c4' }
    const reply = await large.validateCode(parameters({ ...given, 'tx-resource': summary }))
    assert.equal(answer(reply, 'result'), true)
    const alone = terminologyOver([summary, ...sets])
    assert.equal(answer(await alone.validateCode(parameters(given)), 'result'), false)
    await assert.rejects(alone.expand(parameters({ url: given.url })), /could not be found/)
  })

  it('says so when the concepts cannot be read, and answers for everything else', async () => {
    const broken: CodeSystem = {
      resourceType: 'CodeSystem',
      url,
      version: '1',
      status: 'active',
      content: 'complete',
      count: 9,
    }
    const other: CodeSystem = { ...broken, url: 'http://example.org/other', concept: [{ code: 'a' }] }
    const terminology = createTerminology(
      {
        ...memorySource([broken, other]),
        largeCodeSystem: async (resource) => {
          if (resource === broken) throw new Error('the index file is cut short')
          return undefined
        },
      },
      { now: () => new Date(0), uuid: () => '' },
    )
    const ask = (system: string) => terminology.lookup(parameters({ system, code: 'a' }))
    for (let i = 0; i < 2; i++) await assert.rejects(ask(url), /cut short/)
    assert.equal(answer(await ask(other.url ?? ''), 'code'), 'a')
  })

  it('serves 50,000 concepts', async () => {
    const { large: terminology } = both([system('9', 50_000)])
    const all = `${url}?fhir_vs`
    const expand = async (more: object) => (await terminology.expand(parameters({ url: all, ...more }))).expansion
    assert.equal((await expand({ count: 0 }))?.total, 50_000)
    const last = await expand({ offset: 49_990, count: 20 })
    assert.equal(last?.contains?.length, 10)
    const found = await expand({ filter: 'chronic 4999', count: 20 })
    const expected = Array.from({ length: 50_000 }, (_, i) => i).filter(
      (i) => i % 3 === 1 && String(i).startsWith('4999'),
    )
    assert.equal(found?.total, expected.length)
    const branch = await terminology.expand(parameters({ url: `${url}?fhir_vs=isa/c1`, count: 1 }))
    assert.ok((branch.expansion?.total ?? 0) > 10_000)
    await assert.rejects(expand({}), /too many codes/)
  })
})
