import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { CodeSystem } from '../../../src/fhir/types.ts'
import { INDEX_EXTENSION, indexReader, readIndex } from '../../../src/packages/large-code-system/code-system-index.ts'
import { importCodeSystem } from '../../../src/packages/large-code-system/import-code-system.ts'
import { openSource, resourceSource } from '../../../src/packages/large-code-system/sources.ts'
import { indexCodeSystem } from '../../../src/terminology/code-system/concept-index.ts'
import { largeCodeSystem } from '../../../src/terminology/code-system/large/large-code-system.ts'
import { engine, importText, temporaryFolder } from './support.ts'

const url = 'http://example.org/CodeSystem/colours'
const csv = 'code,display,parent,hue\nall,All,,\nred,Red,all,warm\nblue,Blue,all,cold\nnavy,Navy,blue,cold\n'

const place = (file = 'colours.csv') => {
  const folder = temporaryFolder()
  return { folder, file, indexes: join(folder, 'code-systems') }
}

const providers = (folder: string) => indexReader(folder, largeCodeSystem)

describe('import of a code system', () => {
  it('makes an index, and a resource that names it', async () => {
    const at = place()
    const { resource, index, counts, unchanged } = await importText(at, csv, {
      url,
      version: '1.2',
      name: 'Colours',
    })
    assert.deepEqual(counts, { read: 4, concepts: 4, duplicates: 0, lost: 0, unknownParents: 0 })
    assert.equal(unchanged, false)
    assert.deepEqual(resource, {
      resourceType: 'CodeSystem',
      url,
      version: '1.2',
      name: 'Colours',
      status: 'active',
      caseSensitive: true,
      content: 'complete',
      hierarchyMeaning: 'is-a',
      property: [{ code: 'hue', type: 'string' }],
      extension: [{ url: INDEX_EXTENSION, valueString: index }],
      count: 4,
    })
    const provider = await providers(at.indexes).read(resource)
    assert.equal(provider?.display(provider.locate('navy') ?? -1), 'Navy')
    assert.equal(provider?.subsumes(provider.locate('all') ?? -1, provider.locate('navy') ?? -1), true)
    assert.equal(provider?.filter?.('hue', '=', 'cold', (reason) => new Error(reason))?.size(), 2)
    assert.deepEqual(readdirSync(at.indexes), [index])
    const { manifest } = await readIndex(at.indexes, index)
    assert.equal(manifest.canonical, `${url}|1.2`)
    assert.equal(manifest.source.file, 'colours.csv')
    assert.equal(manifest.source.bytes, csv.length)
  })

  it('keeps what is there: the same source again does nothing, a changed one stands beside it', async () => {
    const at = place()
    const first = await importText(at, csv, { url })
    const before = statSync(join(at.indexes, first.index, 'index.bin')).mtimeMs
    const again = await importText(at, csv, { url })
    assert.equal(again.unchanged, true)
    assert.deepEqual([again.resource, again.counts], [first.resource, first.counts])
    assert.equal(statSync(join(at.indexes, first.index, 'index.bin')).mtimeMs, before)
    const changed = await importText(at, `${csv}pink,Pink,red,warm\n`, { url })
    assert.notEqual(changed.index, first.index)
    const reader = providers(at.indexes)
    assert.equal((await reader.read(first.resource))?.all.size(), 4)
    assert.equal((await reader.read(changed.resource))?.all.size(), 5)
  })

  it('counts and names duplicates, bad lines and unknown parents', async () => {
    const text = 'code;display;parent\na;A;\n;none;\na;again;\nb;B;nowhere\nc;"C;\n'
    const { counts, problems } = await importText(place(), text, { url })
    assert.deepEqual(counts, { read: 5, concepts: 2, duplicates: 1, lost: 2, unknownParents: 1 })
    assert.deepEqual(problems.first, [
      { line: 3, text: 'no code' },
      { line: 4, text: "the code 'a' was there before; the first one counts" },
      { line: 6, text: 'a quote is opened and not closed' },
      { line: 0, text: '1 parents are named that no concept is: nowhere' },
    ])
  })

  it('refuses sources that say nothing, and leaves nothing behind', async () => {
    const at = place()
    const refused = (content: string | Uint8Array, file: string, pattern: RegExp, options = {}) =>
      assert.rejects(importText({ ...at, file }, content, options), (error) => {
        assert.ok(error instanceof FhirError)
        assert.match(`${error.message} ${error.issues[0]?.diagnostics ?? ''}`, pattern)
        return true
      })
    await refused(csv, 'a.csv', /--code-system/)
    await refused('code\n', 'b.csv', /no concept that can be read/, { url })
    await refused('code,display\n,x\n', 'c.csv', /line 2: no code/, { url })
    await refused('x,y\n1,2\n', 'd.csv', /'code'/, { url })
    await refused(Buffer.from('\ufeffcode\n1', 'utf16le'), 'e.csv', /UTF-16/, { url })
    await refused('{"resourceType":"CodeSystem","url":"http://x","concept":[{"code":"a"},', 'f.json', /line 1/)
    await refused('{"resourceType":"CodeSystem","content":"complete","concept":[{"code":"a"}]}', 'g.json', /no url/)
    await refused('{"resourceType":"CodeSystem","url":"http://x","content":"not-present"}', 'h.json', /not-present/)
    assert.deepEqual(existsSync(at.indexes) ? readdirSync(at.indexes) : [], [])
  })

  it('tells of columns that are hardly meant as properties, and takes no address that is none', () => {
    const { folder } = place()
    const file = join(folder, 'typo.csv')
    writeFileSync(file, 'code,Dislpay,paren,hue,status,Inactive\nall,All,,,active,no\n')
    assert.deepEqual(openSource(file, { url })?.remarks, [
      'the column Dislpay became a property; is display meant?',
      'the column paren became a property; is parent meant?',
      'the column Inactive became a property; is inactive meant?',
    ])
    for (const wrong of ['example.org/colours', 'http: //x', 'colours'])
      assert.throws(() => openSource(file, { url: wrong }), /is no canonical/)
    assert.deepEqual(openSource(file, { url: 'urn:oid:1.2.3' })?.head.url, 'urn:oid:1.2.3')
  })

  it('is repeated safely after an interruption at any time', async () => {
    const at = place()
    writeFileSync(join(at.folder, at.file), csv)
    const source = openSource(join(at.folder, at.file), { url })
    assert.ok(source)
    for (const stop of ['add', 'finish', 'countConcepts'] as const) {
      const fail = () => {
        throw new Error(`interrupted in ${stop}`)
      }
      const broken = {
        ...engine,
        createBuilder: (...given: Parameters<typeof engine.createBuilder>) => ({
          ...engine.createBuilder(...given),
          ...(stop !== 'countConcepts' && { [stop]: fail }),
        }),
        ...(stop === 'countConcepts' && { countConcepts: fail }),
      }
      await assert.rejects(importCodeSystem(source, { folder: at.indexes, engine: broken }), /interrupted/)
      assert.deepEqual(readdirSync(at.indexes), [])
    }
    // A process that was killed cannot tidy up after itself.
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    const leftover = join(at.indexes, `.importing-${pid}-something`)
    mkdirSync(leftover)
    writeFileSync(join(leftover, 'spool'), 'half')
    const { index } = await importCodeSystem(source, { folder: at.indexes, engine })
    assert.deepEqual(readdirSync(at.indexes), [index])
  })
})

