/**
 * Measuring: processor time of this process, all its threads, so that what else the machine does counts little; a bare baseline of the
 * same run in turn with what is measured, so that the machine's speed does not count; medians of several rounds, and how far they lie
 * apart.
 */
import { type Baseline, json } from './baselines.ts'
import type { Measured, Ratio, Unit } from './figure.ts'
import { signOfLife } from './sign-of-life.ts'

/** How long is measured. */
export interface Effort {
  isQuick: boolean
  /** Rounds of which the median counts. */
  rounds: number
  /** Processor time of one round, at least. */
  roundMilliseconds: number
  /** Time to get warm before the first round: a server that is in use has been compiled. */
  warmUpMilliseconds: number
}

/** The usual effort, and that of a quick look. */
export const efforts = {
  full: { isQuick: false, rounds: 9, roundMilliseconds: 60, warmUpMilliseconds: 1000 },
  quick: { isQuick: true, rounds: 5, roundMilliseconds: 20, warmUpMilliseconds: 500 },
} satisfies Record<string, Effort>

/** A piece of work; what it answers is waited for when it is a promise. */
export type Work = () => unknown

/** What one piece of work costs. */
export interface Cost {
  microseconds: number
  /** Median absolute deviation of the rounds, as a part. */
  noise: number
  /** Beside the baseline that was measured in turn with it. */
  ratio: Ratio
}

const cpuMicroseconds = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** The value in the middle; 0 of none. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
}

/** Median absolute deviation, as a part of the median. */
function spread(values: readonly number[]): number {
  const middle = median(values)
  return middle === 0 ? 0 : median(values.map((each) => Math.abs(each - middle))) / Math.abs(middle)
}

/** Runs it so often. */
async function repeat(work: Work, times: number): Promise<void> {
  const first = work()
  if (!(first instanceof Promise)) {
    for (let at = 1; at < times; at++) work()
    return
  }
  await first
  for (let at = 1; at < times; at++) await work()
}

/** Microseconds of processor time of one run, over so many. */
async function costOf(work: Work, times: number): Promise<number> {
  const before = cpuMicroseconds()
  await repeat(work, times)
  return (cpuMicroseconds() - before) / times
}

/**
 * Gets it warm, and finds how often it runs in a round. What counts is the time that the processor spent, also here: on a busy machine
 * the clock would end it before the compiler has come to it.
 */
async function warmUp(work: Work, { roundMilliseconds, warmUpMilliseconds }: Effort): Promise<number> {
  const start = performance.now()
  let times = 1
  let all = 0
  for (;;) {
    const before = cpuMicroseconds()
    await repeat(work, times)
    const used = (cpuMicroseconds() - before) / 1000
    all += used
    // Work that mostly waits never gets there.
    const isOver = all >= warmUpMilliseconds || performance.now() - start > 20 * warmUpMilliseconds
    if (used >= roundMilliseconds && isOver) return Math.max(1, Math.ceil((times * roundMilliseconds) / used))
    if (isOver && all < warmUpMilliseconds) return times
    if (used < roundMilliseconds)
      times = Math.ceil(times * Math.min(8, Math.max(1.5, (1.2 * roundMilliseconds) / Math.max(used, 0.1))))
  }
}

/**
 * What several pieces of work cost, warm: in each round the baseline and every piece have their turn.
 * @param works name → work
 */
export async function costs<Name extends string>(
  works: Record<Name, Work>,
  effort: Effort,
  baseline: Baseline = json,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(works) as Name[]
  const bare = baseline.make()
  const bareTimes = await warmUp(bare, { ...effort, warmUpMilliseconds: effort.warmUpMilliseconds / 4 })
  const times = new Map<Name, number>()
  for (const name of names) {
    times.set(name, await warmUp(works[name], effort))
    signOfLife()
  }
  const rounds: { bare: number; own: Map<Name, number> }[] = []
  for (let round = 0; round < effort.rounds; round++) {
    const before = await costOf(bare, bareTimes)
    const own = new Map<Name, number>()
    for (const name of names) own.set(name, await costOf(works[name], times.get(name) ?? 1))
    // The machine's speed changes within a round of many pieces: it is asked before and after them.
    rounds.push({ bare: (before + (await costOf(bare, bareTimes))) / 2, own })
    signOfLife()
  }
  noteBaseline(
    baseline.name,
    rounds.map((each) => each.bare),
  )
  const made = names.map((name): [Name, Cost] => {
    const own = rounds.map((each) => each.own.get(name) ?? 0)
    return [
      name,
      costFrom(
        own,
        rounds.map((each) => each.bare),
        baseline.name,
      ),
    ]
  })
  return Object.fromEntries(made) as Record<Name, Cost>
}

/** A cost of the processor times of rounds, and of those of the baseline in the same rounds. */
export function costFrom(microseconds: readonly number[], bare: readonly number[], of: string): Cost {
  const ratios = microseconds.map((each, at) => each / (bare[at] ?? Number.NaN))
  return {
    microseconds: median(microseconds),
    noise: spread(microseconds),
    ratio: { of, value: median(ratios), noise: spread(ratios) },
  }
}

/** Some other time that was measured with a cost, beside the same baseline. */
export function beside({ microseconds, ratio }: Cost, milliseconds: number): Cost {
  const bare = microseconds / ratio.value
  return {
    microseconds: milliseconds * 1000,
    noise: 0,
    ratio: { of: ratio.of, value: (milliseconds * 1000) / bare, noise: 0 },
  }
}

/** What one piece of work costs, warm. */
export async function costOfWork(work: Work, effort: Effort, baseline?: Baseline): Promise<Cost> {
  return (await costs({ work }, effort, baseline)).work
}

