/**
 * The worst requests that are known of, one list for the test that bounds them and the benchmark that measures them: what anybody may
 * send, as large as it is let in. Nothing in them is fetched; corpora are not needed.
 */
import type { CodeSystem, Resource, ValueSet } from '../../src/fhir/types.ts'
import { hostilePictures } from './pictures/hostile.ts'

/** One request, and what may come of it. */
export interface HostileRequest {
  /** The operation or interaction, as the load table names it. */
  operation: string
  name: string
  /** Below the FHIR base, or from the root when it begins with a slash. */
  path: string
  /** Absent for a GET. */
  body?: () => string
  contentType?: string
  accept?: string
  statuses: number[]
  /** It takes so long that a request that comes after it must be answered before it. */
  slow?: boolean
  /** What bounds it. */
  bound: string
}

export const hostileSystem = 'http://example.org/hostile'
const setUrl = `${hostileSystem}/vs`
/** The open limit of a body, less what surrounds it. */
const bodyBytes = 950_000

const repeat = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))
/** Pieces of text up to the size of a body. */
const fill = (piece: string, bytes = bodyBytes): string => piece.repeat(Math.floor(bytes / piece.length))
const fillEach = (make: (index: number) => string, separator = ''): string => {
  const pieces: string[] = []
  for (let length = 0, i = 0; length < bodyBytes; i++) {
    const piece = make(i)
    pieces.push(piece)
    length += piece.length + separator.length
  }
  return pieces.join(separator)
}

/** What is stored for the requests to work on: 30,000 codes in a hierarchy, and the set of them. */
export function hostileArtefacts(): Resource[] {
  const system: CodeSystem = {
    resourceType: 'CodeSystem',
    id: 'hostile',
    url: hostileSystem,
    version: '1.0.0',
    name: 'Hostile',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    hierarchyMeaning: 'is-a',
    property: [{ code: 'parent', type: 'code', uri: 'http://hl7.org/fhir/concept-properties#parent' }],
    concept: repeat(30_000, (i) => ({
      code: `c${i}`,
      display: `Concept number ${i} of many`,
      designation: [{ language: 'de', value: `Begriff ${i}` }],
      ...(i > 0 ? { property: [{ code: 'parent', valueCode: `c${(i - 1) >> 3}` }] } : {}),
    })),
  }
  const set: ValueSet = {
    resourceType: 'ValueSet',
    id: 'hostile',
    url: setUrl,
    version: '1.0.0',
    name: 'Hostile',
    status: 'active',
    compose: { include: [{ system: hostileSystem }] },
  }
  return [system, set]
}

type Parameter = { name: string } & Record<string, unknown>
const parameters =
  (...parameter: Parameter[]) =>
  () =>
    JSON.stringify({ resourceType: 'Parameters', parameter })
const uri = (name: string, valueUri: string): Parameter => ({ name, valueUri })
const text = (name: string, valueString: string): Parameter => ({ name, valueString })
const resource = (name: string, given: object): Parameter => ({ name, resource: given })
const inlineSet = (compose: object, more: object = {}) =>
  resource('valueSet', { resourceType: 'ValueSet', url: 'http://example.org/q', status: 'active', compose, ...more })
const batch = (entries: object[]) => () => JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: entries })
const get = (url: string) => ({ request: { method: 'GET', url } })
const regexFilter = (i: number) => ({
  system: hostileSystem,
  filter: [{ property: 'display', op: 'regex', value: `(a|b|c|o${i})*.*9.*(x|y|z|[a-z]*)+ of many` }],
})
const ten: Parameter = { name: 'count', valueInteger: 10 }
const codings = (count: number, system: (i: number) => string): Parameter => ({
  name: 'codeableConcept',
  valueCodeableConcept: { coding: repeat(count, (i) => ({ system: system(i), code: `c${i}`, display: 'wrong' })) },
})
/** Maps that a client brings along; `expression` is evaluated over a list of 300 texts. */
const inlineMap = (expression: string) =>
  parameters(
    resource('sourceMap', {
      resourceType: 'StructureMap',
      url: 'http://example.org/m',
      name: 'm',
      status: 'draft',
      group: [
        {
          name: 'g',
          typeMode: 'none',
          input: [
            { name: 's', mode: 'source' },
            { name: 't', mode: 'target' },
          ],
          rule: [
            {
              name: 'r',
              source: [{ context: 's' }],
              target: [
                {
                  contextType: 'variable',
                  context: 't',
                  element: 'b',
                  transform: 'evaluate',
                  parameter: [{ valueString: expression }],
                },
              ],
            },
          ],
        },
      ],
    }),
    resource('content', {
      resourceType: 'Binary',
      contentType: 'application/json',
      data: Buffer.from(JSON.stringify({ a: repeat(300, () => 'x') })).toString('base64'),
    }),
  )
const cql = (expression: string) => parameters(text('expression', expression))
const condition = (language: string, expression: string) => ({
  kind: 'applicability',
  expression: { language, expression },
})

const nestedActions = (levels: number): object =>
  levels === 0 ? { title: 'A' } : { title: 'A', action: [nestedActions(levels - 1)] }

const inlinePlan = (action: object[]) => () =>
  JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      { name: 'planDefinition', resource: { resourceType: 'PlanDefinition', status: 'active', action } },
      { name: 'subject', valueString: 'Patient/1' },
      {
        name: 'data',
        resource: {
          resourceType: 'Bundle',
          type: 'collection',
          entry: [{ resource: { resourceType: 'Patient', id: '1' } }],
        },
      },
    ],
  })

const inlineLibrary = (content: string, contentType = 'text/cql') =>
  parameters(
    resource('library', {
      resourceType: 'Library',
      status: 'active',
      type: { coding: [{ code: 'logic-library' }] },
      content: [{ contentType, data: Buffer.from(content).toString('base64') }],
    }),
  )

const expand = 'ValueSet/$expand'
const bodyLimit = 'body limit, parser linear'
const budget = 'budget of the request'

