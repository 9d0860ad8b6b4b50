/** Prints the measures of ARCHITECTURE.md, counted from the files and by coverage: `npm run measure`, or `npm run measure -- --json`. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { evaluateWay } from '../test/support/evaluate-way.ts'
import { circles, quantile, readSources, type Source } from '../test/support/house.ts'
import { warmPut } from '../test/support/put-way.ts'
import { filesOfWay } from '../test/support/way.ts'

const root = resolve(import.meta.dirname, '..')

/** Lines of all files of these kinds below a folder. */
function linesBelow(folder: string, kinds: RegExp): number {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile() && kinds.test(each.name))
    .reduce((sum, each) => sum + readFileSync(join(each.parentPath, each.name), 'utf8').split('\n').length - 1, 0)
}

function largestFolder(): string {
  const counts = new Map<string, number>()
  for (const each of readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })) {
    if (each.isFile()) counts.set(each.parentPath, (counts.get(each.parentPath) ?? 0) + 1)
  }
  const [path = '', files = 0] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? []
  return `${files} (${path.slice(root.length + 1)})`
}

const spread = (values: number[]): string =>
  `${quantile(values, 0.5)} / ${quantile(values, 0.9)} / ${quantile(values, 1)}`

const sum = (sources: Source[], of: (source: Source) => number): number =>
  sources.reduce((total, source) => total + of(source), 0)

function measures(): Record<string, string | number> {
  const sources = readSources(root, 'src')
  const lines = sum(sources, (source) => source.lines)
  const functions = sources.flatMap((source) => source.functions.map((each) => each.lines))
  const testLines = linesBelow('test', /\.ts$/)
  const caseLines = linesBelow('test', /\.(?:json|tsv|cql|fml|map|txt|xml)$/)
  return {
    'files in src': sources.length,
    'lines in src': lines,
    'file lines, median / p90 / max': spread(sources.map((source) => source.lines)),
    'files over 300 lines': sources.filter((source) => source.lines > 300).length,
    functions: functions.length,
    'function lines, median / p90 / max': spread(functions),
    '`any`': sum(sources, (source) => source.any),
    casts: sum(sources, (source) => source.casts),
    '`!`': sum(sources, (source) => source.assertions),
    'circles of imports, types included': circles(sources).length,
    'largest folder': largestFolder(),
    'test lines per source line (code alone)': (testLines / lines).toFixed(2),
    'test lines per source line (with cases as data)': ((testLines + caseLines) / lines).toFixed(2),
  }
}

/** The distance between what happens and where it stands, counted by coverage. */
async function ways(): Promise<Record<string, number>> {
  const { hops, shapes } = await evaluateWay()
  const files = await filesOfWay(await warmPut())
  return { '$evaluate: hops': hops.length, '$evaluate: shapes': shapes.length, 'PUT ValueSet: files': files.length }
}

const measured = { ...measures(), ...(await ways()) }
if (process.argv.includes('--json')) console.log(JSON.stringify(measured, null, 2))
else for (const [name, value] of Object.entries(measured)) console.log(`${name.padEnd(50)} ${value}`)
process.exit(0)
