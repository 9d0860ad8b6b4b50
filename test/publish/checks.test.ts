/** What an active artefact must not have, over REST: a table by type. The same as a draft is stored, and told. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PlanDefinition, Resource } from '../../src/fhir/types.ts'
import {
  base,
  codeSystem,
  conceptMap,
  contentLibrary,
  cqlLibrary,
  openPublishing,
  plan,
  textsOf,
  valueSet,
} from './support.ts'

const { put, get, patch, putMap } = await openPublishing()

const elm = (library: object) => JSON.stringify({ library: { identifier: { id: 'E', version: '1.0.0' }, ...library } })
const statement = (expression: unknown) => ({
  statements: { def: [{ name: 'A', context: 'Unfiltered', accessLevel: 'Public', expression }] },
})
const literal = { type: 'Literal', valueType: '{urn:hl7-org:elm-types:r1}Boolean', value: 'true' }
const nested = (depth: number) =>
  elm({}).replace(
    '}}',
    `},"statements":{"def":[{"name":"A","expression":${'{"type":"Not","operand":'.repeat(depth)}null${'}'.repeat(depth)}}]}}`,
  )
const ofType = (id: string, type: string, more: object) => ({
  ...plan(id, `${base}/Library/Rules|1.0.0`),
  ...more,
  type: { coding: [{ code: type }] },
})

/** What the plans below name. */
const rules = cqlLibrary(
  'Rules',
  'context Patient\ndefine Good: true\ndefine "Also Good": Good\ndefine Number: 1\ndefine private Hidden: true',
)
for (const each of [
  rules,
  cqlLibrary('Draft', 'define Good: true', { status: 'draft' }),
  contentLibrary('Cert', 'application/certlogic+json', JSON.stringify({ '===': [1, 1] })),
  contentLibrary('List', 'application/json', '{}', { type: { coding: [{ code: 'asset-collection' }] } }),
  codeSystem('complete', ['a', 'b'], { property: [{ code: 'kind', type: 'code' }] }),
  valueSet('stored'),
]) {
  const { status, body } = await put(each)
  assert.equal(status, 201, JSON.stringify(body))
}
const library = `${base}/Library/Rules|1.0.0`
const action = (more: object): Partial<PlanDefinition> =>
  ({ action: [{ title: 'Rule', ...more }] }) as Partial<PlanDefinition>
