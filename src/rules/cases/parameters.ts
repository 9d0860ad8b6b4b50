/** Parameters of a case as the rules take them. */
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import { formatType, type ParameterDeclaration, type TypeSpecifier } from '../cql/translate/elm.ts'
import type { RuleCase } from './case-file.ts'
import type { Fault } from './notes.ts'

const system = '{urn:hl7-org:elm-types:r1}'

/** FHIR Parameters of a case, by the declared types; faults of values of another type. */
export function parametersOf(
  { parameters, place }: Pick<RuleCase, 'parameters' | 'place'>,
  declared: readonly ParameterDeclaration[],
): { parameters?: Parameters; faults: Fault[] } {
  const faults: Fault[] = []
  const parameter = parameters.flatMap((each): Parameter[] => {
    const found = declared.find(({ name }) => name === each.name)
    // That there is none is told of the name.
    if (!found) return []
    const { type } = found
    const items = [each.value].flat()
    const made = items.map((item) => one(each.name, item, type?.elementType ?? type))
    if (items.length !== 1 && !type?.elementType) made.push(undefined)
    const good = made.filter((item) => item !== undefined)
    if (good.length < made.length)
      faults.push({
        place: each.place || place,
        text: `${JSON.stringify(each.name)} is a ${formatType(type)}, and this is none`,
      })
    return good
  })
  return { ...(parameter.length > 0 ? { parameters: { resourceType: 'Parameters', parameter } } : {}), faults }
}

function one(name: string, value: Json, type: TypeSpecifier | undefined): Parameter | undefined {
  const kind = type?.name?.startsWith(system) ? type.name.slice(system.length) : undefined
  const made = kind === undefined ? undefined : readers[kind]?.(value)
  return made && { name, ...made }
}

const text =
  (member: string, pattern = /^/) =>
  (value: Json): Omit<Parameter, 'name'> | undefined =>
    typeof value === 'string' && pattern.test(value) ? { [member]: value } : undefined

const readers: Record<string, (value: Json) => Omit<Parameter, 'name'> | undefined> = {
  Boolean: (value) => (typeof value === 'boolean' ? { valueBoolean: value } : undefined),
  Integer: (value) => (Number.isInteger(value) ? { valueInteger: Number(value) } : undefined),
  Decimal: (value) => (typeof value === 'number' ? { valueDecimal: value } : undefined),
  String: text('valueString'),
  Date: text('valueDate', /^\d{4}(?:-\d\d(?:-\d\d)?)?$/),
  DateTime: text('valueDateTime', /^\d{4}/),
  Time: text('valueTime', /^\d\d:\d\d/),
  Code: (value) => (isJsonObject(value) ? { valueCoding: value } : undefined),
  Quantity: (value) => (isJsonObject(value) ? { valueQuantity: value } : undefined),
}
