/** One section in this process: its path and perhaps `quick` are the arguments; figures go to the parent. */
import { pathToFileURL } from 'node:url'
import type { Figure } from './figure.ts'
import { baselinesFound, type Effort, efforts } from './measure.ts'
import { Skipped } from './sections.ts'
import { tellSigns } from './sign-of-life.ts'

const [, , path = '', quick] = process.argv

const tell = (message: object) =>
  new Promise<void>((resolve, reject) => {
    process.send?.(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })

tellSigns(() => process.send?.({ isWorking: true }))
try {
  const section = (await import(pathToFileURL(path).href)) as { bench?: (effort: Effort) => Promise<Figure[]> }
  if (!section.bench) throw new Error('it exports no bench()')
  const figures = await section.bench(quick ? efforts.quick : efforts.full)
  await tell({ figures, baselines: baselinesFound() })
} catch (error) {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  await tell(error instanceof Skipped ? { status: 'skipped', reason: error.message } : { status: 'failed', reason })
}
// What a section left open must not keep the run waiting.
process.exit(0)
