/** Generated code has no text of a map: whatever names and strings a map, a model or an instance has, it is made of words of our own. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import type { StructureDefinition, StructureMap } from '../../../src/fhir/types.ts'
import { loadProgram } from '../../../src/structure-map/compile/load-program.ts'
import { generateSteps } from '../../../src/structure-map/generate/generate.ts'
import { RUNTIME } from '../../../src/structure-map/generate/runtime.ts'
import { finish } from '../../../src/workers/budget.ts'
import { bothWays } from '../../support/map-agreement.ts'
import { memoryEnvironment } from '../../support/map-cases.ts'

/** Words that code may have: of JavaScript, of the runtime, of our own. */
const words = new Set([
  ...'const let function return try catch throw if else for while break typeof undefined true false error use strict'.split(
    ' ',
  ),
  ...'k h r d at source target Array isArray String Math trunc'.split(' '),
  ...'steps nextLook place holder property limits depth value type slots run loose listed owner length untidy uuid toLowerCase'.split(
    ' ',
  ),
  ...'startsWith endsWith includes trim test system code display resourceType arguments targetType findType translate delete push slice call'.split(
    ' ',
  ),
  ...Object.keys(RUNTIME),
])
const numbered = /^[kvg][0-9]+$/
const member = /"([A-Za-z_][A-Za-z0-9_]{0,62}|-?[0-9]{1,6})"/g
const kinds = new Set(['string', 'number', 'boolean', ''])

/** What is in code that may not be; empty when it is sound. */
function strangersIn(text: string): string[] {
  const strangers: string[] = []
  const bare = text
    .replace('"use strict"', '')
    .replaceAll('""', ' ')
    .replace(member, (_, name: string) => {
      if (name in Object.prototype && !kinds.has(name)) strangers.push(name)
      return ' '
    })
  const rest = bare.replace(/[A-Za-z_$][A-Za-z0-9_$]*|[0-9]+/g, (word) => {
    if (!/^[0-9]/.test(word) && !words.has(word) && !numbered.test(word)) strangers.push(word)
    return ' '
  })
  const other = /[^ \n{}()[\];:,.?!=<>+|&>-]|\/[/*]/.exec(rest)
  if (other) strangers.push(other[0])
  return strangers
}

const placeholder = ['$', '{process.exit(3)}'].join('')
const hostile = [
  '`',
  "'",
  '"',
  '\\',
  '\u2028',
  '\u2029',
  '\n',
  '\r',
  '\0',
  placeholder,
  `\`${placeholder}\``,
  '*/',
  '//',
  '/*',
  '<!--',
  '-->',
  ']',
  '"]',
  '"];process.exit(3);//',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '_proto__',
  '__defineGetter__',
  'arguments',
  'eval',
  'this',
  'k0',
  'r',
  'at',
  'spend',
  'v1',
  'undefined',
  'null',
  '0',
  '-1',
  '00',
  '1e3',
  '٣',
  '-0',
  '999999999999',
  'a'.repeat(63),
  'a'.repeat(64),
  'b'.repeat(100_000),
  ' ',
  'a b',
  'ünïcödé',
  '\ud800',
  '$',
  '_',
  'a$b',
  'a-b',
]
const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...hostile) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, unit: 'binary', maxLength: 12 }) },
)
const anyName = anyText.map((each) => each.replaceAll('.', ',')).filter((each) => each !== '')

const url = 'http://example.org/M'
const quoted = (text: string) =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`

function model(names: string[]): StructureDefinition {
  const element = (path: string, max: string, code?: string) => ({
    id: path,
    path,
    min: 0,
    max,
    ...(code ? { type: [{ code }] } : {}),
  })
  const elements = names.flatMap((name) => [
    element(`M.${name}`, '1', 'string'),
    element(`M.${name}L`, '*', 'string'),
    element(`M.${name}C`, '1', 'Coding'),
    element(`M.${name}O`, '1', 'BackboneElement'),
    element(`M.${name}O.${name}`, '1', 'code'),
  ])
  const differential = { element: [element('M', '*'), ...elements] }
  return {
    resourceType: 'StructureDefinition',
    url,
    name: 'M',
    status: 'active',
    kind: 'logical',
    abstract: false,
    type: 'M',
    differential,
  } as unknown as StructureDefinition
}

function map(names: string[], texts: string[]): StructureMap {
  const [text = '', other = ''] = texts
  const rules = names.map((name, index) => ({
    name: `${name}${index}`,
    source: [
      {
        context: 'src',
        element: name,
        variable: name,
        condition: `$this != ${quoted(text)} and \`${name.replaceAll('`', '')}\`.empty()`,
      },
    ],
    target: [
      { context: 'tgt', contextType: 'variable', element: name, transform: 'copy', parameter: [{ valueId: name }] },
      {
        context: 'tgt',
        contextType: 'variable',
        element: `${name}L`,
        transform: 'append',
        parameter: [{ valueString: text }, { valueId: name }],
      },
      {
        context: 'tgt',
        contextType: 'variable',
        element: `${name}C`,
        transform: 'c',
        parameter: [{ valueString: text }, { valueString: other }, { valueId: name }],
        variable: `${name}v`,
      },
      { context: 'tgt', contextType: 'variable', element: `${name}O`, variable: other },
      { context: other, contextType: 'variable', element: name, transform: 'copy', parameter: [{ valueString: text }] },
    ],
    rule: [
      {
        name: text,
        source: [{ context: name }],
        target: [
          {
            context: `${name}v`,
            contextType: 'variable',
            element: 'display',
            transform: 'evaluate',
            parameter: [{ valueString: quoted(other) }],
          },
        ],
      },
      {
        name: other,
        source: [{ context: 'src', element: `${name}O`, variable: 'o' }],
        dependent: [{ name: text, variable: ['o', 'tgt'] }],
      },
      {
        name: 't',
        source: [{ context: 'src', element: `${name}C`, variable: 'p' }],
        target: [
          {
            context: 'tgt',
            contextType: 'variable',
            element: `${name}C`,
            transform: 'translate',
            parameter: [{ valueId: 'p' }, { valueString: other }, { valueString: 'Coding' }],
          },
        ],
      },
      {
        name: 'x',
        source: [{ context: 'src' }],
        target: [{ transform: 'create', parameter: [{ valueString: text }], variable: text }],
      },
    ],
  }))
  const group = [
    {
      name: other,
      typeMode: 'none',
      input: [
        { name: 'src', type: 'M', mode: 'source' },
        { name: 'tgt', type: 'M', mode: 'target' },
      ],
      rule: rules,
    },
    {
      name: text,
      typeMode: 'none',
      input: [
        { name: other, mode: 'source' },
        { name: text, mode: 'target' },
      ],
      rule: names.map((name) => ({
        name,
        source: [{ context: other, element: name, variable: text }],
        target: [
          { context: text, contextType: 'variable', element: name, transform: 'copy', parameter: [{ valueId: text }] },
        ],
      })),
    },
  ]
  const structure = ['source', 'target'].map((mode) => ({ url, mode, alias: 'M' }))
  return {
    resourceType: 'StructureMap',
    url: `http://example.org/${text}`,
    name: text,
    status: 'active',
    structure,
    group,
  } as unknown as StructureMap
}

