/** What authors have written: the source of their rules, and texts of their own for what a sub-expression gives. */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import type { Extension, Library } from '../../fhir/types.ts'
import type { Execution } from '../cql/run/recording.ts'
import { definitions, visit } from '../cql/translate/elm.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { translated } from '../translation.ts'
import { valueNamed } from './origins.ts'
import type { Voice } from './voice.ts'

/** Extension of a Library: a text for what a define, a function, or a let or tuple element in one, gives. */
const expressionTextUrl = 'http://vidimus.org/fhir/StructureDefinition/expression-text'

/** What is known of the authors' words. */
export interface OwnTexts {
  /** What the author wrote for a step, its beginning where that is long; undefined where it is not known. */
  snippet(run: Execution): string | undefined
  /** The author's sentence about what a step gave, with values put in; undefined where he gave none that fits. */
  ownText(run: Execution, voice: Voice): string | undefined
}

/** A library that explanations speak of. */
export interface AuthoredLibrary {
  /** `url|version` */
  canonical: string
  /** As stored; absent for an expression that stands in a rule set. */
  resource?: Library | undefined
  /** CQL; absent where only ELM is known. */
  cql?: string | undefined
}

/** Lines of the author's text after the first that a name may be made of. */
const mostLines = 2

/** Reads the texts of a rule's library and of what it includes. */
export function ownTexts(libraries: AuthoredLibrary[], language: string | undefined): OwnTexts {
  const lines = new Map(libraries.map(({ canonical, cql }) => [canonical, cql?.split('\n')]))
  const texts = new Map(libraries.map(({ canonical, resource }) => [canonical, textsOf(resource, language)]))
  return {
    snippet: ({ step, library }) => cut(lines.get(library.canonical), step.locator),
    ownText(run, voice) {
      const own = texts.get(run.library.canonical)
      if (!own || own.size === 0) return undefined
      const address = addresses(run.library).get(run.step)
      const text = address && (own.get(`${address} ${run.value}`) ?? own.get(address))
      return text === undefined ? undefined : filled(text, run, voice)
    },
  }
}

function cut(lines: string[] | undefined, locator: Json | undefined): string | undefined {
  const at = /^(\d+):(\d+)-(\d+):(\d+)$/.exec(typeof locator === 'string' ? locator : '')
  if (!at || !lines) return undefined
  const [line = 0, column = 0, lastLine = 0, lastColumn = 0] = at.slice(1).map(Number)
  const taken = lines.slice(line - 1, Math.min(lastLine, line + mostLines))
  if (lastLine === line) taken[0] = taken[0]?.slice(0, lastColumn) ?? ''
  else if (taken.length === lastLine - line + 1) taken.push(taken.pop()?.slice(0, lastColumn) ?? '')
  taken[0] = taken[0]?.slice(column - 1) ?? ''
  const text = taken.join(' ').trim()
  return text === '' ? undefined : text
}

/** `address`, or `address result` for a text of one result, to text. */
function textsOf(resource: Library | undefined, language: string | undefined): Map<string, string> {
  const texts = new Map<string, string>()
  for (const { url, extension } of resource?.extension ?? []) {
    if (url !== expressionTextUrl) continue
    const part = (name: string) => extension?.find((each: Extension) => each.url === name)
    const address = part('expression')?.valueString
    const result = part('result')?.valueCode
    const told = part('text')
    const text = translated(told?.valueString, told?._valueString, language)
    if (address === undefined || text === undefined) continue
    texts.set(result === undefined ? address : `${address} ${result}`, text)
  }
  return texts
}

/** What authors call a step: a define or function by its name, a let or an element of a tuple in one `name.element`. */
const addresses = keepPerObject((library: CompiledLibrary): Map<JsonObject, string> => {
  const found = new Map<JsonObject, string>()
  for (const statement of definitions(library.elm, 'statements')) {
    const name = String(statement.name)
    if (isJsonObject(statement.expression)) found.set(statement.expression, name)
    visit(statement.expression, (node) => {
      const named = node.type === 'Tuple' ? node.element : node.type === 'Query' ? node.let : undefined
      for (const each of objectsIn(named)) {
        const expression = each.value ?? each.expression
        if (isJsonObject(expression) && !found.has(expression))
          found.set(expression, `${name}.${String(each.name ?? each.identifier)}`)
      }
    })
  }
  return found
})

/** A text with the values of what it names in braces; undefined when one of these is not there. */
function filled(text: string, run: Execution, voice: Voice): string | undefined {
  let isWhole = true
  const whole = text.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const value = lookUp(name.trim(), run)
    if (value === undefined) isWhole = false
    return typeof value === 'string' ? value : voice.value(value)
  })
  return isWhole ? whole : undefined
}

/** What a name stands for where a step ran: beside it in its tuple, then as CQL would find it; `name.element` within that; then what it read by that name. */
function lookUp(name: string, run: Execution): unknown {
  const { parent, context } = run
  const beside = parent?.step.type === 'Tuple' ? objectsIn(parent.step.element) : []
  const element = beside.find((each) => each.name === name)?.value
  const given = parent?.parts.find((each) => each.step === element)
  if (given) return given.value
  const known = valueNamed(context, name) ?? readBy(run, name)
  if (known !== undefined) return known
  const dot = name.indexOf('.')
  return dot < 0 ? undefined : member(valueNamed(context, name.slice(0, dot)), name.slice(dot + 1))
}

/** Runs that are looked through for a name at most. */
const mostRuns = 500

/** The value of a parameter, define or let that a step read. */
function readBy(run: Execution, name: string): unknown {
  const open = [run]
  for (let at = 0; at < open.length && at < mostRuns; at++) {
    const each = open[at]
    if (each && /^(?:Parameter|Expression|QueryLet)Ref$/.test(String(each.step.type)) && each.step.name === name)
      return each.value
    open.push(...(each?.parts ?? []))
  }
  return undefined
}

function member(value: unknown, path: string): unknown {
  let at = value
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined
    const read: unknown = Reflect.get(at, name)
    if (typeof read === 'function') return undefined
    at = read
  }
  return at
}
