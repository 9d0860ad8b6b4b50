import { nearest } from '../model/nearest-element.ts'
import type { Type } from '../model/types.ts'
import type { CompiledExpression } from './expression-types.ts'

/**
 * Variables that a rule sees, by name; each has a slot in the frame of the group. Sources and targets are two name
 * spaces: a source and a target may have one name.
 */
export interface Scope {
  sources: ReadonlyMap<string, number>
  targets: ReadonlyMap<string, number>
  /** Constants of the map (`let`). */
  constants: ReadonlyMap<string, CompiledExpression>
  /** Slots used so far in the group, and their types where the definitions tell. */
  counter: { slots: number; types: (Type | undefined)[] }
}

/** Slot of a name, sources first. */
export function slotOf(scope: Scope, name: string): number | undefined {
  return scope.sources.get(name) ?? scope.targets.get(name)
}

/** What is wrong with a name that nothing has bound, with the nearest one that is bound. */
export function unboundText(
  name: string,
  { sources, targets, constants }: Scope,
  shown = `the variable '${name}'`,
): string {
  const near = nearest(name, [...sources.keys(), ...targets.keys(), ...constants.keys()])
  return `${shown} is read but nothing has bound it${near}`
}

/** The scope with one more source. */
export function withSource(scope: Scope, name: string): { scope: Scope; slot: number } {
  const slot = scope.counter.slots++
  return { scope: { ...scope, sources: new Map(scope.sources).set(name, slot) }, slot }
}

/** The scope with one more target. */
export function withTarget(scope: Scope, name: string): { scope: Scope; slot: number } {
  const slot = scope.counter.slots++
  return { scope: { ...scope, targets: new Map(scope.targets).set(name, slot) }, slot }
}
