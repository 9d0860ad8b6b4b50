import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { didOfUrl, pathBelow, urlOfDid } from '../../../src/trust/did-web/did-url.ts'
import { readCases } from '../../support/cases.ts'

interface DidCase {
  name: string
  did: string
  url?: string
}

for (const { file, source, cases } of readCases<DidCase>(new URL('./cases/', import.meta.url)))
  describe(`${file} (${source})`, () => {
    for (const { name, did, url } of cases)
      it(name, () => {
        assert.equal(urlOfDid(did), url)
        if (url !== undefined) assert.equal(didOfUrl(url), did)
      })
  })

describe('the DID of an address', () => {
  it('is none for an address that is no document of a did:web', () => {
    for (const url of [
      'http://example.com/a/did.json',
      'https://example.com/a/list.json',
      'https://example.com/a/did.json?x',
      'https://user@example.com/a/did.json',
      'https://example.com/a%2Fb/did.json',
      'https://example.com/a//did.json',
      'no address',
    ])
      assert.equal(didOfUrl(url), undefined, url)
  })

  it('leads back, and nowhere but below its host, whatever is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const url = urlOfDid(`did:web:example.com:${text}`)
        if (url === undefined) return
        assert.equal(new URL(url).href, url)
        assert.equal(new URL(url).host, 'example.com')
        assert.ok(url.endsWith('/did.json') && !url.includes('/../'))
      }),
    )
    fc.assert(
      fc.property(fc.array(fc.webSegment()), (path) => {
        const url = `https://example.com/${[...path, 'did.json'].join('/')}`
        const did = didOfUrl(url)
        if (did !== undefined)
          assert.equal(new URL(urlOfDid(did) ?? '').pathname.split('/').length, new URL(url).pathname.split('/').length)
      }),
    )
  })
})

describe('what stands below a DID', () => {
  it('is told by whole parts', () => {
    const root = 'did:web:example.com:v2:trustlist'
    assert.deepEqual(pathBelow(root, root), [])
    assert.deepEqual(pathBelow(`${root}:DCC:XXA`, root), ['DCC', 'XXA'])
    for (const other of [
      `${root}-ref`,
      `${root}-ref:DCC`,
      'did:web:example.com:v2',
      `${root}:..`,
      `${root}:%2e%2e:x`,
      `${root}:`,
      `${root}:a%2Fb`,
      'did:web:evil.example',
    ])
      assert.equal(pathBelow(other, root), undefined, other)
  })
})
