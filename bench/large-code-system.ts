import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CodeSystem, Parameters } from '../src/fhir/types.ts'
import { indexReader } from '../src/packages/large-code-system/code-system-index.ts'
import { importCodeSystem } from '../src/packages/large-code-system/import-code-system.ts'
import { openSource } from '../src/packages/large-code-system/sources.ts'
import { headOf } from '../src/terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../src/terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../src/terminology/code-system/large/large-code-system.ts'
import { LAYOUT_VERSION } from '../src/terminology/code-system/large/layout.ts'
import { createTerminology, type Terminology } from '../src/terminology/terminology.ts'

/** One measured figure with the figure aimed at. */
interface Figure {
  name: string
  value: string
  target: string
}

const SYSTEM = 'http://example.org/CodeSystem/large'
const CONCEPTS = 500_000
const LEVELS = 15
const WORDS = ['acute', 'chronic', 'vaccine', 'test', 'virus', 'result', 'dose', 'antigen', 'protein', 'live', 'human']
const code = (i: number) => String(100_000_000 + i)

/**
 * Large code systems from file to answer: 500,000 concepts, 15 levels deep, imported from FHIR JSON and NDJSON; the second one
 * has further parents. What is resident and what answers cost is measured in a process of its own.
 */
export async function bench(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    const figures: Figure[] = []
    for (const [name, write] of [
      ['json', writeJson],
      ['ndjson', writeNdjson],
    ] as const) {
      const path = join(folder, `large.${name}`)
      write(path)
      const script = new URL(import.meta.url).pathname
      const run = (...args: string[]) =>
        JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' }))
      const imported: { seconds: number; megabytes: number; resource: CodeSystem } = run('import', path, folder)
      const { seconds, megabytes, resource } = imported
      const value = `${seconds.toFixed(1)} s, at most ${Math.round(megabytes)} MB resident`
      figures.push({ name: `500,000 concepts (${name}): import`, value, target: '< 60 s' })
      figures.push(...(run('ask', JSON.stringify(resource), folder) as Figure[]))
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Depth of a concept: level after level, then from the second level again. */
const depthOf = (i: number) => (i === 0 ? 0 : 1 + ((i - 1) % (LEVELS - 1)))

function conceptAt(i: number) {
  const display = `${WORDS[i % 11]} ${WORDS[(i >> 4) % 11]} finding${i % 9973} of site${(i * 31) % 4999}`
  return {
    code: code(i),
    display,
    ...(i % 5 === 0 && { designation: [{ language: 'fr', value: `terme ${i}` }] }),
    ...(i % 3 === 0 && { property: [{ code: 'kind', valueCode: `k${i % 17}` }] }),
  }
}

function writeLines(path: string, lines: Iterable<string>): void {
  const file = openSync(path, 'w')
  let pending: string[] = []
  for (const line of lines) {
    if (pending.push(line) < 10_000) continue
    writeSync(file, pending.join(''))
    pending = []
  }
  writeSync(file, pending.join(''))
  closeSync(file)
}

const head = {
  resourceType: 'CodeSystem',
  url: SYSTEM,
  version: '1',
  name: 'Large',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  count: CONCEPTS,
  property: [{ code: 'kind', type: 'code' }],
}

function writeJson(path: string): void {
  function* lines() {
    yield `${JSON.stringify(head).slice(0, -1)},"concept":[`
    let depth = -1
    for (let i = 0; i < CONCEPTS; i++) {
      if (depth >= depthOf(i)) yield `}${']}'.repeat(depth - depthOf(i))},`
      else if (i > 0) yield ',"concept":['
      yield JSON.stringify(conceptAt(i)).slice(0, -1)
      depth = depthOf(i)
    }
    yield `}${']}'.repeat(depth)}]}`
  }
  writeLines(path, lines())
}

function writeNdjson(path: string): void {
  function* lines() {
    yield `${JSON.stringify({ ...head, url: `${SYSTEM}-2` })}\n`
    const levels: number[] = []
    for (let i = 0; i < CONCEPTS; i++) {
      const depth = depthOf(i)
      levels[depth] = i
      const parents = depth === 0 ? [] : [code(levels[depth - 1] ?? 0)]
      if (i % 4 === 3) parents.push(code(Math.floor(i / 3)))
      yield `${JSON.stringify({ ...conceptAt(i), parents })}\n`
    }
  }
  writeLines(path, lines())
}

// ---------- in processes of their own ----------

/** Resident memory after a collection of garbage, in megabytes. */
function residentMegabytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage.rss() / 2 ** 20
}

async function importOnce(path: string, folder: string): Promise<unknown> {
  const start = performance.now()
  const source = openSource(path)
  if (!source) throw new Error(`${path} is no source`)
  const engine = {
    layout: LAYOUT_VERSION,
    createBuilder: (given: CodeSystem, spool: Parameters_<typeof createIndexBuilder>) =>
      createIndexBuilder(headOf(given), spool),
    countConcepts: (given: CodeSystem, index: Uint8Array) => largeCodeSystem(given, index).all.size(),
  }
  const { resource } = await importCodeSystem(source, { folder, engine })
  const seconds = (performance.now() - start) / 1000
  return { seconds, megabytes: process.resourceUsage().maxRSS / 1024, resource }
}
type Parameters_<F extends (head: never, spool: never) => unknown> = globalThis.Parameters<F>[1]

async function ask(resource: CodeSystem, folder: string): Promise<Figure[]> {
  const label = resource.url === SYSTEM ? 'tree' : 'several parents'
  const idle = residentMegabytes()
  const start = performance.now()
  const reader = indexReader(folder, largeCodeSystem)
  const provider = await reader.read(resource)
  if (!provider) throw new Error('no index')
  const opened = performance.now() - start
  const terminology = createTerminology(
    {
      find: async (type, url) => (type === 'CodeSystem' && url === resource.url ? [resource] : []),
      list: async () => [],
      revision: () => 1,
      largeCodeSystem: reader.read,
    },
    {
      now: () => new Date(0),
      uuid: () => '00000000-0000-4000-8000-000000000000',
      milliseconds: () => performance.now(),
    },
  )
  const figures = [...(await engineFigures(terminology, resource.url ?? '')), ...providerFigures(provider)]
  const resident = `${Math.round(residentMegabytes() - idle)} MB (process ${Math.round(residentMegabytes())} MB)`
  return [
    { name: 'opened by another process', value: `${opened.toFixed(0)} ms`, target: '–' },
    { name: 'resident after all questions', value: resident, target: '< 400 MB' },
    ...figures,
  ].map((each) => ({ ...each, name: `500,000 concepts (${label}): ${each.name}` }))
}

const TEXTS = ['acute vir', 'finding12', 'site31 chron', 'prot', 'live human dose', 'vaccine finding997', 'f', 'te']
const OFFSETS = [0, 1_000, 100_000, 250_000, 499_000]

async function engineFigures(terminology: Terminology, url: string): Promise<Figure[]> {
  const expand = (set: string, values: Record<string, string | number>) => {
    const parameter: Parameters['parameter'] = [{ name: 'url', valueUri: set }]
    for (const [name, value] of Object.entries(values)) {
      parameter.push(typeof value === 'number' ? { name, valueInteger: value } : { name, valueString: value })
    }
    return () => terminology.expand({ resourceType: 'Parameters', parameter })
  }
  const all = `${url}?fhir_vs`
  const branch = `${url}?fhir_vs=isa/${code(0)}`
  const text = await slowest(TEXTS.map((filter) => expand(all, { filter, count: 20 })))
  const within = await slowest(TEXTS.map((filter) => expand(branch, { filter, count: 20, offset: 40 })))
  const page = await slowest(OFFSETS.map((offset) => expand(branch, { offset, count: 20 })))
  const validate = await slowest(
    OFFSETS.map((i) => () => {
      const parameter = [
        { name: 'url', valueUri: branch },
        { name: 'system', valueUri: url },
        { name: 'code', valueCode: code(i) },
      ]
      return terminology.validateCode({ resourceType: 'Parameters', parameter })
    }),
  )
  return [
    { name: '$expand with filter, count=20', value: text, target: '< 5 ms' },
    { name: '$expand is-a with filter, count=20', value: within, target: '< 5 ms' },
    { name: '$expand is-a, page at any offset', value: page, target: '< 2 ms' },
    { name: '$validate-code in is-a', value: validate, target: '< 1 ms' },
  ]
}

/** Median and slowest of several pieces of work, each by the median of its runs when warm. */
async function slowest(work: (() => Promise<unknown> | unknown)[]): Promise<string> {
  const medians: number[] = []
  for (const each of work) {
    const times: number[] = []
    for (let i = 0; i < 15; i++) {
      const start = performance.now()
      await each()
      times.push(performance.now() - start)
    }
    medians.push(median(times))
  }
  return `${median(medians).toFixed(2)} ms (slowest ${Math.max(...medians).toFixed(2)})`
}

const median = (times: number[]) => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0

function providerFigures(provider: ReturnType<typeof largeCodeSystem>): Figure[] {
  const pairs = Array.from({ length: 100_000 }, (_, i) => [(i * 7919) % CONCEPTS, (i * 104_729) % CONCEPTS] as const)
  const each = (visit: (a: number, b: number) => unknown): string => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 5; round++) {
      const start = performance.now()
      for (const [a, b] of pairs) visit(a, b)
      best = Math.min(best, performance.now() - start)
    }
    return `${((best * 1000) / pairs.length).toFixed(3)} µs`
  }
  return [
    { name: 'subsumption', value: each((a, b) => provider.subsumes(a, b)), target: '< 5 µs' },
    { name: 'code to concept', value: each((a) => provider.locate(code(a))), target: '–' },
    { name: 'display', value: each((a) => provider.display(a)), target: '–' },
  ]
}

const [, script, what, first = '', second = ''] = process.argv
if (script === new URL(import.meta.url).pathname) {
  const answer = what === 'import' ? await importOnce(first, second) : await ask(JSON.parse(first), second)
  process.stdout.write(JSON.stringify(answer))
}
