/**
 * Holds a run against an earlier one. What counts is the ratio to the baseline of the same run, so that the two may be of different
 * machines; where a figure has none, such as memory, its value. What cannot be compared is told and is never as good as the same.
 */
import { type Figure, isMeasured, type Measured, sameWithin } from './figure.ts'
import type { Results, SectionResult } from './results.ts'

/** What became of one figure. */
export interface Finding {
  section: string
  /** Absent for a whole section. */
  figure?: string
  kind:
    | 'slower'
    | 'faster'
    | 'same'
    /** It was measured before and is not now, or the other way of measuring. */
    | 'missing'
    /** Measured now, not before. */
    | 'new'
    /** The noise of the two runs is so large that a doubling would not be seen. */
    | 'too noisy'
    /** Told in words only. */
    | 'in words'
    /** Measured neither now nor before. */
    | 'unmeasured'
  text: string
}

/** Deviations of the median absolute kind that count as noise: about two standard deviations of a round on either side. */
const deviations = 3
/** Noise beyond which nothing can be said: twice the time would lie within it. */
const tooNoisy = 1

/** How much worse a figure has become: 1 is the same, 2 is twice the time or half the rate. */
function worsening(before: Measured, now: Measured): { factor: number; limit: number } {
  const [old, fresh] = before.ratio && now.ratio ? [before.ratio, now.ratio] : [before, now]
  const factor = now.better === 'lower' ? fresh.value / old.value : old.value / fresh.value
  const tolerance = Math.max(before.tolerance ?? sameWithin, now.tolerance ?? sameWithin)
  return { factor, limit: 1 + Math.max(tolerance, deviations * Math.hypot(old.noise, fresh.noise)) }
}

/** Whether the two can be held against each other; if not, why. */
function mismatch(before: Measured, now: Measured): string | undefined {
  if (before.unit !== now.unit || before.better !== now.better) return `was in ${before.unit}, is in ${now.unit}`
  if (before.ratio?.of !== now.ratio?.of)
    return `was held against ${before.ratio?.of ?? 'nothing'}, is held against ${now.ratio?.of ?? 'nothing'}`
  // Neither a rate of nothing nor a time of nothing can be divided by.
  if (!((before.ratio ?? before).value > 0) || !((now.ratio ?? now).value > 0))
    return (before.ratio ?? before).value === (now.ratio ?? now).value ? undefined : 'one of the two is not above 0'
  return undefined
}

function isWithinGrain(before: Measured, now: Measured): boolean {
  const grain = Math.max(before.grain ?? 0, now.grain ?? 0)
  const isAlike = before.unit === now.unit && before.better === now.better && before.ratio?.of === now.ratio?.of
  return grain > 0 && isAlike && Math.abs(now.value - before.value) <= grain
}

function compareFigure(section: string, before: Figure, now: Figure): Finding {
  const at = { section, figure: now.name }
  if (!isMeasured(before) || !isMeasured(now)) {
    if (isMeasured(before)) return { ...at, kind: 'missing', text: 'was measured before and is told in words now' }
    return { ...at, kind: 'in words', text: `${before.value} before` }
  }
  if (isWithinGrain(before, now)) return { ...at, kind: 'same', text: 'too small a difference to count' }
  const fault = mismatch(before, now)
  if (fault) return { ...at, kind: 'missing', text: `cannot be compared: ${fault}` }
  const { factor, limit } = worsening(before, now)
  if (Number.isNaN(factor)) return { ...at, kind: 'same', text: 'both 0' }
  const text = `${factor.toFixed(2)} × of before (more than ${limit.toFixed(2)} × counts)`
  if (factor > limit) return { ...at, kind: 'slower', text }
  const tolerance = Math.max(before.tolerance ?? sameWithin, now.tolerance ?? sameWithin)
  if (limit - 1 > Math.max(tooNoisy, tolerance)) return { ...at, kind: 'too noisy', text }
  return { ...at, kind: factor < 1 / limit ? 'faster' : 'same', text }
}

function compareSection(before: SectionResult, now: SectionResult): Finding[] {
  const { name } = now
  if (now.status !== 'measured' && before.status === 'measured')
    return [{ section: name, kind: 'missing', text: `${now.status} now: ${now.reason ?? 'no reason given'}` }]
  if (before.status !== 'measured') {
    const text = `was ${before.status}: ${before.reason ?? 'no reason given'}`
    return [{ section: name, kind: now.status === 'measured' ? 'new' : 'unmeasured', text }]
  }
  const earlier = new Map(before.figures.map((each) => [each.name, each]))
  const findings = now.figures.map((each): Finding => {
    const old = earlier.get(each.name)
    earlier.delete(each.name)
    return old
      ? compareFigure(name, old, each)
      : { section: name, figure: each.name, kind: 'new', text: 'not there before' }
  })
  for (const figure of earlier.keys())
    findings.push({ section: name, figure, kind: 'missing', text: 'was there before and is not now' })
  return findings
}

/**
 * Every figure of either run.
 * @param chosen sections that were asked for; without it all of both
 */
export function compareResults(before: Results, now: Results, chosen?: readonly string[]): Finding[] {
  const isChosen = ({ name }: SectionResult) => !chosen || chosen.includes(name)
  const earlier = new Map(before.sections.filter(isChosen).map((each) => [each.name, each]))
  const findings: Finding[] = []
  for (const section of now.sections.filter(isChosen)) {
    const old = earlier.get(section.name)
    earlier.delete(section.name)
    if (old) findings.push(...compareSection(old, section))
    else findings.push({ section: section.name, kind: 'new', text: 'not there before' })
  }
  for (const [name, { status }] of earlier)
    if (status === 'measured')
      findings.push({ section: name, kind: 'missing', text: 'was there before and is not now' })
  return findings
}

const bad = new Set<Finding['kind']>(['slower', 'missing', 'too noisy'])

/** Whether it keeps the comparison from being good. */
export const isBad = ({ kind }: Finding): boolean => bad.has(kind)

/** What a reader is told: everything that is not the same, and how many figures were. */
export function comparisonLines(findings: readonly Finding[]): string[] {
  const count = (kind: Finding['kind']) => findings.filter((each) => each.kind === kind).length
  const order: Finding['kind'][] = ['slower', 'missing', 'too noisy', 'faster', 'new', 'in words', 'unmeasured']
  const lines = order.flatMap((kind) =>
    findings
      .filter((each) => each.kind === kind)
      .map(({ section, figure, text }) => `${kind.padEnd(10)} ${section}${figure ? `: ${figure}` : ''}: ${text}`),
  )
  const sum = [...order, 'same' as const].map((kind) => `${count(kind)} ${kind}`).join(', ')
  return [...lines, `compared: ${sum}`]
}
