import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { stepBudget } from '../../../src/fhir/fhirpath/budget.ts'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import { callFault } from '../../../src/fhir/fhirpath/signatures.ts'

const list = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))
const input = {
  a: list(3000, (index) => `x${index}`),
  n: list(3000, (index) => index),
  o: list(2000, (index) => ({ k: index, v: { w: `t${index}` } })),
  text: 'ab'.repeat(300_000),
}

/** What an evaluation spends, and the most that it spends in one go: nothing can stop it in between. */
function spending(expression: string, limit: number): { spent: number; refused: boolean } {
  let spent = 0
  const spend = (steps: number) => {
    spent += steps
    if (spent > limit) throw new FhirError(422, { severity: 'error', code: 'too-costly' })
  }
  try {
    compileFhirPath(expression)(input, {}, { budget: { spend } })
    return { spent, refused: false }
  } catch (error) {
    assert.ok(error instanceof FhirError, expression)
    assert.equal(error.issues[0]?.code, 'too-costly', `${expression}: ${error.message}`)
    return { spent, refused: true }
  }
}

/** Expressions of a line that would take seconds, or gigabytes, over a list that a request can bring. */
const COSTLY = [
  'a.select(%context.a).count()',
  'a.combine(a).combine(a).select(%context.a).select(%context.a).count()',
  "a.where(%context.a.where($this = 'y').exists()).count()",
  "a.exists(%context.a.exists($this = 'y'))",
  "a.all(%context.a.where($this != 'y').exists())",
  'a.select(iif(true, %context.a)).count()',
  "a.select(defineVariable('q', %context.a)).count()",
  'a.distinct().count()',
  'a.isDistinct()',
  '(a | n).count()',
  'a.union(n).count()',
  'a.intersect(a).count()',
  "a.exclude(a.select($this & 'z')).count()",
  'a.subsetOf(a)',
  'a.supersetOf(a)',
  "a.repeat($this & 'x').count()",
  'n.repeat($this + 1).count()',
  'a.where($this in %context.a).count()',
  'a.all(%context.a contains $this)',
  'o.where(%context.o = %context.o).count()',
  'a.where(%context.a ~ %context.a).count()',
  'o.select(%context.descendants()).count()',
  'o.select($this.children()).select(%context.o).count()',
  "text.replace('a', %context.text).length()",
  "text.replaceMatches('a', %context.text).length()",
  "text.replaceMatches('.', '$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0$0').length()",
  'a.join(text).length()',
  'text.toChars().distinct().count()',
  "a.aggregate($total & $total & 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy', 'seed').length()",
  "a.where(%context.text.matches('(a|b)*c')).count()",
  "a.where(%context.text.contains('zz')).count()",
  "a.where(%context.text = (%context.text & 'a')).count()",
  'a.select(%context.text.upper()).count()',
]

test('what would take long is refused before it is done', () => {
  for (const expression of COSTLY) {
    const { spent, refused } = spending(expression, 1_000_000)
    assert.ok(refused, `${expression} spends ${spent}`)
  }
})

test('the default budget holds without one being given', () => {
  for (const expression of COSTLY.slice(0, 3)) {
    assert.throws(
      () => compileFhirPath(expression)(input),
      (error) =>
        error instanceof FhirError && error.issues[0]?.code === 'too-costly' && /1000000 steps/.test(error.message),
    )
  }
})

test('ordinary expressions cost little, and in proportion to what they look at', () => {
  const cases: [expression: string, most: number][] = [
    ["'urn:uuid:' & 'x'", 20],
    ['a.count()', 30_000],
    ["a.where($this = 'x7').count()", 100_000],
    ['o.v.w.count()', 60_000],
    ['o.select(v.w).first()', 60_000],
    ["text.startsWith('ab')", 20_000],
    ['a.first() | a.last()', 60_000],
    ['n.where($this > 10).sum()', 150_000],
    ['a.sort().first()', 100_000],
  ]
  for (const [expression, most] of cases) {
    const { spent, refused } = spending(expression, 1_000_000)
    assert.ok(!refused && spent <= most, `${expression} spends ${spent}, not ${most}`)
  }
})

test('long integers end where FHIRPath has no more', () => {
  assert.deepEqual(compileFhirPath('(3000000000L * 3).toString()')({}), ['9000000000'])
  assert.throws(
    () => compileFhirPath('n.aggregate(iif($total.empty(), 9L, $total * $total)).toString()')(input),
    /more than 64 bits/,
  )
})

test('a budget is for one run: the next begins anew', () => {
  const compiled = compileFhirPath('n.repeat(iif($this < 40, $this + 1)).count()')
  const once = spendingOf(compiled)
  assert.equal(spendingOf(compiled), once)
  assert.throws(() => compiled(input, {}, { budget: stepBudget(100) }), /more than 100 steps/)
})

function spendingOf(compiled: ReturnType<typeof compileFhirPath>): number {
  let spent = 0
  const spend = (steps: number) => {
    spent += steps
  }
  compiled({ n: list(20, (index) => index) }, {}, { budget: { spend } })
  return spent
}

test('replace() takes its arguments literally, and an empty pattern stands around every character', () => {
  const cases: [expression: string, expected: string][] = [
    ["'abcdefg'.replace('cde', '123')", 'ab123fg'],
    ["'abcdefg'.replace('cde', '')", 'abfg'],
    ["'abc'.replace('', 'x')", 'xaxbxcx'],
    ["'a.b'.replace('.', '$&')", 'a$&b'],
  ]
  for (const [expression, expected] of cases) assert.deepEqual(compileFhirPath(expression)({}), [expected], expression)
})

test('every function that is said to be there is, with those numbers of arguments, and no other', () => {
  const names =
    'abs aggregate all allTrue anyFalse as avg ceiling children coalesce combine conformsTo contains convertsToDate count dateOf decode defineVariable descendants distinct empty encode endsWith escape exclude exists exp extension first floor getValue hasValue highBoundary htmlChecks iif indexOf intersect is isDistinct join last lastIndexOf length ln log lowBoundary lower matches matchesFull max memberOf min not now ofType pathname power repeat replace replaceMatches resolve round select single skip sort split sqrt startsWith subsetOf substring subsumedBy subsumes sum supersetOf tail take timeOfDay toBoolean toChars toDate toInteger toLong toQuantity toString today trace trim truncate type unescape union upper weight where'.split(
      ' ',
    )
  const failure = (text: string) => {
    try {
      compileFhirPath(text)({})
      return ''
    } catch (error) {
      return String(error)
    }
  }
  for (const name of names) {
    const counts = [0, 1, 2, 3].filter((count) => callFault(name, count) === undefined)
    assert.ok(counts.length > 0, name)
    for (const count of counts) {
      const args = ['is', 'as', 'ofType'].includes(name) ? 'Patient' : list(count, () => "'a'").join(', ')
      assert.doesNotMatch(failure(`nothing.${name}(${args})`), /Not implemented|wrong arity/, `${name}/${count}`)
    }
  }
  for (const name of ['isInteger', 'toUpper', 'constructor', '__proto__', 'firstOne']) {
    assert.match(callFault(name, 0) ?? '', /^is no function of FHIRPath; the nearest name is/)
    assert.match(failure(`nothing.${name}()`), /Not implemented|TypeError|error/i, name)
  }
  assert.equal(callFault('first', 1), 'takes 0 arguments, not 1')
  assert.equal(callFault('iif', 1), 'takes 2 or 3 arguments, not 1')
  assert.equal(callFault('coalesce', 0), 'takes 1 arguments or more, not 0')
})