const condition = (more: object) =>
  action({
    condition: [
      { kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good', ...more } },
    ],
  })
const focus = (code: string) => ({
  useContext: [{ code: { code: 'focus' }, valueCodeableConcept: { coding: [{ code }] } }],
})
const include = (...clauses: object[]) => ({ compose: { include: clauses } }) as object
const complete = `${base}/CodeSystem/complete`

/** Resource, what must be said of it. */
const refused: [string, Resource, RegExp][] = [
  [
    'CQL with two faults, each with its place',
    cqlLibrary('B1', "define A: Foo\ndefine B: 1 + 'x'"),
    /Foo.* line 4, column 11[\s\S]*Add.* line 5, column 11/,
  ],
  ['CQL that is no CQL', cqlLibrary('B2', 'define A: (1 +'), /yntax.* line \d+, column \d+/],
  ['a missing include', cqlLibrary('B3', "include Nowhere version '3'\ndefine A: 1"), /Nowhere\|3 is not known/],
  ['an unknown model', cqlLibrary('B4', "using QDM version '5.4'\ndefine A: 1"), /QDM/],
  [
    'an include that may still change',
    cqlLibrary('B5', "include Draft version '1.0.0'\ndefine A: 1"),
    /Draft\|1\.0\.0 is stored, but not active.* line 4/,
  ],
  [
    'a text of another version than the resource',
    { ...cqlLibrary('N1', 'define A: 1'), version: '2.0.0' },
    /calls itself N1\|1\.0\.0, the resource has the version 2\.0\.0/,
  ],
  [
    'a text of another name than the url',
    cqlLibrary('N2', 'define A: 1', { url: `${base}/Library/N3` }),
    /calls itself N2\|1\.0\.0, the url ends in N3/,
  ],
  [
    'a text of another name that a namespace hides',
    cqlLibrary('N4.Rules', 'define A: 1', { id: 'N4', url: `${base}/Library/N4.Rules` }),
    /calls itself Rules\|1\.0\.0/,
  ],
  ['ELM of another name', contentLibrary('N5', 'application/elm+json', elm(statement(literal))), /calls itself E\|1/],
  ['an include without version', cqlLibrary('N6', 'include Rules\ndefine A: 1'), /included without a version.* line 4/],
  ['a number out of range', cqlLibrary('B6', 'define A: 99999999999'), /out of the range/],
  ['no version', { ...cqlLibrary('B7', 'define A: 1'), version: undefined } as never, /version is absent/],
  ['no url', { ...cqlLibrary('B8', 'define A: 1'), url: undefined } as never, /url is absent/],
  ['logic without content', { ...cqlLibrary('B9', ''), content: undefined } as never, /neither text\/cql nor/],
  ['logic in another language', contentLibrary('B10', 'text/javascript', '1'), /neither text\/cql nor/],
  [
    'a content that must be fetched',
    { ...cqlLibrary('B11', ''), content: [{ contentType: 'text/cql', url: 'http://example.org' }] },
    /not fetched/,
  ],
  ['ELM that is no JSON', contentLibrary('E1', 'application/elm+json', '{'), /is not ELM/],
  [
    'ELM without identifier',
    contentLibrary('E2', 'application/elm+json', '{"library":{"identifier":null}}'),
    /is not ELM/,
  ],
  [
    'ELM without expression',
    contentLibrary('E3', 'application/elm+json', elm({ statements: { def: [{ name: 'A' }] } })),
    /"A" has no expression/,
  ],
  [
    'ELM with an unknown operator',
    contentLibrary('E4', 'application/elm+json', elm(statement({ type: 'Frobnicate' }))),
    /Frobnicate/,
  ],
  [
    'ELM with a name of JavaScript',
    contentLibrary('E5', 'application/elm+json', elm(statement({ type: 'constructor' }))),
    /constructor/,
  ],
  [
    'ELM whose include is missing',
    contentLibrary(
      'E6',
      'application/elm+json',
      elm({ includes: { def: [{ localIdentifier: 'X', path: 'X', version: '1' }] }, ...statement(literal) }),
    ),
    /X\|1 is not known/,
  ],
  [
    'ELM over an unknown model',
    contentLibrary(
      'E7',
      'application/elm+json',
      elm({ usings: { def: [{ localIdentifier: 'Q', uri: 'urn:qdm' }] }, ...statement(literal) }),
    ),
    /urn:qdm/,
  ],
  ['ELM nested too deep', contentLibrary('E8', 'application/elm+json', nested(3000)), /is not ELM/],
  [
    'ELM whose sections are no lists',
    contentLibrary('E9', 'application/elm+json', elm({ statements: { def: 'x' } })),
    /no list/,
  ],
  ['CertLogic that is no JSON', contentLibrary('C1', 'application/certlogic+json', '{'), /not JSON/],
  [
    'CertLogic of another engine',
    contentLibrary('C2', 'application/certlogic+json', '{"Engine":"OTHER","Logic":true}'),
    /only CERTLOGIC/,
  ],
  ['CertLogic that is none', contentLibrary('C3', 'application/certlogic+json', '{"unknown":[1]}'), /./],

  ['a library that is not there', plan('p1', `${base}/Library/None|1.0.0`), /None\|1\.0\.0, which is not known/],
  ['a library of another version', plan('p2', `${base}/Library/Rules|9`), /Rules\|9, which is not known/],
  ['a library without version', plan('p3', `${base}/Library/Rules`), /without a version/],
  ['a library that is a draft', plan('p4', `${base}/Library/Draft|1.0.0`), /is draft, and not active/],
  ['a library without rules', plan('p5', `${base}/Library/List|1.0.0`), /holds no rules/],
  ['no library', { ...plan('p6', library), library: undefined } as never, /names no library/],
  [
    'several libraries, and a condition that names none',
    { ...plan('p7', library), library: [library, `${base}/Library/Cert|1.0.0`] },
    /several/,
  ],
  [
    'a misspelt define',
    plan('p8', library, condition({ expression: 'Goood' })),
    /"Goood", which the library does not have; the nearest is "Good"/,
  ],
  [
    'a private define',
    plan('p9', library, condition({ expression: 'Hidden' })),
    /"Hidden", which the library does not have/,
  ],
  [
    'a define that is not Boolean',
    plan('p10', library, condition({ expression: 'Number' })),
    /"Number", which is System\.Integer and not Boolean/,
  ],
  [
    'a language that is not run',
    plan('p11', library, condition({ language: 'text/fhirpath' })),
    /text\/fhirpath are not supported/,
  ],
  [
    'no expression',
    plan('p13', library, action({ condition: [{ kind: 'applicability' }] })),
    /not supported|no expression/,
  ],
  [
    'a condition of another kind',
    plan(
      'p14',
      library,
      action({ condition: [{ kind: 'start', expression: { language: 'text/cql-identifier', expression: 'Good' } }] }),
    ),
    /kind applicability/,
  ],
  ...(
    [
      ['trigger', [{ type: 'named-event', name: 'x' }]],
      ['relatedAction', [{ actionId: 'x', relationship: 'after' }]],
      ['timingTiming', { repeat: { frequency: 1, period: 1, periodUnit: 'd' } }],
      ['timingDateTime', '2026-01-01'],
      ['dynamicValue', [{ path: 'x', expression: { language: 'text/cql', expression: 'true' } }]],
      ['transform', 'http://example.org/StructureMap/x'],
      ['input', [{ type: 'Immunization' }]],
      ['output', [{ type: 'Immunization' }]],
    ] as const
  ).map(([name, value], index): [string, Resource, RegExp] => [
    `${name}, which is not followed`,
    plan(`pm${index}`, library, {
      action: [
        {
          condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
          [name]: value,
        },
      ],
    }),
    new RegExp(`it has ${name}, which is not followed`),
  ]),
  ['no condition', plan('p15', library, action({})), /no condition/],
  ['no action', { ...plan('p16', library), action: undefined } as never, /no action/],
  [
    'CQL that does not translate',
    plan('p17', library, condition({ language: 'text/cql', expression: 'Rules.Good and Nothing' })),
    /Nothing.* line 1, column/,
  ],
  [
    'CQL that is not Boolean',
    plan('p18', library, condition({ language: 'text/cql', expression: '1 + 1' })),
    /System\.Integer, and not Boolean/,
  ],
  [
    'CertLogic by another name',
    plan(
      'p19',
      `${base}/Library/Cert|1.0.0`,
      condition({ language: 'application/certlogic+json', expression: 'logic' }),
    ),
    /the one define of CertLogic is Logic/,
  ],
  [
    'CQL said to be CertLogic',
    plan('p20', library, condition({ language: 'application/certlogic+json', expression: 'Logic' })),
    /no CertLogic/,
  ],
  ['an unknown kind', plan('p21', library, focus('vacination') as never), /certificate kind/],
  [
    'an unknown context',
    plan('p22', library, {
      useContext: [{ code: { code: 'venue' }, valueCodeableConcept: { coding: [{ code: 'x' }] } }],
    }),
    /useContext/,
  ],
  [
    'a context of another type',
    plan('p23', library, { useContext: [{ code: { code: 'focus' }, valueQuantity: { value: 1 } }] }),
    /certificate kind/,
  ],
  [
    'an unknown rule type',
    plan('p24', library, {
      action: [{ ...plan('x', library).action?.[0], code: [{ coding: [{ code: 'aceptance' }] }] }],
    } as never),
    /acceptance or invalidation/,
  ],
  [
    'acceptance and invalidation in one',
    plan('p25', library, {
      action: ['acceptance', 'invalidation'].map((code) => ({
        ...plan('x', library).action?.[0],
        code: [{ coding: [{ code }] }],
      })),
    } as never),
    /acceptance and invalidation/,
  ],
  [
    'a country that is none',
    plan('p26', library, { jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'Utopia' }] }] }),
    /ISO 3166/,
  ],
  ['a jurisdiction in words alone', plan('p27', library, { jurisdiction: [{ text: 'Germany' }] }), /ISO 3166/],
  [
    'a period that ends before it starts',
    plan('p28', library, { effectivePeriod: { start: '2026-02-01', end: '2026-01-01' } }),
    /ends before it starts/,
  ],
  [
    'an unknown selection',
    plan(
      'p29',
      library,
      action({
        selectionBehavior: 'some',
        condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Good' } }],
      }),
    ),
    /selectionBehavior/,
  ],
  [
    'a modifier extension',
    plan('p30', library, { modifierExtension: [{ url: 'http://example.org/not', valueBoolean: true }] }),
    /modifierExtension/,
  ],
  ['no version', { ...plan('p31', library), version: undefined } as never, /version is absent/],
  ['a type that is misspelt', ofType('p32', 'eca-rul', focus('test')) as never, /type is not eca-rule/],
  [
    'many faults, all of them',
    plan('p33', `${base}/Library/None|1`, {
      ...focus('x'),
      jurisdiction: [{ text: 'x' }],
      effectivePeriod: { start: '2026', end: '2025' },
    } as never),
    /certificate kind[\s\S]*ISO 3166[\s\S]*ends before[\s\S]*not known/,
  ],

  ['neither compose nor expansion', { ...valueSet('v1'), compose: undefined } as never, /names nothing/],
  ['an include of nothing', valueSet('v2', include({ version: '1' })), /neither system nor valueSet/],
  [
    'codes of no system',
    valueSet('v3', include({ valueSet: [`${base}/ValueSet/stored`], concept: [{ code: 'a' }] })),
    /codes of no system/,
  ],
  [
    'an unknown operator',
    valueSet(
      'v4',
      include({ system: 'http://example.org/unknown', filter: [{ property: 'x', op: 'like', value: 'y' }] }),
    ),
    /'like' is unknown; known are/,
  ],
  [
    'a filter of a property that the system does not have',
    valueSet('v5', include({ system: complete, filter: [{ property: 'colour', op: '=', value: 'red' }] })),
    /no property 'colour'/,
  ],
  [
    'a filter that starts at an unknown code',
    valueSet('v6', include({ system: complete, filter: [{ property: 'concept', op: 'is-a', value: 'zzz' }] })),
    /'zzz' is not known/,
  ],
  [
    'a code that the system does not have',
    valueSet('v7', include({ system: complete, concept: [{ code: 'a' }, { code: 'c' }] })),
    /codes that are not in .*complete\|1\.0\.0: 'c'/,
  ],
  ['itself', valueSet('v8', include({ valueSet: [`${base}/ValueSet/v8`] })), /circular/i],
  [
    'a value set in the place of a system',
    valueSet('v9', include({ system: `${base}/ValueSet/stored` })),
    /is a value set/,
  ],
  [
    'a fault in an exclude',
    valueSet('v10', {
      compose: {
        ...valueSet('x').compose,
        exclude: [{ system: complete, filter: [{ property: 'concept', op: 'nope' as never, value: 'a' }] }],
      },
    } as never),
    /exclude\[0\].*'nope' is unknown/,
  ],
  ['a code twice', codeSystem('s1', ['a', 'b', 'a']), /more than once: 'a'/],
  [
    'a code twice, deep down',
    codeSystem('s2', [], { concept: [{ code: 'a', concept: [{ code: 'b', concept: [{ code: 'a' }] }] }] }),
    /more than once: 'a'/,
  ],
  ['codes that differ by case alone', codeSystem('s3', ['a', 'A'], { caseSensitive: false }), /differ by case alone/],
  ['a supplement of nothing', codeSystem('s4', ['a'], { content: 'supplement' }), /must name the code system/],
  ['a map of nothing', { ...conceptMap('m1'), group: undefined } as never, /translates nothing/],
  [
    'a map that contradicts itself',
    conceptMap('m2', {
      group: [
        {
          source: 's',
          target: 't',
          element: [
            { code: 'a', target: [{ code: 'b', equivalence: 'equal' }] },
            { code: 'a', target: [{ code: 'b', equivalence: 'disjoint' }] },
          ],
        },
      ],
    }),
    /calls 'a' and 'b' disjoint, and equal/,
  ],
]

