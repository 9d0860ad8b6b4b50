import { SCT } from '../names.ts'
import type { ShownDescription } from './descriptions.ts'

/** Reference sets of English dialects, the one whose preferred terms are displays first. */
const DIALECTS: readonly string[] = [SCT.americanEnglish, SCT.britishEnglish]

/**
 * The description that is the display of a concept where none is asked for in a language: the preferred synonym in American English, else in British English, else
 * in any language; else the first synonym, else the fully specified name; what is active first.
 */
export function preferredDisplay(
  descriptions: readonly ShownDescription[],
  dialectsOf: (row: number) => { refset: string; acceptability: string }[],
): number | undefined {
  let best: ShownDescription | undefined
  let bestRank = Number.POSITIVE_INFINITY
  for (const each of descriptions) {
    const rank = rankOf(each, dialectsOf)
    if (rank < bestRank) [best, bestRank] = [each, rank]
  }
  return best?.row
}

function rankOf({ row, isActive, kind }: ShownDescription, dialectsOf: Parameters<typeof preferredDisplay>[1]): number {
  if (kind === 'definition') return Number.POSITIVE_INFINITY
  const inactive = isActive ? 0 : 10
  if (kind !== 'synonym') return inactive + 5
  if (!isActive) return inactive + 4
  const preferred = dialectsOf(row).filter(({ acceptability }) => acceptability === SCT.preferred)
  // Of any other language: behind the dialects.
  const ranks = preferred.map(({ refset }) => (DIALECTS.includes(refset) ? DIALECTS.indexOf(refset) : DIALECTS.length))
  return Math.min(4, ...ranks)
}
