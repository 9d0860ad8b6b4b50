import { nearestName } from '../base/nearest.ts'
import { FhirError, unprocessable } from '../fhir/error.ts'
import type { Parameters, PlanDefinition } from '../fhir/types.ts'
import { isCertLogic } from './certlogic/certlogic.ts'
import { bindParameters, type ConversionContext } from './cql/run/from-parameters.ts'
import { parameterDeclarations } from './cql/translate/elm.ts'
import type { CompiledLibrary } from './cql/translate/libraries.ts'
import { readPlan } from './read-plan.ts'
import type { NamedLibrary } from './rule-library.ts'
import { certLogicDefine, type ExpressionEnvironment } from './run-expression.ts'

type Environment = Pick<ExpressionEnvironment, 'libraries' | 'findLibrary'>

/**
 * Holds the names in `expression` against the libraries that were named with them.
 * @throws FhirError 422 for a name that no library defines, naming the nearest, and for a library that defines none of them
 */
export async function checkExpressions(named: NamedLibrary[], environment: Environment): Promise<void> {
  const wanted = named[0]?.expressions ?? []
  if (wanted.length === 0) return
  const known = new Map<string, string[]>()
  // A library that cannot be read fails as a rule; what it would define nobody can say.
  for (const { library } of named) known.set(library, (await definesOf(library, environment)) ?? wanted)
  const all = [...known.values()].flat()
  for (const name of wanted) {
    if (!all.includes(name))
      throw unknownName(`no library defines ${shown(name)}`, nearestName(name, all), 'expression')
  }
  for (const [library, names] of known) {
    if (!wanted.some((each) => names.includes(each)))
      throw unknownName(`Library ${library} defines none of the expressions asked for`, undefined, 'expression')
  }
}

async function definesOf(library: string, environment: Environment): Promise<string[] | undefined> {
  const resource = await quietly(environment.findLibrary(library))
  if (resource && isCertLogic(resource)) return [certLogicDefine]
  return (await quietly(environment.libraries.compile(library)))?.defines.map((each) => each.name)
}

/**
 * Holds CQL parameters against what the rules that may run declare. A name that none of them has would be a wish that nobody hears.
 * @throws FhirError 422 for a name that none declares, naming the nearest, and for a value of another type than declared
 */
export async function checkParameters(
  parameters: Parameters,
  libraries: string[],
  { environment, context }: { environment: Environment; context: ConversionContext },
): Promise<void> {
  const compiled: CompiledLibrary[] = []
  for (const each of new Set(libraries)) {
    const library = await quietly(environment.libraries.compile(each))
    if (library) compiled.push(library)
  }
  const declared = compiled.map((each) => [each, ...each.includes].flatMap(({ elm }) => parameterDeclarations(elm)))
  const names = new Set(declared.flat().map(({ name }) => name))
  for (const { name } of parameters.parameter ?? []) {
    if (names.has(name)) continue
    const none =
      names.size === 0 ? 'none of the rules has parameters' : `none of the rules has the parameter ${shown(name)}`
    throw unknownName(none, nearestName(String(name), names), 'parameters')
  }
  for (const each of declared) bindParameters(parameters, each, context)
}

/** Canonicals of every library that a plan may run. */
export function librariesOf(plan: PlanDefinition): string[] {
  if (!readPlan(plan).isShaped) return []
  const named = (action: NonNullable<PlanDefinition['action']>[number]): string[] => [
    ...(action.condition ?? []).flatMap(({ expression }) => expression?.reference ?? []),
    ...(action.action ?? []).flatMap(named),
  ]
  return [...(plan.library ?? []), ...(plan.action ?? []).flatMap(named)]
}

function unknownName(text: string, nearest: string | undefined, parameter: string): FhirError {
  const hint = nearest === undefined ? '' : `; the nearest one is ${shown(nearest)}`
  return unprocessable(
    { text: `${text}${hint}`, expression: `Parameters.parameter.where(name='${parameter}')` },
    'not-found',
  )
}

/** Names come from the caller: no more of one than helps. */
const shown = (name: string) =>
  `"${String(name)
    .replace(/[^\p{L}\p{N} ._-]/gu, '?')
    .slice(0, 80)}"`

/**
 * The value, or undefined for what the sender of the question can do nothing about: it fails as a rule.
 * @throws FhirError with a status from 500 on
 */
async function quietly<T>(made: Promise<T>): Promise<T | undefined> {
  try {
    return await made
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return undefined
  }
}
