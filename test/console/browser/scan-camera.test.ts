/** The camera of the scanner in a real browser, which films what is drawn here; and why there is no camera. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { noBrowser } from '../../support/browser/browser.ts'
import { consoleBed } from '../../support/browser/console-bed.ts'
import { scanBed } from '../../support/browser/scan-bed.ts'
import { type Placed, scene, upright } from '../../support/pictures/scene.ts'
import { type CodeSymbol, damagedSymbol, symbolOf } from '../../support/pictures/symbols.ts'
import { cameraOf, y4mFile } from '../../support/pictures/video.ts'

const letters = 'A1B2C3 $%*+-./:'
const texts = {
  QRCode: `HC1:${letters.repeat(30)}`,
  Aztec: `HC1:AZTEC${letters.repeat(12)}`,
  DataMatrix: `HC1:MATRIX${letters.repeat(8)}`,
  PDF417: `HC1:STACK${letters.repeat(12)}`,
  // The start of a zip, which is no text: such codes are the characters 0 to 255.
  zip: `PK\x03\x04\x14\x00${Array.from({ length: 120 }, (_, at) => String.fromCharCode((at * 37) % 256)).join('')}`,
}

const light = { blur: 0.6, gradient: 0.7, contrast: [20, 225] as [number, number] }
const frame = (placed: Placed[], noise = 12) => scene([640, 480], placed, { ...light, noise })

/** A code as a hand holds it, on some pictures of a film. */
function held(symbol: CodeSymbol, count: number) {
  const wide = symbol.width > 2 * symbol.height
  const shape: [number, number] = wide ? [560, (560 * symbol.height) / symbol.width] : [330, 330]
  const drawn = [0, 1].map((step) =>
    frame([{ symbol, corners: upright([322 + 5 * step, 240], shape, wide ? 1 : 6) }], 12 + step),
  )
  return Array.from({ length: count }, (_, at) => drawn[at % 2] ?? frame([]))
}

/** Codes of every kind, one after the other, each with a sheet of paper before it. */
async function filmOfKinds() {
  const symbols = await Promise.all([
    symbolOf(texts.QRCode, 'QRCode', 'ecLevel=Q'),
    symbolOf(texts.Aztec, 'Aztec'),
    symbolOf(
      Uint8Array.from(texts.zip, (each) => each.charCodeAt(0)),
      'QRCode',
      'ecLevel=L',
    ),
    symbolOf(texts.DataMatrix, 'DataMatrix'),
    symbolOf(texts.PDF417, 'PDF417'),
  ])
  const paper = Array<ReturnType<typeof frame>>(4).fill(frame([]))
  return y4mFile(symbols.flatMap((symbol) => [...paper, ...held(symbol, 8)]))
}

/** A code that is seen and cannot be read, then the same one as it should be. */
async function filmOfDoubt() {
  const symbol = await symbolOf(texts.QRCode, 'QRCode', 'ecLevel=M')
  return y4mFile([...held(damagedSymbol(symbol), 11), ...held(symbol, 11)])
}

const bed = scanBed()
const consoleWithCamera = consoleBed({ browserArgs: ['--use-fake-device-for-media-stream=device-count=1'] })
const openCamera = (page: Page) => page.getByRole('button', { name: 'Open camera' }).click()
const inPage = (page: Page, script: string) => page.evaluate(script)

/** Runs in the page: notes when a picture of the camera first shows a code, by the spread of light in its middle. */
const noteAppearances = `
  const appeared = globalThis.appeared = []
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 60
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const video = document.querySelector('video')
  let isThere = false
  const look = (now) => {
    context.drawImage(video, 290, 210, 60, 60, 0, 0, 60, 60)
    const greys = context.getImageData(0, 0, 60, 60).data.filter((_, at) => at % 4 === 0)
    const isHere = Math.max(...greys) - Math.min(...greys) > 120
    if (isHere && !isThere) appeared.push(now)
    isThere = isHere
    video.requestVideoFrameCallback(look)
  }
  video.requestVideoFrameCallback(look)
`

