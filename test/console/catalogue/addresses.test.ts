/** Addresses, searches and texts of code. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressOf, cursorOf, searchOf, wantedOf } from '../../../src/console/catalogue/list/query.ts'
import { curlLine, pageOf, versionOf, versionText, whichOf } from '../../../src/console/catalogue/page/addresses.ts'
import { linesInComment, tokens } from '../../../src/console/catalogue/page/highlight.ts'
import { languageCodes } from '../../../src/console/languages/codes.ts'

describe('addresses of the catalogue', () => {
  it('name an artefact or nothing', () => {
    assert.deepEqual(whichOf(['ValueSet', 'a']), { type: 'ValueSet', id: 'a' })
    assert.deepEqual(whichOf(['ValueSet', 'a', '_history', '2']), { type: 'ValueSet', id: 'a', versionId: '2' })
    for (const parts of [
      [],
      ['ValueSet'],
      ['Patient', 'a'],
      ['ValueSet', 'a/b'],
      ['ValueSet', '..'],
      ['ValueSet', '.', '_history', '1'],
      ['ValueSet', 'a', '_history', '..'],
      ['ValueSet', 'a', 'x'],
      ['ValueSet', 'a', '_history'],
    ])
      assert.equal(whichOf(parts), undefined, parts.join('/'))
    const version = { type: 'ValueSet', id: 'a', versionId: '2' }
    assert.equal(pageOf(version, { tab: 'source' }), '/catalogue/ValueSet/a/_history/2?tab=source')
    assert.deepEqual(versionOf('ValueSet', versionText(version)), version)
    assert.equal(versionOf('ValueSet', '../x'), undefined)
  })

  it('hold the filters, and give them back', () => {
    const text = fc.string({ maxLength: 30 }).map((each) => each.trim())
    fc.assert(
      fc.property(
        fc.record({ text, jurisdiction: text, publisher: text, source: text }),
        fc.constantFrom('', 'active', 'retired'),
        fc.constantFrom('title', '-date', 'url'),
        (words, status, sort) => {
          const wanted = wantedOf(new URLSearchParams({ sort }))
          const changes = addressOf({ ...wanted, ...words, status })
          const query = new URLSearchParams()
          for (const [name, value] of Object.entries(changes)) if (value) query.set(name, value)
          assert.deepEqual(wantedOf(new URLSearchParams(query.toString())), { ...wanted, ...words, status })
        },
      ),
    )
    assert.equal(wantedOf(new URLSearchParams({ status: 'evil', sort: 'evil' })).status, '')
  })

  it('become searches in which no text of a person is more than a text', () => {
    const wanted = wantedOf(new URLSearchParams({ q: 'a" or url co "b', publisher: 'x,y|z$', jurisdiction: 'sa' }))
    const query = new URLSearchParams(searchOf('ValueSet', wanted, { count: 10 }).split('?')[1])
    assert.match(query.get('_filter') ?? '', /^\(title co "a\\"" or name co "a\\"" or url co "a\\""\) and /)
    assert.equal(query.get('publisher:contains'), String.raw`x\,y\|z\$`)
    assert.equal(query.get('jurisdiction'), 'SA')
    assert.equal(cursorOf('http://other.example/x/ValueSet?a=1&_cursor=abc%3D'), 'abc=')
    assert.equal(cursorOf('http://other.example/x/ValueSet'), undefined)
  })

  it('become command lines that a shell takes as they are', () => {
    for (const address of [
      'http://a.example/fhir/ValueSet/x',
      "http://a.example/'; echo gone; '",
      'http://a/$(x)`y`"',
    ]) {
      const script = curlLine(address, 'application/fhir+json').replace(/^curl/, 'printf "%s\\n"')
      const said = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\n')
      assert.deepEqual(said, ['-sS', '-H', 'Accept: application/fhir+json', address, ''])
    }
  })
})

describe('colours of code', () => {
  it('change no character of any line', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom('"', "'", '/*', '*/', '//', 'define ', '\\', '1.5'), { maxLength: 12 })
        .map((each) => each.join('')),
    )
    fc.assert(
      fc.property(line, fc.constantFrom('fml', 'cql', 'json', 'plain'), fc.boolean(), (text, language, isInComment) => {
        assert.equal(
          tokens(text, language, isInComment)
            .map((each) => each.text)
            .join(''),
          text,
        )
      }),
    )
  })

  it('know words, texts and comments, also those of several lines', () => {
    const text = [
      'define "A":',
      '  // no "text"',
      '  1 /* begins',
      'define inside',
      'ends */ and "b" /* c */',
      "'/*'",
      'define',
    ]
    assert.deepEqual([...linesInComment(text, 'cql')], [3, 4])
    assert.deepEqual(tokens('define "A":', 'cql'), [
      { kind: 'word', text: 'define' },
      { kind: 'plain', text: ' ' },
      { kind: 'text', text: '"A"' },
      { kind: 'plain', text: ':' },
    ])
    assert.equal(tokens(text[4] ?? '', 'cql', true)[0]?.text, 'ends */')
  })

  it('take no time over lines that were made to take it', () => {
    const line = '"\\'.repeat(500_000)
    assert.equal(linesInComment([line, 'x'], 'cql').size, 0)
    assert.equal(tokens(line, 'cql').length, 1)
  })
})

describe('texts of the catalogue', () => {
  it('have the same places in every language', async () => {
    const places = (value: unknown, path = ''): [string, string[]][] => {
      if (typeof value === 'string') return [[path, (value.match(/\{\w+\}/g) ?? []).sort()]]
      if (typeof value !== 'object' || value === null) return []
      // What counts has its own forms in each language.
      if ('other' in value && 'one' in value) return [[path, []]]
      return Object.entries(value).flatMap(([name, each]) => places(each, `${path}.${name}`))
    }
    const { catalogue: english } = await import('../../../src/console/languages/en/catalogue.ts')
    for (const code of languageCodes) {
      const { catalogue } = await import(`../../../src/console/languages/${code}/catalogue.ts`)
      assert.deepEqual(Object.fromEntries(places(catalogue)), Object.fromEntries(places(english)), code)
    }
  })
})
