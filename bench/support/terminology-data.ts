/** What terminology is asked about in its benchmark over HTTP: made here, the same every time. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CodeSystem, ConceptMap, Resource, ValueSet } from '../../src/fhir/types.ts'

/** Canonicals begin so. */
export const base = 'http://example.org/bench'
/** Concepts of the code system that lies in its resource. */
export const inResource = 20_000
/** Value sets that are searched for, small ones that are expanded, and members of one of these. */
export const stored = 3000
export const small = 200
export const page = 20
/** Words of displays. */
export const words = [
  'acute',
  'chronic',
  'vaccine',
  'test',
  'virus',
  'result',
  'dose',
  'antigen',
  'protein',
  'live',
  'human',
]

/** The code of a concept by its number. */
export const code = (i: number): string => String(100_000_000 + i)
/** The system of so many concepts that has an index. */
export const systemOf = (size: number): string => `${base}/cs-${size}`
/** The system that lies in its resource. */
export const plain = `${base}/cs-plain`

/** Depth of a concept of a tree of 15 levels: from the second level on again and again. */
const depthOf = (i: number) => (i === 0 ? 0 : 1 + ((i - 1) % 14))

const findingOf = (i: number) => `finding${i % 9973}`
const siteOf = (i: number) => `site${(i * 31) % 4999}`

/** Beginnings of two words of a concept: three digits of one number, two of the other. */
export const beginningsOf = (i: number): string => `${findingOf(i).slice(0, 10)} ${siteOf(i).slice(0, 6)}`

function conceptAt(i: number) {
  return {
    code: code(i),
    display: `${words[i % 11]} ${words[(i >> 4) % 11]} ${findingOf(i)} of ${siteOf(i)}`,
    ...(i % 4 === 0 && { definition: `What the concept of the number ${i} stands for` }),
    ...(i % 5 === 0 && { designation: [{ language: 'fr', value: `terme ${i}` }] }),
    ...(i % 3 === 0 && { property: [{ code: 'kind', valueCode: `k${i % 17}` }] }),
  }
}

const head = (url: string) => ({
  resourceType: 'CodeSystem' as const,
  url,
  version: '1.0.0',
  name: 'Bench',
  status: 'active' as const,
  content: 'complete' as const,
  caseSensitive: true,
  hierarchyMeaning: 'is-a' as const,
  property: [{ code: 'kind', type: 'code' as const }],
})

/** Writes a system of so many concepts, a line each. @returns the file */
export function writeSystem(folder: string, size: number): string {
  const path = join(folder, `cs-${size}.ndjson`)
  const levels: number[] = []
  const lines = [JSON.stringify({ ...head(systemOf(size)), count: size })]
  for (let i = 0; i < size; i++) {
    levels[depthOf(i)] = i
    const parents = i === 0 ? [] : [code(levels[depthOf(i) - 1] ?? 0)]
    lines.push(JSON.stringify({ ...conceptAt(i), parents }))
  }
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}

function plainSystem(): CodeSystem {
  type Concept = NonNullable<CodeSystem['concept']>[number]
  const open: Concept[] = []
  const roots: Concept[] = []
  for (let i = 0; i < inResource; i++) {
    const made: Concept = conceptAt(i)
    open[depthOf(i)] = made
    const parent = open[depthOf(i) - 1]
    if (parent) parent.concept = [...(parent.concept ?? []), made]
    else roots.push(made)
  }
  return { ...head(plain), id: 'plain', concept: roots }
}

const valueSet = (id: string, url: string, include: NonNullable<ValueSet['compose']>['include']): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url,
  version: '1.0.0',
  name: 'Bench',
  status: 'active',
  compose: { include },
})

/** What is stored: the system in its resource, sets over it and over those of `sizes`, a map, value sets to be found. */
export function artefacts(sizes: readonly number[]): Resource[] {
  const system = plainSystem()
  const systems = [plain, ...sizes.map(systemOf)]
  const sets = systems.flatMap((url, at): ValueSet[] => [
    valueSet(`all-${at}`, `${url}/all`, [{ system: url }]),
    valueSet(`branch-${at}`, `${url}/branch`, [
      { system: url, filter: [{ property: 'concept', op: 'is-a', value: code(0) }] },
    ]),
  ])
  const smallSets = Array.from({ length: small }, (_, at) => {
    const concept = Array.from({ length: page }, (_each, i) => ({ code: code(at * page + i) }))
    return valueSet(`small-${at}`, `${base}/small-${at}`, [{ system: plain, concept }])
  })
  const searched = Array.from({ length: stored }, (_, at) =>
    valueSet(`stored-${at}`, `${base}/stored-${at}`, [{ system: plain, concept: [{ code: code(at) }] }]),
  )
  const map: ConceptMap = {
    resourceType: 'ConceptMap',
    id: 'map',
    url: `${base}/map`,
    version: '1.0.0',
    status: 'active',
    group: [
      {
        source: plain,
        target: `${base}/targets`,
        element: Array.from({ length: inResource }, (_, i) => ({
          code: code(i),
          target: [{ code: `t-${i}`, equivalence: 'equivalent' }],
        })),
      },
    ],
  }
  return [system, map, ...sets, ...smallSets, ...searched]
}
