/**
 * Whether ELM that comes without its CQL says what can be done: every step has its parts, every name stands for something, and nothing
 * leads back to itself. The translator makes sure of this for CQL; the executor takes what is not there for null.
 */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'
import { definitions, type Elm } from './elm.ts'
import { type ElmNames, elmNames, type Included } from './elm-names.ts'
import { attributeFaults, isLiteral, type Part, stepParts } from './elm-shapes.ts'

/** Most faults that are told of one library. */
const mostFaults = 50

/** Names that hold within a part of a define. */
interface Scope {
  operands: ReadonlySet<string>
  aliases: ReadonlySet<string>
  lets: ReadonlySet<string>
  /** Within a sort, where a name is an element of what is sorted. */
  isSort: boolean
}

/** Where a step stands: its path, and the nearest place that the ELM tells. */
interface Place {
  path: string
  locator: string | undefined
}

const none: ReadonlySet<string> = new Set()
const outside: Scope = { operands: none, aliases: none, lets: none, isSort: false }

/**
 * Everything that keeps the steps of a library from meaning what they say; at most {@link mostFaults}, each with line and column, or
 * its path where the ELM has no locators. `retrievable` tells which types of data there are.
 */
export function stepFaults(elm: Elm, included: Included, retrievable: (type: string) => boolean): Issue[] {
  const faults: Issue[] = []
  const names = elmNames(elm, included)
  const report = (text: string, place: Place) => {
    if (faults.length < mostFaults) faults.push(faultAt(elm, text, place))
  }
  for (const [text, path, locator] of names.faults) report(text, { path, locator })
  for (const section of ['parameters', 'statements'])
    for (const [index, each] of definitions(elm, section).entries())
      for (const [text, path] of attributeFaults(each, `${section}.def[${index}]`))
        report(text, placeOf(each, { path }))
  const check = new StepCheck(names, report, retrievable)
  for (const [index, each] of definitions(elm, 'parameters').entries())
    if (each.default !== undefined)
      check.step(each.default, placeOf(each, { path: `parameters.def[${index}].default` }), outside)
  for (const [index, each] of definitions(elm, 'statements').entries()) {
    check.inside = index
    const place = placeOf(each, { path: `statements.def[${index}].expression` })
    const operands = new Set(objectsIn(each.operand).map(({ name }) => String(name)))
    if (each.expression !== undefined) check.step(each.expression, place, { ...outside, operands })
  }
  for (const { circle, place } of check.circles())
    report(`it leads back to itself: ${circle.map((at) => `"${names.statementName(at)}"`).join(' → ')}`, place)
  return faults
}

function faultAt(elm: Elm, text: string, { path, locator }: Place): Issue {
  const at = /^(\d+):(\d+)/.exec(locator ?? '')
  const where = at ? `line ${at[1]}, column ${at[2]}` : path
  const diagnostics = `library ${String(elm.library.identifier.id)}, ${where}`
  return issue('structure', { text: `the ELM cannot be run: ${text}`, diagnostics, expression: 'Library.content' })
}

const placeOf = (node: JsonObject, around: { path: string; locator?: string | undefined }): Place => ({
  path: around.path,
  locator: typeof node.locator === 'string' ? node.locator : around.locator,
})

type Report = (text: string, place: Place) => void

/** One walk over the steps of a library. */
class StepCheck {
  /** The statement that is looked at. */
  inside = -1
  private readonly names: ElmNames
  private readonly report: Report
  private readonly retrievable: (type: string) => boolean
  private readonly leads = new Map<number, Map<number, Place>>()

  constructor(names: ElmNames, report: Report, retrievable: (type: string) => boolean) {
    this.names = names
    this.report = report
    this.retrievable = retrievable
  }

  step(node: Json | undefined, around: Place, scope: Scope): void {
    if (!isJsonObject(node) || typeof node.type !== 'string') {
      this.report('a step without type', around)
      return
    }
    const place = placeOf(node, around)
    const parts = stepParts(node.type)
    if (!parts) {
      this.report(`the step ${node.type} is not known`, place)
      return
    }
    if (node.type === 'Query') {
      this.query(node, place, scope)
      return
    }
    for (const part of parts) this.part(node, part, { place, scope })
    this.own(node, place, scope)
  }

  private part(node: JsonObject, { name, count, isOptional }: Part, { place, scope }: { place: Place; scope: Scope }) {
    const value = node[name]
    const at = { ...place, path: `${place.path}.${name}` }
    if (value === undefined) {
      if (!isOptional) this.report(`${node.type} has no ${name}`, place)
    } else if (!count) this.step(value, at, scope)
    else if (!Array.isArray(value) || value.length < count.least || value.length > count.most)
      this.report(`${node.type} has another number of ${name} than it takes`, place)
    else for (const [index, each] of value.entries()) this.step(each, { ...at, path: `${at.path}[${index}]` }, scope)
  }

  /** What only some steps have. */
  private own(node: JsonObject, place: Place, scope: Scope): void {
    const { type } = node
    if (type === 'Literal' && !isLiteral(node.valueType, node.value))
      this.report(`the literal is none of its type ${String(node.valueType)}`, place)
    else if (type === 'Case') this.items(node, 'caseItem', { parts: ['when', 'then'], least: 1, place, scope })
    else if (type === 'Tuple' || type === 'Instance')
      this.items(node, 'element', { parts: ['value'], least: 0, place, scope })
    else if (type === 'Retrieve') this.retrieve(node, place)
    else if (type === 'Property') this.property(node, place, scope)
    else this.reference(node, place, scope)
  }

