/** Warm runs of CQL libraries, evidence included, alone and after the rest of an evaluation, and the cost of getting there. */
import type { Bundle } from '../src/fhir/types.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, costInMix, costOnce, costs, type Effort, rateFigure, timeFigure } from './support/harness/measure.ts'
import { libraryOf, rulesOver, sevenDefines, twoDefines, vaccinationBundle } from './support/vaccination-cards.ts'
import { wholeRequest } from './support/whole-request.ts'

const clock = '2022-01-01T00:00:00Z'

export async function bench(effort: Effort): Promise<Measured[]> {
  const libraries = [libraryOf('Seven', sevenDefines), libraryOf('Two', twoDefines)]
  const rules = rulesOver(libraries)
  const run = (name: string, data: Bundle) => () =>
    rules.evaluateLibrary({ library: `http://example.org/Library/${name}`, data, clock })
  const [one, hundred] = [vaccinationBundle(1), vaccinationBundle(100)]
  const first = await costOnce(async () => {
    const begin = performance.now()
    const answer = JSON.stringify(await run('Seven', one)())
    if (!answer.includes('true')) throw new Error(`the rule says nothing: ${answer.slice(0, 400)}`)
    return performance.now() - begin
  })
  const whole = await wholeRequest()
  try {
    const cost = await costs({ seven: run('Seven', one), two: run('Two', one), hundred: run('Seven', hundred) }, effort)
    const mixed = await costInMix(run('Seven', one), whole.evaluate, effort)
    return [
      timeFigure('CQL first answer, translator started: time', beside(first, first.answer), 's', {
        target: { value: 5 },
        tolerance: 1,
      }),
      rateFigure('CQL of 7 defines', cost.seven, { target: { value: 5000 } }),
      timeFigure('CQL of 7 defines, warm', cost.seven, 'µs'),
      timeFigure('CQL of 7 defines, each after a whole evaluation', mixed, 'µs'),
      rateFigure('CQL of 2 defines', cost.two, { target: { value: 10_000 } }),
      rateFigure('CQL of 7 defines, 100 Immunizations', cost.hundred, { target: { value: 100 } }),
    ]
  } finally {
    await whole.close()
    await rules.close()
  }
}