/**
 * What a piece of work costs when other work has passed through the caches of the processor just before, as in a request. It is timed
 * by the clock, each run by itself, and its median counts: what else the machine does falls on few of them.
 * @param mix what goes before each run and is not counted
 */
export async function costInMix(work: Work, mix: Work, effort: Effort, baseline: Baseline = json): Promise<Cost> {
  const bare = baseline.make()
  const bareTimes = await warmUp(bare, { ...effort, warmUpMilliseconds: effort.warmUpMilliseconds / 4 })
  await warmUp(async () => {
    await mix()
    await work()
  }, effort)
  const own: number[] = []
  const others: number[] = []
  for (let round = 0; round < effort.rounds; round++) {
    others.push(await costOf(bare, bareTimes))
    const times: number[] = []
    const end = performance.now() + 4 * effort.roundMilliseconds
    while (times.length < 15 || performance.now() < end) {
      await mix()
      const start = performance.now()
      const answer = work()
      if (answer instanceof Promise) await answer
      times.push((performance.now() - start) * 1000)
    }
    own.push(median(times))
  }
  noteBaseline(baseline.name, others)
  return costFrom(own, others, baseline.name)
}

/**
 * What work costs that is done once, or a few times, because it takes long or cannot be done again; the baseline has a turn before and
 * after each.
 * @param work is given the number of the round
 */
export async function costOnce<T>(
  work: (run: number) => T | Promise<T>,
  { rounds = 1, baseline = json }: { rounds?: number; baseline?: Baseline } = {},
): Promise<Cost & { answer: T }> {
  const bare = baseline.make()
  const bareTimes = await warmUp(bare, efforts.quick)
  const own: number[] = []
  const others: number[] = []
  let answer: T | undefined
  for (let run = 0; run < rounds; run++) {
    const first = await costOf(bare, bareTimes)
    const before = cpuMicroseconds()
    answer = await work(run)
    own.push(cpuMicroseconds() - before)
    others.push((first + (await costOf(bare, bareTimes))) / 2)
  }
  noteBaseline(baseline.name, others)
  return { ...costFrom(own, others, baseline.name), answer: answer as T }
}

/** How a cost is told. */
export interface Telling {
  /** Runs of what the figure is about in one run of the work. */
  per?: number
  target?: Measured['target']
  tolerance?: number
  grain?: number
  detail?: string
}

const perUnit: Record<'ns' | 'µs' | 'ms' | 's', number> = { ns: 0.001, µs: 1, ms: 1000, s: 1e6 }

const told = ({ target, tolerance, grain, detail }: Telling) => ({
  ...(target ? { target } : {}),
  ...(tolerance === undefined ? {} : { tolerance }),
  ...(grain === undefined ? {} : { grain }),
  ...(detail ? { detail } : {}),
})

/** A cost as time of one run. */
export function timeFigure(name: string, cost: Cost, unit: keyof typeof perUnit, telling: Telling = {}): Measured {
  const per = telling.per ?? 1
  const ratio = { ...cost.ratio, value: cost.ratio.value / per }
  const value = cost.microseconds / per / perUnit[unit]
  return { name, value, unit, better: 'lower', noise: cost.noise, ratio, ...told(telling) }
}

/** A cost as runs in a second of processor time. */
export function rateFigure(name: string, cost: Cost, telling: Telling = {}): Measured {
  const per = telling.per ?? 1
  const ratio = { ...cost.ratio, value: per / cost.ratio.value }
  const value = (per * 1e6) / cost.microseconds
  return { name, value, unit: '/s', better: 'higher', noise: cost.noise, ratio, ...told(telling) }
}

/** A cost as the part that the baseline is of it: 1 is as fast as the baseline, 0.5 takes twice its time. */
export function shareFigure(name: string, cost: Cost, telling: Telling = {}): Measured {
  const value = 1 / cost.ratio.value
  const ratio = { ...cost.ratio, value }
  const detail = telling.detail ?? `${cost.microseconds.toFixed(cost.microseconds < 10 ? 2 : 0)} µs`
  return { name, value, unit: '×', better: 'higher', noise: cost.ratio.noise, ratio, ...told({ ...telling, detail }) }
}

/** One cost beside another of the same rounds: how work grows, or ours against somebody else's. */
export function growthFigure(
  name: string,
  cost: Cost,
  than: Cost,
  telling: Telling & { better?: Measured['better'] } = {},
): Measured {
  const value = cost.ratio.value / than.ratio.value
  const noise = Math.hypot(cost.ratio.noise, than.ratio.noise)
  const better = telling.better ?? 'lower'
  return { name, value, unit: '×', better, noise, ratio: { of: 'the other', value, noise }, ...told(telling) }
}

/** What does not depend on the speed of the machine, such as memory. */
export function plainFigure(
  name: string,
  value: number,
  unit: Unit,
  telling: Telling & { better?: Measured['better']; noise?: number } = {},
): Measured {
  return { name, value, unit, better: telling.better ?? 'lower', noise: telling.noise ?? 0, ...told(telling) }
}

const baselineRounds = new Map<string, number[][]>()

function noteBaseline(name: string, microseconds: number[]): void {
  baselineRounds.set(name, [...(baselineRounds.get(name) ?? []), microseconds])
}

/** A baseline as it was found in this process. */
export interface BaselineFound {
  name: string
  microseconds: number
  /** How far its rounds lay apart, as a part of it: what the machine itself did. */
  noise: number
}

/** The baselines that were measured so far. */
export function baselinesFound(): BaselineFound[] {
  return [...baselineRounds].map(([name, groups]) => ({
    name,
    microseconds: median(groups.flat()),
    noise: median(groups.map(spread)),
  }))
}

/** Tells of a baseline that a section measured by itself, such as another process. */
export const foundBaseline = noteBaseline
