import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../src/fhir/error.ts'
import { parseMap } from '../../src/structure-map/maps.ts'

/**
 * Texts of some million characters. Reading one takes a second or two; where its time grew with the square of the length it took a
 * minute for a quarter of it, and would not end within the limit of a test.
 */
const bytes = 3_000_000
const fill = (piece: string) => piece.repeat(Math.floor(bytes / piece.length))
const fillEach = (make: (index: number) => string) => {
  const pieces: string[] = []
  for (let length = 0, i = 0; length < bytes; i++) {
    const piece = make(i)
    pieces.push(piece)
    length += piece.length
  }
  return pieces.join('')
}
const head = 'map "http://example.org/m" = m\n'
const group = (rules: string) => `${head}group g(source a, target b) {\n${rules}\n}`

const texts: Record<string, () => string> = {
  'comments that open': () => fill('/*'),
  'comments that open and close': () => fill('/* a */ '),
  'line comments': () => `${head}${fill('// a\n')}group g(source a) { a.b as v "r"; }`,
  'comments in rules': () => group(fill('// a\na.b -> b.c "r";\n')),
  'parentheses that open': () => group(`a where ${fill('(')}`),
  'braces that open': () => group(fill('a.b then {')),
  words: () => fill('a '),
  'an identifier': () => `map "http://example.org/m" = ${fill('a')}`,
  quotes: () => fill("'\n"),
  'quotes of every kind': () => fill('"\'`'),
  'quotes that are escaped': () => `'${fill("\\'\n")}`,
  uses: () => `${head}${fillEach((i) => `uses "http://a/${i}" as source\n`)}`,
  imports: () => `${head}${fillEach((i) => `imports "http://a/${i}"\n`)}`,
  'constants and rules': () =>
    `${head}${fillEach((i) => `let c${i} = 1;\n`)}group g(source a, target b) {\n${fillEach((i) => `a.b as v${i} -> b.c "r${i}";\n`)}}`,
  metadata: () => `${fillEach((i) => `/// jurisdiction.text = "a${i}"\n`)}${head}`,
  'metadata that come late': () => group(fill("/// title = 'a'\n")),
  groups: () => `${head}${fillEach((i) => `group g${i}(source a) { a.b as v "r"; }\n`)}`,
  'groups and uses': () =>
    `${head}${fillEach((i) => `uses "http://a/${i}" as source\n`)}${fillEach((i) => `group g${i}(source a : T) {}\n`)}`,
  rules: () => group(fillEach((i) => `a.b -> b.c "r${i}";\n`)),
  'rules of many elements': () => group(`a -> b: ${fillEach((i) => `e${i}, `)}z;`),
  'a path': () => group(`a where (${fill('a.')}b) -> b.c;`),
  'a sum': () => group(`a where (${fill('a+')}b) -> b.c;`),
  'a concept map': () =>
    `${head}conceptmap "m" {\nprefix s = "s"\nprefix t = "t"\n${fillEach((i) => `s:a${i} == t:b${i}\n`)}}`,
  'prefixes that are not declared': () => `${head}conceptmap "m" {\n${fillEach((i) => `x${i}:a == y${i}:b\n`)}}`,
  'declarations that are broken': () => `${head}${fill('group\n')}`,
}

describe('time to read a map grows with its length', () => {
  for (const [name, text] of Object.entries(texts)) {
    it(name, () => {
      try {
        assert.ok(parseMap(text()).map)
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
        assert.ok(error.issues.length <= 1000)
      }
    })
  }
})
