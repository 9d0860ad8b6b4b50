/** What a rule library asks of the data and of whoever runs it. */
import { nearestName } from '../base/nearest.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import { FhirError, isError, unprocessable } from '../fhir/error.ts'
import type { Coding, DataRequirement, Library, ParameterDefinition, Parameters } from '../fhir/types.ts'
import type { JobCall } from '../workers/job-pool.ts'
import { isCertLogic, readCertLogic } from './certlogic/certlogic.ts'
import { type Reached, reach } from './cql/requirements/flow.ts'
import {
  codingOf,
  dataRequirements,
  parameterIn,
  parameterOut,
  valueSetCanonical,
} from './cql/requirements/requirements.ts'
import { inlineLibrary } from './cql/run/expression.ts'
import { parameterDeclarations } from './cql/translate/elm.ts'
import type { CompiledLibrary } from './cql/translate/libraries.ts'
import {
  conceptMapNames,
  libraryReferences,
  type NamedArtefact,
  type ReferenceEnvironment,
} from './library-references.ts'

/** What is asked of a library. */
export interface RequirementsCall {
  library: Library
  /** Defines that count, and texts of CQL that stand over the library; every statement of it where both are absent. */
  defines?: readonly string[]
  texts?: readonly string[]
  /** Values of CQL parameters, by which periods are told. */
  parameters?: Parameters | undefined
}

/** What it needs. */
export interface LibraryRequirements {
  parameters: ParameterDefinition[]
  data: DataRequirement[]
  /** Codes that it names outright. */
  codes: Coding[]
  /** Libraries, value sets and code systems that are reached. */
  names: NamedArtefact[]
}

/** A text is translated for whoever asks, and not kept. */
const analysis: JobCall = { client: 'analysis', cpuSeconds: 10 }

/**
 * Reads it off the text.
 * @throws FhirError 422 for a library with faults, whose requirements nobody can say, for an unknown define, and for one that is too
 * large; 5xx when the translator cannot answer now
 */
export async function libraryRequirements(
  { library, defines, texts, parameters }: RequirementsCall,
  environment: ReferenceEnvironment,
): Promise<LibraryRequirements> {
  const { names, issues } = await libraryReferences(library, environment)
  const errors = issues.filter(isError)
  if (errors.length > 0) throw new FhirError(422, errors)
  if (isCertLogic(library)) return { ...certLogicRequirements(library, defines), names }
  if (names.length === 0 && !hasRules(library)) return { parameters: [], data: [], codes: [], names }
  const compiled = await environment.libraries.compile(library)
  const whole = defines === undefined && texts === undefined
  const found = whole ? [reach(compiled, undefined)] : []
  if (defines) found.push(reach(compiled, withReasons(defines, compiled)))
  for (const text of texts ?? []) found.push(await reachText(text, compiled, environment))
  const reached = together(found)
  return {
    parameters: parametersOf(compiled, reached, { whole, defines }),
    data: dataRequirements(reached.retrieves, parameters),
    codes: distinct(reached.codes.map(codingOf)),
    names: whole ? names : reachedNames(compiled, reached, environment),
  }
}

const hasRules = ({ content = [] }: Library): boolean =>
  content.some(({ contentType = '' }) => /^(?:text\/cql|application\/elm\+json)\b/.test(contentType))

function certLogicRequirements(
  library: Library,
  defines: readonly string[] | undefined,
): Omit<LibraryRequirements, 'names'> {
  readCertLogic(library)
  const unknown = defines?.find((each) => each !== 'Logic')
  if (unknown !== undefined) throw unknownDefine(unknown, ['Logic'])
  const parameters: ParameterDefinition[] = [
    { name: 'payload', use: 'in', min: 0, max: '1', type: 'Binary' },
    { name: 'external', use: 'in', min: 0, max: '1', type: 'Binary' },
    { name: 'Logic', use: 'out', min: 0, max: '1', type: 'Any' },
  ]
  return { parameters, data: [], codes: [] }
}

/** What runs with a define, where the library has it: see run-expression.ts. */
const companions = (name: string): string[] => [`${name} Reasons`, `${name} Missing`]

/** The defines, and those that give their reasons. @throws FhirError 422 for an unknown one, naming the nearest */
function withReasons(names: readonly string[], { defines }: CompiledLibrary): string[] {
  const known = defines.map(({ name }) => name)
  const unknown = names.find((each) => !known.includes(each))
  if (unknown !== undefined) throw unknownDefine(unknown, known)
  return [...names, ...names.flatMap(companions).filter((each) => known.includes(each))]
}

function unknownDefine(name: string, known: string[]): FhirError {
  const nearest = nearestName(name, known)
  const hint = nearest === undefined ? '' : `; the nearest one is "${nearest}"`
  const text = `the library has no define of that name${hint}`
  return unprocessable({ text, expression: "Parameters.parameter.where(name='expression')" }, 'not-found')
}

async function reachText(text: string, over: CompiledLibrary, { libraries }: ReferenceEnvironment): Promise<Reached> {
  const compiled = await libraries.compileText(inlineLibrary(text, [{ ...over.identifier }], true), analysis)
  const errors = compiled.issues.filter(isError)
  if (errors.length > 0) throw new FhirError(422, errors)
  const reached = reach(compiled, ['return'])
  reached.libraries.delete(compiled)
  return reached
}

function together(all: Reached[]): Reached {
  return {
    retrieves: all.flatMap(({ retrieves }) => retrieves),
    valueSets: all.flatMap(({ valueSets }) => valueSets),
    codes: all.flatMap(({ codes }) => codes),
    codeSystems: all.flatMap(({ codeSystems }) => codeSystems),
    parameters: all.flatMap(({ parameters }) => parameters),
    libraries: new Set(all.flatMap(({ libraries }) => [...libraries])),
  }
}

/** Those that it declares itself, and those of others that are reached; what comes out is what was asked for. */
function parametersOf(
  library: CompiledLibrary,
  reached: Reached,
  { whole, defines }: { whole: boolean; defines: readonly string[] | undefined },
): ParameterDefinition[] {
  const used = new Set(reached.parameters.map(({ definition }) => definition.name))
  const own = whole ? parameterDeclarations(library.elm) : []
  const others = [library, ...library.includes].flatMap(({ elm }) =>
    parameterDeclarations(elm).filter(({ name }) => used.has(name)),
  )
  const out = library.defines.filter((each) => (defines ? defines.includes(each.name) : whole && each.public))
  return distinct([...[...own, ...others].map(parameterIn), ...out.map(parameterOut)])
}

function reachedNames(root: CompiledLibrary, reached: Reached, { generated }: ReferenceEnvironment): NamedArtefact[] {
  const names: NamedArtefact[] = []
  for (const each of reached.libraries) {
    names.push(...conceptMapNames(each.elm, 0))
    if (each === root) continue
    const isGenerated = generated.some(({ canonical }) => canonical === each.canonical)
    names.push({ type: 'Library', canonical: each.canonical, content: 0, ...(isGenerated ? { isGenerated } : {}) })
  }
  for (const each of reached.valueSets) names.push({ type: 'ValueSet', canonical: valueSetCanonical(each), content: 0 })
  for (const { definition } of reached.codeSystems) {
    const version = typeof definition.version === 'string' ? definition.version : undefined
    names.push({ type: 'CodeSystem', canonical: formatCanonical(String(definition.id), version), content: 0 })
  }
  return distinct(names)
}

const distinct = <T>(list: T[]): T[] => [...new Map(list.map((each) => [JSON.stringify(each), each])).values()]