const parsing: HostileRequest[] = [
  ['JSON, lists in lists', '['],
  ['JSON, empty lists', `{"resourceType":"Parameters","parameter":[${fill('[],')}[]]}`],
  ['JSON, one member again and again', `{"resourceType":"Parameters",${fill('"a":1,')}"a":1}`],
  ['JSON, decimals', `{"resourceType":"Parameters","a":[${fill('1.0,')}1]}`],
  ['JSON, backslashes', `{"resourceType":"Parameters","a":"${fill('\\\\\\"')}"}`],
  ['JSON, a number without end', `{"resourceType":"Parameters","a":${fill('1')}}`],
  ['JSON, 1e999999', '{"resourceType":"Parameters","a":1e999999}'],
  ['JSON, a fault at the very end', `{"resourceType":"Parameters","parameter":[${fill('\n1,')}}`],
  ['JSON, names that occur once', `{"resourceType":"Parameters",${fillEach((i) => `"k${i}":1`, ',')}}`],
].map(([name = '', body = '']) => ({
  operation: 'reading JSON',
  name,
  path: expand,
  body: () => (body === '[' ? fill('[') : body),
  statuses: [400],
  bound: bodyLimit,
}))

const xml = (name: string, body: () => string, statuses = [400]): HostileRequest => ({
  operation: 'reading XML',
  name,
  path: expand,
  contentType: 'application/fhir+xml',
  body,
  statuses,
  bound: 'body limit, read in slices',
})
const parametersTag = '<Parameters xmlns="http://hl7.org/fhir">'
const xmlParsing: HostileRequest[] = [
  xml('parameters', () => `${parametersTag}${fill('<parameter><name value="a"/></parameter>')}</Parameters>`),
  xml('attributes', () => `${parametersTag}<parameter ${fillEach((i) => `a${i}="b"`, ' ')}/></Parameters>`),
  xml('namespaces', () => `${parametersTag}<parameter ${fillEach((i) => `xmlns:a${i}="b"`, ' ')}/></Parameters>`),
  xml('elements in elements', () => `${parametersTag}${fill('<parameter>')}`, [400, 422]),
  xml('entities', () => `<!DOCTYPE a [<!ENTITY a "b">]>${parametersTag}</Parameters>`),
  xml(
    'character references',
    () => `${parametersTag}<parameter><name value="${fill('&#65;')}"/></parameter></Parameters>`,
  ),
  xml('angle brackets', () => fill('<')),
]

