/** The whole main job, over HTTP and in process, each certificate another, against bare ES256 verifications. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { es256 } from './support/harness/baselines.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOfWork, type Effort, plainFigure, shareFigure, timeFigure } from './support/harness/measure.ts'
import { measureWholeEvaluate } from './support/whole-evaluate.ts'
import { wholeRequest } from './support/whole-request.ts'

export async function bench(effort: Effort): Promise<Measured[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    return [...(await overHttp(dataDir, effort)), ...(await inProcess(effort)), ...(await withReasons(effort))]
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** The figure that counts: all that a request costs. */
async function overHttp(dataDir: string, effort: Effort): Promise<Measured[]> {
  const { besideVerification, besideExpress, perSecond, replyBytes } = await measureWholeEvaluate(dataDir, effort)
  const name = 'whole $evaluate over HTTP'
  return [
    shareFigure(`${name}, of bare ES256`, besideVerification, { target: { value: 0.2 } }),
    shareFigure(`${name}, of a reply by Express`, besideExpress, { detail: `${replyBytes} B` }),
    timeFigure(`${name}, CPU`, besideVerification, 'µs'),
    // With a client beside it on the same processors.
    plainFigure(`${name}, requests by the clock`, perSecond, '/s', { better: 'higher', tolerance: 2 }),
  ]
}

async function inProcess(effort: Effort): Promise<Measured[]> {
  const { evaluate, close } = await wholeRequest()
  try {
    const thorough = { ...effort, warmUpMilliseconds: 3 * effort.warmUpMilliseconds }
    const cost = await costOfWork(evaluate, thorough, es256)
    return [shareFigure('whole $evaluate in process, of bare ES256', cost, { target: { value: 0.2 } })]
  } finally {
    await close()
  }
}

/** What is not accepted is run once more for its reasons. */
async function withReasons(effort: Effort): Promise<Measured[]> {
  const { evaluate, close } = await wholeRequest({ dose: 1 })
  try {
    const cost = await costOfWork(evaluate, { ...effort, warmUpMilliseconds: 3 * effort.warmUpMilliseconds }, es256)
    return [timeFigure('whole $evaluate in process, rejected, with its reasons', cost, 'µs')]
  } finally {
    await close()
  }
}
