import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { writeRelease } from '../../../../bench/support/rf2-release.ts'
import { readIndex } from '../../../../src/packages/large-code-system/code-system-index.ts'
import { importRelease } from '../../../../src/packages/vocabularies/rf2/import-release.ts'
import { readSections } from '../../../../src/terminology/code-system/large/layout.ts'
import { snomedCodeSystem } from '../../../../src/terminology/vocabularies/snomed/code-system.ts'
import {
  type CompiledSnomed,
  compiledSnomed,
} from '../../../../src/terminology/vocabularies/snomed/compiled-content.ts'
import type { SnomedContent } from '../../../../src/terminology/vocabularies/snomed/content.ts'
import { axiomsOf } from '../../../../src/terminology/vocabularies/snomed/expression/general-axioms.ts'
import { usualDescription } from '../../../../src/terminology/vocabularies/snomed/provider/terms.ts'
import { engine } from '../../../packages/vocabularies/rf2/support.ts'
import { overShared, sharedPath } from '../../../support/shared.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { type Rf2Rows, readRf2Rows } from '../../../support/snomed/rf2-rows.ts'

/** The newest state of every component: what a Full release comes to. */
function newest(rows: Rf2Rows): Rf2Rows {
  const last = <Row extends { id: string; effectiveTime: string }>(all: Row[]): Row[] => {
    const known = new Map<string, Row>()
    for (const row of all) if ((known.get(row.id)?.effectiveTime ?? '') < row.effectiveTime) known.set(row.id, row)
    return [...known.values()]
  }
  return {
    ...rows,
    concepts: last(rows.concepts),
    descriptions: last(rows.descriptions),
    relationships: last(rows.relationships),
    refsets: rows.refsets.map((file) => ({ ...file, rows: last(file.rows) })),
  }
}

async function compiled(folder: string, indexes: string, version?: string): Promise<CompiledSnomed> {
  const { made, report } = await importRelease(folder, { engine, folder: indexes, version, onProgress: () => {} })
  const { index } = await readIndex(indexes, made.index)
  return compiledSnomed(snomedCodeSystem(report.version), readSections(index))
}

const idsOf = (content: SnomedContent, concepts: Iterable<number>) => Array.from(concepts, content.idOf).sort()
const sorted = (lists: unknown[]) => lists.map((each) => JSON.stringify(each)).sort()

/** What has a concept as the value of an attribute, and of which. */
function sourcesOf({ attributes, idOf }: SnomedContent, concept: number): unknown[] {
  const { start, source, type } = attributes.byTarget
  const rows = Array.from(start.subarray(concept, concept + 2))
  return Array.from(source.subarray(...rows), (each, at) => [idOf(each), idOf(type[(rows[0] ?? 0) + at] ?? -1)])
}

/** What is said of a concept, without ordinals. */
function conceptOf(content: SnomedContent, id: string) {
  const concept = content.ordinalOf(id)
  const { hierarchy, attributes } = content
  const rows: unknown[] = []
  for (let row = attributes.start[concept] ?? 0; row < (attributes.start[concept + 1] ?? 0); row++) {
    const target = attributes.target[row] ?? 0
    const value = target < 0 ? attributes.value(-1 - target) : content.idOf(target)
    rows.push([attributes.group[row], content.idOf(attributes.type[row] ?? 0), value])
  }
  return {
    state: [content.isActive(concept), content.isDefined(concept), content.moduleOf(concept)],
    time: content.effectiveTimeOf(concept),
    parents: idsOf(content, hierarchy.parents(concept)),
    children: idsOf(content, hierarchy.children(concept)),
    ancestors: idsOf(content, hierarchy.ancestors(concept)),
    descendants: idsOf(content, hierarchy.descendants(concept)),
    attributes: sorted(rows),
    valueOf: sorted(sourcesOf(content, concept)),
    descriptions: content.descriptions(concept).map((each) => ({ ...each, dialects: sorted(each.dialects) })),
  }
}