const terminology: HostileRequest[] = [
  {
    operation: '$expand',
    name: '2,000 includes and 2,000 excludes',
    path: expand,
    body: parameters(
      inlineSet({
        include: repeat(2000, () => ({ system: hostileSystem })),
        exclude: repeat(2000, () => ({ system: hostileSystem, concept: [{ code: 'zzz' }] })),
      }),
      ten,
    ),
    statuses: [422],
    slow: true,
    bound: budget,
  },
  {
    operation: '$expand',
    name: '10,000 includes of one code',
    path: expand,
    body: parameters(
      inlineSet({ include: repeat(10_000, (i) => ({ system: hostileSystem, concept: [{ code: `c${i}` }] })) }),
      ten,
    ),
    statuses: [200, 422],
    slow: true,
    bound: budget,
  },
  {
    operation: '$expand',
    name: '50 regular expressions',
    path: expand,
    body: parameters(inlineSet({ include: repeat(50, regexFilter) }), ten),
    statuses: [200, 422],
    slow: true,
    bound: budget,
  },
  {
    operation: '$expand',
    name: 'imports that multiply',
    path: expand,
    body: parameters(
      uri('url', 'http://example.org/v0'),
      ...repeat(7, (i) =>
        resource('tx-resource', {
          resourceType: 'ValueSet',
          url: `http://example.org/v${i}`,
          status: 'active',
          compose: {
            include:
              i < 6 ? repeat(4, () => ({ valueSet: [`http://example.org/v${i + 1}`] })) : [{ system: hostileSystem }],
          },
        }),
      ),
      ten,
    ),
    statuses: [422],
    slow: true,
    bound: budget,
  },
  {
    operation: '$expand',
    name: '900 value sets one in the other',
    path: expand,
    body: parameters(
      inlineSet(
        { include: [{ valueSet: ['#v0'] }] },
        {
          contained: repeat(900, (i) => ({
            resourceType: 'ValueSet',
            id: `v${i}`,
            status: 'active',
            compose: { include: [i < 899 ? { valueSet: [`#v${i + 1}`] } : { system: hostileSystem }] },
          })),
        },
      ),
      ten,
    ),
    statuses: [422],
    bound: 'depth of imports',
  },
  {
    operation: '$expand',
    name: 'a code system that comes along',
    path: expand,
    body: parameters(
      inlineSet({ include: [{ system: 'http://example.org/cs' }] }),
      resource('tx-resource', {
        resourceType: 'CodeSystem',
        url: 'http://example.org/cs',
        status: 'active',
        content: 'complete',
        concept: repeat(24_000, (i) => ({ code: `k${i}`, display: `d${i}` })),
      }),
      text('filter', 'd1'),
      ten,
    ),
    statuses: [200],
    bound: bodyLimit,
  },
  {
    operation: '$expand',
    name: 'all that a page may have, as XML',
    path: `${expand}?url=${setUrl}&count=10000&includeDesignations=true&property=parent&_format=xml`,
    statuses: [200],
    bound: 'codes of an expansion, written in slices',
  },
  {
    operation: '$expand',
    name: 'a page without end',
    path: `${expand}?url=${setUrl}&count=1000000000`,
    statuses: [422],
    bound: 'codes of an expansion',
  },
  {
    operation: '$expand',
    name: 'a thousand wishes',
    path: expand,
    body: parameters(uri('url', setUrl), ...repeat(12_000, (i) => text('designation', `urn:x|${i}`)), ten),
    statuses: [400],
    bound: 'parameters of a call',
  },
  {
    operation: '$validate-code',
    name: '1,000 codings of unknown systems',
    path: 'ValueSet/$validate-code',
    body: parameters(
      uri('url', setUrl),
      codings(1000, (i) => `http://example.org/${i}`),
    ),
    statuses: [200],
    bound: 'codings of a concept',
  },
  {
    operation: '$validate-code',
    name: '10,000 codings',
    path: 'ValueSet/$validate-code',
    body: parameters(
      uri('url', setUrl),
      codings(10_000, () => hostileSystem),
    ),
    statuses: [422],
    bound: 'codings of a concept',
  },
  {
    operation: '$validate-code',
    name: '1,000 codings against 50 regular expressions',
    path: 'ValueSet/$validate-code',
    body: parameters(
      inlineSet({ include: repeat(50, regexFilter) }),
      codings(1000, () => hostileSystem),
    ),
    statuses: [200, 422],
    bound: budget,
  },
  {
    operation: '$validate-code',
    name: 'a code without end',
    path: 'CodeSystem/$validate-code',
    body: parameters(uri('url', 'http://unitsofmeasure.org'), { name: 'code', valueCode: fill('m.') }),
    statuses: [422],
    bound: 'length of a code',
  },
  {
    operation: '$batch-validate-code',
    name: 'as many as fit',
    path: 'ValueSet/$batch-validate-code',
    body: parameters(
      ...repeat(4000, (i) => ({
        name: 'validation',
        resource: {
          resourceType: 'Parameters',
          parameter: [
            uri('url', setUrl),
            { name: 'coding', valueCoding: { system: hostileSystem, code: `c${i}`, display: 'wrong' } },
          ],
        },
      })),
    ),
    statuses: [200],
    bound: budget,
  },
  {
    operation: '$lookup',
    name: 'every property again and again',
    path: `CodeSystem/$lookup?system=${hostileSystem}&code=c0&${repeat(300, () => 'property=child').join('&')}`,
    statuses: [200],
    bound: 'stored content',
  },
  {
    operation: '$subsumes',
    name: 'root and leaf',
    path: `CodeSystem/$subsumes?system=${hostileSystem}&codeA=c0&codeB=c29999`,
    statuses: [200],
    bound: 'stored content',
  },
  {
    operation: '$translate',
    name: 'a map that comes along, 1,000 codings',
    path: 'ConceptMap/$translate',
    body: parameters(
      resource('conceptMap', {
        resourceType: 'ConceptMap',
        url: 'http://example.org/cm',
        status: 'active',
        group: repeat(60, () => ({
          source: hostileSystem,
          target: hostileSystem,
          element: repeat(170, (i) => ({ code: `c${i}`, target: [{ code: `c${i}`, equivalence: 'equal' }] })),
        })),
      }),
      codings(1000, () => hostileSystem),
    ),
    statuses: [200],
    bound: budget,
  },
  {
    operation: '$translate',
    name: 'maps that hand on to each other',
    path: 'ConceptMap/$translate',
    body: parameters(
      uri('url', 'http://example.org/cm0'),
      uri('system', hostileSystem),
      { name: 'code', valueCode: 'c1' },
      ...repeat(30, (i) =>
        resource('tx-resource', {
          resourceType: 'ConceptMap',
          url: `http://example.org/cm${i}`,
          status: 'active',
          group: repeat(4, () => ({
            source: hostileSystem,
            target: hostileSystem,
            element: [{ code: 'none' }],
            unmapped: { mode: 'other-map', url: `http://example.org/cm${i + 1}` },
          })),
        }),
      ),
    ),
    statuses: [422],
    bound: 'groups of a translation',
  },
  {
    operation: '$compare',
    name: 'regular expressions on both sides',
    path: 'ValueSet/$compare',
    body: parameters(
      ...['thisValueSet', 'otherValueSet'].map((name, side) =>
        resource(name, {
          resourceType: 'ValueSet',
          status: 'active',
          compose: { include: repeat(20, (i) => regexFilter(i + side)) },
        }),
      ),
    ),
    statuses: [200, 422],
    bound: budget,
  },
]

