/** Releases of SNOMED CT in this process, and what is asked of each of them in the same way. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CodeSystem, Parameter, Parameters } from '../../src/fhir/types.ts'
import { INDEX_EXTENSION, indexReader } from '../../src/packages/large-code-system/code-system-index.ts'
import { type ArtefactSource, createTerminology, type Terminology } from '../../src/terminology/terminology.ts'
import { openCodeSystem } from '../../src/terminology/vocabularies/open.ts'
import { snomedCodeSystem } from '../../src/terminology/vocabularies/snomed/code-system.ts'
import { threadMilliseconds } from '../../src/workers/budget.ts'
import type { Work } from './harness/measure.ts'

const SNOMED = 'http://snomed.info/sct'
const PLAIN = 'http://example.org/bench/plain'
/** The name of the system that lies in its resource. */
export const plainName = 'a system in its resource'

/** What can be asked of one system. */
interface Subject {
  terminology: Terminology
  system: string
  /** The code of a concept by any number. */
  code(n: number): string
  /** Words of terms. */
  words: readonly string[]
}

/** A question, asked in turn of every system. */
export interface Asked {
  name: string
  unit: 'µs' | 'ms'
  /** What it may take; without it, as much as of a small system. */
  milliseconds?: number
  /** What can only be asked of SNOMED CT. */
  isOfReleases: boolean
  ask(subject: Subject, n: number): unknown
}

const parameters = (values: Record<string, string | number>): Parameters => ({
  resourceType: 'Parameters',
  parameter: Object.entries(values).map(([name, value]): Parameter => {
    if (typeof value === 'number') return { name, valueInteger: value }
    if (name === 'filter') return { name, valueString: value }
    return name.startsWith('code') ? { name, valueCode: value } : { name, valueUri: value }
  }),
})

/** With a remark of its own, so that no set is found as it was kept. */
const expand = ({ terminology }: Subject, ecl: string, more: Record<string, string | number>, n: number) =>
  terminology.expand(parameters({ url: `${SNOMED}?fhir_vs=ecl/${encodeURIComponent(`${ecl} /* ${n} */`)}`, ...more }))

/** The questions. */
export const asked: readonly Asked[] = [
  {
    name: '$lookup',
    unit: 'µs',
    isOfReleases: false,
    ask: ({ terminology, system, code }, n) => terminology.lookup(parameters({ system, code: code(n) })),
  },
  {
    name: '$validate-code',
    unit: 'µs',
    isOfReleases: false,
    ask: ({ terminology, system, code }, n) =>
      terminology.validateCode(parameters({ url: `${system}?fhir_vs`, system, code: code(n) })),
  },
  {
    name: '$subsumes',
    unit: 'µs',
    isOfReleases: false,
    ask: ({ terminology, system, code }, n) =>
      terminology.subsumes(parameters({ system, codeA: code(n), codeB: code(n + 1) })),
  },
  {
    name: 'ECL page of 100 of a refinement',
    unit: 'ms',
    milliseconds: 5,
    isOfReleases: true,
    ask: (subject, n) => expand(subject, '<< 404684003 : 363698007 = << 39057004', { count: 100 }, n),
  },
  {
    name: 'ECL count of a big subtree',
    unit: 'ms',
    milliseconds: 1,
    isOfReleases: true,
    ask: (subject, n) => expand(subject, '<< 404684003', { count: 0 }, n),
  },
  {
    name: 'ECL with a text filter, page of 20',
    unit: 'ms',
    milliseconds: 10,
    isOfReleases: true,
    ask: (subject, n) =>
      expand(subject, '<< 404684003', { count: 20, filter: subject.words[n % subject.words.length] ?? '' }, n),
  },
]

/** Opens imported releases, each as the only one of its engine, and a system of 4,000 concepts in its resource. */
export async function openReleases(places: readonly { concepts: number; dataDir: string; version: string }[]) {
  const releases = await Promise.all(places.map(async (place) => ({ ...place, subject: await releaseOf(place) })))
  const named = releases.map(({ concepts, subject }) => ({
    name: `${concepts / 1000}k concepts`,
    ask: (question: Asked) => inTurn(question, subject),
  }))
  const plain = plainSubject()
  return [
    ...named,
    {
      name: plainName,
      ask: (question: Asked): Work | undefined => (question.isOfReleases ? undefined : inTurn(question, plain)),
    },
  ]
}

/** The same question of one concept after the other. */
function inTurn({ ask }: Asked, subject: Subject): Work {
  let n = 0
  return () => ask(subject, n++)
}

const engine = (resource: CodeSystem, read?: ArtefactSource['largeCodeSystem']) =>
  createTerminology(
    {
      find: async (type, url) => (type === 'CodeSystem' && url === resource.url ? [resource] : []),
      list: async () => [],
      revision: () => 1,
      ...(read && { largeCodeSystem: read }),
    },
    {
      now: () => new Date(0),
      uuid: () => '00000000-0000-4000-8000-000000000000',
      milliseconds: threadMilliseconds,
    },
  )

async function releaseOf({ dataDir, version }: { dataDir: string; version: string }): Promise<Subject> {
  const folder = join(dataDir, 'code-systems')
  const [name = ''] = readdirSync(folder)
  const resource = { ...snomedCodeSystem(version), extension: [{ url: INDEX_EXTENSION, valueString: name }] }
  const { read } = indexReader(folder, openCodeSystem)
  const provider = await read(resource)
  if (!provider) throw new Error('the release has no index')
  const count = provider.all.size()
  // Found beforehand: finding them is not what is measured.
  const codes = Array.from({ length: Math.min(count, 20_000) }, (_, n) => provider.code((n * 7919 + 13) % count))
  const code = (n: number) => codes[n % codes.length] ?? ''
  const display = (n: number) => provider.display((n * 7919 + 13) % count) ?? ''
  const words = Array.from({ length: 50 }, (_, n) => display(n).split(' ')[0] ?? '').filter((each) => each.length > 3)
  return { terminology: engine(resource, read), system: SNOMED, code, words }
}

function plainSubject(): Subject {
  const concept = Array.from({ length: 200 }, (_, top) => ({
    code: `${top}`,
    display: `Parent ${top}`,
    concept: Array.from({ length: 20 }, (_each, n) => ({ code: `${top}-${n}`, display: `Child ${n} of ${top}` })),
  }))
  const resource: CodeSystem = {
    resourceType: 'CodeSystem',
    url: PLAIN,
    version: '1',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept,
  }
  const code = (n: number) => (n % 2 === 0 ? `${n % 200}` : `${(n * 7) % 200}-${n % 20}`)
  return { terminology: engine(resource), system: PLAIN, code, words: ['parent', 'child'] }
}
