import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decodeBase45, encodeBase45 } from '../../../src/credentials/encoding/base45.ts'

describe('base45 (RFC 9285)', () => {
  for (const [plain, encoded] of [
    ['AB', 'BB8'],
    ['Hello!!', '%69 VD92EX0'],
    ['base-45', 'UJCLQE7W581'],
    ['ietf!', 'QED8WEX0'],
    ['', ''],
  ] as const) {
    it(`${JSON.stringify(plain)} ↔ ${JSON.stringify(encoded)}`, () => {
      assert.equal(encodeBase45(Buffer.from(plain)), encoded)
      assert.equal(decodeBase45(encoded)?.toString(), plain)
    })
  }

  for (const wrong of [
    'GGW',
    ':::',
    '::',
    'A',
    'AAAA',
    'aaa',
    'A€A',
    'AA_',
    '_A',
    'A_',
    '000\u0000',
    'Ā00',
    '０００',
  ]) {
    it(`refuses ${JSON.stringify(wrong)}`, () => assert.equal(decodeBase45(wrong), undefined))
  }

  it('is the inverse of its encoder for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) =>
        assert.deepEqual(decodeBase45(encodeBase45(bytes)), Buffer.from(bytes)),
      ),
    )
  })

  it('accepts nothing that its encoder would not write', () => {
    const characters = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:a€')
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 12 }), (list) => {
        const text = list.join('')
        const bytes = decodeBase45(text)
        if (bytes) assert.equal(encodeBase45(bytes), text)
      }),
      { numRuns: 2000 },
    )
  })
})
