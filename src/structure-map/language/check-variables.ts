import type { StructureMap } from '../../fhir/types.ts'
import { constantsOf } from '../model/extensions.ts'
import type { Rule } from '../model/structure.ts'
import type { Position } from './position.ts'

type SpanOf = (element: object) => Position | undefined
type Report = (at: Position, message: string) => void

/** Calls `report` for every variable that a rule reads and nothing has bound. */
export function checkVariables(map: StructureMap, spanOf: SpanOf, report: Report): void {
  const constants = scopeOf(constantsOf(map).map((each) => each.name))
  for (const group of map.group) {
    const scope = scopeOf(
      group.input.map((each) => each.name),
      constants,
    )
    for (const rule of group.rule) checkRule(rule, scope, { spanOf, report })
  }
}

/** Names that are bound; an inner scope does not copy the outer one, which may be long. */
interface Scope {
  has(name: string): boolean
  add(name: string): void
}

function scopeOf(names: string[], outer?: Scope): Scope {
  const own = new Set(names)
  return { has: (name) => own.has(name) || outer?.has(name) === true, add: (name) => own.add(name) }
}

function checkRule(rule: Rule, outer: Scope, { spanOf, report }: { spanOf: SpanOf; report: Report }): void {
  const scope = scopeOf([], outer)
  const read = (path: string | undefined, what: string, at: object): void => {
    const name = path?.split('.')[0]
    if (!name || scope.has(name)) return
    const place = spanOf(at) ?? spanOf(rule) ?? { line: 1, column: 1 }
    report(place, `Rule '${rule.name}' reads the variable '${name}' as ${what}, but nothing has bound it`)
    scope.add(name) // once per rule is enough
  }
  for (const source of rule.source) {
    read(source.context, 'source', source)
    if (source.variable) scope.add(source.variable)
  }
  for (const target of rule.target ?? []) {
    read(target.context, 'target', target)
    for (const argument of target.parameter ?? []) read(argument.valueId, 'argument', target)
    if (target.variable) scope.add(target.variable)
  }
  for (const dependent of rule.dependent ?? []) {
    for (const variable of dependent.variable) if (/^[A-Za-z_]\w*$/.test(variable)) read(variable, 'argument', rule)
  }
  for (const nested of rule.rule ?? []) checkRule(nested, scope, { spanOf, report })
}
