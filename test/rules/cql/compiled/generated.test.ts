/** Generated code of rules: it has no text of a library, is made of published ones alone, and gives way where it cannot be. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { generate, generated } from '../../../../src/rules/cql/compiled/generate/generate.ts'
import { RUNTIME } from '../../../../src/rules/cql/compiled/generate/runtime.ts'
import { outermost, type Surroundings } from '../../../../src/rules/cql/compiled/place.ts'
import { programsWith } from '../../../../src/rules/cql/compiled/program.ts'
import { definitions, visit } from '../../../../src/rules/cql/translate/elm.ts'
import type { CompiledLibrary } from '../../../../src/rules/cql/translate/libraries.ts'
import { createRules } from '../../../../src/rules/rules.ts'
import { ofType } from '../../../content/own-content.ts'
import { ownRuleDoor } from '../../../support/own-rules.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'
import { generatedOf, runOneWay } from './both-ways.ts'

/** Words that code may have: of JavaScript, of the runtime, of our own. */
const words = new Set([
  ...'use strict const let function return if for null undefined true false'.split(' '),
  ...'k h r rows list at length push Array isArray slots run bare body direct hasMatch'.split(' '),
  ...Object.keys(RUNTIME),
])

/** What is in code that may not be; empty when it is sound. */
function strangersIn(text: string): string[] {
  const strangers: string[] = []
  const bare = text.replace('"use strict"', '').replace(/"([A-Za-z_][A-Za-z0-9_]{0,62})"/g, (_, name: string) => {
    if (name in Object.prototype) strangers.push(name)
    return ' '
  })
  const rest = bare.replace(/[A-Za-z_$][A-Za-z0-9_$]*|[0-9]+/g, (word) => {
    if (!/^[0-9]/.test(word) && !words.has(word) && !/^[kvgn][0-9]+$/.test(word)) strangers.push(word)
    return ' '
  })
  const other = /[^ \n{}()[\];:,.?!=<|+-]|\/[/*]/.exec(rest)
  if (other) strangers.push(other[0])
  return strangers
}

/** A library of which nothing is known but that everything is there. */
const anything: Surroundings = {
  define: () => () => null,
  parameter: () => () => null,
  functions: (_name, _library, operands) => [
    { operands: Array.from({ length: operands }, () => ({})), body: () => null },
  ],
  declared: () => ({ id: 'x' }),
  valueSet: () => ({ id: 'x', version: undefined }),
}

/** A place where some names are known, and whose steps say nothing. */
function placeWith(names: string[]) {
  let place = outermost(anything, () => () => null)
  for (const name of names) place = place.within(name).place
  return place
}

const placeholder = ['$', '{process.exit(3)}'].join('')
const hostile = [
  ...['`', "'", '"', '\\', '\u2028', '\n', '\r', '\0', placeholder, `\`${placeholder}\``, '*/', '//', '<!--', ']', ''],
  ...['"];process.exit(3);//', '"+process.exit(3)+"', ') { process.exit(3) }', '__proto__', 'constructor', 'toString'],
  ...['k0', 'r', 'n0', 'rows', 'list', 'undefined', '0', '-1', '-0', '1e3', 'a'.repeat(64), 'b'.repeat(100_000)],
  ...['a b', 'ünïcödé', '\ud800', '$', '_', 'a-b', 'status'],
]
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
)
const system = '{urn:hl7-org:elm-types:r1}'

/** Nodes with names of these, and of any other. */
const nodes = (names: string[]) =>
  fc.letrec<{ node: JsonObject }>((tie) => {
    const node = tie('node')
    const known = fc.constantFrom(...names)
    const branch = Object.fromEntries([['then', node]])
    const operands = fc.array(node, { minLength: 2, maxLength: 3 })
    const element = fc.record({ name: text, value: node })
    const of = (type: string, members: Record<string, fc.Arbitrary<unknown>>) =>
      fc.record({ type: fc.constant(type), ...members }) as fc.Arbitrary<JsonObject>
    const leaf = fc.oneof(
      of('Literal', { valueType: fc.constantFrom(`${system}String`, `${system}Boolean`), value: text }),
      of('Literal', {
        valueType: fc.constantFrom(`${system}Integer`, `${system}Decimal`),
        value: fc.constantFrom('7', '-0', '1.5'),
      }),
      of('Null', {}),
      of('AliasRef', { name: known }),
      of('OperandRef', { name: known }),
      of('ExpressionRef', { name: text }),
      of('ParameterRef', { name: text, libraryName: text }),
      // What there is no code for.
      of('Retrieve', { dataType: text, templateId: text }),
      fc.record({ type: text, name: text, operand: text }) as fc.Arbitrary<JsonObject>,
    )
    const inner = fc.oneof(
      of('Property', { path: text, source: node }),
      of('Property', { path: text, scope: known }),
      of('FunctionRef', { name: text, libraryName: text, operand: operands }),
      ...['And', 'Or', 'Coalesce', 'Equal', 'Equivalent', 'In', 'Less', 'DurationBetween'].map((type) =>
        of(type, { operand: fc.tuple(node, node) }),
      ),
      ...['Not', 'IsTrue', 'IsFalse', 'IsNull', 'Exists', 'ToInteger'].map((type) => of(type, { operand: node })),
      ...['First', 'Count', 'Max'].map((type) => of(type, { source: node })),
      of('If', { condition: node, ...branch, else: node }),
      of('Case', { caseItem: fc.array(fc.record({ when: node, ...branch }), { maxLength: 2 }), else: node }),
      of('List', { element: fc.array(node, { maxLength: 3 }) }),
      of('Tuple', { element: fc.array(element, { maxLength: 3 }) }),
      of('Instance', { classType: fc.constantFrom(`${system}Code`, `${system}Concept`), element: fc.array(element) }),
      of('As', { operand: node, asType: text }),
      of('InValueSet', { code: node, valueset: fc.record({ name: text, libraryName: text }) }),
      of('Query', {
        source: fc.tuple(fc.record({ alias: text, expression: node })),
        let: fc.array(fc.record({ identifier: text, expression: node }), { maxLength: 2 }),
        where: node,
        return: fc.record({ distinct: fc.boolean(), expression: node }),
      }),
    )
    return { node: fc.oneof({ maxDepth: 5, depthSize: 'small' }, leaf, inner) }
  }).node

describe('generated code of rules', () => {
  it('has no text of a library, whatever names and texts it has', () => {
    let longest = 0
    let made = 0
    const polluted = Object.getOwnPropertyNames(Object.prototype)
    fc.assert(
      fc.property(
        fc
          .uniqueArray(text, { minLength: 1, maxLength: 4 })
          .chain((names) => fc.tuple(fc.constant(names), fc.array(nodes(names), { minLength: 2, maxLength: 12 }))),
        ([names, element]) => {
          const node = { type: 'List', element }
          const code = generate(node, placeWith(names))
          made++
          longest = Math.max(longest, code.text.length)
          assert.deepEqual(strangersIn(code.text), [])
          assert.equal(typeof generated(node, placeWith(names)), 'function')
          assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), polluted)
        },
      ),
      { numRuns: Number(process.env.VIDIMUS_FUZZ_RUNS ?? 300) },
    )
    assert.ok(made >= 300 && longest > 2_000, `${made} codes, the longest of ${longest} characters`)
  })

  it('has strangers found', () => {
    const strange = [
      'process.exit(1)',
      'n0["__proto__"]',
      'n0["a b"]',
      'n0 = `x`',
      "n0 = 'x'",
      '// n0',
      '/* n0 */',
      '$',
    ]
    for (const each of [...strange, 'n0["constructor"]', '\u2028', 'n0["x"] = "\\n"', 'import(n0)', 'n0.path'])
      assert.notDeepEqual(strangersIn(each), [], each)
  })

  it('says the same where names are hostile', async () => {
    const rules = testRules(testEnvironment())
    after(() => rules.close())
    const quoted = (name: string) => `"${name.replace(/[\\"]/g, '\\$&')}"`
    for (const name of ['`', '"];process.exit(3);//', placeholder, 'k0', 'rows', 'a b', '*/']) {
      const [define, alias, element] = ['D', 'A', 'E'].map((each) => quoted(`${each}${name}`))
      const cql = `library L version '1'\nusing FHIR version '4.0.1'\ncontext Patient
define function F(given Integer): given + 1
define ${define}: ({ 1, 2, 3 }) ${alias} where ${alias} > 1 return all Tuple { ${element}: F(${alias}), text: '${name.replace(/['\\]/g, '\\$&')}' }
define Asked: First(${define}).${element} = 3`
      const library = await rules.workshop.expressions.libraries.compile(cqlLibrary(cql))
      const environment = rules.workshop.expressions.run
      const call = {
        clock: '2026-01-01T00:00:00Z',
        data: { resourceType: 'Bundle' as const, type: 'collection' as const },
      }
      const counted = { asked: 0, answered: 0 }
      const generated = await runOneWay(library, call, { environment, counted, isGenerated: true })
      assert.deepEqual(generated, await runOneWay(library, call, { environment }), name)
      assert.equal(counted.asked, counted.answered, name)
      assert.equal(generated.at(-1)?.value, true, name)
    }
  })

  it('is made of every define and function of own rules', async () => {
    const { libraries } = ownRuleDoor().workshop.expressions
    let made = 0
    for (const { url = '', version = '' } of ofType('Library')) {
      const { elm } = await libraries.compile(`${url}|${version}`)
      const names = new Set<string>()
      visit(elm.library.statements, ({ alias, identifier, name }) => {
        for (const each of [alias, identifier, name]) if (typeof each === 'string') names.add(each)
      })
      for (const { expression } of definitions(elm, 'statements')) {
        const { text } = generate(expression ?? null, placeWith([...names]))
        assert.deepEqual(strangersIn(text), [])
        made++
      }
    }
    assert.ok(made > 50, `${made} defines and functions`)
  })
})

