import { codeSelection, emptySelection, filteredSelection, listSelection } from '../../code-system/selection.ts'
import type { FilterOperator } from './filter-operator.ts'
import { comparableValue, propertyReader } from './property-values.ts'

/** `=`: the property has the value. */
export const equals: FilterOperator = (call) => {
  const { provider, property, value } = call
  const read = propertyReader(call)
  if (property === 'concept' || property === 'code') {
    const ref = provider.locate(value)
    if (typeof ref === 'string') return codeSelection([ref], (code) => code === ref)
    return ref === undefined ? emptySelection : listSelection(Int32Array.of(ref))
  }
  const comparable = comparableValue(call)
  const wanted = comparable(value)
  return filteredSelection(provider.all, (ref) => read(ref).some((each) => comparable(each) === wanted))
}
