import { filteredSelection } from '../../code-system/selection.ts'
import type { FilterOperator } from './filter-operator.ts'
import { propertyReader } from './property-values.ts'

/** `exists`: the concept has the property (`true`) or lacks it (`false`). */
export const exists: FilterOperator = (call) => {
  if (call.value !== 'true' && call.value !== 'false') throw call.fail("the value must be 'true' or 'false'")
  const wanted = call.value === 'true'
  const read = propertyReader(call)
  return filteredSelection(call.provider.all, (ref) => read(ref).length > 0 === wanted)
}
