/**
 * The house as ARCHITECTURE.md draws it: rooms and their floors, the owners of outside packages, no circles (types included), no
 * crowded folder. The tables stand here and nowhere else.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { circles, computed, type Import, readSources, type Source } from './support/house.ts'

const root = resolve(import.meta.dirname, '..')

/** Floors from the top; a room imports from floors below its own, never from another room of its floor. */
const floors: string[][] = [
  ['main', 'index', 'console'],
  ['cli'],
  ['server'],
  ['config'],
  ['http', 'demo'],
  ['operations'],
  ['evaluate', 'publish', 'kit'],
  [
    'terminology',
    'structure-map',
    'rules',
    'credentials',
    'trust',
    'gateway',
    'provenance',
    'packages',
    'images',
    'authority',
  ],
  ['network', 'cms', 'json-ld', 'audit', 'workers', 'storage'],
  ['fhir', 'files'],
  ['base'],
]

/** Outside packages and the paths below src/ that may import them. What is not listed may be imported by nobody. */
const owners: Record<string, string[]> = {
  '@codemirror/commands': ['console/workbench'],
  '@codemirror/lang-json': ['console/workbench'],
  '@codemirror/language': ['console/workbench'],
  '@codemirror/lint': ['console/workbench'],
  '@codemirror/search': ['console/workbench'],
  '@codemirror/state': ['console/workbench'],
  '@codemirror/view': ['console/workbench'],
  '@lezer/highlight': ['console/workbench'],
  '@preact/signals': ['console'],
  preact: ['console'],
  mdast: ['console/manual'],
  '@cqframework/cql': ['rules/cql'],
  '@embedpdf/pdfium': ['images'],
  '@jsquash/jpeg': ['images'],
  '@jsquash/png': ['images'],
  '@jsquash/webp': ['images'],
  '@lhncbc/ucum-lhc': ['terminology/code-system/implicit'],
  'certlogic-js': ['rules/certlogic'],
  commander: ['cli'],
  'cql-exec-fhir': ['rules/cql'],
  'cql-execution': ['rules/cql'],
  express: ['http'],
  'fhir/r4.js': ['fhir', 'console'],
  fhirpath: ['fhir/fhirpath'],
  'iso-3166': ['terminology/code-system/implicit'],
  jose: ['authority', 'provenance', 'publish', 'credentials', 'network'],
  jsonld: ['json-ld'],
  'language-subtag-registry': ['terminology/code-system/implicit'],
  luxon: ['rules/cql'],
  mongodb: ['storage/mongodb'],
  'prom-client': ['http/metrics'],
  re2js: ['base', 'terminology/value-set/filters'],
  saxes: ['fhir/xml', 'rules/cql', 'packages/vocabularies'],
  yaml: ['base'],
  'zxing-wasm': ['images', 'demo', 'console/verify/scan'],
  'node:child_process': ['workers'],
  'node:cluster': [],
  'node:dgram': [],
  'node:dns': ['network'],
  'node:http': ['http'],
  'node:http2': [],
  'node:https': ['network', 'http/wire'],
  'node:net': ['http', 'network'],
  'node:sqlite': ['storage/sqlite'],
  'node:tls': ['network', 'http/wire'],
  'node:vm': [],
  'node:worker_threads': ['workers'],
}