const rest: HostileRequest[] = [
  {
    operation: 'search',
    name: 'a page of large resources, as XML',
    path: 'CodeSystem?_count=1000&_format=xml',
    statuses: [200],
    bound: 'bytes of a page, written in slices',
  },
  {
    operation: 'search',
    name: 'everything drawn in',
    path: 'ValueSet?_count=1000&_include:iterate=ValueSet:*&_revinclude:iterate=ValueSet:reference',
    statuses: [200, 422],
    bound: budget,
  },
  {
    operation: 'search',
    name: '500 includes',
    path: `ValueSet?_count=1000&${repeat(500, (i) => `_revinclude=ValueSet:reference:T${i}`).join('&')}`,
    statuses: [400, 431],
    bound: 'includes of a search',
  },
  {
    operation: 'search',
    name: '600 conditions',
    path: `ValueSet?${repeat(600, (i) => `description:contains=${i}`).join('&')}`,
    statuses: [400],
    bound: 'conditions of a search',
  },
  {
    operation: 'search',
    name: 'as many slow conditions as there may be',
    path: `CodeSystem?${repeat(15, (i) => `code:not=a${i}`).join('&')}&_total=accurate&_sort=name,title,description,-date,url,version,publisher,status`,
    statuses: [200],
    bound: 'conditions of a search',
  },
  {
    operation: 'search',
    name: 'a form of one value after the other',
    path: 'ValueSet/_search',
    contentType: 'application/x-www-form-urlencoded',
    body: () => `_text=${fill('a,')}`,
    statuses: [400],
    bound: 'length of a value',
  },
  {
    operation: 'search',
    name: '1,900 conditions of 100 values',
    path: 'ValueSet/_search',
    contentType: 'application/x-www-form-urlencoded',
    body: () => repeat(1900, () => `url=${'http://a,'.repeat(50)}`).join('&'),
    statuses: [400],
    bound: 'conditions of a search',
  },
  {
    operation: 'history',
    name: 'of everything, 1,000 a page',
    path: '_history?_count=1000',
    statuses: [200],
    bound: 'bytes of a page',
  },
  {
    operation: 'history',
    name: 'of code systems as XML',
    path: 'CodeSystem/_history?_count=1000&_format=xml',
    statuses: [200],
    bound: 'bytes of a page, written in slices',
  },
  {
    operation: 'read',
    name: 'the largest resource, laid out, as XML',
    path: 'CodeSystem/hostile?_format=xml&_pretty=true',
    statuses: [200],
    bound: 'written in slices',
  },
  {
    operation: 'metadata',
    name: 'TerminologyCapabilities as XML',
    path: 'metadata?mode=terminology&_format=xml&_pretty=true',
    statuses: [200],
    bound: 'stored content',
  },
  {
    operation: '$trusted-reference',
    name: 'of the largest resource',
    path: 'CodeSystem/hostile/$trusted-reference',
    statuses: [200],
    bound: 'the resource, once',
  },
  {
    operation: '$trusted-reference',
    name: '100 of the largest resource',
    path: '',
    body: batch(repeat(100, () => get('CodeSystem/hostile/_history/1/$trusted-reference'))),
    statuses: [200],
    bound: 'said once, it is kept',
  },
  { operation: 'pages', name: 'OpenAPI', path: '/openapi.json', statuses: [200], bound: 'constant' },
  {
    operation: 'batch',
    name: '10,000 reads',
    path: '',
    body: batch(repeat(10_000, () => get('ValueSet/hostile'))),
    statuses: [400],
    bound: 'entries of a batch',
  },
  {
    operation: 'batch',
    name: '100 reads of the largest resource',
    path: '',
    body: batch(repeat(100, () => get('CodeSystem/hostile'))),
    statuses: [200],
    bound: 'bytes of a reply, budget of the request',
  },
  {
    operation: 'batch',
    name: '40 searches',
    path: '',
    body: batch(repeat(40, () => get('ValueSet?_count=1000'))),
    statuses: [200],
    bound: 'bytes of a reply, budget of the request',
  },
  {
    operation: 'batch',
    name: '100 expansions',
    path: '',
    body: batch(repeat(100, (i) => get(`${expand}?url=${setUrl}&count=10000&offset=${i}`))),
    statuses: [200],
    slow: true,
    bound: 'bytes of a reply, budget of the request',
  },
]

const convert = (name: string, body: () => string, slow = false): HostileRequest => ({
  operation: '$convert',
  name,
  path: 'StructureMap/$convert',
  contentType: 'text/fhir-mapping',
  body,
  statuses: [200, 422],
  slow,
  bound: 'job process, parser linear',
})
const inGroup = (rules: string) => `map "http://example.org/m" = m\ngroup g(source a, target b) {\n${rules}\n}`

