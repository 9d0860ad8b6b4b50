/** The steps of a library that its rules can reach, each with where it stands in the author's text. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { definitions } from '../cql/translate/elm.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'

/** A part of a text: lines and columns from 1, the last one included. */
export interface Place {
  line: number
  column: number
  lastLine: number
  lastColumn: number
}

/** One step of a define or function. */
export interface Site {
  /** Define, function, or `parameter <name>`. */
  in: string
  node: JsonObject
  /** Steps to it from `library` of the ELM. */
  path: (string | number)[]
  /** Of itself, or of the nearest step around it that has one. */
  place: Place | undefined
  /** Whether the place is its own. */
  isPlaced: boolean
  parent: Site | undefined
}

/** What of a library is looked at. */
export interface Reach {
  sites: Site[]
  /** Defines and functions that no root leads to. */
  beyond: string[]
}

/** Everything that some defines lead to, within the library; defaults of the parameters that are asked too. */
export function reachOf({ elm }: CompiledLibrary, roots: readonly string[]): Reach {
  const statements = definitions(elm, 'statements')
  const named = new Map<string, number[]>()
  for (const [index, { name }] of statements.entries())
    named.set(String(name), [...(named.get(String(name)) ?? []), index])
  const reached = new Set(roots.flatMap((each) => named.get(each) ?? []))
  const parameters = new Set<string>()
  const sites: Site[] = []
  for (const index of reached) {
    const statement = statements[index]
    if (!statement) continue
    const own = stepsIn(statement.expression, {
      in: String(statement.name),
      path: ['statements', 'def', index, 'expression'],
      around: placeOf(statement.locator),
    })
    sites.push(...own)
    for (const { node } of own) {
      if (node.libraryName !== undefined || typeof node.name !== 'string') continue
      if (node.type === 'ExpressionRef' || node.type === 'FunctionRef')
        for (const each of named.get(node.name) ?? []) reached.add(each)
      else if (node.type === 'ParameterRef') parameters.add(node.name)
    }
  }
  for (const [index, each] of definitions(elm, 'parameters').entries())
    if (parameters.has(String(each.name)))
      sites.push(
        ...stepsIn(each.default, {
          in: `parameter ${each.name}`,
          path: ['parameters', 'def', index, 'default'],
          around: placeOf(each.locator),
        }),
      )
  const beyond = statements
    .filter((each, index) => !reached.has(index) && !isContext(each))
    .map(({ name }) => String(name))
  return { sites, beyond }
}

/** `context Patient` is a define that the translator makes. */
const isContext = ({ expression, name }: JsonObject) =>
  isJsonObject(expression) && expression.type === 'SingletonFrom' && name === 'Patient'

interface Holder {
  in: string
  path: (string | number)[]
  around: Place | undefined
}

function stepsIn(root: Json | undefined, { in: name, path: rootPath, around }: Holder): Site[] {
  const sites: Site[] = []
  const walk = (value: Json | undefined, path: (string | number)[], parent: Site | undefined): void => {
    if (Array.isArray(value)) for (const [index, each] of value.entries()) walk(each, [...path, index], parent)
    if (!isJsonObject(value)) return
    const isStep = typeof value.type === 'string' && !value.type.endsWith('TypeSpecifier')
    const own = placeOf(value.locator) ?? placeOfNull(value)
    const site = isStep
      ? { in: name, node: value, path, place: own ?? parent?.place ?? around, isPlaced: own !== undefined, parent }
      : undefined
    if (site) sites.push(site)
    for (const member of Object.keys(value))
      if (!unlooked.has(member)) walk(value[member], [...path, member], site ?? parent)
  }
  walk(root, rootPath, undefined)
  return sites
}

/** A null takes a type by a step that the translator puts around it. */
const placeOfNull = ({ type, operand }: JsonObject) =>
  type === 'As' && isJsonObject(operand) && operand.type === 'Null' ? placeOf(operand.locator) : undefined

/** Members that hold no steps. */
const unlooked = new Set([
  'annotation',
  'resultTypeSpecifier',
  'signature',
  'asTypeSpecifier',
  'isTypeSpecifier',
  'toTypeSpecifier',
])

/** The place that a locator names. */
export function placeOf(locator: Json | undefined): Place | undefined {
  const match = typeof locator === 'string' ? /^(\d+):(\d+)(?:-(\d+):(\d+))?$/.exec(locator) : null
  if (!match) return undefined
  const [line = 0, column = 0] = [Number(match[1]), Number(match[2])]
  return { line, column, lastLine: Number(match[3] ?? line), lastColumn: Number(match[4] ?? column) }
}

/** The text of a place, in one line. */
export function textAt(lines: readonly string[], { line, column, lastLine, lastColumn }: Place): string {
  const taken = lines.slice(line - 1, lastLine)
  const last = taken.length - 1
  const cut = taken.map((each, index) =>
    each.slice(index === 0 ? column - 1 : 0, index === last ? lastColumn : undefined).trim(),
  )
  return cut.join(' ').replace(/\s+/g, ' ').trim()
}
