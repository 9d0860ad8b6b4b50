/** The layers that are shown to people, held against what the decoders do. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { defaultLimits } from '../../src/credentials/credential-format.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { decodeBase45, encodeBase45 } from '../../src/credentials/encoding/base45.ts'
import { explainCredential } from '../../src/credentials/explain.ts'
import { issueDivoc, sampleDivoc } from '../../src/demo/issue-divoc.ts'
import { issueHealthLink } from '../../src/demo/issue-health-link.ts'
import { issueSeal, sampleSeal } from '../../src/demo/issue-icao-vds-nc.ts'
import { issueCard, sampleCard } from '../../src/demo/issue-shc.ts'
import { issueSample, keyPairFor, testIssuer } from '../support/issuer.ts'
import { readCases } from '../support/read-cases.ts'

interface Case {
  name: string
  of: 'hcert' | 'card' | 'seal' | 'divoc' | 'link'
  layers?: string[]
  text?: { from?: string; at?: number; to: string }
  bytes?: 'base45' | 'zlib' | 'cose'
  cut?: number
  characters?: string
  append?: string
  at?: number
  to?: string
  flipLast?: boolean
  firstPair?: boolean
  fault?: { layer: string; offset?: number | string }
  /** Nobody signed it: it is no credential, however well it can be read. */
  failsAnyway?: boolean
}

const issuer = testIssuer()
const pair = keyPairFor('ES256')
const issuedAt = new Date('2022-01-01')
const texts = {
  hcert: issueSample('dcc-v', issuer),
  card: issueCard(sampleCard({ issuer: 'https://cards.example', issuedAt }), pair)[0] ?? '',
  seal: issueSeal(sampleSeal({ issuer: 'XA', issuedAt }), {
    privateKey: issuer.signer.privateKey,
    certificate: issuer.dsc.raw,
  }),
  divoc: await issueDivoc(sampleDivoc({ issuer: 'https://divoc.example', issuedAt }), {
    privateKey: keyPairFor('EdDSA').privateKey,
    method: 'did:example',
  }),
  link: issueHealthLink({ url: 'https://specimen.example/x', key: new Uint8Array(32), label: 'Ada' }, 'shlink'),
}

function changedText(each: Case): string {
  const text = texts[each.of]
  const { from, at, to } = each.text ?? { to: '' }
  if (each.firstPair) {
    // The pair 01 is the dot between the parts of a JWS.
    const pairs: string[] = text.slice(5).match(/../g) ?? []
    return `shc:/${pairs.with(pairs.indexOf('01'), '00').join('')}`
  }
  if (from !== undefined) return text.replace(new RegExp(from), to)
  if (at !== undefined) return text.slice(0, at) + to + text.slice(at + to.length)
  return each.bytes ? changedBytes(each, text) : text
}

function changedBytes(each: Case, text: string): string {
  if (each.bytes === 'base45')
    return text.slice(0, text.length - ((text.length - 4) % 3) - 3 * (each.cut ?? 0)) + each.characters
  const compressed = decodeBase45(text, 4) ?? Buffer.alloc(0)
  const isCose = each.bytes === 'cose'
  let bytes: Buffer = Buffer.from(isCose ? inflateSync(compressed) : compressed)
  if (each.at !== undefined) bytes.write(each.to ?? '', each.at, 'hex')
  if (each.flipLast) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  if (each.cut !== undefined) bytes = bytes.subarray(0, -each.cut)
  if (each.append !== undefined) bytes = Buffer.concat([bytes, Buffer.from(each.append, 'hex')])
  return `HC1:${encodeBase45(isCose ? deflateSync(bytes) : bytes)}`
}

const explain = (text: string) => explainCredential([text], credentialFormats, defaultLimits)

describe('the layers of a credential', () => {
  for (const each of readCases<Case>(import.meta.url, 'cases/layers.json'))
    it(each.name, () => {
      const { layers, failure } = explain(changedText(each))
      if (each.layers)
        assert.deepEqual(
          layers.map(({ name }) => name),
          each.layers,
        )
      const faults = layers.filter(({ fault }) => fault)
      assert.deepEqual(
        faults.map(({ name }) => name),
        each.fault ? [each.fault.layer] : [],
      )
      assert.equal(failure !== undefined, each.fault !== undefined || each.failsAnyway === true)
      const [at] = faults
      const { offset } = each.fault ?? {}
      if (typeof offset === 'number') assert.equal(at?.fault?.offset, offset)
      if (typeof offset === 'string')
        assert.equal(at?.fault?.offset, (at?.length ?? 0) - (offset === 'end' ? 0 : Number(offset.slice(4))))
    })

  it('tell nothing of the person but in their content', () => {
    for (const text of Object.values(texts)) {
      const { layers } = explain(text)
      const told = JSON.stringify(layers.map(({ content: _, ...layer }) => layer))
      for (const word of ['Specimen', 'SPECIMEN', '1985', 'Ada', 'ADA', 'LOT']) assert.ok(!told.includes(word), word)
      assert.match(JSON.stringify(layers.map(({ content }) => content)), /specimen/i)
    }
  })

  it('places lie within what they are taken from, and name the bytes that are there', () => {
    const { layers } = explain(texts.hcert)
    const cose = inflateSync(decodeBase45(texts.hcert, 4) ?? Buffer.alloc(0))
    const byName = (name: string) => layers.find((layer) => layer.name === name)
    const payload = byName('payload')
    const inside = cose.subarray(payload?.offset, (payload?.offset ?? 0) + (payload?.length ?? 0))
    assert.equal(byName('CWT claims')?.length, inside.length)
    const iss = byName('iss (1)')
    assert.equal(inside.toString('latin1', iss?.offset, (iss?.offset ?? 0) + (iss?.length ?? 0)), 'bXA')
    assert.equal(byName('signature')?.length, 64)
    assert.equal(byName('signature')?.offset, cose.length - 64)
  })

  it('of whatever was changed: a fault is told where the decoder fails before the payload, and none where it does not fail', () => {
    const changes = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        to: fc.string({ maxLength: 3 }),
        cut: fc.nat(3),
      }),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(texts)), changes, (text, all) => {
        let changed = text
        for (const { at, to, cut } of all) {
          const place = Math.floor(at * changed.length)
          changed = changed.slice(0, place) + to + changed.slice(place + cut)
        }
        const { family, layers, failure } = explain(changed)
        if (family === undefined) return
        const fault = layers.find((layer) => layer.fault)?.fault
        if (!failure || failure.link) assert.equal(fault, undefined)
        if (failure?.check === 'encoding' || failure?.check === 'compression') assert.ok(fault, failure.detail)
        for (const { fault: each, length } of layers) if (each) assert.ok(each.offset >= 0 && each.offset <= length)
      }),
      { numRuns: 600 },
    )
  })
})