/** Begins the scanner's worker with a reader of QR codes as some browsers have one. */
const withNativeReader = (detect: string) => async (page: Page) => {
  await page.route('**/console/scan-worker-*.js', async (route) => {
    const response = await route.fetch()
    const reader = `globalThis.BarcodeDetector = class { static async getSupportedFormats() { return ['qr_code'] } async detect() { ${detect} } };\n`
    await route.fulfill({ response, body: reader + (await response.text()) })
  })
}

describe('the camera of the scanner', { skip: noBrowser ?? false }, () => {
  it('reads codes of every kind that are held before it, says so, and is closed with its view', async (test) => {
    const scanner = await bed.open(cameraOf(await filmOfKinds()))
    const { page } = scanner
    await openCamera(page)
    await page.locator('video').waitFor()
    await inPage(page, noteAppearances)
    const codes = (await scanner.codes(5)).flat()
    assert.deepEqual(new Set(codes), new Set(Object.values(texts)))
    const { at, said } = await scanner.told()
    assert.deepEqual(said.slice(0, 2), ['Camera open', 'Code found'])
    const appeared: number[] = await page.evaluate(() => Reflect.get(globalThis, 'appeared'))
    const delays = at.map((each) => Math.round(each - (appeared.findLast((before) => before < each) ?? Number.NaN)))
    const shown = codes.map((text, index) => `${text.slice(0, 10).replace(/[^!-~]/g, '')} ${delays[index]}`)
    test.diagnostic(`milliseconds from a code in view to its text: ${shown.join(', ')}`)
    const found = await new AxeBuilder({ page }).analyze()
    assert.deepEqual(
      found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
      [],
    )
    await inPage(
      page,
      `globalThis.track = document.querySelector('video').srcObject.getTracks()[0]; isShown.value = false`,
    )
    await page.waitForFunction(() => Reflect.get(globalThis, 'track').readyState === 'ended')
    await scanner.workersEnd()
    scanner.assertClean()
  })

  it('asks for a code that it cannot read to be held closer, and tells of one that stays once', async () => {
    const scanner = await bed.open(cameraOf(await filmOfDoubt()))
    const { page } = scanner
    await openCamera(page)
    const closer = page.getByText('Hold it closer: the code can be seen but not read')
    await closer.waitFor()
    await page.getByText('Code read').waitFor()
    assert.deepEqual(await scanner.codes(1), [[texts.QRCode]])
    await closer.waitFor()
    await page.getByText('Code read').waitFor()
    const { codes, said } = await scanner.told()
    assert.equal(codes.length, 1)
    assert.ok(said.includes('Hold it closer: the code can be seen but not read'))
    // Silent, and silent afterwards of what it went on seeing.
    await inPage(page, 'paused.value = true')
    await page.getByText('Paused').waitFor()
    await inPage(page, 'paused.value = false')
    await closer.waitFor()
    await page.getByText('Code read').waitFor()
    assert.equal((await scanner.told()).codes.length, 1)
    // Put away while it was silent, and shown again.
    await page.getByRole('button', { name: 'Close camera' }).click()
    await openCamera(page)
    await page.waitForFunction(() => Reflect.get(globalThis, 'told').codes.length === 2)
    scanner.assertClean()
  })

  it('takes from the reader of the browser what is a plain text, and reads the rest itself', async () => {
    const film = cameraOf(await filmOfDoubt())
    const plain = await bed.open(film, { before: withNativeReader("return [{ rawValue: 'HC1:NATIVE' }]") })
    await openCamera(plain.page)
    // Ours tells of the same pictures what they hold, and theirs of those that ours cannot read.
    assert.deepEqual(new Set((await plain.codes(2)).flat()), new Set(['HC1:NATIVE', texts.QRCode]))
    await plain.context.close()
    const detect = `globalThis.turn = 1 - (globalThis.turn ?? 0)
      if (globalThis.turn) throw new Error('no service')
      return [{ rawValue: 'PK\\u0003\\u0004' }, { rawValue: 'HC1:\\ufffd' }]`
    const scanner = await bed.open(film, { before: withNativeReader(detect) })
    await openCamera(scanner.page)
    await scanner.page.getByText('Hold it closer').waitFor()
    assert.deepEqual(await scanner.codes(1), [[texts.QRCode]])
    scanner.assertClean()
    await scanner.context.close()
  })

  it('says that its program did not come, and works when it comes', async () => {
    const scanner = await bed.open(cameraOf(await filmOfDoubt()))
    const { page } = scanner
    await page.route('**/*.wasm', (route) => route.abort())
    await openCamera(page)
    await page.getByText('The scanner stopped').waitFor()
    assert.equal(await page.locator('video').count(), 0)
    await page.unroute('**/*.wasm')
    await openCamera(page)
    assert.deepEqual(await scanner.codes(1), [[texts.QRCode]])
    scanner.assertClean(/Failed to load resource/)
  })

  it('films on the start page of the console, under the headers of the server', async () => {
    const { page, assertClean } = await consoleWithCamera.open('/', { permissions: ['camera'] })
    await openCamera(page)
    await page.getByText('Hold the code inside the frame').waitFor()
    assertClean()
  })

  it('waits for no worker that says nothing any more', async () => {
    const scanner = await bed.open(cameraOf(await filmOfDoubt()), {
      before: async (page) => {
        await page.clock.install()
        await page.route('**/console/scan-worker-*.js', (route) =>
          route.fulfill({ contentType: 'text/javascript', body: "addEventListener('message', () => undefined)" }),
        )
      },
    })
    const { page } = scanner
    await openCamera(page)
    await page.getByText('Starting the scanner…').waitFor()
    await page.waitForFunction(() => Reflect.get(globalThis, 'document').querySelector('video').currentTime > 0)
    await page.clock.fastForward(61_000)
    await page.getByText('The scanner stopped').waitFor()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('x') })
    await page.getByText('Reading the picture…').first().waitFor()
    await page.clock.fastForward(31_000)
    await page.getByText('This picture takes too long to read').waitFor()
    await scanner.workersEnd()
    scanner.assertClean()
  })

  it('is closed when the page is hidden, and when the camera is pulled out', async () => {
    const scanner = await bed.open(cameraOf(await filmOfDoubt()), {
      viewport: { width: 320, height: 640 },
      locale: 'ar',
    })
    const { page } = scanner
    const opener = page.getByRole('button', { name: 'افتح الكاميرا' })
    await opener.click()
    await page.locator('video').waitFor()
    const { width, all } = await page.evaluate<{ width: number; all: number }>(
      '({ width: innerWidth, all: document.documentElement.scrollWidth })',
    )
    assert.ok(all <= width, `${all} pixels wide`)
    await inPage(
      page,
      `Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }); document.dispatchEvent(new Event('visibilitychange')); delete document.visibilityState`,
    )
    await page.getByText('أُغلقت الكاميرا').waitFor()
    assert.equal(await page.locator('video').count(), 0)
    await opener.click()
    await page.locator('video').waitFor()
    // The picture comes a moment after its place.
    await page.waitForFunction(() => Reflect.get(globalThis, 'document').querySelector('video').srcObject !== null)
    await inPage(page, `document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))`)
    await page.getByText('انقطع الاتصال بالكاميرا').waitFor()
    scanner.assertClean()
  })
})

