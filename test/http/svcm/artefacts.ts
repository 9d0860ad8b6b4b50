import type { CodeSystem, ConceptMap, Resource, ValueSet } from '../../../src/fhir/types.ts'

/** Prefix of every canonical of these tests. */
export const base = 'http://example.org/svcm'

/** Three resources of each kind for queries: two versions of one url and a draft of another. */
export const queryArtefacts: Resource[] = (['ValueSet', 'CodeSystem', 'ConceptMap'] as const).flatMap((type) =>
  [
    {
      id: 'q1',
      url: `${base}/${type}/vaccines`,
      version: '1.0.0',
      status: 'active' as const,
      identifier: 'urn:oid:2.999.1',
      name: 'SvcmVaccines',
      title: 'Vaccines in use',
      description: 'Vaccines against measles, first edition',
    },
    {
      id: 'q2',
      url: `${base}/${type}/vaccines`,
      version: '2.0.0',
      status: 'active' as const,
      identifier: 'urn:oid:2.999.2',
      name: 'SvcmVaccinesNext',
      title: 'Vaccines in use, next',
      description: 'Second edition with polio',
    },
    {
      id: 'q3',
      url: `${base}/${type}/tests`,
      version: '1.0.0',
      status: 'draft' as const,
      identifier: 'urn:uuid:9c2d8a7e-4d0b-4f3a-8b1e-2f9f5a0c1d22',
      name: 'SvcmTests',
      title: 'Tests, svcmtests',
      description: 'Tests for measles',
    },
  ].map((each) => queryArtefact(type, each)),
)

function queryArtefact(
  type: 'ValueSet' | 'CodeSystem' | 'ConceptMap',
  given: {
    id: string
    url: string
    version: string
    status: 'active' | 'draft'
    identifier: string
    name: string
    title: string
    description: string
  },
): Resource {
  const identifier = { system: 'urn:ietf:rfc:3986', value: given.identifier }
  const system = `${base}/system-of-${given.id}`
  if (type === 'ValueSet')
    return { ...given, resourceType: type, identifier: [identifier], compose: { include: [{ system }] } }
  if (type === 'CodeSystem') {
    return { ...given, resourceType: type, identifier: [identifier], content: 'complete', concept: [{ code: 'x' }] }
  }
  return {
    ...given,
    resourceType: type,
    identifier,
    sourceUri: `${base}/source-of-${given.id}`,
    targetUri: `${base}/target-of-${given.id}`,
    group: [
      {
        source: system,
        target: `${system}-target`,
        element: [{ code: 'x', target: [{ code: 'y', equivalence: 'equivalent' }] }],
      },
    ],
  }
}

const status = { code: 'status', valueCode: 'retired' }

/** A small hierarchy with an abstract group, a retired code, German designations and a property, in two versions. */
export const codes = (version: '1.0.0' | '2.0.0'): CodeSystem => ({
  resourceType: 'CodeSystem',
  id: `codes-${version[0]}`,
  url: `${base}/codes`,
  version,
  name: 'SvcmCodes',
  title: 'SVCM codes',
  status: 'active',
  experimental: false,
  language: 'en',
  content: 'complete',
  caseSensitive: true,
  hierarchyMeaning: 'is-a',
  property: [
    { code: 'status', uri: 'http://hl7.org/fhir/concept-properties#status', type: 'code' },
    { code: 'abstract', uri: 'http://hl7.org/fhir/concept-properties#notSelectable', type: 'boolean' },
    { code: 'doses', type: 'integer' },
  ],
  concept: [
    {
      code: 'vaccine',
      display: 'Vaccine',
      property: [{ code: 'abstract', valueBoolean: true }],
      concept: [
        {
          code: 'mmr',
          display: 'Measles, mumps and rubella',
          definition: 'A combined vaccine',
          designation: [
            {
              language: 'de',
              use: { system: 'http://terminology.hl7.org/CodeSystem/designation-usage', code: 'display' },
              value: 'Masern, Mumps und Röteln',
            },
          ],
          property: [{ code: 'doses', valueInteger: 2 }],
        },
        { code: 'polio', display: 'Poliomyelitis' },
        { code: 'opv', display: 'Oral polio, withdrawn', property: [status] },
      ],
    },
    { code: 'none', display: 'No vaccine' },
    ...(version === '2.0.0' ? [{ code: 'malaria', display: 'Malaria' }] : []),
  ],
})