function assertSameContent(made: SnomedContent, naive: SnomedContent): void {
  assert.equal(made.count, naive.count)
  assert.equal(made.version, naive.version)
  const ids = Array.from({ length: naive.count }, (_, concept) => naive.idOf(concept))
  for (const id of ids) assert.deepEqual(conceptOf(made, id), conceptOf(naive, id), id)
  for (let i = 0; i < 3000; i++) {
    const [a = '', b = ''] = [ids[(i * 7919) % ids.length], ids[(i * 104_729 + 3) % ids.length]]
    const asked = (content: SnomedContent) => content.hierarchy.subsumes(content.ordinalOf(a), content.ordinalOf(b))
    assert.equal(asked(made), asked(naive), `${a} above ${b}`)
  }
  assert.equal(made.ordinalOf('1'), -1)
  assert.equal(made.ordinalOf('no number'), -1)
}

function assertSameRefsets(made: SnomedContent, naive: SnomedContent): void {
  for (const refset of naive.refsets) {
    const id = naive.idOf(refset)
    const [own, other] = [made.refset(made.ordinalOf(id)), naive.refset(refset)]
    assert.ok(own && other, id)
    assert.deepEqual(own.fields, other.fields)
    assert.deepEqual(idsOf(made, own.members), idsOf(naive, other.members), id)
    const all = [...other.all()]
    assert.deepEqual([...own.all()], all)
    for (const member of all.slice(0, 200)) {
      const concept = member.component
      if (naive.ordinalOf(concept) >= 0)
        assert.deepEqual(own.of(made.ordinalOf(concept)), other.of(naive.ordinalOf(concept)), concept)
      own.fields.forEach((field, i) => {
        const value = member.values[i] ?? ''
        assert.deepEqual(own.withValue(field, value), other.withValue(field, value), `${field} ${value}`)
      })
    }
    assert.deepEqual(own.withValue(own.fields[0] ?? '', 'no such value'), [])
    assert.deepEqual(own.withValue('no such field', '1'), [])
  }
}

/** Fewer concepts are never found than have the words. */
function assertFinds(made: SnomedContent, naive: SnomedContent): void {
  const beginnings = [['ba'], ['con', 'di'], ['fu'], ['heart'], ['zzz'], ['str', 'valve'], ['old']]
  for (const words of beginnings) {
    const found = new Set(idsOf(made, made.concepts(words)))
    for (const concept of naive.concepts(words))
      assert.ok(found.has(naive.idOf(concept)), `${words} ${naive.idOf(concept)}`)
  }
}

/** By their beginnings concepts are found, and nothing by what is none of an identifier. */
function assertFindsIds(content: SnomedContent): void {
  const ids = Array.from({ length: content.count }, (_, concept) => content.idOf(concept))
  const beginnings = ['9', '90000000000', '5000', ...ids.filter((_, i) => i % 50 === 0)]
  for (const beginning of beginnings) {
    const wanted = ids.filter((id) => id.startsWith(beginning))
    assert.deepEqual(idsOf(content, content.found([beginning])), wanted.sort(), beginning)
  }
  assert.deepEqual([...content.found([`${ids[0]}0`])], [])
  for (const id of ids.slice(0, 50)) {
    for (const other of [`0${id}`, `${id}0`, id.slice(0, -1), `${id} `, id.replace(/.$/, '٣'), ''])
      assert.equal(content.ordinalOf(other), ids.indexOf(other), other)
  }
}

/** Rows of axioms behind those of a release: some that say more, some of what is gone. */
function appendAxioms(release: string): void {
  const folder = join(release, 'Snapshot')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const file = join(folder, files.find((name) => /OWL/i.test(name)) ?? '')
  const rows = readRf2Rows(release, '').concepts
  const [first, second, third, fourth] = rows
    .filter(({ active }) => active)
    .map(({ id }) => id)
    .slice(60)
  const gone = rows.find(({ active }) => !active)?.id
  const axioms: [active: number, component: string | undefined, axiom: string][] = [
    [1, first, `SubClassOf(ObjectIntersectionOf(:${second} :${third}) :${first})`],
    [1, second, `EquivalentClasses(:${second} ObjectIntersectionOf(:${third} :${fourth}))`],
    [1, '363698007', 'TransitiveObjectProperty(:363698007)'],
    [1, '116676008', 'SubObjectPropertyOf(ObjectPropertyChain(:116676008 :363698007) :116676008)'],
    [1, '246075003', 'ReflexiveObjectProperty(:246075003)'],
    [1, fourth, 'Something(nobody knows)'],
    [0, third, `SubClassOf(ObjectIntersectionOf(:${second} :${first}) :${third})`],
    [1, gone, `SubClassOf(ObjectIntersectionOf(:${second} :${first}) :${gone})`],
  ]
  axioms.forEach(([active, component, axiom], n) => {
    const id = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
    appendFileSync(
      file,
      `${[id, 20240101, active, '900000000000207008', '733073007', component, axiom].join('\t')}\r\n`,
    )
  })
}