  private items(
    node: JsonObject,
    name: string,
    { parts, least, place, scope }: { parts: string[]; least: number; place: Place; scope: Scope },
  ): void {
    const items = node[name] ?? []
    if (!Array.isArray(items) || items.length < least) {
      this.report(`${String(node.type)} has too few of ${name}`, place)
      return
    }
    for (const [index, item] of items.entries()) {
      const path = `${place.path}.${name}[${index}]`
      if (!isJsonObject(item)) this.report(`${String(node.type)} has a ${name} that is no object`, place)
      else for (const part of parts) this.step(item[part], { ...place, path: `${path}.${part}` }, scope)
    }
  }

  private retrieve({ dataType }: JsonObject, place: Place): void {
    if (typeof dataType !== 'string' || !this.retrievable(dataType))
      this.report(`there are no data of the type ${String(dataType)}`, place)
  }

  private property({ source, scope: alias, path }: JsonObject, place: Place, scope: Scope): void {
    if (typeof path !== 'string' || path === '') this.report('Property has no path', place)
    if (source === undefined && !(typeof alias === 'string' && scope.aliases.has(alias)))
      this.report(`Property has no source, and there is no alias ${String(alias)}`, place)
  }

  private reference(node: JsonObject, place: Place, scope: Scope): void {
    const name = String(node.name)
    const local = { AliasRef: scope.aliases, QueryLetRef: scope.lets, OperandRef: scope.operands }
    const known = Object.entries(local).find(([type]) => type === node.type)?.[1]
    if (known && !known.has(name)) {
      this.report(`${String(node.type)}: nothing is called "${name}" here`, place)
      return
    }
    if (node.type === 'IdentifierRef' && !scope.isSort) {
      this.report(`IdentifierRef: nobody has told what "${name}" is`, place)
      return
    }
    const found = this.names.find(node)
    if (found.fault !== undefined) this.report(found.fault, place)
    if (found.statement === undefined) return
    const leads = this.leads.get(this.inside) ?? new Map<number, Place>()
    this.leads.set(this.inside, leads)
    if (!leads.has(found.statement)) leads.set(found.statement, place)
  }

  /** A query: its sources, then what it names for them (CQL 1.5, queries). */
  private query(node: JsonObject, place: Place, scope: Scope): void {
    const unknown = Object.keys(node).find((each) => !queryMembers.has(each))
    if (unknown !== undefined) this.report(`Query has a part that nobody knows, ${unknown}`, place)
    this.items(node, 'source', { parts: ['expression'], least: 1, place, scope })
    const aliases = new Set([...scope.aliases, ...objectsIn(node.source).map(({ alias }) => String(alias))])
    let within: Scope = { ...scope, aliases }
    for (const [index, each] of objectsIn(node.let).entries()) {
      this.step(each.expression, { ...place, path: `${place.path}.let[${index}].expression` }, within)
      within = { ...within, lets: new Set([...within.lets, String(each.identifier)]) }
    }
    for (const [index, each] of objectsIn(node.relationship).entries())
      this.relationship(each, { ...place, path: `${place.path}.relationship[${index}]` }, within)
    if (node.where !== undefined) this.step(node.where, { ...place, path: `${place.path}.where` }, within)
    if (node.return !== undefined) this.clause(node.return, { ...place, path: `${place.path}.return` }, within)
    if (isJsonObject(node.aggregate)) {
      const at = { ...place, path: `${place.path}.aggregate` }
      if (node.aggregate.starting !== undefined) this.step(node.aggregate.starting, at, within)
      const lets = new Set([...within.lets, String(node.aggregate.identifier)])
      this.clause(node.aggregate, at, { ...within, lets })
    }
    const sorts = isJsonObject(node.sort) ? objectsIn(node.sort.by) : []
    for (const [index, each] of sorts.entries())
      if (each.expression !== undefined)
        this.step(each.expression, { ...place, path: `${place.path}.sort.by[${index}]` }, { ...within, isSort: true })
  }

  private relationship(each: JsonObject, place: Place, scope: Scope): void {
    if (each.type !== 'With' && each.type !== 'Without') {
      this.report(`a relationship ${String(each.type)} is not known`, place)
      return
    }
    this.step(each.expression, { ...place, path: `${place.path}.expression` }, scope)
    const aliases = new Set([...scope.aliases, String(each.alias)])
    this.step(each.suchThat, { ...place, path: `${place.path}.suchThat` }, { ...scope, aliases })
  }

  private clause(node: Json, place: Place, scope: Scope): void {
    const expression = isJsonObject(node) ? node.expression : undefined
    this.step(expression, { ...place, path: `${place.path}.expression` }, scope)
  }

  /** Statements that lead back to themselves, each circle once, with the place of the step that closes it. */
  circles(): { circle: number[]; place: Place }[] {
    const found: { circle: number[]; place: Place }[] = []
    const done = new Set<number>()
    for (const start of this.leads.keys()) {
      const path: { at: number; next: Iterator<[number, Place]> }[] = []
      const enter = (at: number) => path.push({ at, next: (this.leads.get(at) ?? new Map<number, Place>()).entries() })
      if (!done.has(start)) enter(start)
      for (let last = path.at(-1); last; last = path.at(-1)) {
        const step = last.next.next()
        if (step.done) {
          done.add(last.at)
          path.pop()
          continue
        }
        const [to, place] = step.value
        const from = path.findIndex(({ at }) => at === to)
        if (from >= 0) found.push({ circle: [...path.slice(from).map(({ at }) => at), to], place })
        else if (!done.has(to)) enter(to)
      }
    }
    return found
  }
}

const queryMembers = new Set([
  ...['type', 'localId', 'locator', 'annotation', 'resultTypeName', 'resultTypeSpecifier', 'signature'],
  ...['source', 'let', 'relationship', 'where', 'return', 'aggregate', 'sort'],
])
