/** CPU time of a picture, warm; of the first one, with the process; and memory of that process. */
import type { Grey } from '../src/images/grey.ts'
import { createImageReader } from '../src/images/images.ts'
import { createPictureReader } from '../src/images/read-picture.ts'
import { processUsage } from '../src/workers/process-usage.ts'
import { jpegFile, pdfFile, pngFile, webpFile } from '../test/support/pictures/files.ts'
import { programs } from '../test/support/pictures/programs.ts'
import { type Placed, scene } from '../test/support/pictures/scene.ts'
import { symbolOf } from '../test/support/pictures/symbols.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, costOnce, type Effort, plainFigure, timeFigure } from './support/harness/measure.ts'

/** A photograph of a certificate in perspective, with blur, noise and failing light. */
async function photograph(width: number, height: number, noise = 10): Promise<Grey> {
  const symbol = await symbolOf(
    `HC1:${'6BFOXN%TS3DH0YOJ58S S-W5HDC *M0II5XHC9B5G2+$N '.repeat(11)}`,
    'QRCode',
    'ecLevel=Q',
  )
  const corners: Placed['corners'] = [
    [0.3 * width, 0.2 * height],
    [0.68 * width, 0.26 * height],
    [0.72 * width, 0.8 * height],
    [0.25 * width, 0.72 * height],
  ]
  return scene([width, height], [{ symbol, corners }], { blur: 1.2, noise, gradient: 0.6 })
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const read = createPictureReader(programs)
  const figures: Measured[] = []
  for (const { name, data, target, rounds } of await pictures(effort)) {
    const reading = await read({ data })
    const detail = 'codes' in reading ? `${reading.codes.length} found` : reading.fault
    const cost = await costOnce(() => read({ data }), { rounds })
    const telling = { detail, ...(target === undefined ? {} : { target: { value: target } }) }
    figures.push(timeFigure(`codes of a picture: ${name}`, cost, 'ms', telling))
  }
  return [...figures, ...(await processFigures(effort))]
}

interface Picture {
  name: string
  data: Uint8Array
  /** Milliseconds. */
  target?: number
  rounds: number
}

/** Photographs of a telephone; beside them in a full run what takes the limits of what is read. */
async function pictures({ isQuick }: Effort): Promise<Picture[]> {
  const phone = await photograph(2048, 1536)
  const small: Omit<Picture, 'rounds'>[] = [
    { name: '3 megapixels, JPEG', data: await jpegFile(phone, { quality: 75, baseline: true }), target: 150 },
    {
      name: '3 megapixels, progressive JPEG',
      data: await jpegFile(phone, { quality: 75, progressive: true }),
      target: 150,
    },
    { name: '3 megapixels, PNG of colours', data: pngFile(phone, { colour: 2, filter: 'cycle' }) },
    { name: '3 megapixels, WebP', data: await webpFile(phone, { quality: 75 }) },
    { name: '3 megapixels on a page of PDF', data: pdfFile([phone]) },
  ]
  const quick = small.slice(0, isQuick ? 2 : small.length).map((each) => ({ ...each, rounds: 5 }))
  if (isQuick) return quick
  const page = await photograph(1240, 1754, 1)
  const large = await photograph(5600, 4200)
  const largest = { target: 2000, rounds: 3 }
  const empty = scene([2048, 1536], [], { noise: 20 })
  return [
    ...quick,
    { name: 'five pages of PDF', data: pdfFile([page, page, page, page, page]), ...largest },
    { name: '23.5 megapixels, JPEG', data: await jpegFile(large, { quality: 75 }), ...largest },
    { name: '23.5 megapixels, PNG', data: pngFile(await photograph(5600, 4200, 1), { filter: 1 }), ...largest },
    { name: '3 megapixels of noise, no code', data: await jpegFile(empty), ...largest },
    {
      name: '23.5 megapixels, no code',
      data: await jpegFile(scene([5600, 4200], [], { noise: 20 })),
      ...largest,
    },
  ]
}

/** The process that reads them: a first picture, and one that is empty and of the largest size. */
async function processFigures({ isQuick }: Effort): Promise<Measured[]> {
  const phone = await jpegFile(await photograph(2048, 1536), { quality: 75, baseline: true })
  const images = createImageReader({ processes: 1 })
  try {
    const call = { client: 'bench' }
    const usage = () => processUsage(images.pids()[0] ?? 0)
    const own = await costOnce(async () => {
      const begun = performance.now()
      await images.read({ data: phone }, call)
      return performance.now() - begun
    })
    const started = usage()
    const memory = (name: string, megabytes = Number.NaN) =>
      plainFigure(`memory of the process after ${name}`, megabytes, 'MB')
    const figures = [
      timeFigure('the first picture, with the start of its process: time', beside(own, own.answer), 'ms', {
        tolerance: 2,
      }),
      timeFigure(
        'the first picture, with the start of its process: CPU',
        beside(own, (started?.cpuSeconds ?? Number.NaN) * 1000),
        'ms',
        { tolerance: 1 },
      ),
      memory('a phone photograph', started?.residentMegabytes),
    ]
    if (isQuick) return figures
    await images.read({ data: await jpegFile(await photograph(5600, 4200), { quality: 75 }) }, call)
    return [...figures, memory('23.5 megapixels', usage()?.residentMegabytes)]
  } finally {
    await images.close()
  }
}