const programs: HostileRequest[] = [
  convert('comments that open, 100,000 of them', () => '/*'.repeat(100_000)),
  convert('comments that open', () => fill('/*')),
  convert('parentheses', () => inGroup(`a where ${fill('(')}`)),
  convert('one token after the other', () => fill('a ')),
  convert('an identifier', () => `map "http://example.org/m" = ${fill('a')}`),
  convert('escaped quotes', () => `'${fill("\\'\n")}`),
  convert('rules', () => inGroup(fillEach((i) => `a.b -> b.c "r${i}";`)), true),
  convert('a sum', () => inGroup(`a where (${fill('a+')}b) -> b.c;`), true),
  {
    operation: '$transform',
    name: 'a map that crosses lists',
    path: 'StructureMap/$transform',
    body: inlineMap('s.a.combine(s.a).combine(s.a).select(%context.a).select(%context.a).count()'),
    statuses: [422],
    slow: true,
    bound: 'job process, memory',
  },
  {
    operation: '$transform',
    name: 'a map that nests loops',
    path: 'StructureMap/$transform',
    body: inlineMap("s.a.where(%context.a.where(%context.a.where($this = 'y').exists()).exists()).count()"),
    statuses: [422],
    slow: true,
    bound: 'job process, computing time',
  },
  {
    operation: '$cql',
    name: 'a regular expression',
    path: '$cql',
    body: cql(`Matches('${'a'.repeat(50)}!', '(a+)+$')`),
    statuses: [200],
    bound: 'regular expressions are checked',
  },
  {
    operation: '$cql',
    name: 'an interval',
    path: '$cql',
    body: cql('expand { Interval[1, 1000000000] }'),
    statuses: [200],
    bound: 'points of an expansion',
  },
  {
    operation: '$cql',
    name: '500 parentheses',
    path: '$cql',
    body: cql(`${'('.repeat(500)}1${')'.repeat(500)}`),
    statuses: [422],
    bound: 'nesting',
  },
  {
    operation: '$cql',
    name: 'a sum',
    path: '$cql',
    body: cql(`${'1+'.repeat(5000)}1`),
    statuses: [422],
    slow: true,
    bound: 'job process, computing time',
  },
  {
    operation: '$cql',
    name: 'a product of lists',
    path: '$cql',
    body: cql('Count(from (expand { Interval[1, 30000] }) A, (expand { Interval[1, 30000] }) B return all A)'),
    statuses: [422],
    slow: true,
    bound: 'job process, computing time',
  },
  {
    operation: 'PlanDefinition/$apply',
    name: '5,000 actions with conditions in FHIRPath',
    path: 'PlanDefinition/$apply',
    body: inlinePlan(
      repeat(5000, (i) => ({
        title: `A${i}`,
        condition: [condition('text/fhirpath', `(1 | 2 | 3).sum() > ${i % 7}`)],
      })),
    ),
    statuses: [200, 422],
    slow: true,
    bound: 'budget of the request',
  },
  {
    operation: 'PlanDefinition/$apply',
    name: 'more actions than are worked on',
    path: 'PlanDefinition/$apply',
    body: inlinePlan(repeat(6000, () => ({ title: 'A' }))),
    statuses: [422],
    bound: 'number of actions',
  },
  {
    operation: 'PlanDefinition/$apply',
    name: 'actions in actions',
    path: 'PlanDefinition/$apply',
    body: inlinePlan([nestedActions(60)]),
    statuses: [400, 422],
    bound: 'levels',
  },
  {
    operation: 'PlanDefinition/$apply',
    name: '5,000 texts of CQL',
    path: 'PlanDefinition/$apply',
    body: inlinePlan(repeat(5000, (i) => ({ title: 'A', condition: [condition('text/cql', `1 = ${i}`)] }))),
    statuses: [200, 422],
    bound: 'number of texts',
  },
  {
    operation: 'PlanDefinition/$apply',
    name: 'FHIRPath that multiplies',
    path: 'PlanDefinition/$apply',
    body: inlinePlan([
      {
        title: 'A',
        condition: [condition('text/fhirpath', `${'(1 | 2 | 3 | 4).select('.repeat(12)}1${')'.repeat(12)} > 0`)],
      },
    ]),
    statuses: [200, 422],
    bound: 'steps of FHIRPath',
  },
  {
    operation: 'Library/$evaluate',
    name: 'a function that calls itself',
    path: 'Library/$evaluate',
    body: inlineLibrary("library L version '1'\ndefine function f(n Integer): f(n + 1) + f(n + 2)\ndefine a: f(1)"),
    statuses: [200, 422],
    bound: 'job process',
  },
  {
    operation: 'Library/$evaluate',
    name: 'texts that double',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `library L version '1'\ndefine a0: 'aaaaaaaaaa'\n${repeat(40, (i) => `define a${i + 1}: a${i} & a${i}`).join('\n')}`,
    ),
    statuses: [200, 422],
    slow: true,
    bound: 'job process, memory',
  },
  {
    operation: 'Library/$evaluate',
    name: '5,000 defines',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `library L version '1'\n${repeat(5000, (i) => `define a${i}: ${i} + 1 > ${i} and true`).join('\n')}`,
    ),
    statuses: [422],
    bound: 'defines of a text',
  },
  {
    operation: 'Library/$evaluate',
    name: 'thousands of includes',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `library L version '1'\n${repeat(10_000, (i) => `include "A${i}" version '1' called B${i}`).join('\n')}\ndefine a: true`,
    ),
    statuses: [422],
    slow: true,
    bound: 'headers are read once',
  },
  {
    operation: 'Library/$evaluate',
    name: 'thousands of models',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `library L version '1'\n${repeat(20_000, (i) => `using M${i} version '1'`).join('\n')}\ndefine a: true`,
    ),
    statuses: [422],
    bound: 'headers are read once',
  },
  {
    operation: 'Library/$evaluate',
    name: 'a qualified name without end',
    path: 'Library/$evaluate',
    body: inlineLibrary(`library L version '1'\ninclude ${repeat(20_000, () => 'include').join('.')}\ndefine a: true`),
    statuses: [422],
    bound: 'headers are read once',
  },
  {
    operation: 'Library/$evaluate',
    name: 'CertLogic, folds of folds',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `${'{"reduce":[[0,0,0,0,0,0,0,0,0,0],'.repeat(12)}{"+":[1,1]}${',0]}'.repeat(12)}`,
      'application/certlogic+json',
    ),
    statuses: [200, 422],
    bound: 'steps of CertLogic',
  },
  {
    operation: 'Library/$evaluate',
    name: 'ELM, 1,900 deep',
    path: 'Library/$evaluate',
    body: inlineLibrary(
      `{"library":{"identifier":{"id":"a"},"statements":{"def":[{"name":"a","expression":${'{"type":"Not","operand":'.repeat(1900)}null${'}'.repeat(1900)}}]}}}`,
      'application/elm+json',
    ),
    statuses: [422],
    bound: 'nesting',
  },
]

const evaluate: HostileRequest[] = [
  {
    operation: '$evaluate',
    name: 'as of a moment, whatever is kept of it',
    path: '$evaluate',
    body: parameters(text('credential', 'HC1:A'), { name: 'asOf', valueInstant: '2020-01-01T00:00:00Z' }),
    statuses: [422],
    bound: 'moments that are ready',
  },
  {
    operation: '$evaluate',
    name: 'a credential without end',
    path: '$evaluate',
    body: parameters(text('credential', `HC1:${fill('A', 900_000)}`)),
    statuses: [200],
    bound: bodyLimit,
  },
  {
    operation: '$evaluate',
    name: 'chunks of a card',
    path: '$evaluate',
    body: parameters(...repeat(10_000, (i) => text('credentialPart', `shc:/${i}/10000/5676`))),
    statuses: [400],
    bound: 'parameters of a call',
  },
  {
    operation: '$evaluate',
    name: 'as many credentials as may be, each without end',
    path: '$evaluate',
    body: parameters(
      text('credential', 'HC1:A'),
      ...repeat(19, () => ({ name: 'furtherCredential', part: [text('credential', `HC1:${fill('A', 45_000)}`)] })),
    ),
    statuses: [200],
    bound: 'credentials of a question',
  },
  {
    operation: '$evaluate',
    name: 'a thousand credentials',
    path: '$evaluate',
    body: parameters(
      text('credential', 'HC1:A'),
      ...repeat(1000, (i) => ({ name: 'furtherCredential', part: [text('credential', `HC1:${i}`)] })),
    ),
    statuses: [400],
    bound: 'parameters of a call',
  },
  {
    operation: '$evaluate',
    name: 'chunks of a further card',
    path: '$evaluate',
    body: parameters(text('credential', 'HC1:A'), {
      name: 'furtherCredential',
      part: repeat(10_000, (i) => text('credentialPart', `shc:/${i}/10000/5676`)),
    }),
    statuses: [400],
    bound: 'parameters of a call',
  },
  {
    operation: '$evaluate',
    name: 'a name without end',
    path: '$evaluate',
    body: parameters(text('credential', 'HC1:A'), {
      name: 'identity',
      part: [text('name', fill('Ü', 200_000)), text('mrz', fill('<', 400_000))],
    }),
    statuses: [400],
    bound: 'length of a name',
  },
  {
    operation: '$evaluate',
    name: 'parameters for rules',
    path: '$evaluate',
    body: parameters(
      text('credential', 'HC1:A'),
      resource('parameters', { resourceType: 'Parameters', parameter: repeat(10_000, (i) => text('P', `a${i}`)) }),
    ),
    statuses: [400],
    bound: 'size of rule parameters',
  },
  {
    operation: '$evaluate, NDJSON',
    name: 'lines that are none',
    path: '$evaluate',
    contentType: 'application/fhir+ndjson',
    body: () => '1\n'.repeat(10_000),
    statuses: [200],
    bound: 'lines of a body',
  },
  {
    operation: '$evaluate, NDJSON',
    name: 'blank lines',
    path: '$evaluate',
    contentType: 'application/fhir+ndjson',
    body: () => fill('\n'),
    statuses: [400],
    bound: 'lines of a body',
  },
  {
    operation: '$evaluate, NDJSON',
    name: 'credentials that fail',
    path: '$evaluate',
    contentType: 'application/fhir+ndjson',
    body: () =>
      fillEach(
        () =>
          JSON.stringify({ resourceType: 'Parameters', parameter: [text('credential', `HC1:${'A'.repeat(1000)}`)] }),
        '\n',
      ),
    statuses: [200],
    bound: 'budget of a line and of the body',
  },
]

