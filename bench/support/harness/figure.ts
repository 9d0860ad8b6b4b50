/** What a benchmark says: figures that another run can be held against. */

/** Units of figures. `×` is a plain ratio. */
export type Unit = 'ns' | 'µs' | 'ms' | 's' | '/s' | 'MB' | '×'

/** A figure beside a baseline of the same run: the speed of the machine has gone out of it. */
export interface Ratio {
  /** Name of the baseline, such as `bare ES256`. */
  of: string
  /** The figure ÷ the baseline in the same unit; better in the same direction as the figure. */
  value: number
  /** Median absolute deviation of the rounds, as a part of the value; 0 where there was one round. */
  noise: number
}

/** A measured figure. */
export interface Measured {
  /** The same in every run: what was measured stands in `detail`. */
  name: string
  value: number
  unit: Unit
  better: 'lower' | 'higher'
  /** Median absolute deviation of the rounds, as a part of the value; 0 where there was one round. */
  noise: number
  /** Absent for what the machine's speed does not change, such as memory. */
  ratio?: Ratio
  /** What is wanted: of the value, or of the ratio. */
  target?: { value: number } | { ratio: number }
  /** Part of the value by which two runs of the same software may differ, beside the noise; {@link sameWithin} without it. */
  tolerance?: number
  /** Difference, in the unit, that says nothing: what a garbage collection takes, or a megabyte of memory. */
  grain?: number
  detail?: string
}

/** A figure in words; it is printed and kept, and can be compared with nothing. */
interface Told {
  name: string
  value: string
  target: string
}

/** One figure of a section. */
export type Figure = Measured | Told

/** Part of a ratio by which two runs of the same software differ on a quiet machine. */
export const sameWithin = 0.15

/** Whether it is a number with a unit. */
export const isMeasured = (figure: Figure): figure is Measured => typeof figure.value === 'number'

/** Whether a figure is as it is wanted; undefined where nothing is wanted. */
function reachesTarget({ target, value, ratio, better }: Measured): boolean | undefined {
  if (!target) return undefined
  const [is, wanted] = 'ratio' in target ? [ratio?.value ?? Number.NaN, target.ratio] : [value, target.value]
  return better === 'lower' ? is <= wanted : is >= wanted
}

const digits = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 1000) return value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ',')
  if (size < 0.01 && size > 0) return value.toPrecision(2)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
}

const withUnit = (value: number, unit: Unit) => (unit === '/s' ? `${digits(value)}/s` : `${digits(value)} ${unit}`)
const percent = (part: number) => `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`

/** One line for a reader: value and noise, ratio and noise, target and whether it is reached. */
export function figureLine(figure: Figure): string {
  if (!isMeasured(figure)) return line(figure.name, figure.value, '', `target ${figure.target}`)
  const { name, value, unit, noise, ratio, target, better, detail } = figure
  const shown = `${withUnit(value, unit)}${noise > 0 ? ` ± ${percent(noise)}` : ''}`
  const beside = ratio
    ? `${digits(ratio.value)} × ${ratio.of}${ratio.noise > 0 ? ` ± ${percent(ratio.noise)}` : ''}`
    : ''
  const bound = better === 'lower' ? '≤' : '≥'
  const mark = reachesTarget(figure) ? '✓' : '✗'
  const wanted = !target
    ? ''
    : 'ratio' in target
      ? `${mark} wanted ${bound} ${digits(target.ratio)} × ${ratio?.of}`
      : `${mark} wanted ${bound} ${withUnit(target.value, unit)}`
  return line(name, shown, beside, [wanted, detail ? `(${detail})` : ''].filter(Boolean).join('  '))
}

const line = (name: string, value: string, ratio: string, rest: string) =>
  `  ${name.padEnd(66)} ${value.padStart(20)}  ${ratio.padEnd(30)} ${rest}`.trimEnd()