describe('imports of the same source at once', () => {
  const both = async (prepare: (at: ReturnType<typeof place>) => Promise<unknown>) => {
    const at = place()
    await prepare(at)
    writeFileSync(join(at.folder, at.file), csv)
    const made = await Promise.all(
      [1, 2, 3].map(async () => {
        const source = openSource(join(at.folder, at.file), { url })
        assert.ok(source)
        return importCodeSystem(source, { folder: at.indexes, engine })
      }),
    )
    return { at, made }
  }
  const isWhole = async ({ at, made }: Awaited<ReturnType<typeof both>>) => {
    assert.equal(made.filter(({ unchanged }) => !unchanged).length, 1)
    assert.deepEqual(readdirSync(at.indexes), [made[0]?.index])
    for (const { resource } of made) assert.equal((await providers(at.indexes).read(resource))?.all.size(), 4)
  }

  it('make one index, and each of them names it', async () => isWhole(await both(async () => {})))

  it('make one index of what was damaged', async () => {
    const result = await both(async (at) => {
      const { index } = await importText(at, csv, { url })
      truncateSync(join(at.indexes, index, 'index.bin'), 100)
    })
    await isWhole(result)
  })
})

describe('a damaged index', () => {
  const damage = async (spoil: (folder: string) => void): Promise<[string, CodeSystem]> => {
    const at = place()
    const { resource, index } = await importText(at, csv, { url })
    spoil(join(at.indexes, index))
    return [at.indexes, resource]
  }
  const cases: [string, (folder: string) => void, RegExp][] = [
    ['index cut short', (folder) => truncateSync(join(folder, 'index.bin'), 800), /has 800 bytes instead of/],
    [
      'one bit of the index is wrong',
      (folder) => {
        const bytes = readFileSync(join(folder, 'index.bin'))
        bytes[10] = (bytes[10] ?? 0) ^ 1
        writeFileSync(join(folder, 'index.bin'), bytes)
      },
      /damaged/,
    ],
    ['no index', (folder) => writeFileSync(join(folder, 'index.bin'), ''), /has 0 bytes/],
    ['manifest is no JSON', (folder) => writeFileSync(join(folder, 'manifest.json'), '{"index":'), /not the manifest/],
    [
      'manifest is something else',
      (folder) => writeFileSync(join(folder, 'manifest.json'), 'null'),
      /not the manifest/,
    ],
  ]
  for (const [name, spoil, pattern] of cases) {
    it(`is an error, never an answer: ${name}`, async () => {
      const [folder, resource] = await damage(spoil)
      const isClear = (error: unknown) =>
        error instanceof FhirError && error.status === 503 && error.message.includes(url) && pattern.test(error.message)
      await assert.rejects(providers(folder).read(resource), isClear)
    })
  }

  it('is an error when it is not there, or belongs to another code system', async () => {
    const at = place()
    const { resource, index } = await importText(at, csv, { url })
    const reader = providers(at.indexes)
    await assert.rejects(
      reader.read({ ...resource, version: '9' }),
      /belongs to http:\/\/example.org\/CodeSystem\/colours/,
    )
    cpSync(join(at.indexes, index), join(at.folder, 'elsewhere'), { recursive: true })
    for (const valueString of ['../elsewhere', '/etc', '.', '..', 'absent', '']) {
      await assert.rejects(reader.read({ ...resource, extension: [{ url: INDEX_EXTENSION, valueString }] }), FhirError)
    }
  })

  it('is replaced by a new import, which a reader notices', async () => {
    const at = place()
    const { resource, index } = await importText(at, csv, { url })
    truncateSync(join(at.indexes, index, 'index.bin'), 100)
    const reader = providers(at.indexes)
    for (let i = 0; i < 2; i++) await assert.rejects(reader.read(resource), /100 bytes/)
    const again = await importText(at, csv, { url })
    assert.equal(again.unchanged, false)
    assert.equal((await reader.read(resource))?.all.size(), 4)
  })

  it('does not concern a resource that has its concepts', async () => {
    const own: CodeSystem = {
      resourceType: 'CodeSystem',
      url,
      status: 'active',
      content: 'complete',
      concept: [{ code: 'a' }],
    }
    const extension = [{ url: INDEX_EXTENSION, valueString: 'absent' }]
    assert.equal(await providers('/nowhere').read(own), undefined)
    assert.equal(await providers('/nowhere').read({ ...own, extension }), undefined)
  })
})

