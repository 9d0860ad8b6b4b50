/** Pictures and PDFs that somebody drops, pastes or chooses, in a real browser. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser } from '../../support/browser/browser.ts'
import { scanBed } from '../../support/browser/scan-bed.ts'
import { coloured, jpegFile, pdfFile, pngFile, pngOf, webpFile } from '../../support/pictures/files.ts'
import { scene, upright } from '../../support/pictures/scene.ts'
import { type CodeSymbol, damagedSymbol, symbolOf } from '../../support/pictures/symbols.ts'

/** A file as somebody gives it. */
interface Given {
  name: string
  type: string
  bytes: Uint8Array
}

const bed = scanBed()
const light = { blur: 0.5, noise: 8 }
const small = (symbol: CodeSymbol) =>
  scene([300, 300], [{ symbol, corners: upright([150, 150], [220, 220], 4) }], light)
const png = (bytes: Uint8Array): Given => ({ name: 'code.png', type: 'image/png', bytes })

/** Runs in the page: a transfer of files, as a drop or a paste brings it. */
const transferOf = (files: Given[]) => {
  const made = files.map(
    ({ name, type, bytes }) =>
      `new File([Uint8Array.from(atob('${Buffer.from(bytes).toString('base64')}'), (each) => each.charCodeAt(0))], '${name}', { type: '${type}' })`,
  )
  return `const transfer = new DataTransfer(); for (const file of [${made.join()}]) transfer.items.add(file);`
}

const drop = (page: Page, ...files: Given[]) =>
  page.evaluate(`(() => { ${transferOf(files)}
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true })) })()`)

const paste = (page: Page, ...files: Given[]) =>
  page.evaluate(`(() => { ${transferOf(files)}
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })) })()`)

const choose = (page: Page, ...files: Given[]) =>
  page
    .locator('input[type=file]')
    .setInputFiles(files.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: Buffer.from(bytes) })))