/** Axioms without ordinals. */
function axiomsIn(content: SnomedContent): unknown {
  const { sufficient, chains, reflexive } = axiomsOf(content)
  const id = (concept: number) => content.idOf(concept)
  return {
    sufficient: sorted(
      sufficient.map(({ concept, meaning, isWhole }) => [id(concept), meaning.focus.map(id).sort(), isWhole]),
    ),
    chains: sorted(chains.map(({ first, second, implied }) => [first, second, implied].map(id))),
    reflexive: reflexive.map(id),
  }
}

describe('a compiled release', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-compiled-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const type of ['Snapshot', 'Full'] as const) {
    it(`says what its rows say: ${type}`, async () => {
      const release = join(folder, type)
      const { version } = writeRelease(release, { concepts: 700, type, seed: 11 })
      const { content, display } = await compiled(release, join(folder, `${type}-indexes`))
      const rows = readRf2Rows(release, version)
      assert.equal(rows.concepts.length > newest(rows).concepts.length, type === 'Full')
      const naive = naiveContent(newest(rows))
      assertSameContent(content, naive)
      assertSameRefsets(content, naive)
      assertFinds(content, naive)
      for (let concept = 0; concept < content.count; concept++)
        assert.equal(display(concept), usualDescription(content.descriptions(concept))?.term, content.idOf(concept))
      for (const concept of [-1, content.count]) {
        assert.equal(display(concept), undefined)
        assert.equal(content.idOf(concept), '')
        assert.equal(content.isActive(concept), false)
        assert.deepEqual(content.descriptions(concept), [])
      }
      assertFindsIds(content)
    })
  }

  it('tells of its axioms what all of them say, without a look at all of them', async () => {
    const release = join(folder, 'axioms')
    const { version } = writeRelease(release, { concepts: 300 })
    appendAxioms(release)
    const { content } = await compiled(release, join(folder, 'axioms-indexes'))
    const naive = naiveContent(readRf2Rows(release, version))
    const found = axiomsOf(content)
    assert.deepEqual([found.sufficient.length >= 3, found.chains.length, found.reflexive.length], [true, 2, 1])
    assert.deepEqual(axiomsIn(content), axiomsIn(naive))
    const [told, all] = [content, naive].map((each) => [...each.axioms()].length)
    assert.ok((told ?? 0) <= 2 * 8 && (all ?? 0) > 200, `${told} of ${all}`)
  })

  it('of a layout that has its concepts in another way is refused', async () => {
    const release = join(folder, 'old')
    writeRelease(release, { concepts: 300 })
    const indexes = join(folder, 'old-indexes')
    const { made, report } = await importRelease(release, {
      engine,
      folder: indexes,
      version: undefined,
      onProgress: () => {},
    })
    const file = readFileSync(join(indexes, made.index, 'index.bin'))
    file.writeUInt32LE(3, file.length - 12)
    const open = () => compiledSnomed(snomedCodeSystem(report.version), readSections(file))
    assert.throws(open, /layout 3; releases of SNOMED CT are read from layout 4 on/)
  })

  overShared.it('says what the rows of the official subset say', async () => {
    const version = 'http://snomed.info/xsct/31000003106/version/20250909'
    const subset = sharedPath('corpora/vocabularies/snomed')
    const { content } = await compiled(subset, join(folder, 'subset-indexes'), version)
    const naive = naiveContent(readRf2Rows(subset, version))
    assertSameContent(content, naive)
    assertSameRefsets(content, naive)
    assertFinds(content, naive)
  })
})
