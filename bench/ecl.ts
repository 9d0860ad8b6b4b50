import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readIndex } from '../src/packages/large-code-system/code-system-index.ts'
import { importRelease } from '../src/packages/vocabularies/rf2/import-release.ts'
import { headOf } from '../src/terminology/code-system/concept-index.ts'
import { LAYOUT_VERSION, readSections } from '../src/terminology/code-system/large/layout.ts'
import { openCodeSystem } from '../src/terminology/vocabularies/open.ts'
import { snomedCodeSystem } from '../src/terminology/vocabularies/snomed/code-system.ts'
import { compiledSnomed } from '../src/terminology/vocabularies/snomed/compiled-content.ts'
import type { SnomedContent } from '../src/terminology/vocabularies/snomed/content.ts'
import { eclConstraint } from '../src/terminology/vocabularies/snomed/ecl/constraint.ts'
import { eclMembers } from '../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { createSnomedWriter } from '../src/terminology/vocabularies/snomed/write-content.ts'
import type { Measured } from './support/harness/figure.ts'
import { costs, type Effort, growthFigure, timeFigure } from './support/harness/measure.ts'
import { signOfLife } from './support/harness/sign-of-life.ts'
import { writeRelease } from './support/rf2-release.ts'

const sizes = { small: 50_000, large: 400_000 }

/**
 * Expression constraints over generated releases of SNOMED CT: what a first page, a count, a text with an expression and one concept cost,
 * from the text of the expression on; nothing is kept from one to the next.
 */
export async function bench(effort: Effort): Promise<Measured[]> {
  const small = await measured(sizes.small, effort)
  if (effort.isQuick) return small.figures
  const large = await measured(sizes.large, effort)
  const growth = growthFigure('ECL page of a refinement, 400,000 ÷ 50,000 concepts', large.page, small.page, {
    detail: 'it has 8 times the members',
  })
  return [...small.figures, ...large.figures, growth]
}

async function measured(concepts: number, effort: Effort) {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    const content = await releaseOf(concepts, folder)
    const [word = '', other = ''] = wordsOf(content)
    const page = (ecl: string) => () => {
      const members = eclConstraint(content)(ecl)
      const codes: string[] = []
      for (let at = 0, end = Math.min(100, members.size()); at < end; at++)
        codes.push(content.idOf(Number(members.at(at))))
      return codes
    }
    const one = content.ordinalOf('404684003') + 1
    const cost = await costs(
      {
        page: page('< 404684003 : 363698007 = << 39057004'),
        group: page('< 404684003 : { 363698007 = << 39057004, 116676008 = * }'),
        count: () => eclMembers(content, '<< 404684003').length,
        text: () => eclMembers(content, `<< 404684003 {{ term = "${word} ${other}" }}`).length,
        member: () => eclConstraint(content)('< 404684003 : 363698007 = << 39057004').has(one),
      },
      effort,
    )
    const of = `${concepts / 1000}k concepts`
    return {
      page: cost.page,
      figures: [
        timeFigure(`ECL page of 100 of a refinement, ${of}`, cost.page, 'ms', { target: { value: 5 } }),
        timeFigure(`ECL page of 100 of a group, ${of}`, cost.group, 'ms'),
        timeFigure(`ECL count of a big subtree, ${of}`, cost.count, 'ms', { target: { value: 1 } }),
        timeFigure(`ECL text filter in a big subtree, ${of}`, cost.text, 'ms', { target: { value: 10 } }),
        timeFigure(`ECL membership of one concept, ${of}`, cost.member, 'µs'),
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function releaseOf(concepts: number, folder: string): Promise<SnomedContent> {
  const release = join(folder, 'release')
  const { version } = writeRelease(release, { concepts })
  signOfLife()
  const indexes = join(folder, 'indexes')
  const { made } = await importRelease(release, {
    version,
    folder: indexes,
    onProgress: signOfLife,
    engine: {
      layout: LAYOUT_VERSION,
      head: snomedCodeSystem,
      createWriter: ({ head, ...given }) => createSnomedWriter({ head: headOf(head), ...given }),
      countConcepts: (head, index) => openCodeSystem(head, index).all.size(),
    },
  })
  rmSync(release, { recursive: true })
  const { index } = await readIndex(indexes, made.index)
  return compiledSnomed(snomedCodeSystem(version), readSections(index)).content
}

/** Two words that one term has. */
function wordsOf(content: SnomedContent): string[] {
  const below = content.hierarchy.descendants(content.ordinalOf('404684003'))
  const [description] = content.descriptions(below[below.length >> 1] ?? 0)
  return description?.term.split(' ') ?? []
}
