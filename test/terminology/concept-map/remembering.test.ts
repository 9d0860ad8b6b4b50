import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remembering } from '../../../src/terminology/concept-map/translator.ts'

const counted = (isListed?: (code: string) => boolean) => {
  const asked: string[] = []
  const translate = remembering((code, system) => {
    asked.push(`${system}|${code}`)
    if (code === 'none') return []
    return [{ code: code === 'as-is' ? code : `${system}-${code}`, equivalence: 'equivalent' }]
  }, isListed)
  return { asked, translate }
}

test('a code of the map is looked up once, in each system', () => {
  const { asked, translate } = counted()
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(translate('a', 's'), [{ code: 's-a', equivalence: 'equivalent' }])
    assert.deepEqual(translate('a'), [{ code: 'undefined-a', equivalence: 'equivalent' }])
  }
  assert.deepEqual(asked, ['s|a', 'undefined|a'])
})

test('what is not in the map, or goes on as it came, is not kept', () => {
  const { asked, translate } = counted()
  for (const code of ['none', 'none', 'as-is', 'as-is']) translate(code, 's')
  assert.equal(asked.length, 4)
})

test('what a map has one answer for, whatever it is, is not kept, nor what is longer than any code', () => {
  const { asked, translate } = counted((code) => code !== 'Ada of Elsewhere')
  const long = 'x'.repeat(1_000)
  for (const [code, system] of [['Ada of Elsewhere', 's'] as const, [long, 's'] as const, ['a', long] as const])
    for (let i = 0; i < 2; i++) assert.deepEqual(translate(code, system)[0]?.code, `${system}-${code}`)
  assert.equal(asked.length, 6)
})

test('nobody changes an answer that others get, too', () => {
  const { translate } = counted()
  const answer = translate('a', 's')
  assert.throws(() => Object.assign(answer[0] ?? {}, { display: 'changed' }), TypeError)
  assert.throws(() => Object.assign(answer, { length: 0 }), TypeError)
  assert.deepEqual(translate('a', 's'), [{ code: 's-a', equivalence: 'equivalent' }])
})

test('a system and a code cannot be taken for another system and code', () => {
  const { translate } = counted()
  translate('b|c', 'a')
  assert.deepEqual(translate('c', 'a|b'), [{ code: 'a|b-c', equivalence: 'equivalent' }])
})