/** A machine with so many cameras, whose pictures nobody draws. */
const cameras = (count: number) => [`--use-fake-device-for-media-stream=device-count=${count}`]

describe('a camera that is not to be had', { skip: noBrowser ?? false }, () => {
  it('is refused, absent, or another program’s', async () => {
    const refused = await bed.open(cameras(2))
    await openCamera(refused.page)
    await refused.page.getByText('The camera is not allowed').waitFor()
    refused.assertClean()
    const absent = await bed.open(cameras(0), { permissions: ['camera'] })
    await openCamera(absent.page)
    await absent.page.getByText('No camera was found').waitFor()
    absent.assertClean()
    const taken = await bed.open(cameras(2), {
      permissions: ['camera'],
      before: (page) =>
        page.addInitScript(
          "MediaDevices.prototype.getUserMedia = async () => { throw new DOMException('Could not start video source', 'NotReadableError') }",
        ),
    })
    await openCamera(taken.page)
    await taken.page.getByText('The camera gives no picture').waitFor()
    taken.assertClean()
  })

  it('is not given to a page that came without https, which says what can be done', async () => {
    const args = [...cameras(2), '--host-resolver-rules=MAP console.example 127.0.0.1']
    const scanner = await bed.open(args, { host: 'console.example', permissions: [] })
    assert.equal(await inPage(scanner.page, 'isSecureContext'), false)
    await openCamera(scanner.page)
    await scanner.page.getByText('A camera needs https').waitFor()
    await scanner.page.getByText('paste the text of the code').waitFor()
    // A header that only secure pages need.
    scanner.assertClean(/Cross-Origin-Opener-Policy header has been ignored/)
  })

  it('is one of several, and has a light and a zoom where the machine has them', async () => {
    const scanner = await bed.open(cameras(2), {
      permissions: ['camera'],
      before: (page) =>
        page.addInitScript(`
          globalThis.wanted = []
          MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 4, step: 0.5 } })
          MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) => { wanted.push(...advanced) }
        `),
    })
    const { page } = scanner
    await openCamera(page)
    await page.getByRole('button', { name: 'Turn light on' }).click()
    await page.getByRole('button', { name: 'Turn light off' }).waitFor()
    await page.getByRole('slider', { name: 'Zoom' }).focus()
    await page.keyboard.press('ArrowRight')
    assert.deepEqual(await inPage(page, 'wanted'), [{ torch: true }, { zoom: 1.5 }])
    const choice = page.getByRole('combobox', { name: 'Camera' })
    const [first, second] = await choice
      .locator('option')
      .evaluateAll((options) => options.map((each) => Reflect.get(each, 'value')))
    assert.equal(await choice.inputValue(), first)
    await choice.selectOption(second)
    await page.waitForFunction(
      (id) =>
        Reflect.get(globalThis, 'document').querySelector('video')?.srcObject?.getTracks()[0].getSettings().deviceId ===
        id,
      second,
    )
    assert.equal(await choice.inputValue(), second)
    const { said } = await scanner.told()
    assert.ok(said.includes('Light on'), said.join())
    scanner.assertClean()
  })
})