describe('the choice of the way', () => {
  it('sends small code systems and other resources to the ordinary import', () => {
    const folder = temporaryFolder()
    const write = (name: string, content: unknown) => {
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
      return join(folder, name)
    }
    const system = (count: number, content = 'complete') => ({
      resourceType: 'CodeSystem',
      url,
      content,
      concept: Array.from({ length: count }, (_, i) => ({ code: `c${i}` })),
    })
    const limits = { bytes: 10_000_000, concepts: 100 }
    assert.equal(openSource(write('small.json', system(100)), {}, limits), undefined)
    assert.equal(openSource(write('large.json', system(101)), {}, limits)?.format, 'FHIR JSON')
    assert.equal(openSource(write('large2.json', system(50)), {}, { ...limits, bytes: 500 })?.format, 'FHIR JSON')
    assert.equal(openSource(write('supplement.json', system(200, 'supplement')), {}, limits), undefined)
    assert.equal(
      openSource(write('set.json', { resourceType: 'ValueSet', x: 'y'.repeat(2000) }), {}, limits),
      undefined,
    )
    assert.equal(
      openSource(write('broken.json', `{"resourceType":"CodeSystem"${' '.repeat(2000)}`), {}, limits),
      undefined,
    )
    assert.equal(openSource(write('a.xml', '<x/>'), {}, limits), undefined)
    assert.throws(() => openSource(write('b.xml', '<x/>'), { url }, limits), FhirError)
    const named = openSource(
      write('named.json', system(1)),
      { url: 'http://other', version: '2', name: 'Other' },
      limits,
    )
    assert.deepEqual([named?.head.url, named?.head.version, named?.head.name], ['http://other', '2', 'Other'])
  })

  it('takes large code systems out of packages with all their concepts', async () => {
    const at = place()
    const resource: CodeSystem = {
      resourceType: 'CodeSystem',
      id: 'tree',
      url,
      status: 'active',
      content: 'complete',
      count: 3,
      concept: [
        { code: 'a', concept: [{ code: 'b', display: 'B', concept: [{ code: 'c' }] }] },
        { code: 'd', property: [{ code: 'x', valueInteger: 1 }] },
      ],
    }
    const file = { name: 'package/CodeSystem-tree.json', bytes: Buffer.from(JSON.stringify(resource)) }
    assert.equal(resourceSource(resource, file, { bytes: 1000, concepts: 4 }), undefined)
    assert.equal(resourceSource({ ...resource, content: 'supplement' }, file, { bytes: 1, concepts: 1 }), undefined)
    const source = resourceSource(resource, file, { bytes: 1000, concepts: 3 })
    assert.ok(source)
    const made = await importCodeSystem(source, { folder: at.indexes, engine })
    assert.deepEqual([made.resource.id, made.resource.count, made.resource.concept], ['tree', 4, undefined])
    const provider = await providers(at.indexes).read(made.resource)
    const memory = indexCodeSystem(resource)
    for (let ref = 0; ref < 4; ref++) {
      for (const ask of ['code', 'display', 'parents', 'properties'] as const) {
        assert.deepEqual(provider?.[ask](ref), memory[ask](ref))
      }
    }
  })
})
