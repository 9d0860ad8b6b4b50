/** What is read of the pictures of a camera, one after the other. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFrameLooks } from '../../../src/console/verify/scan/frame-looks.ts'
import { codeProgram, type Zxing } from '../../../src/images/code-reader.ts'
import type { WasmProgram } from '../../../src/images/wasm-program.ts'
import { programs } from '../../support/pictures/programs.ts'
import { scene, upright } from '../../support/pictures/scene.ts'
import { type CodeSymbol, damagedSymbol, symbolOf } from '../../support/pictures/symbols.ts'

const program = codeProgram(programs.zxing)
const light = { blur: 0.6, noise: 10, gradient: 0.8 }
const film = (symbol: CodeSymbol, size = 300) =>
  scene([640, 480], [{ symbol, corners: upright([320, 240], [size, size], 7) }], light)

describe('pictures of a camera', () => {
  for (const format of ['QRCode', 'Aztec', 'DataMatrix'] as const)
    it(`show a code of the kind ${format} within three pictures`, async () => {
      const look = createFrameLooks(program)
      const picture = film(await symbolOf('HC1:SHOWN', format))
      const texts = [await look(picture), await look(picture), await look(picture)].flatMap((each) => each.texts)
      assert.deepEqual([...new Set(texts)], ['HC1:SHOWN'])
    })

  it('show that a code is there and cannot be read', async () => {
    const look = createFrameLooks(program)
    const symbol = await symbolOf(`HC1:${'A1B2C3 $%*+-./:'.repeat(12)}`, 'QRCode', 'ecLevel=M')
    assert.deepEqual(await look(film(damagedSymbol(symbol))), { texts: [], isUnread: true })
    assert.deepEqual(await look(scene([640, 480], [], light)), { texts: [], isUnread: false })
  })

  it('show all codes that are on them', async () => {
    const look = createFrameLooks(program)
    const [left, right] = await Promise.all([symbolOf('HC1:LEFT'), symbolOf('HC1:RIGHT')])
    const picture = scene(
      [640, 480],
      [
        { symbol: left, corners: upright([160, 240], [200, 200]) },
        { symbol: right, corners: upright([480, 240], [200, 200], 5) },
      ],
      light,
    )
    assert.deepEqual((await look(picture)).texts.toSorted(), ['HC1:LEFT', 'HC1:RIGHT'])
  })

  it('give a message that is spread over several symbols as one text, and no part of it as a whole one', async () => {
    const shown: [text: string, index: number, size: number][] = []
    const look = createFrameLooks(reading(shown))
    const see = async (...symbols: typeof shown) => {
      shown.splice(0, shown.length, ...symbols)
      return (await look({ width: 10, height: 10, data: new Uint8Array(100) })).texts
    }
    assert.deepEqual(await see(['HC1:FIRST ', 0, 3]), [])
    assert.deepEqual(await see(), [])
    assert.deepEqual(await see(['THIRD', 2, 3], ['HC1:ALONE', -1, -1]), ['HC1:ALONE'])
    assert.deepEqual(await see(['SECOND ', 1, 3], ['THIRD', 2, 3]), ['HC1:FIRST SECOND THIRD'])
    assert.deepEqual(await see(['SECOND ', 1, 3]), [])
  })
})

/** A program that sees these symbols of one message (no writer at hand makes such), or alone with the size -1. */
function reading(shown: [text: string, index: number, size: number][]): WasmProgram<Zxing> {
  const corner = { x: 1, y: 1 }
  const zxing = {
    HEAPU8: new Uint8Array(1_000),
    _malloc: () => 8,
    _free: () => undefined,
    readBarcodesFromPixmap: () => ({
      size: () => shown.length,
      delete: () => undefined,
      get(at: number) {
        const [text = '', sequenceIndex, sequenceSize] = shown[at] ?? []
        const position = { topLeft: corner, topRight: corner, bottomLeft: corner, bottomRight: corner }
        const told = { text, bytes: Buffer.from(text), hasECI: false, format: 'QRCode', isValid: true, position }
        return { ...told, sequenceIndex, sequenceSize, sequenceId: '7' }
      },
    }),
  }
  return { use: async (work) => work(zxing as unknown as Zxing) }
}