function instance(names: string[], text: string): Json {
  const members: [string, Json][] = names.flatMap((name): [string, Json][] => [
    [name, text || 'x'],
    [`${name}L`, [text, name]],
    [`${name}C`, { system: 'urn:x', code: 'y', display: name }],
    [`${name}O`, Object.fromEntries([[name, 'inner']])],
  ])
  return Object.fromEntries([['resourceType', 'M'], ...members])
}

const numRuns = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 150)

describe('hostile names and texts', () => {
  it('are in no generated code, which answers what the closures answer', async () => {
    const polluted = Object.getOwnPropertyNames(Object.prototype)
    let longest = 0
    let made = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyName, { minLength: 1, maxLength: 4 }),
        fc.tuple(anyText, anyText),
        async (names, texts) => {
          const given = map(names, texts)
          const environment = memoryEnvironment([given, model(names)])
          let loaded: Awaited<ReturnType<typeof loadProgram>>
          try {
            loaded = await loadProgram(given, [], { environment, engineOnly: false })
          } catch (error) {
            assert.ok(error instanceof FhirError, String(error))
            // A map that cannot be compiled is none that code is made of.
            return
          }
          const { program, main } = loaded
          const [first] = main.map.group
          const type = program.types.find(url)
          assert.ok(first && type)
          const code = finish(
            generateSteps(program, program.compile({ group: first, scope: main }), { source: type, target: type }),
          )
          assert.ok(code)
          made++
          longest = Math.max(longest, code.text.length)
          assert.deepEqual(strangersIn(code.text), [])
          for (const text of [...names, ...texts].filter((each) => !/^[\w $-]*$/.test(each)))
            assert.ok(!code.text.includes(`"${text}"`))
          const ways = await bothWays(given, environment)
          for (const text of ['x', ...texts]) ways.run(instance(names, text), { tolerant: true })
          assert.equal(ways.counts.closures, 0)
          assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), polluted)
        },
      ),
      { numRuns },
    )
    assert.ok(longest > 2000 && made > numRuns / 3, `${made} programs, the longest of ${longest} characters`)
  })

  it('strangers are found', () => {
    for (const text of [
      'process.exit(1)',
      'v1["__proto__"]',
      'v1["a b"]',
      'v1 = `x`',
      "v1 = 'x'",
      '// v1',
      '/* v1 */',
      'v1["constructor"]',
      '\u2028',
      'v1["x"] = "\\n"',
      '$',
    ])
      assert.notDeepEqual(strangersIn(text), [], text)
  })

  it('where code must not be made of strings, the closures answer', () => {
    const program = `
      import { parseMap, createMaps } from './src/structure-map/maps.ts'
      const base = 'http://hl7.org/fhir/StructureDefinition/Patient'
      const { map } = parseMap('map "http://x.org/m" = m\\nuses "' + base + '" alias S as source\\nuses "' + base + '" alias T as target\\ngroup m(source s : S, target t : T) { s.id as i -> t.id = i "i"; }')
      const none = async () => undefined
      const maps = createMaps({ findMaps: async () => [{ ...map, status: 'active' }], findStructure: none, membership: none, translator: none, revision: () => 1 }, { generate: { runsBefore: 0 } })
      const compiled = await maps.compile(map.url)
      let isForbidden = false
      try { new Function('') } catch { isForbidden = true }
      for (let i = 0; i < 3; i++) console.log(isForbidden, JSON.stringify(compiled.run({ resourceType: 'Patient', id: 'a' }, { now: new Date(0), uuid: () => '' })))
    `
    for (const [flags, isForbidden] of [
      [['--disallow-code-generation-from-strings'], true],
      [[], false],
    ] as const) {
      const told = execFileSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
        cwd: process.cwd(),
        encoding: 'utf8',
      })
      assert.deepEqual(told.trim().split('\n'), Array(3).fill(`${isForbidden} {"resourceType":"Patient","id":"a"}`))
    }
  })
})