describe('pictures for the scanner', { skip: noBrowser ?? false }, () => {
  it('are given up when another code came meanwhile', async () => {
    const scanner = await bed.open([])
    const { page } = scanner
    const [first, second] = await Promise.all([symbolOf('HC1:LATE'), symbolOf('HC1:NEXT')])
    await drop(page, png(pngFile(small(first))))
    await page.getByText('Reading').waitFor()
    await page.evaluate('unwanted.abort()')
    await page.getByText('Reading').waitFor({ state: 'detached' })
    await drop(page, png(pngFile(small(second))))
    assert.deepEqual(await scanner.codes(1), [['HC1:NEXT']])
    scanner.assertClean()
  })

  it('are read however they are given, of every kind, and leave nothing behind', async () => {
    const scanner = await bed.open([])
    const { page } = scanner
    await page.evaluate(`
      globalThis.made = []
      const create = URL.createObjectURL
      URL.createObjectURL = (...given) => { made.push(1); return create(...given) }`)
    const [first, second, aztec, third] = await Promise.all([
      symbolOf('HC1:DROPPED'),
      symbolOf('HC1:CHOSEN'),
      symbolOf('HC1:PASTED', 'Aztec'),
      symbolOf('HC1:TOGETHER', 'DataMatrix'),
    ])
    await drop(page, png(pngFile(small(first))))
    await scanner.codes(1)
    await choose(page, { name: 'a.jpg', type: 'image/jpeg', bytes: await jpegFile(coloured(small(second))) })
    await scanner.codes(2)
    await paste(page, { name: 'a.webp', type: 'image/webp', bytes: await webpFile(small(aztec)) })
    await scanner.codes(3)
    // Two on one picture, and two pictures at a time.
    const both = scene(
      [700, 400],
      [
        { symbol: first, corners: upright([180, 200], [220, 220], 3) },
        { symbol: aztec, corners: upright([520, 200], [200, 200], -4) },
      ],
      light,
    )
    await drop(page, png(pngFile(both)))
    await scanner.codes(4)
    await drop(page, png(pngFile(small(second))), png(pngFile(small(third))))
    const codes = (await scanner.codes(5)).map((each) => each.toSorted())
    assert.deepEqual(codes, [
      ['HC1:DROPPED'],
      ['HC1:CHOSEN'],
      ['HC1:PASTED'],
      ['HC1:DROPPED', 'HC1:PASTED'],
      ['HC1:CHOSEN', 'HC1:TOGETHER'],
    ])
    await scanner.workersEnd()
    assert.deepEqual(await page.evaluate('made'), [])
    assert.equal(await page.locator('input[type=file]').inputValue(), '')
    assert.ok((await scanner.told()).said.includes('Code found'))
    scanner.assertClean()
  })

  it('of 40 megapixels are read while the page goes on, and of gigapixels are refused by their header', async (test) => {
    const scanner = await bed.open([])
    const { page } = scanner
    const symbol = await symbolOf('HC1:LARGE')
    const corner = scene([1600, 1600], [{ symbol, corners: upright([800, 800], [1200, 1200], 5) }], light)
    const large = { width: 8000, height: 5000, data: new Uint8Array(40_000_000).fill(230) }
    for (let y = 0; y < corner.height; y++)
      large.data.set(corner.data.subarray(y * 1600, (y + 1) * 1600), (y + 2000) * large.width + 5000)
    // The longest time between two pictures that the page drew meanwhile.
    await page.evaluate(`
      globalThis.longest = 0
      let before = performance.now()
      const draw = (now) => { longest = Math.max(longest, now - before); before = now; requestAnimationFrame(draw) }
      requestAnimationFrame(draw)`)
    const bytes = pngFile(large)
    await choose(page, png(bytes))
    assert.deepEqual(await scanner.codes(1), [['HC1:LARGE']])
    test.diagnostic(
      `${Math.round(bytes.length / 1000)} kB, longest pause of the page ${Math.round(Number(await page.evaluate('longest')))} ms`,
    )
    await choose(page, png(pngOf({ width: 60_000, height: 60_000, depth: 8, colour: 0 })))
    await page.getByText('This picture is too large').waitFor()
    assert.equal((await scanner.told()).codes.length, 1)
    scanner.assertClean()
  })

  it('go to the server when not all of them can be read here', async () => {
    const scanner = await bed.open([])
    const { page } = scanner
    const symbol = await symbolOf(`HC1:${'A1B2C3 $%*+-./:'.repeat(12)}`, 'QRCode', 'ecLevel=M')
    const given = {
      pdf: pdfFile([small(symbol)]),
      empty: pngFile(scene([300, 300], [], light)),
      // One that can be read, and one that may be the one that says no.
      doubtful: pngFile(
        scene(
          [900, 460],
          [
            { symbol, corners: upright([230, 230], [330, 330], 3) },
            { symbol: damagedSymbol(symbol), corners: upright([670, 230], [330, 330]) },
          ],
          light,
        ),
      ),
    }
    const expected = [
      { length: given.pdf.length, first: [0x25, 0x50, 0x44, 0x46], contentType: 'application/pdf' },
      { length: given.empty.length, first: [0x89, 0x50, 0x4e, 0x47], contentType: 'image/png' },
      { length: given.doubtful.length, first: [0x89, 0x50, 0x4e, 0x47], contentType: 'image/png' },
    ]
    const pictures = (count: number) =>
      page.waitForFunction((least) => Reflect.get(globalThis, 'told').pictures.length >= least, count)
    // What a file is called, and what its sender says it is, is no matter.
    await drop(page, { name: 'x.png', type: 'image/png', bytes: given.pdf })
    await pictures(1)
    await drop(page, png(given.empty))
    await pictures(2)
    await drop(page, png(given.doubtful))
    await pictures(3)
    const told = await scanner.told()
    assert.deepEqual(told.pictures, expected)
    assert.deepEqual(told.codes, [])
    scanner.assertClean()
  })

  it('of no use are told so, and nothing is made of them', async () => {
    const scanner = await bed.open([])
    const { page } = scanner
    const good = png(pngFile(small(await symbolOf('HC1:GOOD'))))
    const pdf = Buffer.concat([pdfFile([small(await symbolOf('HC1:PDF'))]), Buffer.alloc(10_000_000)])
    const cases: [what: string, files: Given[]][] = [
      ['This file is no picture and no PDF', [{ name: 'a.txt', type: 'text/plain', bytes: Buffer.from('HC1:TEXT') }]],
      [
        'This file is no picture and no PDF',
        [{ name: 'a.svg', type: 'image/svg+xml', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') }],
      ],
      ['This file is no picture and no PDF', [png(new Uint8Array())]],
      ['This file is broken', [png(good.bytes.subarray(0, 20))]],
      ['This file is broken', [png(Buffer.concat([good.bytes.subarray(0, 60), Buffer.alloc(500, 0x5a)]))]],
      ['This file is too large for the server', [{ name: 'a.pdf', type: 'application/pdf', bytes: pdf }]],
      ['Not all of these files can be read together', [good, png(pngFile(scene([300, 300], [], light)))]],
      ['These are too many files', Array<Given>(11).fill(good)],
    ]
    for (const [head, files] of cases) {
      await choose(page, ...files)
      await page.getByRole('alert').filter({ hasText: head }).waitFor()
    }
    const { codes, pictures } = await scanner.told()
    assert.deepEqual({ codes, pictures }, { codes: [], pictures: [] })
    // What was wrong before is forgotten with the next one.
    await choose(page, good)
    assert.deepEqual(await scanner.codes(1), [['HC1:GOOD']])
    assert.equal(await page.getByRole('alert').count(), 0)
    scanner.assertClean()
  })

  it('may be dropped anywhere on the page, which shows it; a text that is dropped or pasted is left to others', async () => {
    const scanner = await bed.open([])
    const { page } = scanner
    const happens = (type: string, transfer: string) =>
      page.evaluate(`(() => { const transfer = new DataTransfer(); ${transfer}
        const event = new DragEvent('${type}', { dataTransfer: transfer, bubbles: true, cancelable: true })
        document.body.dispatchEvent(event)
        return event.defaultPrevented })()`)
    const file = "transfer.items.add(new File(['x'], 'a.png', { type: 'image/png' }))"
    const text = "transfer.setData('text/plain', 'HC1:TEXT')"
    assert.equal(await happens('dragover', text), false)
    assert.equal(await page.getByText('Drop the picture or PDF').count(), 0)
    assert.equal(await happens('dragover', file), true)
    await page.getByText('Drop the picture or PDF').waitFor()
    await happens('dragleave', file)
    await page.getByText('Drop the picture or PDF').waitFor({ state: 'detached' })
    assert.equal(await happens('drop', text), false)
    const isLeft = await page.evaluate(`(() => { const transfer = new DataTransfer(); ${text}; ${file};
      const event = new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true })
      document.body.dispatchEvent(event)
      return event.defaultPrevented })()`)
    assert.equal(isLeft, false)
    const { codes, pictures } = await scanner.told()
    assert.deepEqual({ codes, pictures }, { codes: [], pictures: [] })
    scanner.assertClean()
  })
})
