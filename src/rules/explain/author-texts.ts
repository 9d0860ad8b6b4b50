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
import { shortText, type Voice } from './voice.ts'

/** Extension of a Library: a text for what a define, a function, or a let or tuple element in one, gives. */
const expressionTextUrl = 'http://vidimus.org/fhir/StructureDefinition/expression-text'

/** What is known of the authors' words. */
export interface OwnTexts {
  /** What the author wrote for a step, as short as a name; undefined where it is not known. */
  snippet(run: Execution): string | undefined
  /** The author's sentence about what a step gave, with values put in; undefined where he gave none that fits. */
  ownText(run: Execution, voice: Voice): string | undefined
}

/** A library that explanations speak of. */
export interface AuthoredLibrary {
  /** `url|version` */
  canonical: string
  author: Author
}

/** What the author of a library has written. */
export interface Author {
  snippet(step: JsonObject): string | undefined
  /** `address`, or `address result` for texts of one result. */
  texts: Map<string, WrittenText[]>
}

/** A text with its translations. */
type WrittenText = Extension | undefined

/** The author of a stored Library; the same for all who explain it. */
export const authorOf = keepPerObject((resource: Library) => authorOfText(cqlOf(resource), resource))

/** The author of a text, where there is one; undefined where only ELM is known. */
export function authorOfText(cql: string | undefined, resource?: Library): Author {
  const lines = cql?.split('\n')
  const snippets = new WeakMap<JsonObject, { text: string | undefined }>()
  return {
    texts: textsOf(resource),
    snippet(step) {
      if (!lines) return undefined
      const known = snippets.get(step)
      if (known) return known.text
      const written = cut(lines, step.locator)
      const text = written === undefined ? undefined : shortText(written)
      snippets.set(step, { text })
      return text
    },
  }
}

/** The CQL of a Library; undefined where it has none. */
export function cqlOf(resource: Library | undefined): string | undefined {
  const content = resource?.content?.find((each) => each.contentType?.split(';')[0]?.trim() === 'text/cql')
  return content?.data === undefined
    ? undefined
    : Buffer.from(content.data, 'base64')
        .toString('utf8')
        .replace(/^\uFEFF/, '')
}

/** Lines of the author's text after the first that a name may be made of. */
const mostLines = 2

/** Reads the texts of a rule's library and of what it includes. */
export const ownTexts = (libraries: AuthoredLibrary[], language: string | undefined): OwnTexts =>
  new AuthorsTexts(libraries, language)

class AuthorsTexts implements OwnTexts {
  readonly #authors: Map<string, Author>
  readonly #language: string | undefined

  constructor(libraries: AuthoredLibrary[], language: string | undefined) {
    this.#authors = new Map(libraries.map(({ canonical, author }) => [canonical, author]))
    this.#language = language
  }

  snippet({ step, library }: Execution): string | undefined {
    return this.#authors.get(library.canonical)?.snippet(step)
  }

  ownText(run: Execution, voice: Voice): string | undefined {
    const own = this.#authors.get(run.library.canonical)?.texts
    if (!own || own.size === 0) return undefined
    const address = addresses(run.library).get(run.step)
    const language = this.#language
    const text = address && (lastIn(own.get(`${address} ${run.value}`), language) ?? lastIn(own.get(address), language))
    return text === undefined ? undefined : filled(text, run, voice)
  }
}

/** The last of several texts that says something in a language. */
function lastIn(written: readonly WrittenText[] = [], language: string | undefined): string | undefined {
  for (const each of written.toReversed()) {
    const text = translated(each?.valueString, each?._valueString, language)
    if (text !== undefined) return text
  }
  return undefined
}

function cut(lines: string[], locator: Json | undefined): string | undefined {
  const at = /^(\d+):(\d+)-(\d+):(\d+)$/.exec(typeof locator === 'string' ? locator : '')
  if (!at) return undefined
  const [line = 0, column = 0, lastLine = 0, lastColumn = 0] = at.slice(1).map(Number)
  const taken = lines.slice(line - 1, Math.min(lastLine, line + mostLines))
  if (lastLine === line) taken[0] = taken[0]?.slice(0, lastColumn) ?? ''
  else if (taken.length === lastLine - line + 1) taken.push(taken.pop()?.slice(0, lastColumn) ?? '')
  taken[0] = taken[0]?.slice(column - 1) ?? ''
  const text = taken.join(' ').trim()
  return text === '' ? undefined : text
}

function textsOf(resource: Library | undefined): Map<string, WrittenText[]> {
  const texts = new Map<string, WrittenText[]>()
  for (const { url, extension } of resource?.extension ?? []) {
    if (url !== expressionTextUrl) continue
    const part = (name: string) => extension?.find((each: Extension) => each.url === name)
    const address = part('expression')?.valueString
    const result = part('result')?.valueCode
    if (address === undefined) continue
    const key = result === undefined ? address : `${address} ${result}`
    texts.set(key, [...(texts.get(key) ?? []), part('text')])
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
  const beside = parent?.type === 'Tuple' ? objectsIn(parent.step.element) : []
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
    if (each && /^(?:Parameter|Expression|QueryLet)Ref$/.test(each.type) && each.step.name === name) return each.value
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
