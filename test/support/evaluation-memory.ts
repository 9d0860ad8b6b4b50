/** What a server holds after many evaluations: nothing of any. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { demoIssuer } from '../../src/demo/demo-issuer.ts'
import { specimens } from '../../src/demo/specimens.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import { openTestServer } from './loaded-server.ts'

/** Memory in use after so many evaluations. */
interface Sample {
  evaluations: number
  megabytes: number
}

/** How memory went. */
interface MemoryReport {
  samples: Sample[]
  /** Growth by 10,000 evaluations in megabytes, by least squares over all samples but those of the first fifth, when caches fill. */
  slope: number
}

/** Evaluates specimens of every format in turn, and looks after every `step` at what is left when everything else was collected. */
export async function memoryOfEvaluations(evaluations: number, step: number): Promise<MemoryReport> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const { server, dataDir, close } = await openTestServer()
  try {
    const now = new Date()
    const credentials = await specimens(demoIssuer(dataDir, now), now)
    await server.trust.reload()
    const samples: Sample[] = []
    for (let done = 1; done <= evaluations; done++) {
      const { text } = credentials[done % credentials.length] ?? { text: '' }
      const asked: Parameters = { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] }
      await server.evaluate.answer(asked, { client: `client ${done}`, isGone: () => false })
      if (done % step !== 0) continue
      // What a first collection finds while another is under way, or leaves to finalizers, the next ones take.
      for (let round = 0; round < 3; round++) {
        await new Promise((next) => setImmediate(next))
        collect()
      }
      const { heapUsed, external } = process.memoryUsage()
      samples.push({ evaluations: done, megabytes: (heapUsed + external) / 1_000_000 })
    }
    return { samples, slope: slopeOf(samples.slice(Math.floor(samples.length / 5))) * 10_000 }
  } finally {
    await close()
  }
}

/** Megabytes by evaluation. */
export function slopeOf(samples: readonly Sample[]): number {
  const mean = (values: number[]) => values.reduce((sum, each) => sum + each, 0) / values.length
  const [x, y] = [mean(samples.map((each) => each.evaluations)), mean(samples.map((each) => each.megabytes))]
  const above = samples.reduce((sum, each) => sum + (each.evaluations - x) * (each.megabytes - y), 0)
  const below = samples.reduce((sum, each) => sum + (each.evaluations - x) ** 2, 0)
  return above / below
}
