import type { StructureMap } from '../fhir/types.ts'
import { constantsOf, storedPosition } from './extensions.ts'
import type { Position } from './position.ts'
import type { Rule } from './structure.ts'

/** Calls `report` for every variable that a rule reads and nothing has bound. */
export function checkVariables(map: StructureMap, report: (at: Position, message: string) => void): void {
  const constants = constantsOf(map).map((each) => each.name)
  for (const group of map.group) {
    const scope = new Set([...constants, ...group.input.map((each) => each.name)])
    for (const rule of group.rule) checkRule(rule, scope, report)
  }
}

function checkRule(rule: Rule, outer: Set<string>, report: (at: Position, message: string) => void): void {
  const scope = new Set(outer)
  const at = storedPosition(rule) ?? { line: 1, column: 1 }
  const read = (path: string | undefined, what: string): void => {
    const name = path?.split('.')[0]
    if (!name || scope.has(name)) return
    report(at, `Rule '${rule.name}' reads the variable '${name}' as ${what}, but nothing has bound it`)
    scope.add(name) // once per rule is enough
  }
  for (const source of rule.source) {
    read(source.context, 'source')
    if (source.variable) scope.add(source.variable)
  }
  for (const target of rule.target ?? []) {
    read(target.context, 'target')
    for (const argument of target.parameter ?? []) read(argument.valueId, 'argument')
    if (target.variable) scope.add(target.variable)
  }
  for (const dependent of rule.dependent ?? []) {
    for (const variable of dependent.variable) if (/^[A-Za-z_]\w*$/.test(variable)) read(variable, 'argument')
  }
  for (const nested of rule.rule ?? []) checkRule(nested, scope, report)
}