describe('the worker of the scanner', { skip: noBrowser ?? false }, () => {
  it('is the only script that the page may start beside itself', async () => {
    const scanner = await bed.open(cameras(0), {
      before: (page) =>
        page.addInitScript(`
          const create = TrustedTypePolicyFactory.prototype.createPolicy
          globalThis.rules = []
          TrustedTypePolicyFactory.prototype.createPolicy = function (name, own) { rules.push([name, own]); return create.call(this, name, own) }
        `),
    })
    const outcome = (script: string) =>
      inPage(scanner.page, `(() => { try { ${script}; return 'done' } catch (error) { return error.name } })()`)
    assert.equal(await inPage(scanner.page, 'rules.map(([name]) => name).join()'), 'vidimus-scanner')
    assert.equal(await outcome('rules[0][1].createScriptURL(scanWorker)'), 'done')
    for (const address of [
      'scanWorker + "?"',
      '"/console/other.js"',
      '"https://example.org" + scanWorker',
      '"data:text/javascript,0"',
    ])
      assert.equal(await outcome(`rules[0][1].createScriptURL(${address})`), 'TypeError', address)
    assert.equal(await inPage(scanner.page, 'Object.keys(rules[0][1]).join()'), 'createScriptURL')
    assert.equal(await outcome('new Worker(scanWorker)'), 'TypeError')
    for (const name of ['vidimus-scanner', 'default', 'another'])
      assert.equal(
        await outcome(`trustedTypes.createPolicy('${name}', { createScriptURL: (text) => text })`),
        'TypeError',
        name,
      )
    scanner.assertClean(/trusted[- ]?types|TrustedScriptURL|require-trusted-types-for|Creating a TrustedTypePolicy/i)
  })
})