const profileOf = (elements: object[], type = 'Patient') => ({
  resourceType: 'StructureDefinition',
  url: 'http://example.org/p',
  name: 'P',
  status: 'draft',
  kind: 'resource',
  abstract: false,
  type,
  derivation: 'constraint',
  baseDefinition: `http://hl7.org/fhir/StructureDefinition/${type}`,
  differential: { element: [{ id: type, path: type }, ...elements] },
})
const slicesOf = (path: string, count: number) =>
  repeat(count, (i) => ({ id: `${path}:s${i}`, path, sliceName: `s${i}` }))
const belowContact = (depth: number) => {
  const path = `Patient.contact.organization.identifier${'.assigner.identifier'.repeat(depth)}.type.coding`
  return { id: path, path }
}
const validated = (name: string, body: () => object, path = '$validate'): HostileRequest => ({
  operation: '$validate',
  name,
  path,
  body: () => JSON.stringify(body()),
  statuses: [200, 422],
  bound: budget,
})
const patient = (more: object) => ({ resourceType: 'Patient', ...more })
const active = { status: 'active', version: '1', name: 'A' }
const snapshotOf = (name: string, elements: () => object[]): HostileRequest => ({
  operation: '$snapshot',
  name,
  path: 'StructureDefinition/$snapshot',
  body: () => parameters(resource('definition', profileOf(elements())))(),
  statuses: [200, 422],
  bound: 'elements that are copied, budget of the request',
})

