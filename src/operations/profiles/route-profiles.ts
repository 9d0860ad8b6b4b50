/** Groups of routes that an operator may switch off, by the names of the setting ROUTES_OFF. */
import { FhirError, issue } from '../../fhir/error.ts'
import type { Operation, ParameterDeclaration } from '../../fhir/operation.ts'
import type { Parameters } from '../../fhir/types.ts'

/** What goes with one name. */
interface RouteProfile {
  /** What is switched off, as the beginning of a sentence. */
  what: string
  /** Resource types that are served no more, with all their operations. */
  types?: readonly string[]
  /** Operations that are there no more, wherever they are. */
  operations?: readonly string[]
  /** Parameters of operations by which a client brings along what is run. */
  brought?: readonly { operation: string; types: readonly string[]; parameters: readonly string[] }[]
  /** Beginnings of the paths of documents. */
  documents?: readonly string[]
}

/** Definitions whose expressions are run. */
const inlineDefinitions = ['planDefinition', 'activityDefinition']

const profiles = {
  writes: { what: 'Writes are' },
  'inline-maps': {
    what: 'Maps that come with a request are',
    operations: ['convert'],
    brought: [{ operation: 'transform', types: ['StructureMap'], parameters: ['sourceMap', 'map', 'supportingMap'] }],
  },
  'inline-cql': {
    what: 'CQL and libraries that come with a request are',
    operations: ['cql'],
    brought: [
      { operation: 'evaluate', types: ['Library'], parameters: ['library'] },
      { operation: 'apply', types: ['PlanDefinition', 'ActivityDefinition'], parameters: inlineDefinitions },
      { operation: 'r5.apply', types: ['PlanDefinition'], parameters: inlineDefinitions },
    ],
  },
  legacy: {
    what: 'The endpoints of the EU Digital COVID Certificate are',
    documents: ['/valuesets', '/rules', '/countrylist', '/publickey'],
  },
  console: { what: 'The console is' },
  kits: { what: 'Verifier kits are', operations: ['verifier-kit'] },
  'value-sets': {
    what: 'Value sets are',
    types: ['ValueSet'],
    operations: ['verifier-kit'],
    documents: ['/valuesets'],
  },
  rules: {
    what: 'Rules are',
    types: ['Library', 'PlanDefinition', 'ActivityDefinition'],
    operations: ['verifier-kit'],
    documents: ['/rules'],
  },
} satisfies Record<string, RouteProfile>

/** A name of the setting. */
export type RouteProfileName = keyof typeof profiles

/** All names of the setting. */
export const routeProfileNames: readonly RouteProfileName[] = Object.keys(profiles).filter(
  (name): name is RouteProfileName => Object.hasOwn(profiles, name),
)

/** What is left when some profiles are off. */
export interface Routes {
  /** Whether anything may be written. */
  writes: boolean
  /** Why a type is not served, as a sentence; undefined when it is. */
  typeOff(type: string): string | undefined
  /** Whether a document of that path is served. */
  hasDocument(path: string): boolean
  /** The names of what is off, in the order of the table. */
  off: readonly string[]
}

/** Says what is left. */
export function routesWithout(names: ReadonlySet<string>): Routes {
  const off = chosen(names)
  return {
    off: off.map(([name]) => name),
    writes: !names.has('writes'),
    typeOff(type) {
      const found = off.find(([, { types }]) => types?.includes(type))
      return found && switchedOff(...found)
    },
    hasDocument: (path) =>
      !off.some(([, { documents = [] }]) => documents.some((each) => path === each || path.startsWith(`${each}/`))),
  }
}

/** The operations that are left, each as far as it is; what is not declared has no route and stands in no description. */
export function operationsWithout<Context>(
  names: ReadonlySet<string>,
  operations: readonly Operation<Context>[],
): Operation<Context>[] {
  const off = chosen(names)
  if (off.length === 0) return [...operations]
  const types = new Set(off.flatMap(([, profile]) => profile.types ?? []))
  const gone = new Set(off.flatMap(([, profile]) => profile.operations ?? []))
  return operations.flatMap((operation) => {
    if (gone.has(operation.name) || (names.has('writes') && operation.affectsState)) return []
    const { type, instance, ...rest } = operation
    const left = {
      type: type?.filter((each) => !types.has(each)) ?? [],
      instance: instance?.filter((each) => !types.has(each)) ?? [],
    }
    if (!operation.system && left.type.length + left.instance.length === 0) return []
    const made: Operation<Context> = {
      ...rest,
      ...(left.type.length > 0 ? { type: left.type } : {}),
      ...(left.instance.length > 0 ? { instance: left.instance } : {}),
    }
    return [withoutBrought(made, off)]
  })
}

/** An operation that takes nothing that is run. */
function withoutBrought<Context>(
  operation: Operation<Context>,
  off: readonly [string, RouteProfile][],
): Operation<Context> {
  const places = [...(operation.type ?? []), ...(operation.instance ?? [])]
  const found = off.flatMap(([name, profile]) =>
    (profile.brought ?? [])
      .filter(({ operation: other, types }) => other === operation.name && types.some((each) => places.includes(each)))
      .map(({ parameters }) => ({ parameters, why: switchedOff(name, profile) })),
  )
  if (found.length === 0) return operation
  const isGone = ({ name, use }: ParameterDeclaration) =>
    use === 'in' && found.some(({ parameters }) => parameters.includes(name))
  return {
    ...operation,
    parameters: operation.parameters.filter((each) => !isGone(each)),
    refuse(given: Parameters) {
      operation.refuse?.(given)
      for (const { parameters, why } of found)
        for (const { name } of given.parameter ?? [])
          if (parameters.includes(name))
            throw new FhirError(
              403,
              issue('forbidden', { text: why, expression: `Parameters.parameter.where(name='${name}')` }),
            )
    },
  }
}

const chosen = (names: ReadonlySet<string>): [string, RouteProfile][] =>
  Object.entries<RouteProfile>(profiles).filter(([name]) => names.has(name))

const switchedOff = (name: string, { what }: RouteProfile): string =>
  `${what} switched off on this server by its operator (ROUTES_OFF=${name}).`
