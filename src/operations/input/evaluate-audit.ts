import { isOfType } from '../../fhir/json.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Parameter, Resource } from '../../fhir/types.ts'

/** Codes of an answer that say nothing of a person. */
const words = ['decision', 'status', 'format'] as const
/** Codes of whoever signed. */
const ofIssuer = ['participant', 'trustDomain', 'keyUsage'] as const

/** What an AuditEvent says of an answer of `$evaluate`: the verdict, the format, whose key it was and which rules ran, and no datum. */
export function evaluationDetails(answer: Resource): { type: string; value: string }[] {
  if (!isOfType(answer, 'Parameters')) return []
  const said: { type: string; value: string }[] = []
  const add = (type: string, parameter: Parameter | undefined) => {
    const value = parameterValue(parameter)
    if (typeof value === 'string') said.push({ type, value })
  }
  const named = (list: Parameter[] | undefined, name: string) => list?.find((each) => each.name === name)
  for (const name of words) add(name, named(answer.parameter, name))
  for (const { name, part } of answer.parameter ?? []) {
    if (name === 'issuer') for (const each of ofIssuer) add(each, named(part, each))
    if (name === 'rule') add('rule', named(part, 'planDefinition') ?? named(part, 'library'))
  }
  return said
}
