import { FhirError } from '../../../fhir/error.ts'
import type { CodeSystemProvider } from '../../code-system/code-system.ts'
import type { Selection } from '../../code-system/selection.ts'
import { otherIssue, txIssue } from '../../request/messages.ts'
import { equals } from './equals.ts'
import { exists } from './exists.ts'
import type { FilterCall, FilterDefinition, FilterOperator } from './filter-operator.ts'
import { childOf, descendentLeaf, descendentOf, generalizes, isA, isNotA } from './is-a.ts'
import { isIn, notIn } from './membership.ts'
import { regex } from './regex.ts'

/** Every filter operator (http://hl7.org/fhir/filter-operator, R5's included). */
const FILTER_OPERATORS: Record<string, FilterOperator> = {
  '=': equals,
  'is-a': isA,
  'descendent-of': descendentOf,
  'is-not-a': isNotA,
  regex,
  in: isIn,
  'not-in': notIn,
  generalizes,
  exists,
  'child-of': childOf,
  'descendent-leaf': descendentLeaf,
}

/** Names of the operators. */
export const knownOperators: readonly string[] = Object.keys(FILTER_OPERATORS)

/** Operators whose result keeps the hierarchy of the system. */
export const HIERARCHY_OPERATORS = new Set(['is-a', 'descendent-of'])

/** A filter without value is refused whether or not its system is known. */
export function requireValue(system: string, filter: FilterDefinition): void {
  if (filter.value !== undefined && filter.value !== '') return
  throw new FhirError(
    422,
    txIssue('UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE', [system, filter.property, filter.op], {
      expression: filter.expression,
    }),
  )
}

/** The concepts that pass a filter; 422 naming operator, property or value when it cannot be evaluated. */
export function applyFilter(provider: CodeSystemProvider, filter: FilterDefinition): Selection {
  const { property, op, value = '' } = filter
  const fail = (reason: string) =>
    new FhirError(
      422,
      otherIssue(
        'invalid',
        `The system '${provider.head.url}' filter with property = ${property}, op = ${op}, value = ${value} cannot be evaluated: ${reason}`,
        { type: 'vs-invalid', expression: filter.expression },
      ),
    )
  return provider.filter?.(property, op, value, fail) ?? filterOfTable({ provider, property, value, fail }, op)
}

/** The concepts that pass a filter by the table of operators alone. @throws what `fail` makes of the reason why that cannot be told */
export function filterOfTable(call: FilterCall, op: string): Selection {
  const operator = Object.hasOwn(FILTER_OPERATORS, op) ? FILTER_OPERATORS[op] : undefined
  if (!operator) throw call.fail(`unknown operator '${op}'; known are ${knownOperators.join(', ')}`)
  return operator(call)
}
