import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { defaultLimits } from '../../../src/credentials/credential-format.ts'
import { divoc } from '../../../src/credentials/divoc/divoc.ts'
import { divocText } from '../../../src/demo/issue-divoc.ts'
import { documents, vaccination } from './documents.ts'
import { contentOf, signers } from './verify.ts'

const content = await contentOf(vaccination(), signers.ed25519)
const { proof } = JSON.parse(String(content))
const layersOf = (text: string) => divoc.layers?.([text], defaultLimits) ?? []

describe('the layers of a DIVOC certificate', () => {
  it('stand one after the other, and tell nothing of the person but in their content', () => {
    const layers = layersOf(divocText(content))
    assert.deepEqual(
      layers.map(({ name }) => name),
      ['text', 'zip', 'JSON', 'proof', 'statements'],
    )
    const told = JSON.stringify(layers.map(({ content: _, ...layer }) => layer))
    for (const word of ['Specimen', 'Ada', '1985', 'LOT', 'X0000000']) assert.ok(!told.includes(word), word)
  })

  it('have a fault exactly where the decoder refuses', () => {
    const good = divocText(content)
    const texts = fc.oneof(
      fc
        .tuple(fc.nat(good.length - 1), fc.string({ maxLength: 2 }))
        .map(([at, text]) => good.slice(0, at) + text + good.slice(at + 1)),
      fc.nat(good.length).map((length) => good.slice(0, length)),
      documents.map((document) => divocText(JSON.stringify({ ...document, proof }))),
      fc
        .tuple(documents, documents)
        .map(([document, other]) => divocText(JSON.stringify({ ...document, proof: other }))),
      fc.string({ maxLength: 20 }).map((text) => divocText(text)),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const decoded = divoc.decode([text], defaultLimits)
        const faults = layersOf(text).filter(({ fault }) => fault)
        assert.equal(faults.length > 0, 'check' in decoded, JSON.stringify(decoded))
      }),
      { numRuns: 500 },
    )
  })
})