/** Rooms that do no I/O and read neither clock nor environment nor random numbers; a program of a job process is no part of them. */
const pure = ['base', 'fhir', 'terminology', 'structure-map', 'credentials', 'evaluate']
const impure =
  /\b(?:process(?:\??\.|\[)|performance\.now\(|Date\.now\(|new Date(?:\(\)|(?![\w(]))|Math\.random\(|randomUUID\(|randomBytes\(|getRandomValues\()|\}\s*=\s*process\b/
const fileAccess = /^node:(?:fs|fs\/promises|process|child_process|http|https|net|tls|dgram|dns|worker_threads)$/

/** What opens a connection without an import. */
const connects = /(?<![.\w])(?:fetch|new WebSocket|new EventSource)\(/
const remark = /^\s*(?:\*|\/\/|\/\*)/

/** An adapter is opened by its URL, and that by the composition root, the commands and what judges the setting. */
const adapter = /^src\/storage\/(?:sqlite|mongodb)\//
const openers = ['server', 'cli', 'config', 'storage']

const mostFiles = 20
/** Lines of a function, without those of functions that stand in it. */
const mostLines = 70

/** Every break of the house rules below `at`, each with the line that breaks it. */
function breaks(at: string): string[] {
  const sources = readSources(at, 'src')
  return [
    ...sources.flatMap((source) => source.imports.flatMap((each) => breaksOfImport(source, each))),
    ...sources.flatMap((source) => [
      ...breaksOfPurity(at, source),
      ...connections(at, source),
      ...deadCitations(at, source),
    ]),
    ...unreadFiles(at),
    ...circles(sources).map((circle) => `a circle of imports: ${circle.join(' → ')}`),
    ...crowdedFolders(at),
    ...sources.flatMap(longFunctions),
  ]
}

function roomOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? ''
}

function floorOf(path: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(path)))
}

function breaksOfImport(source: Source, { line, target, outside, typeOnly }: Import): string[] {
  const where = `${source.path}:${line}`
  if (floorOf(source.path) < 0) return [`${where}: no room of this name on the table`]
  if (target === computed) return [`${where}: imports what only the running program can tell`]
  if (outside) return typeOnly && target.startsWith('node:') ? [] : breaksOfOwnership(source, where, target)
  if (target === 'package.json') return []
  if (!target.startsWith('src/')) return [`${where}: imports ${target}, which is not in src/`]
  if (adapter.test(target) && roomOf(source.path) !== 'storage')
    return [`${where}: an adapter is opened by storage/open.ts alone (${target})`]
  if (target === 'src/storage/open.ts' && !openers.includes(roomOf(source.path)))
    return [`${where}: only server.ts opens a store (${target})`]
  if (roomOf(target) === roomOf(source.path)) return []
  if (floorOf(target) > floorOf(source.path)) return []
  return [`${where}: ${roomOf(source.path)}/ may not import ${target}`]
}

function breaksOfOwnership(source: Source, where: string, name: string): string[] {
  const listed =
    owners[name.startsWith('node:') ? (name.split('/')[0] ?? '') : name] ??
    owners[Object.keys(owners).find((each) => each.startsWith(`${name}/`)) ?? '']
  if (!listed) return name.startsWith('node:') ? [] : [`${where}: ${name} has no owner on the table`]
  if (listed.some((owner) => source.path.startsWith(`src/${owner}/`))) return []
  return [`${where}: ${name} belongs to ${listed.join(', ') || 'nobody'}`]
}

function breaksOfPurity(at: string, source: Source): string[] {
  if (!pure.includes(roomOf(source.path)) || /(?:-worker|-jobs|sandbox)\.ts$/.test(source.path)) return []
  const found = source.imports
    .filter(({ target, typeOnly }) => fileAccess.test(target) && !typeOnly)
    .map(({ line, target }) => `${source.path}:${line}: a room without I/O imports ${target}`)
  const lines = readFileSync(join(at, source.path), 'utf8').split('\n')
  lines.forEach((text, index) => {
    if (impure.test(text) && !remark.test(text))
      found.push(`${source.path}:${index + 1}: reads clock, environment or random numbers`)
  })
  return found
}

/** The console runs in a browser and asks its own server alone: the API in one place, its scanner's program in another. */
const browserConnections = ['src/console/api/client.ts', 'src/console/verify/scan/scan-worker.ts']

/** Calls that go out: one guarded client will make them, in network/. */
function connections(at: string, source: Source): string[] {
  if (roomOf(source.path) === 'network' || browserConnections.includes(source.path)) return []
  const lines = readFileSync(join(at, source.path), 'utf8').split('\n')
  return lines.flatMap((text, index) =>
    connects.test(text) && !remark.test(text) ? [`${source.path}:${index + 1}: opens a connection`] : [],
  )
}

const ofWayIn: readonly string[] = ['node:module', 'node:path', './main.ts']

/** The one program in JavaScript: it imports two modules of Node and the program, and nothing else. */
function isWayIn(at: string, file: string): boolean {
  if (file !== 'vidimus.js') return false
  const named = readFileSync(join(at, 'src', file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*['"`]([^'"`]+)['"`]/g)
  return [...named].every(([, name = '']) => ofWayIn.includes(name))
}

/** Programs in another spelling than `.ts`, whose imports nobody reads. */
function unreadFiles(at: string): string[] {
  return readdirSync(join(at, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(?:[cm]?js|[cm]ts|[jt]sx)$/.test(file) && !/^console\/.*\.tsx$/.test(file))
    .filter((file) => !isWayIn(at, file))
    .map((file) => `src/${file}: a program is a .ts file`)
}

/** Comments that name a document which is not in the repository: a reader would look for it in vain. */
function deadCitations(at: string, source: Source): string[] {
  const text = readFileSync(join(at, source.path), 'utf8')
  const cited = [...text.matchAll(/(?<![\w/.])((?:docs\/)?[\w-]+\.md)\b/g)]
  return cited
    .filter(([, name = '']) => !['', 'docs', dirname(source.path)].some((folder) => existsSync(join(at, folder, name))))
    .map(([name]) => `${source.path}: cites ${name}, which is not here`)
}

function longFunctions({ path, functions }: Source): string[] {
  const long = functions.filter(({ lines }) => lines > mostLines)
  return long.map(({ line, lines }) => `${path}:${line}: a function of ${lines} lines`)
}

function crowdedFolders(at: string): string[] {
  const folders = readdirSync(join(at, 'src'), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  )
  const paths = ['src', ...folders.map((each) => join(each.parentPath, each.name).slice(at.length + 1))]
  return paths.flatMap((path) => {
    const files = readdirSync(join(at, path), { withFileTypes: true }).filter((each) => each.isFile())
    return files.length > mostFiles ? [`${path}: ${files.length} files stand side by side, ${mostFiles} at most`] : []
  })
}

describe('the house', () => {
  it('keeps its rules', () => assert.deepEqual(breaks(root), []))

  it('has no package without use on the table', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const listed = new Set(Object.keys(owners).map((name) => name.replace(/^fhir\/.*/, 'fhir')))
    for (const name of Object.keys(dependencies)) assert.ok(listed.has(name), `${name} has no owner`)
  })
})

/** The breaks of a house that has these files alone. */
function planted(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-house-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    return breaks(folder).join('\n')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const importing = (target: string) => `import { a } from '${target}'\nexport const b = a\n`

describe('a break is found', () => {
  const cases: [what: string, files: Record<string, string>, told: RegExp][] = [
    [
      'an import upwards',
      { 'src/terminology/a.ts': importing('../http/app.ts') },
      /terminology\/ may not import src\/http/,
    ],
    [
      'an import of a type upwards',
      { 'src/fhir/a.ts': "import type { A } from '../storage/a.ts'\nexport type B = A\n" },
      /a\.ts:1: fhir\/ may not/,
    ],
    ['a type named in place', { 'src/fhir/a.ts': "export type B = import('../storage/a.ts').A\n" }, /fhir\/ may not/],
    ['an import within a floor', { 'src/rules/a.ts': importing('../structure-map/a.ts') }, /rules\/ may not import/],
    ['publication that evaluates', { 'src/publish/a.ts': importing('../evaluate/a.ts') }, /publish\/ may not import/],
    [
      'content that passes by publication',
      { 'src/packages/a.ts': importing('../publish/a.ts') },
      /packages\/ may not import/,
    ],
    ['a job process that knows rules', { 'src/workers/a.ts': importing('../rules/a.ts') }, /workers\/ may not import/],
    ['base that knows FHIR', { 'src/base/a.ts': importing('../fhir/error.ts') }, /base\/ may not import/],
    [
      'an import that runs later',
      { 'src/base/a.ts': "export const b = () => import('../fhir/error.ts')\n" },
      /base\/ may not/,
    ],
    [
      'an import in backquotes',
      { 'src/base/a.ts': 'export const b = () => import(`../fhir/error.ts`)\n' },
      /base\/ may not/,
    ],
    [
      'an import of a name that is made up',
      { 'src/base/a.ts': 'export const b = (c: string) => import(c)\n' },
      /only the running/,
    ],
    [
      'an import by require',
      { 'src/base/a.ts': "import a = require('../fhir/error.ts')\nexport const b = a\n" },
      /base\/ may not/,
    ],
    [
      'a require that was made',
      {
        'src/base/a.ts':
          "import { createRequire } from 'node:module'\nexport const a = createRequire(import.meta.url)('express')\n",
      },
      /express belongs to http/,
    ],
    [
      'a package that is looked up',
      { 'src/base/a.ts': "export const a = import.meta.resolve('express')\n" },
      /express belongs/,
    ],
    [
      'a program of another room',
      { 'src/base/a.ts': "export const a = new URL('../fhir/error.ts', import.meta.url)\n" },
      /base\/ may not import src\/fhir/,
    ],
    [
      'a part of a package whose name is made up',
      { 'src/base/a.ts': `export const b = (c: string) => import(\`jsonld/lib/\${c}.js\`)\n` },
      /jsonld belongs to json-ld/,
    ],
    ['everything re-exported', { 'src/base/a.ts': "export * from '../fhir/error.ts'\n" }, /base\/ may not import/],
    ['a program that is no .ts', { 'src/base/a.mjs': "import '../fhir/error.ts'\n" }, /a program is a \.ts file/],
    [
      'a connection without an import',
      { 'src/trust/a.ts': "export const a = () => fetch('http://e')\n" },
      /opens a connection/,
    ],
    ['a part of a module of Node', { 'src/trust/a.ts': importing('node:dns/promises') }, /belongs to network/],
    ['a module of Node that nobody owns', { 'src/trust/a.ts': importing('node:dgram') }, /belongs to nobody/],
    [
      'an environment by another way',
      { 'src/evaluate/a.ts': 'export const { env } = process\n' },
      /reads clock, environment/,
    ],
    ['a re-export', { 'src/base/a.ts': "export { a } from '../fhir/error.ts'\n" }, /base\/ may not import/],
    [
      'a store opened in passing',
      { 'src/http/a.ts': importing('../storage/sqlite/sqlite.ts') },
      /an adapter is opened by/,
    ],
    ['a room that is not drawn', { 'src/helpers/a.ts': importing('../fhir/a.ts') }, /no room of this name/],
    ['an outside package at another', { 'src/terminology/a.ts': importing('express') }, /express belongs to http/],
    ['an outside package of nobody', { 'src/http/a.ts': importing('left-pad') }, /left-pad has no owner/],
    [
      'types of a package at another',
      { 'src/rules/a.ts': "import type { V } from 'fhir/r4.js'\nexport type A = V\n" },
      /belongs to fhir/,
    ],
    ['a connection', { 'src/trust/a.ts': importing('node:https') }, /node:https belongs to network/],
    ['a process', { 'src/trust/a.ts': importing('node:child_process') }, /node:child_process belongs to workers/],
    ['a file read in a pure room', { 'src/terminology/a.ts': importing('node:fs') }, /without I\/O imports node:fs/],
    ['a clock in a pure room', { 'src/evaluate/a.ts': 'export const now = () => Date.now()\n' }, /reads clock/],
    [
      'a circle',
      { 'src/fhir/a.ts': importing('./b.ts'), 'src/fhir/b.ts': importing('./a.ts') },
      /circle.*fhir\/a\.ts → src\/fhir\/b/,
    ],
    [
      'a circle of types',
      {
        'src/fhir/a.ts': "import type { B } from './b.ts'\nexport type A = B\n",
        'src/fhir/b.ts': "import type { A } from './a.ts'\nexport type B = A\n",
      },
      /circle/,
    ],
    [
      'a crowded folder',
      Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`src/fhir/a-${n}.ts`, 'export const a = 1\n'])),
      /src\/fhir: 21 files/,
    ],
    [
      'a long function',
      { 'src/fhir/a.ts': `export function a(): void {\n${'  a()\n'.repeat(80)}}\n` },
      /a\.ts:1: a function of 82 lines/,
    ],
    [
      'a comment that cites what is not here',
      { 'src/fhir/a.ts': '/** See nowhere.md. */\nexport const a = 1\n' },
      /cites nowhere\.md/,
    ],
  ]
  for (const [what, files, told] of cases) it(what, () => assert.match(planted(files), told))

  it('and none where there is none', () => {
    const files = {
      'src/base/a.ts': 'export const a = 1\n',
      'src/fhir/a.ts': importing('../base/a.ts'),
      'src/http/a.ts': `${importing('express')}export const c = Date.now()\n`,
      'src/server.ts': importing('./storage/open.ts'),
      'src/storage/open.ts': 'export const a = 1\n',
    }
    assert.equal(planted(files), '')
  })
})

describe('the linter', () => {
  /** Lints a planted file under the project's own rules, in a folder that looks like the project. */
  const lint = (text: string): { status: number | null; output: string } => {
    const folder = mkdtempSync(join(tmpdir(), 'vidimus-lint-'))
    try {
      for (const file of ['biome.json', 'package.json', '.gitignore'])
        copyFileSync(join(root, file), join(folder, file))
      symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
      mkdirSync(join(folder, 'src/fhir'), { recursive: true })
      writeFileSync(join(folder, 'src/fhir/planted.ts'), text)
      spawnSync('git', ['init', '-q'], { cwd: folder })
      const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
      const run = spawnSync(process.execPath, [biome, 'lint', 'src'], { cwd: folder, encoding: 'utf8' })
      return { status: run.status, output: run.stdout + run.stderr }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const long = Array.from({ length: 80 }, (_, line) => `  total += ${line}`).join('\n')

  it('passes a clean file', () => {
    const { status, output } = lint('export const a = 1\n')
    assert.equal(status, 0, output)
  })
  it('refuses a function of 80 lines', () => {
    const { status, output } = lint(`export function long(): number {\n  let total = 0\n${long}\n  return total\n}\n`)
    assert.notEqual(status, 0)
    assert.match(output, /noExcessiveLinesPerFunction/)
  })
  it('refuses `any`', () => assert.match(lint('export const a: any = 1\n').output, /noExplicitAny/))
  it('refuses five parameters', () => {
    const { output } = lint('export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => a + b + c + d + e\n')
    assert.match(output, /useMaxParams/)
  })
})
