import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { loincSource } from '../../../src/packages/vocabularies/loinc/loinc-source.ts'
import { NAMES, sampleFiles } from '../../terminology/vocabularies/loinc/sample.ts'
import { memoryFiles } from '../../terminology/vocabularies/support.ts'

/** What is done to one file of a good release, and what the error says. */
interface Change {
  what: string
  file: keyof typeof NAMES
  remove?: true
  replace?: [string, string]
  append?: string
  says: string
}
const changes: Change[] = JSON.parse(readFileSync(new URL('./cases/loinc-changes.json', import.meta.url), 'utf8'))

function changed({ file, remove, replace, append }: Change): Record<string, string> {
  const files = sampleFiles()
  const name = NAMES[file]
  const before = files[name] ?? ''
  if (remove) delete files[name]
  else if (replace) {
    assert.ok(before.includes(replace[0]), `the sample has ${replace[0]}`)
    files[name] = before.replace(...replace)
  } else files[name] = before + (append ?? '')
  return files
}

const read = (files: Record<string, string | Uint8Array>, version?: string, path = '/releases/Loinc_2.82') => {
  const source = loincSource(memoryFiles(files, path), { version })
  return { source, items: [...source.items(() => {})] }
}

const refused = (files: Record<string, string | Uint8Array>, says: string) =>
  assert.throws(
    () => read(files),
    (error: unknown) => {
      assert.ok(error instanceof FhirError, String(error))
      assert.equal(error.status, 422)
      assert.ok(error.message.includes(says), `${error.message}\nlacks\n${says}`)
      return true
    },
  )

describe('a release of LOINC', () => {
  for (const change of changes) it(`${change.what} is refused`, () => refused(changed(change), change.says))

  it('with bytes that are not UTF-8 is refused with the line', () => {
    const files: Record<string, string | Uint8Array> = sampleFiles()
    const good = Buffer.from(sampleFiles()[NAMES.terms] ?? '')
    const at = good.indexOf('Stardust [Presence]')
    files[NAMES.terms] = Buffer.concat([good.subarray(0, at), Buffer.from([0xff, 0xfe]), good.subarray(at)])
    refused(files, 'LoincTable/Loinc.csv, line 4: this is not UTF-8')
  })

  it('of garbage is refused at once', () => {
    const files: Record<string, string | Uint8Array> = sampleFiles()
    files[NAMES.terms] = Buffer.alloc(3_000_000, '"x')
    refused(files, 'LoincTable/Loinc.csv, line 1')
  })

  it('may lie in a folder of its own, with line ends and a mark of bytes of any kind', () => {
    const plain = Object.entries(sampleFiles()).map(([name, text]) => [
      `Loinc_2.82/${name}`,
      text.replaceAll('\r\n', '\n').replace('\uFEFF', ''),
    ])
    const one = read(Object.fromEntries(plain), undefined, '/releases/download')
    assert.equal(one.source.head.version, '2.82')
    const concepts = (items: typeof one.items) => items.filter((each) => !('problem' in each))
    assert.deepEqual(concepts(one.items), concepts(read(sampleFiles()).items))
  })

  it('is refused when it is there twice', () => {
    const twice = Object.fromEntries(
      Object.entries(sampleFiles()).flatMap(([name, text]) => [
        [`a/${name}`, text],
        [`b/${name}`, text],
      ]),
    )
    refused(twice, 'give one release')
  })

  it('has the version that it is told, or that its name says, and no other', () => {
    assert.equal(read(sampleFiles(), 'LOINC_2.83').source.head.version, '2.83')
    for (const [version, path, says] of [
      [undefined, '/releases/download', 'does not say which release'],
      ['2.78', '/releases/Loinc_2.78', 'has terms of LOINC 2.79: it is not 2.78'],
      ['latest', '/releases/download', 'is no version of LOINC'],
    ] as const)
      assert.throws(
        () => loincSource(memoryFiles(sampleFiles(), path), { version }),
        (error: unknown) => error instanceof FhirError && error.message.includes(says),
      )
  })

  it('says what it lacks', () => {
    const files = sampleFiles()
    for (const each of ['furtherLinks', 'mapTo', 'groups'] as const) delete files[NAMES[each]]
    const { source, items } = read(files)
    assert.ok(
      source.findings.some((each) => each.includes('LoincPartLink_Supplementary.csv') && each.includes('MapTo.csv')),
    )
    assert.ok(source.findings.some((each) => each.includes('zh-CN')))
    assert.ok(items.length > 20)
  })

  it('is read alike in pieces of any size', () => {
    const expected = read(sampleFiles()).items
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const files = memoryFiles(sampleFiles(), '/releases/Loinc_2.82')
        const source = loincSource({
          ...files,
          chunks: (name) => pieces(Buffer.concat([...files.chunks(name)]), sizes),
        })
        assert.deepEqual([...source.items(() => {})], expected)
      }),
      { numRuns: 20 },
    )
  })

  it('that is changed anywhere is read or refused, and nothing else happens', () => {
    const names = Object.values(NAMES)
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.string({ maxLength: 4 }),
        fc.nat(3),
        (name, place, text, cut) => {
          const files = sampleFiles()
          const before = files[name] ?? ''
          const at = place % before.length
          files[name] = before.slice(0, at) + text + before.slice(at + cut)
          try {
            read(files)
          } catch (error) {
            assert.ok(error instanceof FhirError && error.status === 422, String(error))
          }
        },
      ),
      { numRuns: 150 },
    )
  })
})

function* pieces(bytes: Buffer, sizes: number[]): Generator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}
