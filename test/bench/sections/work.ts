import type { Figure } from '../../../bench/support/harness/figure.ts'
import { costs, type Effort, plainFigure, rateFigure, timeFigure } from '../../../bench/support/harness/measure.ts'

const text = JSON.stringify(Array.from({ length: 200 }, (_, at) => ({ at, name: `number ${at}` })))
/** How often the work is done where once would do: what a test plants. */
const times = Number(process.env.TEST_BENCH_PLANTED ?? 1)

/** A section of tests: work that takes as many times longer as the environment says, and work that does not. */
export async function bench(effort: Effort): Promise<Figure[]> {
  const read = (count: number) => () => {
    for (let at = 0; at < count; at++) JSON.parse(text)
  }
  // Large differences are looked for: what a moment shows is enough.
  const moment = { ...effort, rounds: 5, roundMilliseconds: 4, warmUpMilliseconds: 20 }
  const cost = await costs({ planted: read(times), other: read(1) }, moment)
  return [
    timeFigure('planted', cost.planted, 'µs', { target: { ratio: 100 } }),
    rateFigure('other', cost.other),
    plainFigure('bytes', text.length / 1e6, 'MB'),
    { name: 'told in words', value: 'well', target: '–' },
  ]
}
