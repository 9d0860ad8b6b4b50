import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { ConceptMap, StructureMap } from '../../../src/fhir/types.ts'
import { checkMap, parseMap } from '../../../src/structure-map/maps.ts'

const URL = 'http://example.org/StructureMap/x'
const USES = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
`
const rules = (text: string) =>
  `map "${URL}" = x\n${USES}group g(source src : Patient, target tgt : Target) {\n${text}\n}\n`
const issuesOf = (text: string, strict = false) => {
  try {
    return parseMap(text, { strict }).warnings
  } catch (error) {
    if (error instanceof FhirError) return error.issues
    throw error
  }
}
const rulesOf = (text: string) => parseMap(rules(text)).map.group[0]?.rule ?? []
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, inner) => (key === 'extension' && /position/.test(inner[0]?.url) ? undefined : inner)),
  )

test('every lenient form is accepted with a warning at its place, and refused when strict', () => {
  const cases: [string, string, string][] = [
    ['quoted-map-name', `map "${URL}" = "x"\ngroup g(source a, target b) {\n}`, '1:43'],
    ['bare-expression', rules('  src.name as n where family.exists() -> tgt.name = n "r";'), '5:23'],
    ['group-comma', `map "${URL}" = x\ngroup g(source a target b,) {\n}`, '2:18'],
    ['empty-argument', rules('  src.id as v -> tgt.id = translate(v, \'http://x\', ) "r";'), '5:50'],
    ['double-quoted-string', rules('  src.id as v where (v = "x") -> tgt.id = v "r";'), '5:26'],
    ['quoted-element', rules('  src."id" as v -> tgt.id = v "r";'), '5:7'],
    ['unnamed-rule', rules("  src -> tgt.id = 'x';"), '5:3'],
    [
      'single-quoted-url',
      `map "${URL}" = x\nuses 'http://x/Y' alias Y as source\ngroup g(source a, target b) {\n}`,
      '2:6',
    ],
    [
      'late-conceptmap',
      `map "${URL}" = x\nconceptmap "#c" {\n  prefix s = "http://s"\n  s:a == s:b\n}\ngroup g(source a, target b) {\n}`,
      '2:1',
    ],
    ['keyword-as-name', rules('  src.id as first -> tgt.id = first "r";'), '5:13'],
    ['rule-name-with-spaces', rules('  src.id as v -> tgt.id = v "two words";'), '5:29'],
    ['duplicate-uses', `map "${URL}" = x\n${USES}${USES}group g(source a, target b) {\n}`, '4:6'],
    ['duplicate-group', `map "${URL}" = x\ngroup g(source a, target b) {\n}\ngroup g(source a, target b) {\n}`, '4:7'],
    ['unknown-type', `map "${URL}" = x\ngroup g(source a : Nothing, target b) {\n}`, '2:20'],
    ['unknown-variable', rules('  nobody.id as v -> tgt.id = v "r";'), '5:3'],
    ['clause-order', rules('  src.id where (true) as v -> tgt.id = v "r";'), '5:23'],
    ['single-quoted-name', rules("  src.id as v -> tgt.id = v 'r';"), '5:29'],
  ]
  for (const [name, text, place] of cases) {
    const found = (strict: boolean) =>
      issuesOf(text, strict).filter((each) => each.details?.coding?.[0]?.code === `fml-lenient-${name}`)
    const [line, column] = place.split(':')
    assert.match(found(false)[0]?.diagnostics ?? 'none', new RegExp(`^line ${line}, column ${column}: `), name)
    assert.equal(found(false)[0]?.severity, 'warning', name)
    assert.equal(found(true)[0]?.severity, 'error', name)
    assert.equal(found(true)[0]?.diagnostics, found(false)[0]?.diagnostics, name)
  }
})

test('what the specification allows gives no warning, strict or not', () => {
  const text = `/// url = '${URL}'
