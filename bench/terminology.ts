import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CodeSystem, Parameters, Resource } from '../src/fhir/types.ts'
import type { CodeSystemHead, CodeSystemProvider } from '../src/terminology/code-system/code-system.ts'
import { type ConceptRow, indexConcepts } from '../src/terminology/code-system/concept-index.ts'
import { intersection } from '../src/terminology/code-system/selection.ts'
import { type ArtefactSource, createTerminology } from '../src/terminology/terminology.ts'
import type { Measured } from './support/harness/figure.ts'
import {
  costInMix,
  costOnce,
  costs,
  type Effort,
  growthFigure,
  plainFigure,
  rateFigure,
  timeFigure,
} from './support/harness/measure.ts'
import { wholeRequest } from './support/whole-request.ts'

const SYSTEM = 'http://example.org/CodeSystem/bench'
const sizes = { full: 500_000, quick: 50_000 }
const DEPTH = 15
const WORDS = ['acute', 'chronic', 'vaccine', 'test', 'virus', 'result', 'dose', 'antigen', 'protein', 'live', 'human']

/** Terminology engine in process: validation, expansion, and a synthetic system of 500,000 concepts, 15 levels deep. */
export async function bench(effort: Effort): Promise<Measured[]> {
  return [...(await validation(effort)), ...(await expansion(effort)), ...(await bigSystem(effort))]
}

function codeSystem(url: string, count: number): CodeSystem {
  const concept = Array.from({ length: count }, (_, i) => ({ code: `c${i}`, display: `Concept number ${i}` }))
  return {
    resourceType: 'CodeSystem',
    url,
    version: '1.0.0',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    concept,
  }
}

function engine(resources: Resource[]) {
  const source: ArtefactSource = {
    find: async (type, url) =>
      resources.filter((each) => each.resourceType === type && 'url' in each && each.url === url),
    list: async (type) => resources.filter((each) => each.resourceType === type),
    revision: () => 1,
  }
  const now = () => new Date(0)
  return createTerminology(source, { now, uuid: () => '00000000-0000-4000-8000-000000000000' })
}

const uri = (name: string, valueUri: string) => ({ name, valueUri })

async function validation(effort: Effort): Promise<Measured[]> {
  const set: Resource = {
    resourceType: 'ValueSet',
    url: 'http://example.org/ValueSet/bench',
    status: 'active',
    compose: { include: [{ system: SYSTEM }] },
  }
  const terminology = engine([codeSystem(SYSTEM, 10_000), set])
  const requests: Parameters[] = Array.from({ length: 1_000 }, (_, i) => ({
    resourceType: 'Parameters',
    parameter: [uri('url', set.url ?? ''), { name: 'code', valueCode: `c${i * 7}` }, uri('system', SYSTEM)],
  }))
  let next = 0
  const validate = () => {
    const request = requests[next++ % requests.length]
    return request && terminology.validateCode(request)
  }
  const isMember = await terminology.membership(set.url ?? '')
  const tests = 20_000
  const testMembers = () => {
    let members = 0
    for (let i = 0; i < tests; i++) if (isMember(`c${i}`, SYSTEM)) members++
    if (members !== tests / 2) throw new Error(`${members} of ${tests} are members`)
  }
  const cost = await costs({ validate, testMembers }, effort)
  const whole = await wholeRequest()
  const mixed = await costInMix(validate, whole.evaluate, effort).finally(whole.close)
  return [
    rateFigure('$validate-code in process, per CPU-second', cost.validate, { target: { value: 300_000 } }),
    timeFigure('$validate-code in process, warm', cost.validate, 'µs'),
    timeFigure('$validate-code in process, each after a whole evaluation', mixed, 'µs'),
    rateFigure('membership test (CQL in, memberOf), per CPU-second', cost.testMembers, {
      per: tests,
      target: { value: 300_000 },
    }),
  ]
}

