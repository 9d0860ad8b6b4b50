/** The house as its files tell it: sources, what they import (types included), circles, and what stands in them. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { parseSync } from 'oxc-parser'

/** One import, re-export or dynamic import of a source file. */
export interface Import {
  /** From 1. */
  line: number
  /** Path of the imported file from the root (`src/base/json.ts`), or the name of an outside package. */
  target: string
  outside: boolean
  /** Nothing but types: gone when the program runs. */
  typeOnly: boolean
  /** Started as a program of its own, which may well import what starts it. */
  isProgram: boolean
}

/** One function: its own lines, without those of functions of several lines that stand in it (they count for themselves). */
export interface FunctionSize {
  line: number
  lines: number
}

/** One source file. */
export interface Source {
  /** From the root, with slashes. */
  path: string
  lines: number
  imports: Import[]
  functions: FunctionSize[]
  /** `any` types, casts (`as X`, but for `as const`), non-null assertions. */
  any: number
  casts: number
  assertions: number
}

/** Node of a syntax tree (ESTree with TypeScript's additions). */
interface Node {
  type: string
  start: number
  end: number
  [member: string]: unknown
}

/** Every TypeScript file below a folder of the root, in order of path; declarations (`.d.ts`) are none of ours. */
export function readSources(root: string, folder: string): Source[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file).replaceAll('\\', '/'))
    .sort()
    .map((path) => readSource(root, path))
}

function readSource(root: string, path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  const { program, errors } = parseSync(path, text, { lang: path.endsWith('x') ? 'tsx' : 'ts', sourceType: 'module' })
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const lineOf = lineFinder(text)
  const source: Source = {
    path,
    lines: text.split('\n').length - 1,
    imports: [],
    functions: [],
    any: 0,
    casts: 0,
    assertions: 0,
  }
  walk(program as unknown as Node, (node) => note(node, source, { root, lineOf }))
  return source
}

function note(
  node: Node,
  source: Source,
  { root, lineOf }: { root: string; lineOf: (offset: number) => number },
): void {
  if (node.type === 'TSAnyKeyword') source.any++
  else if (node.type === 'TSNonNullExpression') source.assertions++
  else if (node.type === 'TSTypeAssertion' || (node.type === 'TSAsExpression' && !isConst(node))) source.casts++
  else if (isFunction(node)) {
    const line = lineOf(node.start)
    source.functions.push({ line, lines: lineOf(node.end) - line + 1 - linesWithin(node, lineOf) })
  }
  const specifier = specifierOf(node)
  if (specifier === undefined) return
  const outside = !specifier.startsWith('.')
  const target = outside ? packageOf(specifier) : relative(root, resolve(root, dirname(source.path), specifier))
  source.imports.push({
    line: lineOf(node.start),
    target: target.replaceAll('\\', '/'),
    outside,
    typeOnly: isTypeOnly(node),
    isProgram: node.type === 'NewExpression',
  })
}

const isFunction = ({ type }: Node): boolean =>
  /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(type)

/** Lines of the functions that stand in a node, outermost ones, but for those that they share with it. */
function linesWithin(node: Node, lineOf: (offset: number) => number): number {
  return childrenOf(node).reduce((sum, child) => {
    const lines = lineOf(child.end) - lineOf(child.start) + 1
    return sum + (isFunction(child) ? Math.max(0, lines - 1) : linesWithin(child, lineOf))
  }, 0)
}

function isConst(node: Node): boolean {
  const type = node.typeAnnotation as { typeName?: { name?: string } }
  return type.typeName?.name === 'const'
}

/** What stands for a specifier that only the running program can tell. */
export const computed = '(computed)'

/**
 * What a node imports, as it is written: `import`, `export … from`, `import('…')`, `import x = require('…')`, `require('…')` under
 * whatever name it was made, `import.meta.resolve('…')`, and the programs of `new URL('./x.ts', import.meta.url)`.
 */