/** What judges, compares and gathers artefacts. */
const artefacts: HostileRequest[] = [
  validated('unknown extensions', () => patient({ extension: repeat(1400, (i) => ({ url: `http://a/${i}` })) })),
  validated('more profiles than are looked for', () =>
    patient({ meta: { profile: repeat(20_000, (i) => `http://example.org/${i}`) } }),
  ),
  validated('codes that are none', () => patient({ telecom: repeat(18_000, () => ({ system: 'bogus', value: 'a' })) })),
  validated('resources that refer to each other', () =>
    patient({
      contained: repeat(7000, (i) => ({
        resourceType: 'Patient',
        id: `c${i}`,
        link: [{ other: { reference: `#c${(i + 1) % 7000}` }, type: 'refer' }],
      })),
    }),
  ),
  validated('narrative', () =>
    patient({
      text: {
        status: 'generated',
        div: `<div xmlns="http://www.w3.org/1999/xhtml">${fill('<p>a</p>', 800_000)}</div>`,
      },
    }),
  ),
  {
    ...validated('faults in XML, with their lines', () => ({})),
    contentType: 'application/fhir+xml',
    body: () => `<Patient xmlns="http://hl7.org/fhir">${fill('<telecom><system value="bogus"/></telecom>')}</Patient>`,
  },
  validated(
    'a value set of regular expressions that is to be created',
    () => ({
      resourceType: 'ValueSet',
      url: 'http://example.org/v',
      ...active,
      compose: { include: repeat(5000, regexFilter) },
    }),
    'ValueSet/$validate?mode=create',
  ),
  validated(
    'a map of many rules that is to be created',
    () => ({
      resourceType: 'StructureMap',
      url: 'http://example.org/m',
      ...active,
      group: [
        {
          name: 'g',
          typeMode: 'none',
          input: [{ name: 's', mode: 'source' }],
          rule: repeat(6000, (i) => ({
            name: `r${i}`,
            source: [{ context: 's', element: 'a', condition: `a.where(b = ${i}).exists() and b.c.d > 3` }],
          })),
        },
      ],
    }),
    'StructureMap/$validate?mode=create',
  ),
  validated(
    'a concept map of many groups that is to be created',
    () => ({
      resourceType: 'ConceptMap',
      url: 'http://example.org/cm',
      ...active,
      group: repeat(4000, (i) => ({
        source: `http://a/${i}`,
        target: `http://b/${i}`,
        element: [{ code: 'a', target: [{ code: 'b', equivalence: 'equal' }] }],
      })),
    }),
    'ConceptMap/$validate?mode=create',
  ),
  snapshotOf('as many slices as fit', () => slicesOf('Patient.identifier', 9000)),
  snapshotOf('slices of what has much below it', () => [
    ...repeat(20, belowContact),
    ...slicesOf('Patient.contact', 8000),
  ]),
  snapshotOf('the same depth again and again', () =>
    repeat(1000, (i) => {
      const { path } = belowContact(8)
      return { path, id: path.replace('contact', `contact:s${i}`) }
    }),
  ),
  {
    operation: '$artifact-diff',
    name: 'of the largest resource and itself',
    path: `$artifact-diff?source=${hostileSystem}|1.0.0&target=${hostileSystem}|1.0.0`,
    statuses: [200],
    bound: budget,
  },
  {
    operation: '$verifier-kit',
    name: 'rule sets that nobody has',
    path: `$verifier-kit?jurisdiction=XA&${repeat(50, (i) => `planDefinition=http://example.org/${i}`).join('&')}`,
    statuses: [404],
    bound: 'parameters of a call',
  },
  {
    operation: '$verifier-kit',
    name: 'another one in each entry of a batch',
    path: '',
    body: batch(repeat(100, (i) => get(`$verifier-kit?jurisdiction=XA&trustDomain=D${i}`))),
    statuses: [200],
    bound: 'kits of one client in a minute',
  },
  {
    operation: '$package',
    name: 'with the members of the largest set',
    path: 'ValueSet/hostile/$package?capability=executable',
    statuses: [200, 422],
    bound: 'bytes of a reply, codes of an expansion',
  },
  {
    operation: '$package',
    name: 'names that nothing has',
    path: 'ValueSet/hostile/$package',
    body: parameters(...repeat(1000, (i) => ({ name: 'includeUri', valueUri: `http://example.org/${i}` }))),
    statuses: [422],
    bound: 'parameters of a call',
  },
  {
    operation: '$data-requirements',
    name: 'of the largest set',
    path: 'ValueSet/hostile/$data-requirements',
    statuses: [200],
    bound: budget,
  },
  {
    operation: '$verify-signature',
    name: 'thousands of signatures',
    path: '$verify-signature',
    body: parameters(
      resource('provenance', {
        resourceType: 'Provenance',
        target: [{ reference: 'ValueSet/hostile' }],
        recorded: '2020-01-01T00:00:00Z',
        agent: [{ who: { display: 'a' } }],
        signature: repeat(3000, () => ({
          type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
          when: '2020-01-01T00:00:00Z',
          who: { display: 'a' },
          sigFormat: 'application/jose',
          data: Buffer.from('eyJhbGciOiJFUzI1NiJ9..AAAA').toString('base64'),
        })),
      }),
    ),
    statuses: [200, 400, 422],
    bound: budget,
  },
  {
    operation: '$import',
    name: 'without a token',
    path: 'CodeSystem/$import?url=http://example.org/i',
    contentType: 'text/csv',
    body: () => fill('code,display\n'),
    statuses: [401],
    bound: 'a token is needed',
  },
  {
    operation: '$release',
    name: 'without a token',
    path: 'ValueSet/hostile/$release',
    body: parameters(text('version', '2.0.0'), { name: 'versionBehavior', valueCode: 'force' }),
    statuses: [401],
    bound: 'a token is needed',
  },
  {
    operation: 'token',
    name: 'an assertion without end',
    path: '/token',
    contentType: 'application/x-www-form-urlencoded',
    body: () => `grant_type=client_credentials&client_assertion=${fill('A')}`,
    statuses: [400, 404, 413],
    bound: bodyLimit,
  },
  {
    operation: 'search',
    name: 'a filter over all types that are referred to',
    path: `Library?_total=accurate&_filter=${encodeURIComponent('depends-on.name co "z" or depends-on.title co "z"')}`,
    statuses: [200, 400],
    bound: 'joins of a search',
  },
  {
    operation: 'search',
    name: 'a filter of brackets',
    path: `ValueSet?_filter=${'('.repeat(3000)}`,
    statuses: [400],
    bound: 'nesting',
  },
  {
    operation: 'search',
    name: 'a chain without end',
    path: `ValueSet?${repeat(200, () => 'reference:ValueSet').join('.')}.name=a`,
    statuses: [400],
    bound: 'steps of a chain',
  },
]

const sct = 'http://snomed.info/sct'
const mms = 'http://id.who.int/icd/release/11/mms'
const byEcl = (constraint: string) => ({
  system: sct,
  filter: [{ property: 'constraint', op: '=', value: constraint }],
})
const inSet = (include: object, exclude?: object) => ({
  resourceType: 'ValueSet',
  status: 'active',
  compose: { include: [include], ...(exclude && { exclude: [exclude] }) },
})
const expanding = (include: object, exclude?: object) =>
  parameters({ name: 'valueSet', resource: inSet(include, exclude) })
const validating = (system: string, code: string, set: object) =>
  parameters(
    { name: 'valueSet', resource: set },
    { name: 'system', valueUri: system },
    { name: 'code', valueCode: code },
  )
const impliedByEcl = (constraint: string) =>
  `ValueSet/$expand?count=1&url=${encodeURIComponent(`${sct}?fhir_vs=ecl/${encodeURIComponent(constraint)}`)}`
const expressions = (count: number, make: (index: number) => string) => ({
  system: sct,
  concept: repeat(count, (i) => ({ code: make(i) })),
})

/**
 * Over SNOMED CT, LOINC and ICD-11: asked of a server that has a release of each (test/http/vocabularies). `{wing}` is a concept of the
 * small release of the tests.
 */