/// name = 'X'
/// status = 'active'
conceptmap "#c" {
  prefix s = "http://s"
  prefix t = "http://t"

  s:a == t:b
  s:"c d" - t:e
}
${USES}
imports "http://example.org/StructureMap/Other*"

let most = 3;

group g(source src : Patient, target tgt : Target) extends Base <<type+>> {
  src.id 0..1 first as v where (v.exists()) check (v.length() < 9) log (v) -> tgt.id = truncate(v, most) "id";
  src.name -> tgt.name;
  src -> tgt: gender, active;
  src.\`from\` as v, src.contact as c -> tgt.link as l first, ('x' & v) as x, uuid() as u then Other(v, l), Base(src, tgt) "more";
}`
  assert.deepEqual(issuesOf(text), [])
  assert.deepEqual(issuesOf(text, true), [])
})

test('one upload reports all of its errors, each with its place', () => {
  const text = rules(`  src.a -> -> tgt.b;
  src.good as v -> tgt.id = v "fine";
  src.c as v where (v. -> tgt.d = v "x";
  src.e as v -> tgt.f = unheard(v) "y";
  src.g as v then {
    v.h -> tgt.i
  } "z";
  src.j -> tgt.k = 'open;`)
  const places = issuesOf(text).map((each) =>
    /^line (\d+), column (\d+)/
      .exec(each.diagnostics ?? '')
      ?.slice(1)
      .join(':'),
  )
  assert.deepEqual(places, ['5:12', '7:24', '8:25', '11:3', '12:20', '13:1'])
})

test('errors say what is expected', () => {
  const cases: [string, RegExp][] = [
    ['', /line 1, column 1: The map has no url/],
    [`map "${URL}" = x`, /The map has no group/],
    [`map ${URL} = x`, /line 1, column 5: Expected the url of the map in double quotes/],
    [rules('  src.a -> tgt.b = nothing(src);'), /Unknown transform 'nothing'; known are create, copy/],
    [rules("  src.a as v where (v = 'a\\q') -> tgt.b = v;"), /line 5, column 27: Unknown escape \\q/],
    [rules('  src.a as v -> tgt.b = v /* never closed'), /This comment is never closed/],
    [
      `map "${URL}" = x\nuses "http://x" as nothing\ngroup g(source a, target b) {\n}`,
      /Expected source, target, queried, produced, found 'nothing'/,
    ],
    [
      `/// nonsense = 1\nmap "${URL}" = x\ngroup g(source a, target b) {\n}`,
      /'nonsense' is not an element of StructureMap/,
    ],
    [
      `map "${URL}" = x\nconceptmap "c" {\n  s:a == s:b\n}\ngroup g(source a, target b) {\n}`,
      /Prefix 's' is not declared/,
    ],
    [rules('  src.a 1..x as v -> tgt.b = v;'), /Expected a number or '\*' as upper bound/],
  ]
  for (const [text, expected] of cases)
    assert.match(
      issuesOf(text)
        .map((each) => each.diagnostics)
        .join('\n'),
      expected,
      text,
    )
})

test('lines and columns: CRLF is one line end, a tab one column, a byte order mark none', () => {
  const text = `\uFEFF${rules('\t src.a as v -> tgt.b = unheard(v);')}`.replaceAll('\n', '\r\n')
  assert.match(issuesOf(text)[0]?.diagnostics ?? '', /^line 5, column 25: /)
})

test('metadata lines set elements by their path and type', () => {
  const { map } = parseMap(`/// url = "${URL}"
/// name = X
/// version = '1.0'
/// experimental = true
/// date = 2024-01-02
/// description = """
Two
lines
"""
/// contact =
/// contact.name = 'WHO'
/// contact.telecom =
/// contact.telecom.value = 'a@b'
/// contact =
/// contact.name = 'Other'
/// title = ''
group g(source a, target b) {
}`)
  const { group: _, ...rest } = map
  assert.deepEqual(rest, {
    resourceType: 'StructureMap',
    url: URL,
    name: 'X',
    status: 'draft',
    version: '1.0',
    experimental: true,
    date: '2024-01-02',
    description: 'Two\nlines',
    contact: [{ name: 'WHO', telecom: [{ value: 'a@b' }] }, { name: 'Other' }],
  })
})

