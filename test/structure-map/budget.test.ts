import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { compileMap, issuesOf, mapCall } from '../support/run-map.ts'

const list = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))
const source: Json = {
  a: list(2000, (index) => `x${index}`),
  o: list(500, (index) => ({ k: index, v: { w: `t${index}` } })),
  text: 'ab'.repeat(200_000),
}

const withRule = (rule: string) => `map "http://example.org/StructureMap/m" = m
group main(source s, target t) {
  ${rule}
}
group deeper(source s, source each, target t) {
  s.a as b where ($this = each) -> t.found = b "deeper";
}`

/** Rules of a line whose work grows with a power of the list that they are given. */
const COSTLY: [how: string, rule: string][] = [
  ['engine', `s -> t.b = (s.a.select(%context.a).count()) "r";`],
  ['engine', `s -> t.b = (s.a.combine(s.a).combine(s.a).select(%context.a).select(%context.a).count()) "r";`],
  ['engine', `s -> t.b = (s.a.where(%context.a.where($this = 'y').exists()).count()) "r";`],
  ['engine', `s -> t.b = (s.a.repeat($this & 'x').count()) "r";`],
  ['closures', `s -> t.b = (s.a.select(s.a).count()) "r";`],
  ['closures', `s -> t.b = (s.a.where(s.a.where($this = 'y').exists()).count()) "r";`],
  ['closures', `s -> t.b = (s.a.distinct().count()) "r";`],
  ['closures', `s -> t.b = (s.a.where(s.a contains 'y').count()) "r";`],
  ['closures', `s -> t.b = (s.o.where(s.o = s.o).count()) "r";`],
  ['closures', `s -> t.b = (s.text.replace('a', s.text).length()) "r";`],
  ['closures', `s -> t.b = (s.text.replaceMatches('a', s.text).length()) "r";`],
  ['closures', `s -> t.b = (s.a.join(s.text).length()) "r";`],
  ['closures', `s -> t.b = (s.a.where(s.text.matches('b+c')).count()) "r";`],
  ['closures', `s -> t.b = (s.a.where(s.text.upper().contains('C')).count()) "r";`],
  ['sources', `s.a as x, s.a as y -> t.b = x "r";`],
  ['sources', `s.a as x then { s.a as y where ($this = 'y') -> t.b = y "inner"; } "r";`],
  ['sources', `s.a as x then deeper(s, x, t) "r";`],
  ['sources', `s.a as x then { s.a first as y -> t.b = y "inner"; } "r";`],
  ['copies', `s.a as x -> t.b = s "r";`],
]

test('work that grows with a power of the source is refused, by whatever it is done', async () => {
  for (const [how, rule] of COSTLY) {
    const compiled = await compileMap(withRule(rule))
    const run = () => compiled.run(source, { ...mapCall(), limits: { steps: 300_000 } })
    const [issue] = await issuesOf(run)
    assert.equal(issue?.code, 'too-costly', `${how}: ${rule}`)
    assert.match(
      issue?.diagnostics ?? '',
      /^line \d+, column \d+: StructureMap .*, rule '\w+': more than 300000 steps/,
      rule,
    )
    assert.doesNotMatch(JSON.stringify(issue), /x1|abab/)
  }
})

test('limits of one run are those of that run alone', async () => {
  const compiled = await compileMap(withRule(`s.a as x -> t.b = x "r";`))
  const small = await issuesOf(() => compiled.run(source, { ...mapCall(), limits: { steps: 1000 } }))
  assert.equal(small[0]?.code, 'too-costly')
  assert.equal((compiled.run(source, mapCall()) as { b: Json[] }).b.length, 2000)
})

test('what looks at everything once is within a limit that is a multiple of the source', async () => {
  const rules = [
    `s.a as x where ($this.startsWith('x1')) -> t.b = x "r";`,
    `s -> t.b = (s.a.where($this.endsWith('7')).count()) "r";`,
    `s -> t.b = (s.o.v.w.join(', ')) "r";`,
    `s -> t.b = (s.o.select(v.w).first()) "r";`,
    `s.o as o -> t.b = o "r";`,
    `s -> t.b = (s.a.tail().exclude('x1').count()) "r";`,
  ]
  for (const rule of rules) {
    const compiled = await compileMap(withRule(rule))
    assert.ok(compiled.run(source, { ...mapCall(), limits: { steps: 100_000 } }), rule)
  }
})

test('a clock stops a run between any two of its steps, also within FHIRPath', async () => {
  for (const rule of [
    `s -> t.b = (s.a.select(%context.a.first()).count()) "r";`,
    `s.a as x, s.o as y -> t.b = x "r";`,
  ]) {
    let now = 0
    const options = { elapsed: () => (now += 40), limits: { milliseconds: 100 } }
    const compiled = await compileMap(withRule(rule), { options })
    const [issue] = await issuesOf(() => compiled.run(source, mapCall()))
    assert.match(issue?.details?.text ?? '', /longer than 100 ms/, rule)
    assert.equal(issue?.code, 'too-costly')
  }
})
