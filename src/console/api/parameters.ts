/** Parameters resources as answers are read: by name, and only what is of the type that is expected. */
import type { Parameters, ParametersParameter } from 'fhir/r4.js'

/** Parameters or parts of a name, in their order. */
export function named(of: Parameters | ParametersParameter | undefined, name: string): ParametersParameter[] {
  const all: unknown = of && 'resourceType' in of ? of.parameter : (of as ParametersParameter | undefined)?.part
  return Array.isArray(all)
    ? all.filter((each): each is ParametersParameter => isNamed(each) && each.name === name)
    : []
}

const isNamed = (each: unknown): each is { name: string } => typeof each === 'object' && each !== null && 'name' in each

function valueIn(of: Parameters | ParametersParameter | undefined, name: string): unknown {
  const [found] = named(of, name)
  return found && Object.entries(found).find(([member]) => member.startsWith('value'))?.[1]
}

/** The value of the first of a name where it is a text; undefined otherwise. */
export function textIn(of: Parameters | ParametersParameter | undefined, name: string): string | undefined {
  const value = valueIn(of, name)
  return typeof value === 'string' ? value : undefined
}

/** The same of a number. */
export function numberIn(of: Parameters | ParametersParameter | undefined, name: string): number | undefined {
  const value = valueIn(of, name)
  return typeof value === 'number' ? value : undefined
}

/** The same of a Boolean. */
export function flagIn(of: Parameters | ParametersParameter | undefined, name: string): boolean | undefined {
  const value = valueIn(of, name)
  return typeof value === 'boolean' ? value : undefined
}

/** The texts of all of a name. */
export function textsIn(of: Parameters | ParametersParameter | undefined, name: string): string[] {
  return named(of, name).flatMap((each) =>
    Object.entries(each).flatMap(([member, value]) =>
      member.startsWith('value') && typeof value === 'string' ? [value] : [],
    ),
  )
}