test('rules in R4 spelling', () => {
  const target = (text: string) => plain(rulesOf(`  src.a as v -> ${text} "r";`)[0]?.target)
  assert.deepEqual(plain(rulesOf('  src.a -> tgt.b;')), [
    {
      name: 'a',
      source: [{ context: 'src', element: 'a', variable: 'vvv' }],
      target: [{ context: 'tgt', contextType: 'variable', element: 'b', variable: 'vvv', transform: 'create' }],
    },
  ])
  assert.deepEqual(target("tgt.b = append(v, 'x', 1, 1.5, true, -2)"), [
    {
      context: 'tgt',
      contextType: 'variable',
      element: 'b',
      transform: 'append',
      parameter: [
        { valueId: 'v' },
        { valueString: 'x' },
        { valueInteger: 1 },
        { valueDecimal: 1.5 },
        { valueBoolean: true },
        { valueInteger: -2 },
      ],
    },
  ])
  assert.deepEqual(target('evaluate(v, given & "x") as e share one'), [
    {
      contextType: 'variable',
      transform: 'evaluate',
      parameter: [{ valueId: 'v' }, { valueString: "given & 'x'" }],
      listMode: ['share'],
      listRuleId: 'one',
      variable: 'e',
    },
  ])
  const [rule] = rulesOf(
    '  src.a : string 1..* default (\'d\') last as v where (v = 1) -> tgt.b = v then other(v, tgt) "r";',
  )
  assert.deepEqual(plain(rule?.source), [
    {
      context: 'src',
      element: 'a',
      type: 'string',
      min: 1,
      max: '*',
      defaultValueString: 'd',
      listMode: 'last',
      variable: 'v',
      condition: 'v = 1',
    },
  ])
  assert.deepEqual(rule?.dependent, [{ name: 'other', variable: ['v', 'tgt'] }])
  assert.deepEqual(
    rulesOf('  src -> tgt: a, b "Both";').map((each) => each.name),
    ['Botha', 'Bothb'],
  )
})

test('comments become documentation of what they stand at', () => {
  const { map } = parseMap(`map "${URL}" = x
// about the source
uses "http://hl7.org/fhir/StructureDefinition/Patient" as source // behind it
// about the group
// in two lines
group g(source src : Patient, target tgt : Patient) {
  // before
  src.a -> tgt.a; // behind
  /* inside */ src.b /* of */ as v -> tgt.b = v then {
    // nested
    v.c -> tgt.c;
  } "b";
  // at the end
}`)
  assert.equal(map.structure?.[0]?.documentation, 'about the source\nbehind it')
  assert.equal(map.group[0]?.documentation, 'about the group\nin two lines\nat the end')
  assert.deepEqual(
    map.group[0]?.rule.map((each) => each.documentation),
    ['before\nbehind', 'inside\nof'],
  )
  assert.equal(map.group[0]?.rule[1]?.rule?.[0]?.documentation, 'nested')
})

test('concept maps become contained resources', () => {
  const { map } = parseMap(`conceptmap "#c" {
  prefix s = "http://s"
  prefix t = "http://t"
  unmapped for s = provided
  s:nach-da == t:"x y"
  s:b <= t:c // comment
  s:d --
}
map "${URL}" = x
group g(source a, target b) {
}`)
  const [conceptMap] = map.contained ?? []
  assert.deepEqual((conceptMap as ConceptMap | undefined)?.group, [
    {
      source: 'http://s',
      target: 'http://t',
      element: [
        { code: 'nach-da', target: [{ code: 'x y', equivalence: 'equivalent' }] },
        { code: 'b', target: [{ code: 'c', equivalence: 'wider' }] },
        { code: 'd', target: [{ equivalence: 'unmatched' }] },
      ],
    },
  ])
})

