import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../../src/fhir/json.ts'
import type { Resource, ValueSet } from '../../src/fhir/types.ts'
import { conflictWith, contentHash, judgedWrite } from '../../src/publish/identity.ts'
import { valueSet } from './support.ts'

const published = valueSet('a', { date: '2026-01-01' })
const conflict = (given: ValueSet) => conflictWith(published, given)

describe('a map that was published', () => {
  const at = (place: string) => ({
    url: 'http://vidimus.org/fhir/StructureDefinition/fml-position',
    valueString: place,
  })
  const other = { url: 'http://example.org/x', valueDecimal: 1 }
  const map = (extension: object[], context = 'a'): Resource =>
    JSON.parse(
      JSON.stringify({
        resourceType: 'StructureMap',
        url: 'http://example.org/map',
        version: '1.0.0',
        status: 'active',
        group: [{ name: 'g', typeMode: 'none', extension, rule: [{ name: 'r', source: [{ context }] }] }],
      }),
    )

  it('is the same, wherever its rules stand in the text, or without any place', () => {
    assert.equal(conflictWith(map([at('1:1')]), map([at('2:1')])), undefined)
    assert.equal(conflictWith(map([at('1:1'), other]), map([other, at('9:9')])), undefined)
    assert.equal(conflictWith(map([at('1:1')]), map([])), undefined)
  })

  it('is another one in everything else', () => {
    for (const given of [
      map([at('1:1')], 'b'),
      map([at('1:1'), other]),
      map([{ ...at('1:1'), url: 'http://example.org/y' }]),
    ])
      assert.match(conflictWith(map([at('1:1')]), given)?.issues[0]?.details?.text ?? '', /differs in group/)
  })
})

describe('content of what was published', () => {
  const same: [string, Partial<ValueSet>][] = [
    ['as it is', {}],
    ['another id', { id: 'b' }],
    ['meta', { meta: { tag: [{ code: 'x' }], profile: ['http://example.org/p'] } }],
    ['narrative', { text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' } }],
    ['retired', { status: 'retired' }],
    ['retired with a date of its own', { status: 'retired', date: '2027-01-01' }],
  ]
  for (const [name, more] of same)
    it(`may have ${name}`, () => assert.equal(conflict({ ...published, ...more }), undefined))

  const other: [string, Partial<ValueSet>, string][] = [
    ['a date', { date: '2027-01-01' }, 'date'],
    ['a title', { title: 'Other' }, 'title'],
    ['a publisher', { publisher: 'Another' }, 'publisher'],
    ['an extension', { extension: [{ url: 'http://example.org/x', valueBoolean: true }] }, 'extension'],
    ['what it includes', { compose: { include: [{ system: 'http://example.org/other' }] } }, 'compose'],
    ['more than its date when retired', { status: 'retired', date: '2027-01-01', title: 'Other' }, 'title'],
  ]
  for (const [name, more, member] of other) {
    it(`cannot change ${name}`, () => {
      const [issue] = conflict({ ...published, ...more })?.issues ?? []
      assert.equal(issue?.code, 'business-rule')
      assert.deepEqual(issue?.expression, [`ValueSet.${member}`])
      assert.match(issue?.details?.text ?? '', /raise the version/)
    })
  }
  for (const status of ['draft', 'unknown'] as const) {
    it(`cannot be ${status} again`, () =>
      assert.deepEqual(conflict({ ...published, status })?.issues[0]?.expression, ['ValueSet.status']))
  }

  it('tells decimals apart by their text', () => {
    const read = (text: string) =>
      parseJson(`{"resourceType":"Basic","extension":[{"url":"x","valueDecimal":${text}}]}`)
    const differ = (a: string, b: string) =>
      conflictWith(
        read(a) as unknown as Resource,
        {
          ...(read(b) as object),
          status: 'active',
        } as unknown as Resource,
      )
    assert.equal(differ('1.10', '1.10'), undefined)
    assert.notEqual(differ('1.10', '1.1'), undefined)
  })

  it('is the same in any order of members, and no change of one member goes unseen', () => {
    const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => typeof value === 'object' && value !== null)
    fc.assert(
      fc.property(json, json, (a, b) => {
        const of = (value: unknown) => ({ ...published, compose: value }) as unknown as ValueSet
        const turned = JSON.parse(JSON.stringify(a), (_, value) =>
          value && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).reverse())
            : value,
        )
        assert.equal(conflictWith(of(a), of(turned)), undefined)
        assert.equal(contentHash(of(a)), contentHash(of(turned)))
        const isOther = JSON.stringify(sorted(a)) !== JSON.stringify(sorted(b))
        assert.equal(conflictWith(of(a), of(b)) !== undefined, isOther)
      }),
    )
  })

  it('is not held against what has no version: nobody can name it exactly', () => {
    const { version: _, ...bare } = published
    assert.equal(judgedWrite(bare).unlessPublished, undefined)
    assert.notEqual(judgedWrite({ ...bare, url: `${bare.url}|2` }).unlessPublished, undefined)
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value === 'number') return value + 0
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  )
}