async function expansion(effort: Effort): Promise<Measured[]> {
  const systems = [1_000, 10_000].map((count) => codeSystem(`${SYSTEM}-${count}`, count))
  const terminology = engine(systems)
  const [small, large] = systems.map((system) => {
    const parameters: Parameters = { resourceType: 'Parameters', parameter: [uri('url', `${system.url}?fhir_vs`)] }
    return () => terminology.expand(parameters)
  })
  if (!small || !large) throw new Error('no systems')
  const cost = await costs({ small, large }, effort)
  return [
    timeFigure('expansion of 1,000 codes', cost.small, 'ms'),
    timeFigure('expansion of 10,000 codes', cost.large, 'ms'),
    growthFigure('expansion of 10,000 codes against 1,000', cost.large, cost.small, { target: { value: 12 } }),
  ]
}

/** A tree of 15 levels: every concept but the first has the parent its number says. */
function* rows(count: number): Generator<ConceptRow> {
  const levels: number[] = []
  for (let i = 0; i < count; i++) {
    const depth = i === 0 ? 0 : 1 + ((i - 1) % (DEPTH - 1))
    const parent = depth === 0 ? undefined : levels[depth - 1]
    levels[depth] = i
    const display = `${WORDS[i % WORDS.length]} ${WORDS[(i >> 4) % WORDS.length]} finding${i % 9973} of site${(i * 31) % 4999}`
    yield {
      code: String(100_000_000 + i),
      display,
      parents: parent === undefined ? [] : [String(100_000_000 + parent)],
    }
  }
}

const head: CodeSystemHead = {
  url: SYSTEM,
  name: 'Bench',
  status: 'active',
  experimental: false,
  content: 'complete',
  caseSensitive: true,
  properties: new Map(),
  supplements: [],
}

/** Resident memory after a collection of garbage. */
function residentMegabytes(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().rss / 2 ** 20
}

async function bigSystem(effort: Effort): Promise<Measured[]> {
  const count = effort.isQuick ? sizes.quick : sizes.full
  const before = residentMegabytes()
  const built = await costOnce((): CodeSystemProvider => indexConcepts(head, rows(count)))
  const system = built.answer
  const indexed = await costOnce(() => system.search('acute'))
  const memory = residentMegabytes() - before
  const texts = ['acute vir', 'finding12', 'site31 chron', 'prot', 'live human dose', 'vaccine finding997']
  const offsets = [0, 1_000, 0.2 * count, 0.5 * count, count - 1000]
  const pairs = Array.from({ length: 100_000 }, (_, i) => [(i * 7919) % count, (i * 104_729) % count] as const)
  const cost = await costs(
    {
      filter: () => texts.map((text) => page(intersection([system.all, system.search(text)]), 0)),
      hierarchy: () => offsets.map((offset) => page(system.descendants(0), offset)),
      subsumption: () => pairs.filter(([a, b]) => system.subsumes(a, b)).length,
    },
    effort,
  )
  const name = (what: string) => `${count.toLocaleString('en')} concepts: ${what}`
  return [
    timeFigure(name('index'), built, 's', { target: { value: 60 }, tolerance: 0.3 }),
    timeFigure(name('index of text'), indexed, 's', { tolerance: 0.3 }),
    plainFigure(name('resident memory of the index'), memory, 'MB', { target: { value: 400 }, tolerance: 0.3 }),
    timeFigure(name('text filter, count=20'), cost.filter, 'ms', { per: texts.length, target: { value: 5 } }),
    timeFigure(name('hierarchy page at any offset'), cost.hierarchy, 'ms', {
      per: offsets.length,
      target: { value: 2 },
    }),
    timeFigure(name('subsumption'), cost.subsumption, 'µs', { per: pairs.length, target: { value: 5 } }),
  ]
}

function page(selection: ReturnType<CodeSystemProvider['search']>, offset: number): unknown[] {
  const shown: unknown[] = []
  for (let i = offset; i < Math.min(offset + 20, selection.size()); i++) shown.push(selection.at(i))
  return shown
}