const targets: CodeSystem = {
  resourceType: 'CodeSystem',
  id: 'targets',
  url: `${base}/targets`,
  version: '1.0.0',
  name: 'SvcmTargets',
  status: 'active',
  experimental: false,
  content: 'complete',
  caseSensitive: true,
  concept: [
    { code: 'T1', display: 'Target one' },
    { code: 'T2', display: 'Target two' },
    { code: 'T3', display: 'Target three' },
  ],
}

const valueSet = (id: string, more: Partial<ValueSet>): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `${base}/vs/${id}`,
  version: '1.0.0',
  name: 'SvcmSet',
  status: 'active',
  experimental: false,
  ...more,
})

/** A definition that cannot be expanded: nobody has its code system. */
const broken = valueSet('unknown-system', { compose: { include: [{ system: `${base}/nowhere` }] } })

/** A concept map with every kind of row that $translate has to tell apart. */
export const map = (version: '1.0.0' | '2.0.0'): ConceptMap => ({
  resourceType: 'ConceptMap',
  id: `map-${version[0]}`,
  url: `${base}/map`,
  version,
  name: 'SvcmMap',
  status: 'active',
  experimental: false,
  sourceUri: `${base}/vs/all`,
  targetUri: `${base}/vs/targets`,
  group: [
    {
      source: `${base}/codes`,
      target: `${base}/targets`,
      element: [
        { code: 'mmr', target: [{ code: version === '1.0.0' ? 'T1' : 'T2', equivalence: 'equivalent' }] },
        { code: 'none', target: [{ equivalence: 'unmatched', comment: 'There is nothing to say nothing with' }] },
        {
          code: 'polio',
          target: [
            {
              code: 'T2',
              equivalence: 'wider',
              product: [{ property: `${base}/route`, system: `${base}/routes`, value: 'oral' }],
            },
            {
              code: 'T3',
              equivalence: 'narrower',
              dependsOn: [{ property: `${base}/age`, system: `${base}/ages`, value: 'child' }],
            },
          ],
        },
      ],
    },
  ],
})

/** Hands what it does not map on to another map. */
const circular = (id: string, other: string): ConceptMap => ({
  resourceType: 'ConceptMap',
  id,
  url: `${base}/${id}`,
  status: 'active',
  group: [
    {
      source: `${base}/circle`,
      target: `${base}/circle-target`,
      element: [{ code: id, target: [{ code: `of-${id}`, equivalence: 'equivalent' }] }],
      unmapped: { mode: 'other-map', url: `${base}/${other}` },
    },
  ],
})

/** What the operations of the table work on. */
export const operationArtefacts: Resource[] = [
  codes('1.0.0'),
  codes('2.0.0'),
  targets,
  valueSet('all', { compose: { include: [{ system: `${base}/codes` }] } }),
  valueSet('some', {
    compose: { include: [{ system: `${base}/codes`, concept: [{ code: 'mmr' }, { code: 'polio' }] }] },
  }),
  {
    ...valueSet('some', {
      version: '0.9.0',
      compose: { include: [{ system: `${base}/codes`, concept: [{ code: 'none' }] }] },
    }),
    id: 'some-old',
  },
  valueSet('pinned', {
    compose: {
      include: [
        { system: `${base}/codes`, version: '1.0.0' },
        { system: `${base}/targets`, concept: [{ code: 'T1' }] },
      ],
    },
  }),
  valueSet('targets', { compose: { include: [{ system: `${base}/targets` }] } }),
  broken,
  map('1.0.0'),
  map('2.0.0'),
  circular('first', 'second'),
  circular('second', 'first'),
]
