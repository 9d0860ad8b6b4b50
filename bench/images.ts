import type { Grey } from '../src/images/grey.ts'
import { createImageReader } from '../src/images/images.ts'
import { createPictureReader } from '../src/images/read-picture.ts'
import { processUsage } from '../src/workers/process-usage.ts'
import { jpegFile, pdfFile, pngFile, webpFile } from '../test/support/pictures/files.ts'
import { programs } from '../test/support/pictures/programs.ts'
import { type Placed, scene } from '../test/support/pictures/scene.ts'
import { symbolOf } from '../test/support/pictures/symbols.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const rounds = 5

/** Least CPU milliseconds of several rounds, after one to warm up. */
async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  await work()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
  }
  return least
}

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

/** CPU time of a picture, warm; of the first one, with the process; and memory of that process. */
export async function bench(): Promise<Figure[]> {
  const read = createPictureReader(programs)
  const [phone, large] = [await photograph(2048, 1536), await photograph(5600, 4200)]
  const page = await photograph(1240, 1754, 1)
  const clean = await photograph(5600, 4200, 1)
  const empty = scene([2048, 1536], [], { noise: 20 })
  const files: [name: string, data: Uint8Array, target: string][] = [
    ['3 megapixels, JPEG', await jpegFile(phone, { quality: 75, baseline: true }), '< 150 ms'],
    ['3 megapixels, progressive JPEG', await jpegFile(phone, { quality: 75, progressive: true }), '< 150 ms'],
    ['3 megapixels, PNG of colours', pngFile(phone, { colour: 2, filter: 'cycle' }), '–'],
    ['3 megapixels, WebP', await webpFile(phone, { quality: 75 }), '–'],
    ['3 megapixels on a page of PDF', pdfFile([phone]), '–'],
    ['five pages of PDF', pdfFile([page, page, page, page, page]), '< 2000 ms'],
    ['23.5 megapixels, JPEG', await jpegFile(large, { quality: 75 }), '< 2000 ms'],
    ['23.5 megapixels, PNG', pngFile(clean, { filter: 1 }), '< 2000 ms'],
    ['3 megapixels of noise, no code', await jpegFile(empty), '< 2000 ms'],
    ['23.5 megapixels, no code', await jpegFile(scene([5600, 4200], [], { noise: 20 })), '< 2000 ms'],
  ]
  const figures: Figure[] = []
  for (const [name, data, target] of files) {
    const reading = await read({ data })
    const found = 'codes' in reading ? `${reading.codes.length} found` : reading.fault
    const used = await milliseconds(() => read({ data }))
    figures.push({ name: `codes of a picture: ${name} (${found})`, value: `${used.toFixed(0)} ms CPU`, target })
  }
  return [...figures, ...(await processFigures(files[0]?.[1] ?? new Uint8Array(), files[6]?.[1] ?? new Uint8Array()))]
}

async function processFigures(phone: Uint8Array, large: Uint8Array): Promise<Figure[]> {
  const images = createImageReader({ processes: 1 })
  try {
    const call = { client: 'bench' }
    const begun = performance.now()
    await images.read({ data: phone }, call)
    const first = performance.now() - begun
    const usage = () => processUsage(images.pids()[0] ?? 0)
    const started = usage()
    await images.read({ data: large }, call)
    const after = usage()
    return [
      {
        name: 'the first picture, with the start of its process',
        value: `${first.toFixed(0)} ms, ${((started?.cpuSeconds ?? 0) * 1000).toFixed(0)} ms CPU`,
        target: '–',
      },
      {
        name: 'memory of the process after a phone photograph; after 23.5 megapixels',
        value: `${started?.residentMegabytes.toFixed(0)}; ${after?.residentMegabytes.toFixed(0)} MB`,
        target: '256 MB beyond the program',
      },
    ]
  } finally {
    await images.close()
  }
}