test('checkMap finds what cannot work without looking anything up', () => {
  const map = (rule: object, more: object = {}): StructureMap => ({
    resourceType: 'StructureMap',
    url: URL,
    name: 'x',
    status: 'draft',
    group: [{ name: 'g', typeMode: 'none', input: [], rule: [{ name: 'r', source: [{ context: 'src' }], ...rule }] }],
    ...more,
  })
  const found = (rule: object, more?: object) =>
    checkMap(map(rule, more)).map((each) => `${each.expression?.[0]} ${each.details?.text}`)
  assert.deepEqual(found({}), [])
  assert.match(
    found({ source: [{ context: 'src', condition: 'a. = 1' }] })[0] ?? '',
    /group\[0\]\.rule\[0\]\.source\[0\]\.condition.*FHIRPath that cannot be read/,
  )
  assert.match(found({ target: [{ transform: 'frobnicate' }] })[0] ?? '', /target\[0\].*unknown transform 'frobnicate'/)
  assert.match(
    found({ target: [{ transform: 'truncate', parameter: [{ valueId: 'a' }] }] })[0] ?? '',
    /gives 1 arguments to truncate/,
  )
  assert.match(
    found({ dependent: [{ name: 'h', variable: [] }] })[0] ?? '',
    /calls the group 'h', which this map does not have/,
  )
  assert.deepEqual(found({ dependent: [{ name: 'h', variable: [] }] }, { import: ['http://x'] }), [])
  assert.match(found({ dependent: [{ name: 'g', variable: ['a'] }] })[0] ?? '', /with 1 arguments, it takes 0/)
  assert.match(found({ target: [{ context: 'a', listMode: ['share'] }] })[0] ?? '', /share without a list rule id/)
})

test('groups, rules, sources and targets know where they stand in the text', () => {
  const text = rules('  src.id as v,\n    src.name as n -> tgt.id = v,\n      tgt.name = n "r";')
  const { map, spanOf } = parseMap(text)
  const [group] = map.group
  const [rule] = group?.rule ?? []
  const at = (element: object | undefined) => {
    const span = element && spanOf(element)
    return span && [span.line, span.column, text.slice(span.offset, span.offset + span.length)]
  }
  assert.deepEqual(at(rule?.source[1]), [6, 5, 'src.name as n'])
  assert.deepEqual(at(rule?.target?.[0]), [6, 22, 'tgt.id = v'])
  assert.equal(at(rule)?.[0], 5)
  assert.equal(at(group)?.[0], 4)
})

test('declarations that are wrong one after the other are each reported, an unreadable character once', () => {
  const text = `map "http://x/m" = m.n-1
uses nothing as source
imports foo
let x 5;
group g(source s, target t) {
  s.a as a \u2013> t.b = a;
  let.c as c -> t.d = c;
}
`
  const issues = issuesOf(text)
  assert.deepEqual(
    issues.map((each) => /^line \d+, column \d+/.exec(each.diagnostics ?? '')?.[0]),
    ['line 2, column 6', 'line 3, column 9', 'line 4, column 7', 'line 6, column 12'],
  )
})

test('metadata: extensions are refused, line ends of markdown are the same everywhere', () => {
  const text = `/// url = 'http://x/m'\r\n/// name = 'M'\r\n/// extension.url = 'x'\r\n/// description = """\r\none\r\ntwo\r\n"""\r\ngroup g(source s, target t) {}\r\n`
  const { map, warnings } = parseMap(text)
  assert.equal(map.description, 'one\ntwo')
  assert.equal(map.extension, undefined)
  assert.match(warnings[0]?.diagnostics ?? '', /^line 3, column 1: 'extension\.url' is not an element/)
})