describe('a library has code', () => {
  const cql = "library L version '1'\nusing FHIR version '4.0.1'\ncontext Patient\ndefine A: Count({ 1, 2 }) = 2"
  const stored = [cqlLibrary(cql), cqlLibrary(cql.replace('library L', 'library M'), { status: 'draft' })]
  const rules = testRules(testEnvironment(stored))
  after(() => rules.close())
  const { libraries, run } = rules.workshop.expressions

  it('when it is stored and active, never as something that came with a request', async () => {
    const canonical = (name: string) => libraries.compile(`http://example.org/Library/${name}|1`)
    assert.ok(libraries.isPublished(await canonical('L')))
    assert.ok(!libraries.isPublished(await canonical('M')))
    const other = cql.replace('= 2', '= 3')
    for (const made of [
      await libraries.compile(cqlLibrary(other)),
      await libraries.compileText({ text: other }, undefined),
      await libraries.compileText({ text: other }, { client: 'somebody', cpuSeconds: 5 }),
    ])
      assert.ok(!libraries.isPublished(made))
  })

  it('when it has run often, and is asked about no sooner', async () => {
    const library = await libraries.compile('http://example.org/Library/L|1')
    const asked: CompiledLibrary[] = []
    const isFor = (each: CompiledLibrary) => {
      asked.push(each)
      return true
    }
    const program = programsWith({ isFor, runsBefore: 3 })(library)
    assert.ok(typeof program !== 'string')
    const environment = { classes: run.classes, terminology: run.terminology, programOf: () => program }
    const call = {
      clock: '2026-01-01T00:00:00Z',
      data: { resourceType: 'Bundle' as const, type: 'collection' as const },
    }
    const { runLibrary } = await import('../../../../src/rules/cql/run/run.ts')
    for (let at = 0; at < 5; at++) {
      assert.equal(asked.length, at < 3 ? 0 : 1)
      assert.equal((await runLibrary(library, call, environment)).results[0]?.value, true)
    }
    assert.deepEqual(asked, [library])
  })

  it('not where it is switched off', async () => {
    const off = createRules(testEnvironment(stored), { isGenerated: false })
    const on = createRules(testEnvironment(stored))
    const { run: closures } = off.workshop.expressions
    assert.ok(closures.programOf && closures.programOf !== on.workshop.expressions.run.programOf)
    const { programOf } = await import('../../../../src/rules/cql/compiled/program.ts')
    assert.equal(closures.programOf, programOf)
    await Promise.all([off.close(), on.close()])
  })

  it('not where it would be too long, or nests too deeply', () => {
    const literal: JsonObject = { type: 'Literal', valueType: `${system}Integer`, value: '1' }
    const wide = { type: 'List', element: Array.from({ length: 5_001 }, () => literal) }
    assert.equal(generated(wide, placeWith([])), undefined)
    let deep = literal
    for (let at = 0; at < 4_900; at++) deep = { type: 'Not', operand: deep }
    assert.ok(['function', 'undefined'].includes(typeof generated(deep, placeWith([]))))
  })

  it('not where code must not be made of strings: the steps answer', () => {
    const folder = new URL('../../../../src/rules/cql/compiled/', import.meta.url)
    const script = `
      const { generated } = await import('${folder}generate/generate.ts')
      const { outermost } = await import('${folder}place.ts')
      console.log(generated({ type: 'Null' }, outermost({}, () => () => null)))`
    const told = (flag: string[]) =>
      execFileSync(process.execPath, [...flag, '--input-type=module', '-e', script], { encoding: 'utf8' }).trim()
    assert.equal(told(['--disallow-code-generation-from-strings']), 'undefined')
    assert.match(told([]), /Function/)
    assert.equal(typeof generatedOf, 'function')
  })
})
