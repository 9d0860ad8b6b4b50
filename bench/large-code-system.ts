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
import type { IndexSource } from '../src/terminology/code-system/large/paged-bytes.ts'
import { createTerminology, type Terminology } from '../src/terminology/terminology.ts'
import type { Measured } from './support/harness/figure.ts'
import { costOnce, costs, type Effort, efforts, plainFigure, timeFigure, type Work } from './support/harness/measure.ts'

const SYSTEM = 'http://example.org/CodeSystem/large'
const sizes = { full: 500_000, quick: 100_000 }
const LEVELS = 15
const WORDS = ['acute', 'chronic', 'vaccine', 'test', 'virus', 'result', 'dose', 'antigen', 'protein', 'live', 'human']
const code = (i: number) => String(100_000_000 + i)

/**
 * Large code systems from file to answer: 500,000 concepts, 15 levels deep, imported from FHIR JSON and NDJSON; the second one
 * has further parents. What is resident and what answers cost is measured in a process of its own.
 */
export async function bench({ isQuick }: Effort): Promise<Measured[]> {
  const count = isQuick ? sizes.quick : sizes.full
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    const figures: Measured[] = []
    for (const [name, write] of [
      ['json', writeJson],
      ['ndjson', writeNdjson],
    ] as const) {
      const path = join(folder, `large.${name}`)
      write(path, count)
      const script = new URL(import.meta.url).pathname
      const run = (...args: string[]) =>
        JSON.parse(execFileSync(process.execPath, [script, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 }))
      const imported = run('import', path, folder) as Answer & { resource: CodeSystem }
      figures.push(...imported.figures)
      const asked = run('ask', JSON.stringify(imported.resource), folder, isQuick ? 'quick' : 'full') as Answer
      figures.push(...asked.figures)
    }
    return figures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Answer {
  figures: Measured[]
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

const headOfSystem = (count: number) => ({
  resourceType: 'CodeSystem',
  url: SYSTEM,
  version: '1',
  name: 'Large',
  status: 'active',
  content: 'complete',
  caseSensitive: true,
  count,
  property: [{ code: 'kind', type: 'code' }],
})

function writeJson(path: string, count: number): void {
  function* lines() {
    yield `${JSON.stringify(headOfSystem(count)).slice(0, -1)},"concept":[`
    let depth = -1
    for (let i = 0; i < count; i++) {
      if (depth >= depthOf(i)) yield `}${']}'.repeat(depth - depthOf(i))},`
      else if (i > 0) yield ',"concept":['
      yield JSON.stringify(conceptAt(i)).slice(0, -1)
      depth = depthOf(i)
    }
    yield `}${']}'.repeat(depth)}]}`
  }
  writeLines(path, lines())
}

function writeNdjson(path: string, count: number): void {
  function* lines() {
    yield `${JSON.stringify({ ...headOfSystem(count), url: `${SYSTEM}-2` })}\n`
    const levels: number[] = []
    for (let i = 0; i < count; i++) {
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

async function importOnce(path: string, folder: string): Promise<Answer & { resource: CodeSystem }> {
  const source = openSource(path)
  if (!source) throw new Error(`${path} is no source`)
  const engine = {
    layout: LAYOUT_VERSION,
    createBuilder: (given: CodeSystem, spool: Parameters_<typeof createIndexBuilder>) =>
      createIndexBuilder(headOf(given), spool),
    countConcepts: (given: CodeSystem, index: IndexSource) => largeCodeSystem(given, index).all.size(),
  }
  const cost = await costOnce(() => importCodeSystem(source, { folder, engine }))
  const { resource } = cost.answer
  const name = `${nameOf(resource)}: import`
  const figures = [
    timeFigure(name, cost, 's', { target: { value: 60 }, tolerance: 0.3 }),
    plainFigure(`${name}: most resident memory`, process.resourceUsage().maxRSS / 1024, 'MB', {
      tolerance: 0.3,
      grain: 20,
    }),
  ]
  return { figures, resource }
}

const nameOf = ({ url, count }: CodeSystem) =>
  `${count?.toLocaleString('en')} concepts (${url === SYSTEM ? 'tree' : 'several parents'})`
type Parameters_<F extends (head: never, spool: never) => unknown> = globalThis.Parameters<F>[1]

async function ask(resource: CodeSystem, folder: string, effort: Effort): Promise<Answer> {
  const idle = residentMegabytes()
  const reader = indexReader(folder, largeCodeSystem)
  const opened = await costOnce(() => reader.read(resource))
  const provider = opened.answer
  if (!provider) throw new Error('no index')
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
  const figures = [
    timeFigure('opened by another process', opened, 'ms', { tolerance: 1, grain: 20 }),
    ...(await engineFigures(terminology, resource, effort)),
    ...(await providerFigures(provider, effort)),
    plainFigure('resident after all questions', residentMegabytes() - idle, 'MB', {
      target: { value: 400 },
      tolerance: 0.3,
      grain: 20,
    }),
  ]
  return { figures: figures.map((each) => ({ ...each, name: `${nameOf(resource)}: ${each.name}` })) }
}

const TEXTS = ['acute vir', 'finding12', 'site31 chron', 'prot', 'live human dose', 'vaccine finding997', 'f', 'te']
/** Parts of all concepts. */
const OFFSETS = [0, 0.002, 0.2, 0.5, 0.998]

async function engineFigures(terminology: Terminology, resource: CodeSystem, effort: Effort): Promise<Measured[]> {
  const { url = '', count = 0 } = resource
  const offsets = OFFSETS.map((part) => Math.floor(part * count))
  const expand = (set: string, values: Record<string, string | number>) => {
    const parameter: Parameters['parameter'] = [{ name: 'url', valueUri: set }]
    for (const [name, value] of Object.entries(values)) {
      parameter.push(typeof value === 'number' ? { name, valueInteger: value } : { name, valueString: value })
    }
    return () => terminology.expand({ resourceType: 'Parameters', parameter })
  }
  const all = `${url}?fhir_vs`
  const branch = `${url}?fhir_vs=isa/${code(0)}`
  const validate = (i: number) => {
    const parameter = [
      { name: 'url', valueUri: branch },
      { name: 'system', valueUri: url },
      { name: 'code', valueCode: code(i) },
    ]
    return () => terminology.validateCode({ resourceType: 'Parameters', parameter })
  }
  const within = { count: 20, offset: 40 }
  return [
    ...(await each(
      { name: '$expand with filter, count=20', target: 5 },
      TEXTS.map((filter) => expand(all, { filter, count: 20 })),
      effort,
    )),
    ...(await each(
      { name: '$expand is-a with filter, count=20', target: 5 },
      TEXTS.map((filter) => expand(branch, { filter, ...within })),
      effort,
    )),
    ...(await each(
      { name: '$expand is-a, page at any offset', target: 2 },
      offsets.map((offset) => expand(branch, { offset, count: 20 })),
      effort,
    )),
    ...(await each({ name: '$validate-code in is-a', target: 1 }, offsets.map(validate), effort)),
  ]
}

/** The middle and the slowest of several questions. */
async function each(what: { name: string; target: number }, questions: Work[], effort: Effort): Promise<Measured[]> {
  const brief = { ...effort, rounds: 5, roundMilliseconds: 15, warmUpMilliseconds: effort.warmUpMilliseconds / 8 }
  const found = await costs(Object.fromEntries(questions.map((question, at) => [`q${at}`, question])), brief)
  const sorted = Object.values(found).sort((a, b) => a.microseconds - b.microseconds)
  const [middle, slowest] = [sorted[sorted.length >> 1], sorted.at(-1)]
  if (!middle || !slowest) throw new Error('no questions')
  return [
    timeFigure(what.name, middle, 'ms', { target: { value: what.target } }),
    timeFigure(`${what.name}: the slowest`, slowest, 'ms'),
  ]
}

async function providerFigures(provider: ReturnType<typeof largeCodeSystem>, effort: Effort): Promise<Measured[]> {
  const count = provider.all.size()
  const pairs = Array.from({ length: 10_000 }, (_, i) => [(i * 7919) % count, (i * 104_729) % count] as const)
  const cost = await costs(
    {
      subsumption: () => pairs.filter(([a, b]) => provider.subsumes(a, b)).length,
      code: () => pairs.filter(([a]) => provider.locate(code(a)) === undefined).length,
      display: () => pairs.filter(([a]) => provider.display(a) === undefined).length,
    },
    effort,
  )
  const per = pairs.length
  return [
    timeFigure('subsumption', cost.subsumption, 'µs', { per, target: { value: 5 } }),
    timeFigure('code to concept', cost.code, 'µs', { per }),
    timeFigure('display', cost.display, 'µs', { per }),
  ]
}

const [, script, what, first = '', second = '', effort] = process.argv
if (script === new URL(import.meta.url).pathname) {
  const answer =
    what === 'import'
      ? await importOnce(first, second)
      : await ask(JSON.parse(first), second, effort === 'quick' ? efforts.quick : efforts.full)
  process.stdout.write(JSON.stringify(answer))
}
