/** What is told of a run of a library, as Parameters. */
import { explanationParameter } from '../../evaluate/reply.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import type { Rules } from '../../rules/rules.ts'

type Told = Awaited<ReturnType<Rules['encodeLibrary']>>['told']

/** Reasons and conditions; `incomplete` where nothing, or not all, could be told. */
export function explanationParameters(told: Told): Parameters {
  const parameter: Parameter[] = []
  for (const { define, explanation } of told?.reasons ?? [])
    parameter.push({
      name: 'reason',
      part: [{ name: 'expression', valueString: define }, explanationParameter(explanation, define)],
    })
  for (const { in: expression, place, source, given } of told?.conditions ?? [])
    parameter.push({
      name: 'condition',
      part: [
        { name: 'expression', valueString: expression },
        ...(source ? [{ name: 'source', valueString: source }] : []),
        ...Object.entries(place).map(([name, valueInteger]) => ({ name, valueInteger })),
        ...Object.entries(given).map(([name, valueInteger]) => ({ name, valueInteger })),
      ],
    })
  if (!told || told.isCut) parameter.push({ name: 'incomplete', valueBoolean: true })
  return { resourceType: 'Parameters', parameter }
}
