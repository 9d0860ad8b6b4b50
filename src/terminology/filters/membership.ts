import { filteredSelection } from '../selection.ts'
import type { FilterOperator } from './filter-operator.ts'
import { propertyReader } from './property-values.ts'

const listed = (value: string) => new Set(value.split(',').map((each) => each.trim()))

/** `in`: the property has one of the comma-separated values. */
export const isIn: FilterOperator = (call) => {
  const read = propertyReader(call)
  const wanted = listed(call.value)
  return filteredSelection(call.provider.all, (ref) => read(ref).some((each) => wanted.has(each)))
}

/** `not-in`: the property has none of the comma-separated values; a concept without the property passes. */
export const notIn: FilterOperator = (call) => {
  const read = propertyReader(call)
  const refused = listed(call.value)
  return filteredSelection(call.provider.all, (ref) => !read(ref).some((each) => refused.has(each)))
}
