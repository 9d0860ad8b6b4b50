import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nearestName } from '../../src/base/nearest.ts'

const names = ['planDefinition', 'library', 'expression', 'parameters', 'credential', 'credentialPart']

test('the nearest name by insertions, deletions, replacements and swaps, letter case aside', () => {
  const cases: [wrong: string, nearest: string][] = [
    ['planDefintion', 'planDefinition'],
    ['PLANDEFINITION', 'planDefinition'],
    ['libray', 'library'],
    ['lbirary', 'library'],
    ['parameter', 'parameters'],
    ['credentialPrat', 'credentialPart'],
    ['credentials', 'credential'],
  ]
  for (const [wrong, nearest] of cases) assert.equal(nearestName(wrong, names), nearest)
  assert.equal(nearestName('x', []), undefined)
})

test('a name is nearest to itself, and any text has a nearest one', () => {
  fc.assert(fc.property(fc.constantFrom(...names), (name) => nearestName(name, names) === name))
  fc.assert(fc.property(fc.string({ maxLength: 5000 }), (text) => names.includes(nearestName(text, names) ?? '')))
})
