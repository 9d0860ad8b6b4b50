/** Pictures are read in processes of their own: warm, bounded, fair, and gone when the server ends. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import type { Grey } from '../../src/images/grey.ts'
import { createImageReader, type ImageReading } from '../../src/images/images.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { brokenFile, sample } from '../support/pictures/broken.ts'
import { jpegFile, pdfFile, pngFile, webpFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { scene, upright } from '../support/pictures/scene.ts'
import { damagedSymbol, symbolOf } from '../support/pictures/symbols.ts'

const text = 'HC1:NCF TEST 0123456789'
const textsOf = (reading: ImageReading) => ('codes' in reading ? reading.codes.map((code) => code.text) : reading.fault)
const call = { client: 'a' }

describe('the reader of pictures', () => {
  const images = createImageReader({ processes: 1 })
  after(() => images.close())

  it('begins at the first picture and stays warm', async () => {
    assert.deepEqual(images.pids(), [])
    const picture = await sample()
    for (const data of [pngFile(picture), await jpegFile(picture), await webpFile(picture), pdfFile([picture])])
      assert.deepEqual(textsOf(await images.read({ data }, call)), [text])
    const pids = images.pids()
    assert.equal(pids.length, 1)
    await images.read({ data: pngFile(picture), contentType: 'image/png' }, call)
    assert.deepEqual(images.pids(), pids)
  })

  it('what is no picture is an answer', async () => {
    const reading = await images.read({ data: Buffer.from('no picture') }, call)
    assert.deepEqual(reading, { fault: 'The bytes are no PNG, JPEG, WebP or PDF' })
  })

  it('a picture without a code has none', async () => {
    assert.deepEqual(await images.read({ data: pngFile(scene([300, 200], [], { noise: 20 })) }, call), { codes: [] })
  })

  it('a code that is damaged beyond repair is told, and makes nothing of the others', async () => {
    const good = await symbolOf(text)
    const long = await symbolOf('HC1:'.padEnd(500, 'X'), 'QRCode', 'ecLevel=L')
    const damaged = damagedSymbol(long)
    const alone = scene([700, 700], [{ symbol: damaged, corners: upright([350, 350], [560, 560], 3) }], {
      blur: 0.6,
      noise: 6,
    })
    const reading = await images.read({ data: pngFile(alone) }, call)
    assert.ok('codes' in reading && reading.codes.length === 0)
    const both = scene(
      [1300, 700],
      [
        { symbol: damaged, corners: upright([350, 350], [560, 560], 3) },
        { symbol: good, corners: upright([1000, 350], [400, 400], -3) },
      ],
    )
    const partly = await images.read({ data: pngFile(both) }, call)
    assert.deepEqual(textsOf(partly), [text])
    assert.ok('codes' in partly && (partly.unread ?? 0) > 0, 'that there is another code is said')
  })

  it('a damaged code is noticed in 11 of 12 pictures at least', async () => {
    const readPicture = createPictureReader(programs)
    let noticed = 0
    for (let index = 0; index < 12; index++) {
      // The same pictures in every run: a look passes over one damaged code in thirty, several looks over one in a hundred.
      const [one = '', other = ''] = ['good', 'damaged'].map((name) =>
        Array.from({ length: 8 }, (_, part) => createHash('sha256').update(`${name} ${index} ${part}`).digest('hex'))
          .join('')
          .toUpperCase(),
      )
      const picture = scene(
        [1400, 700],
        [
          { symbol: await symbolOf(`HC1:${one}`, 'QRCode', 'ecLevel=Q'), corners: upright([350, 350], [540, 540], 3) },
          {
            symbol: damagedSymbol(await symbolOf(`HC1:${other}`, 'QRCode', 'ecLevel=L')),
            corners: upright([1050, 350], [540, 540], -3),
          },
        ],
      )
      const reading = await readPicture({ data: pngFile(picture) })
      assert.deepEqual(textsOf(reading), [`HC1:${one}`])
      if ('codes' in reading && (reading.unread ?? 0) > 0) noticed++
    }
    assert.ok(noticed >= 11, `${noticed} of 12`)
  })

  it('JavaScript in a PDF is not run', async () => {
    assert.deepEqual(textsOf(await images.read({ data: await brokenFile({ make: 'pdf-script' }) }, call)), [text])
  })

  for (const [name, make] of [
    ['unpacks to 400 MB', 'pdf-bomb'],
    ['draws without end', 'pdf-endless'],
  ] as const) {
    it(`a PDF that ${name} is ended, and the next picture is read`, async () => {
      const reading = await images.read({ data: await brokenFile({ make }) }, call)
      assert.ok(
        ('fault' in reading && reading.tooCostly) || ('codes' in reading && reading.codes.length === 0),
        JSON.stringify(reading),
      )
      assert.deepEqual(textsOf(await images.read({ data: pngFile(await sample()) }, call)), [text])
    })
  }

  it('a process that is ended from outside is replaced', async () => {
    const [pid] = images.pids()
    assert.ok(pid)
    const reading = images.read({ data: await brokenFile({ make: 'pdf-endless' }) }, call)
    process.kill(pid, 'SIGKILL')
    await assert.rejects(reading, (error) => error instanceof FhirError && error.status === 503)
    assert.deepEqual(textsOf(await images.read({ data: pngFile(await sample()) }, call)), [text])
  })
})

describe('limits of the reader', () => {
  it('large pictures, one after the other, are read by the same process', async () => {
    const images = createImageReader({ processes: 1 })
    const corner = await sample()
    const large = (width: number, height: number): Grey => {
      const data = new Uint8Array(width * height).fill(255)
      for (let y = 0; y < corner.height; y++)
        data.set(corner.data.subarray(y * corner.width, (y + 1) * corner.width), (y + 100) * width + 100)
      return { width, height, data }
    }
    const whole = large(5650, 4240)
    const scans = { progressive: true, auto_subsample: false, chroma_subsample: 1 }
    const files = [await jpegFile(whole), await jpegFile(large(4600, 3470), scans), pngFile(whole)]
    const pids = new Set<number>()
    for (const data of [...files, ...files]) {
      assert.deepEqual(textsOf(await images.read({ data }, call)), [text])
      for (const pid of images.pids()) pids.add(pid)
    }
    assert.equal(pids.size, 1)
    await images.close()
  })

  it('CPU time ends a picture, and says so', async () => {
    const images = createImageReader({ processes: 1, cpuSeconds: 0.2 })
    const reading = await images.read({ data: await brokenFile({ make: 'pdf-endless' }) }, call)
    assert.ok('fault' in reading && reading.tooCostly)
    assert.match(reading.fault, /more than 0.2 s of computing/)
    await images.close()
  })

  it('many pictures of one client are refused, those of others are read', async () => {
    const images = createImageReader({ processes: 1 })
    const data = pngFile(await sample())
    const readings = await Promise.allSettled([
      ...Array.from({ length: 10 }, () => images.read({ data }, { client: 'greedy' })),
      images.read({ data }, { client: 'other' }),
    ])
    const refused = readings.filter((each) => each.status === 'rejected')
    assert.ok(refused.length > 0 && refused.length < 10)
    for (const { reason } of refused) assert.ok(reason instanceof FhirError && reason.status === 429)
    assert.equal(readings.at(-1)?.status, 'fulfilled')
    await images.close()
  })

  it('closing ends what runs and what waits, and the process', async () => {
    const images = createImageReader({ processes: 1 })
    const readings = [
      images.read({ data: await brokenFile({ make: 'pdf-endless' }) }, call),
      images.read({ data: pngFile(await sample()) }, call),
    ]
    const ended = Promise.allSettled(readings)
    await images.close()
    for (const each of await ended)
      assert.ok(each.status === 'rejected' && each.reason instanceof FhirError && each.reason.status === 503)
    assert.deepEqual(images.pids(), [])
    await assert.rejects(
      images.read({ data: pngFile(await sample()) }, call),
      (error) => error instanceof FhirError && error.status === 503,
    )
  })
})

describe('the network', () => {
  it('is not asked for the programs: they come out of their packages', async () => {
    const asked: unknown[] = []
    const before = globalThis.fetch
    globalThis.fetch = (input) => {
      asked.push(input)
      return Promise.reject(new Error('nothing is fetched'))
    }
    try {
      const read = createPictureReader(programs)
      const picture = await sample()
      for (const data of [pngFile(picture), await jpegFile(picture), await webpFile(picture), pdfFile([picture])])
        assert.deepEqual(textsOf(await read({ data })), [text])
    } finally {
      globalThis.fetch = before
    }
    assert.deepEqual(asked, [])
  })
})
