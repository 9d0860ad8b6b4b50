import { filteredSelection } from '../selection.ts'
import type { FilterCall, FilterOperator } from './filter-operator.ts'
import { propertyReader } from './property-values.ts'

/** The listed values; codes as the system writes them. */
function listed({ provider, property, value }: FilterCall): Set<string> {
  const values = value.split(',').map((each) => each.trim())
  if (property !== 'concept' && property !== 'code') return new Set(values)
  return new Set(
    values.map((code) => {
      const ref = provider.locate(code)
      return ref === undefined ? code : provider.code(ref)
    }),
  )
}

/** `in`: the property has one of the comma-separated values. */
export const isIn: FilterOperator = (call) => {
  const read = propertyReader(call)
  const wanted = listed(call)
  return filteredSelection(call.provider.all, (ref) => read(ref).some((each) => wanted.has(each)))
}

/** `not-in`: the property has none of the comma-separated values; a concept without the property passes. */
export const notIn: FilterOperator = (call) => {
  const read = propertyReader(call)
  const refused = listed(call)
  return filteredSelection(call.provider.all, (ref) => !read(ref).some((each) => refused.has(each)))
}
