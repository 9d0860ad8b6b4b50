/** A library and its parameters as the executor is to understand them, where it would misread what they say. */
import { PatientContext } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { definitions, type Elm } from '../translate/elm.ts'
import { find } from './operators.ts'

/** The same library, its parameters and value sets as the executor understands them. */
export const executableElm = (elm: Elm): Elm => withoutOwnSystems(withNullDefaults(elm))

/**
 * The same library with null as the default of every parameter that has none: where a query asks for one without value, the executor
 * would else hand out its declaration, which is not null.
 */
function withNullDefaults(elm: Elm): Elm {
  const parameters = definitions(elm, 'parameters')
  if (parameters.every((each) => each.default !== undefined)) return elm
  const def = parameters.map((each) => (each.parameterTypeSpecifier ? { default: { type: 'Null' }, ...each } : each))
  return { ...elm, library: { ...elm.library, parameters: { def } } }
}

/**
 * Whether a value set names code systems of its own library alone. Without a version, which is refused elsewhere, they change nothing
 * about who is in the set.
 */
export function namesOwnSystems(elm: Elm, { codeSystem }: JsonObject): boolean {
  if (codeSystem === undefined || codeSystem === null) return true
  const own = new Set(definitions(elm, 'codeSystems').map(({ name }) => name))
  return (
    Array.isArray(codeSystem) &&
    codeSystem.every((each) => isJsonObject(each) && each.libraryName === undefined && own.has(each.name))
  )
}

/**
 * The same library without the code systems of value sets, where it declares them: the executor would look for them in the library that
 * asks, and find none or another.
 */
function withoutOwnSystems(elm: Elm): Elm {
  const valueSets = definitions(elm, 'valueSets')
  if (valueSets.every((each) => each.codeSystem === undefined)) return elm
  const def = valueSets.map((each) => {
    const { codeSystem, ...others } = each
    return namesOwnSystems(elm, each) ? others : each
  })
  return { ...elm, library: { ...elm.library, valueSets: { def } } }
}

/** A parameter that is given as null is null, also within a query, where the executor would go on to its default. */
export function keepNullParameters(): void {
  const { module, Original } = find('ParameterDef')
  module.ParameterDef = class extends Original {
    override async exec(context: unknown): Promise<unknown> {
      return isGivenNull(context, String(Reflect.get(this, 'name'))) ? null : super.exec(context)
    }
  }
}

/**
 * Parameters were held against their declared types when they were read (`bindParameters`). What the executor holds against them is laxer
 * here and wrong there: the value of a choice against the one type that the default is of.
 */
export function leaveParameterTypes(): void {
  Object.assign(PatientContext.prototype, { checkParameters: () => true })
}

/** Whether the innermost context that has a value for a parameter has null. */
function isGivenNull(context: unknown, name: string): boolean {
  for (let at = context; typeof at === 'object' && at !== null; at = Reflect.get(at, 'parent')) {
    const parameters: unknown = Reflect.get(at, 'parameters')
    const value: unknown =
      typeof parameters === 'object' && parameters !== null ? Reflect.get(parameters, name) : undefined
    if (value !== undefined) return value === null
  }
  return false
}
