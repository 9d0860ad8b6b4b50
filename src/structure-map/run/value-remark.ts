import type { Type } from '../model/types.ts'
import { ValueFault } from './fault.ts'
import type { Run, ValueRemark } from './run.ts'

/** The remark as one sentence for the author of a map. */
export function describeRemark(remark: ValueRemark): string {
  const { place } = remark
  const what = describeChange(remark)
  if (!place) return what
  const rule = place.rule === undefined ? '' : `, rule '${place.rule}'`
  return `StructureMap ${place.map}, group '${place.group}'${rule}: ${what}`
}

function describeChange({ kind, element, type, reason }: ValueRemark): string {
  if (kind === 'converted') return `a value was converted to ${type} in ${element}`
  if (kind === 'not-translated') return `ConceptMap ${type} has no translation for ${element}`
  return `a value was left out of ${element}${type ? ` (${type})` : ''}: ${reason}`
}

/** Tells that a value was left out of the element that is being written, or of a part of it. */
export function leaveOut(run: Run, given: { type: string; reason: string; part?: string }): void {
  const { type, reason, part } = given
  run.remark?.({ kind: 'left-out', element: elementPath(run, part), type, reason, place: run.place })
}

/** What a tolerant run does about a value that does not fit: it is left out, and that is told. Anything else is thrown on. */
export function leaveOutFault(run: Run, error: unknown): undefined {
  if (!run.tolerant || !(error instanceof ValueFault)) throw error
  run.remark?.({
    kind: 'left-out',
    element: elementPath(run),
    type: error.type ?? '',
    reason: error.message,
    place: run.place,
  })
}

/** Tells that a value was converted for the element that is being written. */
export function tellConversion(run: Run, type: Type): void {
  run.remark?.({ kind: 'converted', element: elementPath(run), type: type.name, reason: '', place: run.place })
}

/** Tells that a concept map has no translation for the element that is being written. */
export function tellUntranslated(run: Run, conceptMap: string): void {
  run.remark?.({ kind: 'not-translated', element: elementPath(run), type: conceptMap, reason: '', place: run.place })
}

/** `part` begins with the name of its data type, which stands in where the element is not known yet. */
function elementPath({ holder, property, inside }: Run, part?: string): string {
  if (!holder) return part ?? 'a variable'
  const names = [...(holder.name ? [holder.name] : []), ...(property ? [property] : []), ...inside]
  return [...names, ...(part?.split('.').slice(1) ?? [])].join('.')
}
