import { nearestName } from '../../base/nearest.ts'
import { typeInfo } from '../../fhir/elements.ts'
import type { Type } from './types.ts'

/** The end of a message about a name that there is not: which one it is nearest to, when there is any. */
export function nearest(wrong: string, names: Iterable<string>): string {
  const name = nearestName(wrong, names)
  return name === undefined ? '' : `; the nearest name is '${name}'`
}

/** Names of the elements of a type, inherited ones too, as far as the definitions tell. */
export function elementNames(type: Type): string[] {
  return type.names?.() ?? typeInfo(type.name)?.elements.map((each) => each.name) ?? []
}