export const hostileVocabularies: HostileRequest[] = [
  {
    operation: '$expand',
    name: 'an implied set by ECL in brackets',
    path: impliedByEcl(`${'('.repeat(1000)}*${')'.repeat(1000)}`),
    statuses: [422],
    bound: 'nesting of ECL',
  },
  {
    operation: '$expand',
    name: 'an implied set by ECL that never ends',
    path: impliedByEcl(fill('* OR ', 5_000)),
    statuses: [422],
    bound: 'syntax of ECL',
  },
  {
    operation: '$expand',
    name: 'an implied set by ECL that is no ECL',
    path: impliedByEcl('\u0000{{{{🜁'),
    statuses: [400, 422],
    bound: 'syntax of ECL',
  },
  {
    operation: '$expand',
    name: 'ECL as large as a body',
    path: 'ValueSet/$expand',
    body: expanding(byEcl(fillEach(() => '*', ' OR '))),
    statuses: [422],
    bound: 'length of ECL',
  },
  {
    operation: '$expand',
    name: 'ECL whose sets are large, within each other',
    path: 'ValueSet/$expand',
    body: expanding(byEcl(repeat(100, () => '(<< (>> *))').join(' OR '))),
    statuses: [200, 422],
    bound: 'steps of ECL',
  },
  {
    operation: '$expand',
    name: 'ECL that looks for texts with wildcards',
    path: 'ValueSet/$expand',
    body: expanding(byEcl(`* {{ term = (${repeat(500, (i) => `wild:"*a*${i}*b*"`).join(' ')}) }}`)),
    statuses: [200, 422],
    bound: 'steps of ECL',
  },
  {
    operation: '$expand',
    name: 'ten thousand expressions beside an exclude by ECL',
    path: 'ValueSet/$expand',
    body: expanding(
      expressions(10_000, (i) => `{disorder}:{site}={wingtip},{count}=#${i}`),
      byEcl('<< {inflamed} OR (* : {site} = << {leg})'),
    ),
    statuses: [200, 422],
    slow: true,
    bound: 'budget of a request, in steps',
  },
  {
    operation: '$expand',
    name: 'thousands of expressions beside what nobody can tell of them',
    path: 'ValueSet/$expand',
    body: expanding(
      expressions(3_000, (i) => `{disorder}:{site}={wingtip},{count}=#${i}`),
      byEcl('* {{ C active = 1 }}'),
    ),
    statuses: [422],
    bound: 'budget of a request, in steps',
  },
  {
    operation: '$validate-code',
    name: 'one of thousands of expressions',
    path: 'ValueSet/$validate-code',
    body: validating(
      sct,
      '{disorder}:{site}={wingtip},{count}=#2999',
      inSet(expressions(3_000, (i) => `{disorder}:{site}={wingtip},{count}=#${i}`)),
    ),
    statuses: [200, 422],
    bound: 'budget of a request, in steps',
  },
  {
    operation: '$validate-code',
    name: 'an expression without end',
    path: 'CodeSystem/$validate-code',
    body: parameters(
      { name: 'url', valueUri: sct },
      { name: 'code', valueCode: `{disorder}:${fill('{site}={wing},', 9_000)}{site}={wing}` },
    ),
    statuses: [200, 400, 422],
    bound: 'length of an expression',
  },
  {
    operation: '$validate-code',
    name: 'an expression within expressions',
    path: 'CodeSystem/$validate-code',
    body: parameters(
      { name: 'url', valueUri: sct },
      { name: 'code', valueCode: `${'{disorder}:{dueto}=('.repeat(90)}{wing}${')'.repeat(90)}` },
    ),
    statuses: [200, 422],
    bound: 'nesting of expressions',
  },
  {
    operation: '$validate-code',
    name: 'an expression of many groups against ECL of many',
    path: 'ValueSet/$validate-code',
    body: validating(
      sct,
      `{disorder}:${repeat(40, () => '{{site}={wing},{morphology}={tear}}').join(',')}`,
      inSet(byEcl(repeat(200, () => '(* : { {site} = << {wing}, {morphology} = << {hole} })').join(' AND '))),
    ),
    statuses: [200, 422],
    bound: 'steps of ECL',
  },
  {
    operation: '$validate-code',
    name: 'a cluster without end',
    path: 'CodeSystem/$validate-code',
    body: parameters({ name: 'url', valueUri: mms }, { name: 'code', valueCode: fill('9A01&XQ90/', 9_000) }),
    statuses: [200, 422],
    bound: 'length of a cluster',
  },
  {
    operation: '$expand',
    name: 'ten thousand clusters beside an exclude',
    path: 'ValueSet/$expand',
    body: expanding(
      {
        system: mms,
        concept: repeat(10_000, (i) => ({ code: `9A0${i % 2}.${i % 3}&XQ90/9N10${'&XQ90'.repeat(i % 5)}` })),
      },
      { system: mms, filter: [{ property: 'concept', op: 'is-a', value: '22' }] },
    ),
    statuses: [200, 422],
    bound: 'budget of a request, in steps',
  },
  {
    operation: '$subsumes',
    name: 'two clusters as long as they may be',
    path: `CodeSystem/$subsumes?${new URLSearchParams({
      system: mms,
      codeA: repeat(49, () => '9A01').join('/'),
      codeB: repeat(200, () => '9A01&XQ90').join('/'),
    })}`,
    statuses: [404],
    bound: 'length of a cluster',
  },
  {
    operation: '$expand',
    name: 'an answer list by a number without end',
    path: `ValueSet/$expand?url=http://loinc.org/vs/LL${'9'.repeat(5_000)}-9`,
    statuses: [404],
    bound: 'form of a number',
  },
  {
    operation: '$expand',
    name: 'a filter of LOINC by ten thousand parts',
    path: 'ValueSet/$expand',
    body: expanding({
      system: 'http://loinc.org',
      filter: [{ property: 'COMPONENT', op: 'in', value: repeat(10_000, (i) => `LP${i}-1`).join(',') }],
    }),
    statuses: [200, 422],
    bound: 'budget of a request',
  },
]

/** All of them but those over big vocabularies. */
export const hostileRequests: HostileRequest[] = [
  ...parsing,
  ...xmlParsing,
  ...terminology,
  ...rest,
  ...programs,
  ...evaluate,
  ...artefacts,
  ...hostilePictures.map((each) => ({ operation: '$evaluate', path: '$evaluate', ...each })),
]