function specifierOf(node: Node): string | undefined {
  if (/^(ImportDeclaration|ExportNamedDeclaration|ExportAllDeclaration)$/.test(node.type)) return textOf(node.source)
  if (node.type === 'ImportExpression') return textOf(node.source) ?? computed
  if (node.type === 'TSExternalModuleReference') return textOf(node.expression)
  if (node.type === 'TSImportType') {
    const source = (node.source ?? node.argument) as { literal?: unknown }
    return textOf(source) ?? textOf(source.literal)
  }
  if (node.type === 'NewExpression' && nameOf(node.callee) === 'URL') {
    const [first, second] = node.arguments as unknown[]
    const file = textOf(first)
    return second !== undefined && file !== undefined && /\.[cm]?[jt]s$/.test(file) ? asRelative(file) : undefined
  }
  if (node.type !== 'CallExpression' || !isLoader(node.callee as Node)) return undefined
  return textOf((node.arguments as unknown[])[0]) ?? computed
}

/** `require`, `createRequire(…)`, `require.resolve`, `import.meta.resolve`. */
function isLoader(callee: Node): boolean {
  if (nameOf(callee) === 'require') return true
  if (callee.type === 'CallExpression') return nameOf(callee.callee) === 'createRequire'
  if (callee.type !== 'MemberExpression' || nameOf(callee.property) !== 'resolve') return false
  const owner = callee.object as Node
  return owner.type === 'MetaProperty' || isMeta(owner) || nameOf(owner) === 'require'
}

const isMeta = ({ type, property }: Node): boolean => type === 'MemberExpression' && nameOf(property) === 'meta'
const nameOf = (node: unknown): string | undefined => (node as { name?: string } | undefined)?.name

/** A specifier of `new URL` needs no dot to be a path. */
const asRelative = (file: string): string => (/^(?:\.|\/|[a-z]+:)/.test(file) ? file : `./${file}`)

/** The text of a literal, or of a template whose beginning names a package; undefined for anything else. */
function textOf(node: unknown): string | undefined {
  const { value, quasis, expressions } = (node ?? {}) as {
    value?: unknown
    quasis?: { value: { cooked: string } }[]
    expressions?: unknown[]
  }
  if (typeof value === 'string') return value
  const start = quasis?.[0]?.value.cooked ?? ''
  return expressions?.length === 0 || /^(?:@[\w-]+\/)?[\w-][\w.-]*\//.test(start) ? start : undefined
}

function isTypeOnly(node: Node): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true
  const specifiers = (node.specifiers ?? []) as { importKind?: string; exportKind?: string }[]
  return specifiers.length > 0 && specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type')
}

/** `@scope/name` or `name` of a specifier; `node:sqlite` as it is. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const child of childrenOf(node)) walk(child, visit)
}

function childrenOf(node: Node): Node[] {
  const members = Object.entries(node).filter(([name]) => name !== 'type' && name !== 'start' && name !== 'end')
  return members.flatMap(([, member]) => (Array.isArray(member) ? member : [member])).filter(isNode)
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Circles of files that import each other (strongly connected parts of more than one file), types included. */
export function circles(sources: Source[]): string[][] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const state = { next: 0, index: new Map<string, number>(), low: new Map<string, number>(), stack: [] as string[] }
  const found: string[][] = []
  const open = (path: string): void => {
    state.index.set(path, state.next)
    state.low.set(path, state.next++)
    state.stack.push(path)
    for (const { target, isProgram } of byPath.get(path)?.imports ?? []) {
      if (isProgram || !byPath.has(target)) continue
      if (!state.index.has(target)) {
        open(target)
        state.low.set(path, Math.min(state.low.get(path) ?? 0, state.low.get(target) ?? 0))
      } else if (state.stack.includes(target)) {
        state.low.set(path, Math.min(state.low.get(path) ?? 0, state.index.get(target) ?? 0))
      }
    }
    if (state.low.get(path) !== state.index.get(path)) return
    const circle = state.stack.splice(state.stack.indexOf(path))
    if (circle.length > 1 || byPath.get(path)?.imports.some(({ target }) => target === path)) found.push(circle.sort())
  }
  for (const { path } of sources) if (!state.index.has(path)) open(path)
  return found
}

/** The value at a share (0 to 1) of a list in order of size; 0 for an empty one. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}
