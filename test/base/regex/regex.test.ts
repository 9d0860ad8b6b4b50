import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkRegex, javaScriptReplacement, safeRegex } from '../../../src/base/regex/regex.ts'

test('accepts what standards use', () => {
  for (const pattern of [
    '^[A-Za-z0-9\\-\\.]{1,64}$',
    'urn:oid:[0-2](\\.(0|[1-9][0-9]*))+',
    '[^\\s]+(\\s[^\\s]+)*',
    '^HC1:[0-9A-Z $%*+./:-]+$',
    '(\\d{4})(-(\\d{2})(-(\\d{2}))?)?',
    '^(XXA|XXB)(,(XXA|XXB))*$',
    '([0-9]{10})*',
    '(?=.*\\d)(?:ab|cd)+',
    '^\\p{Lu}.*$',
    "^(?:'[^']*'|[^'])*$",
    '',
  ]) {
    assert.equal(checkRegex(pattern), undefined, pattern)
  }
})

test('refuses what can run without end', () => {
  for (const pattern of [
    '(a+)+$',
    '(a*)*b',
    '(a|a)*b',
    '(a|ab|b)*c',
    '(.*x)*y',
    '(\\s*([0-9a-zA-Z+/=]){4}\\s*)+',
    '(a?b?)*c',
    '(x+x+)+y',
    '([0-9]{1,20})*z',
    '((ab)+)*',
    '(é+)+',
  ]) {
    assert.match(checkRegex(pattern) ?? '', /refused/, pattern)
  }
  assert.match(checkRegex('(') ?? '', /not valid/)
})

test('what it accepts ends soon, what it cannot read is a message', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '[ab]',
    '.',
    '(a|b)',
    '(a',
    ')',
    '|',
    '*',
    '+',
    '?',
    '{1,3}',
    '{2}',
    '\\d',
    '^',
    '$',
  )
  fc.assert(
    fc.property(fc.array(atom, { maxLength: 10 }), (parts) => {
      const pattern = parts.join('')
      if (checkRegex(pattern) === undefined) safeRegex(`^(?:${pattern})c$`).test('ab'.repeat(14))
    }),
    { numRuns: 2000, seed: 7 },
  )
})

test('long texts are matched in linear time, with the same outcome', () => {
  const many = 'a'.repeat(100_000)
  assert.equal(safeRegex('.*.*.*=').test(many), false)
  assert.equal(safeRegex('^(.*)\\|(.*)\\|(.*)$').test('|'.repeat(50_000)), true)
  assert.equal(safeRegex('\\s+$').test(`${' '.repeat(50_000)}x`), false)
  assert.equal(safeRegex('A+\\u0062', 'i').test(`${many}b`), true)
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how Java writes it
  const replacement = javaScriptReplacement('[${n}\\$]')
  for (const length of [10, 100_000]) {
    const text = `${'x'.repeat(length)}12-34`
    assert.equal(text.replace(safeRegex('(?<n>\\d+)-(\\d+)', 'g'), replacement).slice(-6), 'x[12$]')
    assert.equal(text.replace(safeRegex('(\\d+)-(\\d+)', 'g'), '$2\\$&').slice(-9), 'x34\\12-34')
  }
  assert.throws(() => safeRegex('(?=a+b+)c+').test(many), /shorter text/)
})

test('the check itself ends, whatever the pattern', () => {
  const letters = Array.from({ length: 140 }, (_, i) => String.fromCharCode(0x100 + i))
  const nested = (body: string, count: string, depth: number): string =>
    depth === 0 ? body : `(${nested(body, count, depth - 1)})${count}`
  const tooMuch = [`(${letters.join('|')})*`, 'a?'.repeat(999), nested('a', '{0,8}', 5)]
  for (const pattern of tooMuch) assert.notEqual(checkRegex(pattern), undefined, pattern.slice(0, 20))
  assert.match(checkRegex('a'.repeat(3000)) ?? '', /longer than/)
})

test('counts that multiply are counted', () => {
  const many = 'a'.repeat(1_000_000)
  assert.throws(() => safeRegex('a{1000}b').test(many), /shorter text/)
  assert.throws(() => safeRegex('((a{30}){30}){30}b').test(many), /shorter text/)
  assert.equal(safeRegex('a{3}b').test(`${many}b`), true)
})

test('a replacement cannot blow a text up', () => {
  assert.throws(() => 'a'.repeat(100_000).replace(safeRegex('a', 'g'), 'b'.repeat(1000)), /shorter text/)
})

test('splits as JavaScript does, groups left out', () => {
  const text = fc.array(fc.constantFrom('a', 'b', ',', ' '), { maxLength: 12 }).map((each) => each.join(''))
  const pattern = fc.constantFrom(',', ',? ', '\\s+', '(?:)', 'a|b', '^a', ' *')
  fc.assert(
    fc.property(text, pattern, (given, regex) => {
      const expected = given === '' ? [''] : given.split(new RegExp(regex, 'u'))
      assert.deepEqual(safeRegex(regex).split(given), expected)
    }),
  )
  assert.equal(safeRegex(',|(x)?;').split(`a,b${','.repeat(20_000)}`).length, 20_002)
})

test('an error of a pattern that may come out of data does not quote it', () => {
  assert.throws(
    () => safeRegex('((Mustermann)+)+'),
    (error: Error) => !error.message.includes('Mustermann'),
  )
})
