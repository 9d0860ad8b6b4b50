import { existsSync, readFileSync } from 'node:fs'
import type { Bundle, Library } from '../src/fhir/types.ts'
import { createRules } from '../src/rules/rules.ts'
import { rate } from './support/rate.ts'

const corpora = new URL('../../shared/corpora/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, corpora), 'utf8')
const clock = '2022-01-01T00:00:00Z'

/** Measures warm runs of WHO's rule libraries, evidence included, and the cost of getting there. Targets: cql.md, warm cost. */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  if (!existsSync(corpora)) return [{ name: 'CQL rules', value: 'skipped: ../shared is absent', target: '' }]
  const libraries = ['TestPass', 'DDCCPass'].map((name): Library => {
    const data = Buffer.from(read(`cql/who/${name}-1.0.0.cql`)).toString('base64')
    const url = `http://example.org/Library/${name}`
    return {
      resourceType: 'Library',
      url,
      version: '1.0.0',
      status: 'active',
      type: {},
      content: [{ contentType: 'text/cql', data }],
    }
  })
  const derived = new Map<string, string>()
  const rules = createRules({
    findLibraries: async (url) => libraries.filter((each) => each.url === url),
    listLibraries: async () => libraries,
    revision: () => 1,
    membership: async () => () => false,
    expand: async () => [],
    derived: {
      get: async (_kind, key) => derived.get(key),
      set: async (_kind, key, value) => void derived.set(key, value),
    },
  })
  const bundle = JSON.parse(read('structure-map/gdhcn-validator/EUQR1FHIRBundle.json')) as Bundle
  const run = (name: string, data: Bundle) =>
    rules.evaluateLibrary({ library: `http://example.org/Library/${name}`, data, clock })
  const begin = performance.now()
  await run('TestPass', bundle)
  const first = performance.now() - begin
  const hundred = { ...bundle, entry: (bundle.entry ?? []).flatMap((each) => copies(each)) }
  const rows = [
    { name: 'CQL first answer, translator started', value: `${Math.round(first)} ms`, target: '< 5000 ms' },
    { name: 'CQL TestPass, 7 defines', value: await perSecond(() => run('TestPass', bundle)), target: '> 5000/s' },
    { name: 'CQL DDCCPass', value: await perSecond(() => run('DDCCPass', bundle)), target: '> 10000/s' },
    {
      name: 'CQL TestPass, 100 Immunizations',
      value: await perSecond(() => run('TestPass', hundred)),
      target: '> 100/s',
    },
  ]
  await rules.close()
  return rows
}

type Entry = NonNullable<Bundle['entry']>[number]
const copies = (entry: Entry): Entry[] =>
  entry.resource?.resourceType === 'Immunization' ? Array.from({ length: 100 }, () => structuredClone(entry)) : [entry]

const perSecond = async (run: () => Promise<unknown>): Promise<string> => `${Math.round(await rate(run, 1000))}/s`
