import type { MapRemarks } from '../model/map-remarks.ts'
import { elementNames, nearest } from '../model/nearest-element.ts'
import type { Type } from '../model/types.ts'

/** Types whose elements are known only when an instance is there. */
export const OPEN = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement', 'Base'])

/**
 * The type that a path leads to, when the definitions alone tell; undefined otherwise. An element that its type does
 * not have is noted: a rule never fires for one of its source, and fails for one of its target.
 */
export function typeOfPath(
  start: Type | undefined,
  path: string[],
  { remarks, side }: { remarks: MapRemarks; side: 'source' | 'target' },
): Type | undefined {
  let type = start
  for (const name of path) {
    if (!type || type.kind === 'unknown' || type.inferred || OPEN.has(type.name)) return undefined
    if (type.kind === 'primitive' && name === 'value') continue
    const element = type.element(name)
    if (!element) {
      if (name !== 'resourceType') {
        const text = `${type.name} has no element '${name}'${nearest(name, elementNames(type))}`
        if (side === 'source') remarks.doubt('unknown-element', text)
        else remarks.problem(text, 'unknown-element')
      }
      return undefined
    }
    type = element.types.length === 1 ? element.types[0] : undefined
  }
  return type && !OPEN.has(type.name) && type.kind !== 'unknown' ? type : undefined
}