describe('an active artefact is refused for', () => {
  for (const [name, resource, expected] of refused) {
    it(`${resource.resourceType}: ${name}`, async () => {
      const { status, body } = await put(resource)
      assert.equal(status, 422, JSON.stringify(body))
      assert.match(textsOf(body), expected)
      for (const issue of body.issue)
        if (issue.severity === 'error') assert.ok(issue.expression?.length, JSON.stringify(issue))
      assert.equal((await get(`${resource.resourceType}/${resource.id}`)).status, 404)
    })
  }
})

describe('as a draft it is stored, and its author is told', () => {
  for (const [name, resource, expected] of refused) {
    it(`${resource.resourceType}: ${name}`, async () => {
      const draft = { ...resource, id: `d-${resource.id}`, status: 'draft' } as Resource
      const { status, body, headers } = await put(draft, { Prefer: 'return=OperationOutcome' })
      assert.equal(status, 201, JSON.stringify(body))
      // What a plan names in a draft may be a draft, and what a draft includes.
      if (!/not active/.test(String(expected))) assert.match(textsOf(body), expected)
      assert.ok(body.issue.every((issue: { severity: string }) => issue.severity !== 'error'))
      if (body.issue.length > 1) assert.match(headers.warning ?? '', /^199 vidimus "/)
      const published = await patch(`${resource.resourceType}/${draft.id}`, [
        { op: 'replace', path: '/status', value: 'active' },
      ])
      assert.equal(published.status, 422, 'a patch of the status alone is judged again')
    })
  }
})

describe('what may come later, or is only odd, is a warning', () => {
  const told: [string, Resource, RegExp][] = [
    ['a system that is not here', valueSet('w1', include({ system: 'http://example.org/none' })), /could not be found/],
    [
      'a version that is not here',
      valueSet('w2', include({ system: complete, version: '7', concept: [{ code: 'z' }] })),
      /version '7'/,
    ],
    [
      'an import that is not here',
      valueSet('w3', include({ valueSet: ['http://example.org/none'] })),
      /none, which is not here/,
    ],
    ['no version', { ...valueSet('w4'), version: undefined } as never, /may change under those who use it/],
    [
      'concepts and filters',
      valueSet(
        'w5',
        include({ system: complete, concept: [{ code: 'a' }], filter: [{ property: 'kind', op: '=', value: 'x' }] }),
      ),
      /vsd-3/,
    ],
    [
      'a code system without concepts',
      { ...codeSystem('w6', []), concept: undefined } as never,
      /no code is in this complete system/,
    ],
    [
      'case that may matter',
      { ...codeSystem('w7', ['a', 'A']), caseSensitive: undefined } as never,
      /does not say whether/,
    ],
    ['systems that are not here', conceptMap('w8'), /CodeSystem\/from, which is not here/],
    [
      'a code twice, with other targets',
      conceptMap('w9', {
        group: [
          {
            source: 's',
            target: 't',
            element: ['b', 'c'].map((code) => ({ code: 'a', target: [{ code, equivalence: 'equivalent' as const }] })),
          },
        ],
      }),
      /a second time/,
    ],
    [
      'codes that a system does not have',
      conceptMap('w10', {
        group: [
          {
            source: complete,
            target: complete,
            element: [{ code: 'x', target: [{ code: 'y', equivalence: 'equivalent' }] }],
          },
        ],
      }),
      /does not have 'x'[\s\S]*does not have 'y'/,
    ],
    [
      'a code that its system does not have',
      cqlLibrary(
        'w14',
        `codesystem "C": '${complete}'\ncode "Good": 'a' from "C"\ncode "Wrong": 'zzz' from "C"\ndefine A: "Wrong" ~ "Good"`,
      ),
      /the code zzz is not in http:\/\/example\.org\/publish\/CodeSystem\/complete: .* line 6, column 1/,
    ],
    [
      'a code written out in an expression',
      cqlLibrary('w15', `codesystem "C": '${complete}'\ndefine A:\n  Code 'yyy' from "C" is not null`),
      /the code yyy is not in .* line 6, column 3/,
    ],
    [
      'a value set that is not here',
      cqlLibrary('w16', `valueset "V": '${base}/ValueSet/nowhere'\ndefine A: 'a' in "V"`),
      /the value set http:\/\/example\.org\/publish\/ValueSet\/nowhere is not here: .*line 4, column 1/,
    ],
    [
      'a library that is no logic',
      contentLibrary('w13', 'application/json', '{}', {
        type: { coding: [{ code: 'module-definition' }] },
        title: 'w',
        url: `${base}/Library/w13|1.0.0`,
      }),
      /^/,
    ],
  ]
  for (const [name, resource, expected] of told) {
    it(`${resource.resourceType}: ${name}`, async () => {
      const { status, body, headers } = await put(resource, { Prefer: 'return=OperationOutcome' })
      assert.equal(status, 201, JSON.stringify(body))
      assert.match(textsOf(body), expected)
      if (body.issue.length > 1) assert.match(headers.warning ?? '', /^199/)
      const again = await put(resource)
      assert.equal(again.status, 200)
      assert.equal(again.body.resourceType, resource.resourceType)
    })
  }
})

describe('a status that FHIR does not have', () => {
  for (const resource of [rules, plan('st', library), valueSet('st'), codeSystem('st', ['a']), conceptMap('st')]) {
    it(`${resource.resourceType} is stored with none`, async () => {
      for (const status of ['aktive', 'Active', 'ACTIVE', 'active ', '']) {
        const { status: answered, body } = await put({ ...resource, id: 'odd-status', status } as never)
        assert.equal(answered, 422, `${status} ${JSON.stringify(body)}`)
      }
    })
  }
})

describe('good ones pass', () => {
  const good: Resource[] = [
    plan('g1', library, focus('test') as never),
    plan('g2', library, condition({ expression: '"Also Good"' })),
    plan('g3', library, condition({ language: 'text/cql', expression: 'Rules.Good and true' })),
    plan(
      'g4',
      `${base}/Library/Cert|1.0.0`,
      condition({ language: 'application/certlogic+json', expression: 'Logic' }),
    ),
    plan('g5', library, {
      jurisdiction: [{ coding: [{ code: 'DEU' }] }, { coding: [{ code: 'XA' }] }],
      effectivePeriod: { start: '2026', end: '2026' },
    }),
    plan('g6', library, {
      jurisdiction: [{ coding: [{ system: 'http://unstats.un.org/unsd/methods/m49/m49.htm', code: '001' }] }],
    }),
    { ...plan('g7', library), library: [library, `${base}/Library/Cert|1.0.0`], ...condition({ reference: library }) },
    ofType('g8', 'order-set', { library: undefined }) as never,
    contentLibrary('g9', 'application/elm+json', elm(statement(literal)).replace('"E"', '"g9"')),
    valueSet('g10', {
      compose: undefined,
      expansion: { timestamp: '2026-01-01T00:00:00Z', contains: [{ system: complete, code: 'a' }] },
    } as never),
    valueSet('g11', include({ system: complete, filter: [{ property: 'kind', op: '=', value: 'x' }] })),
    codeSystem('g12', ['a', 'A']),
  ]
  for (const resource of good) {
    it(`${resource.resourceType}/${resource.id}`, async () => {
      const { status, body, headers } = await put(resource)
      assert.equal(status, 201, JSON.stringify(body))
      assert.equal(body.resourceType, resource.resourceType)
      if (resource.resourceType === 'PlanDefinition') assert.equal(headers.warning, undefined)
    })
  }
})

describe('what is told is seen whatever the client prefers', () => {
  const draft = (id: string) => ({ ...cqlLibrary(id, 'define A: Fo\u00f6'), status: 'draft' as const })
  it('rules that cannot be run: the outcome is the body, unless something else is asked for', async () => {
    const plain = await put(draft('t1'))
    assert.equal(plain.body.resourceType, 'OperationOutcome')
    assert.equal(plain.body.issue[1].details.coding.at(-1).code, 'not-fit')
    assert.equal((await put(draft('t2'), { Prefer: 'return=representation' })).body.resourceType, 'Library')
    const minimal = await put(draft('t3'), { Prefer: 'return=minimal' })
    assert.equal(minimal.text, '')
    for (const { headers } of [plain, minimal])
      assert.match(headers.warning ?? '', /^199 vidimus "line 4, column \d+: [\x20-\x7e]*"/)
  })
  it('a patch and a conditional update tell it, too', async () => {
    const told = await patch('Library/t1', [{ op: 'add', path: '/title', value: 'T' }])
    assert.equal(told.body.resourceType, 'OperationOutcome')
  })
  it('maps: a draft that cannot be run is stored and told; published it is refused', async () => {
    const text = (status: string) =>
      `/// version = '1.0.0'\n/// status = '${status}'\nmap "${base}/StructureMap/T4" = T4\ngroup g(source s, target t) {\n  s.a -> t.b then other(s, t) "r";\n}`
    const draft = await putMap('t4', text('draft'))
    assert.equal(draft.status, 201, JSON.stringify(draft.body))
    assert.match(textsOf(draft.body), /calls the group 'other'.* line 5, column \d+/)
    const active = await putMap('t5', text('active'))
    assert.equal(active.status, 422)
    assert.match(textsOf(active.body), /calls the group 'other'.* line 5, column \d+/)
    const broken = await putMap('t6', text('draft').replace('then', 'than'))
    assert.equal(broken.status, 422, 'what cannot be read is no map at all')
  })
})
