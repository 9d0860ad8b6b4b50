import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  commonPrefixes,
  isBelow,
  prefixFault,
  readPrefix,
  spellingFault,
} from '../../src/authority/canonical-prefix.ts'
import { readCases } from '../support/read-cases.ts'

interface Case {
  name: string
  canonical: string
  prefix: string
  below: boolean
}

describe('a canonical below a prefix', () => {
  for (const { name, canonical, prefix, below } of readCases<Case>(import.meta.url, 'cases/canonical-prefixes.json'))
    it(`${name}: ${below}`, () => {
      assert.equal(prefixFault(prefix), undefined)
      assert.equal(isBelow(canonical, readPrefix(prefix)), below)
    })

  it('is one that a parser of addresses reads the same way', () => {
    const part = fc.constantFrom(
      'a.org',
      'A.org',
      'b',
      '..',
      '.',
      '',
      '%2e',
      '%2F',
      '\\',
      '@',
      ':',
      'x',
      '#',
      '?',
      '\t',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('/', ''), (parts, separator) => {
        const canonical = `http://a.org${separator}${parts.join(separator)}`
        if (!isBelow(canonical, 'http://a.org')) return
        const url = new URL(canonical)
        assert.equal(url.host, 'a.org')
        assert.equal(url.username, '')
        assert.ok(url.href === canonical || url.href === canonical.replace('a.org', 'a.org/'), canonical)
      }),
    )
  })
})

describe('a prefix', () => {
  const refused = [
    '',
    'http://',
    'http:',
    'a.org',
    'http://a.org/x?y',
    'http://A.org',
    'http://a.org/..',
    'urn:',
    'urn:oid:',
    '**',
  ]
  for (const each of refused) it(`is not ${JSON.stringify(each)}`, () => assert.ok(prefixFault(each)))

  it('and another have below them what is below both', () => {
    const [a, b] = [
      ['http://a.org/x', 'http://b.org', 'urn:oid:1.2'],
      ['http://a.org', 'http://b.org/y', 'urn:oid:1.2.3', 'http://c.org'],
    ]
    assert.deepEqual(commonPrefixes(a ?? [], b ?? []), ['http://a.org/x', 'http://b.org/y', 'urn:oid:1.2.3'])
    assert.deepEqual(commonPrefixes(['*'], ['http://c.org']), ['http://c.org'])
    assert.deepEqual(commonPrefixes(['http://c.org'], ['*']), ['http://c.org'])
    assert.deepEqual(commonPrefixes(['*'], ['*']), ['*'])
    assert.deepEqual(commonPrefixes(['http://c.org'], ['http://c.org.evil']), [])
    assert.deepEqual(commonPrefixes([], ['*']), [])
  })

  it('says why a canonical cannot be judged', () => assert.match(spellingFault('http://a.org/%41') ?? '', /spelling/))
})
