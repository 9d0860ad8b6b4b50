/** Bytes of a code become text: UTF-8 where they are, the characters 0 to 255 where not, by ECI where the code says so. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { textOfCode } from '../../src/images/code-text.ts'
import { createPictureReader } from '../../src/images/read-picture.ts'
import { pngFile } from '../support/pictures/files.ts'
import { programs } from '../support/pictures/programs.ts'
import { scene, upright } from '../support/pictures/scene.ts'
import { symbolOf } from '../support/pictures/symbols.ts'

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
const zip = Buffer.concat([
  Buffer.from('PK\x03\x04\x14\x00', 'latin1'),
  deflateRawSync('{"credentialSubject":{"name":"TEST"}}'.repeat(9)),
])

describe('the text of a code', () => {
  const cases: [name: string, bytes: Uint8Array, eci: string | undefined, text: string][] = [
    ['ASCII', Buffer.from('HC1:ABC'), undefined, 'HC1:ABC'],
    ['UTF-8 that says nothing', Buffer.from('{"n":"Zoë 北京"}'), undefined, '{"n":"Zoë 北京"}'],
    ['a zip', zip, undefined, latin1(zip)],
    ['a zip that happens to be UTF-8', Buffer.from('PK\x03\x04é'), undefined, latin1(Buffer.from('PK\x03\x04é'))],
    ['latin1 that says nothing', Buffer.from('Zoë', 'latin1'), undefined, 'Zoë'],
    ['UTF-8 by ECI', Buffer.from('Zoë'), 'Zoë', 'Zoë'],
    ['another character set by ECI', Buffer.from([0x5a, 0xe3]), 'Zг', 'Zг'],
    ['ECI that the bytes do not follow', Buffer.from([0x50, 0xff]), 'P\ufffd', 'Pÿ'],
    ['a byte order mark stays', Buffer.from('\ufeffx'), undefined, '\ufeffx'],
    ['spaces and line ends stay', Buffer.from(' HC1: \r\n'), undefined, ' HC1: \r\n'],
  ]
  for (const [name, bytes, eci, expected] of cases) {
    it(name, () => assert.equal(textOfCode({ bytes, text: eci ?? 'other', hasECI: eci !== undefined }), expected))
  }
})

describe('out of a picture', () => {
  const read = createPictureReader(programs)
  const contents: [name: string, content: string | Uint8Array, text: string][] = [
    ['a raw zip', zip, latin1(zip)],
    [
      'all bytes',
      Uint8Array.from({ length: 256 }, (_, each) => each),
      latin1(Uint8Array.from({ length: 256 }, (_, each) => each)),
    ],
    ['UTF-8', '{"n":"Zoë 北京 Łódź"}', '{"n":"Zoë 北京 Łódź"}'],
    [
      'digits',
      `shc:/${'5676290952432060346029243740446031'.repeat(20)}`,
      `shc:/${'5676290952432060346029243740446031'.repeat(20)}`,
    ],
    ['spaces at both ends', ' HC1:A  B ', ' HC1:A  B '],
  ]
  for (const [name, content, text] of contents) {
    for (const format of ['QRCode', 'AztecCode', 'DataMatrix', 'PDF417'] as const) {
      it(`${name} in ${format}`, async () => {
        const symbol = await symbolOf(content, format)
        const picture = scene(
          [6 * symbol.width + 80, 6 * symbol.height + 80],
          [
            {
              symbol,
              corners: upright([3 * symbol.width + 40, 3 * symbol.height + 40], [6 * symbol.width, 6 * symbol.height]),
            },
          ],
        )
        const reading = await read({ data: pngFile(picture) })
        assert.ok('codes' in reading)
        assert.deepEqual(
          reading.codes.map((code) => code.text),
          [text],
        )
        if (typeof content !== 'string')
          assert.deepEqual(Buffer.from(reading.codes[0]?.bytes ?? []), Buffer.from(content))
      })
    }
  }
})
