import type { ParameterDeclaration } from '../../fhir/operation.ts'
import type { OperationDefinition } from '../../fhir/types.ts'
import type { StoredVersion } from '../../storage/storage.ts'
import type { BoundOperation, HttpContext, HttpSettings, Software } from '../context.ts'

type DefinitionParameter = NonNullable<OperationDefinition['parameter']>[number]

/** What an operation says of itself. */
type DeclaredOperation = Omit<BoundOperation, 'call'>

/** Whose operations are described. */
interface Describing {
  software: Software
  settings: Pick<HttpSettings, 'baseUrl'>
}

/** Logical id of the generated definition: `ValueSet-expand`; the name alone of what is there at system level, too. */
function operationDefinitionId(operation: DeclaredOperation): string {
  if (operation.system) return operation.name
  const types = operationTypes(operation)
  return `${types.length > 3 ? 'Resource' : types.join('-')}-${operation.name}`.slice(0, 64)
}

/** Every id under which a definition is looked for: its own, and that of each type that has the operation. */
const idsOf = (operation: DeclaredOperation): string[] => [
  operationDefinitionId(operation),
  ...operationTypes(operation).map((type) => `${type}-${operation.name}`),
]

/** Types of the operation at type or instance level, without repetition. */
function operationTypes(operation: DeclaredOperation): string[] {
  return [...new Set([...(operation.type ?? []), ...(operation.instance ?? [])])]
}

/** Address of the definition on this server; it can always be read. */
export function operationDefinitionUrl(context: Describing, operation: DeclaredOperation): string {
  return `${context.settings.baseUrl}/OperationDefinition/${operationDefinitionId(operation)}`
}

/** The definition with that id, made from the declaration; undefined when there is no such operation. */
export function generatedOperationDefinition(context: HttpContext, id: string): OperationDefinition | undefined {
  const operation =
    context.operations.find((each) => operationDefinitionId(each) === id) ??
    context.operations.find((each) => idsOf(each).includes(id))
  return operation && operationDefinition(context, operation)
}

/** The definitions of all operations, as versions that a search finds. */
export function generatedOperationDefinitions(context: HttpContext): StoredVersion[] {
  return context.operations.map((operation) => {
    const resource = operationDefinition(context, operation)
    const lastUpdated = `${context.software.releaseDate}T00:00:00.000Z`
    const id = operationDefinitionId(operation)
    return { type: 'OperationDefinition', id, versionId: '1', lastUpdated, resource, method: 'PUT' }
  })
}

/** OperationDefinition (https://hl7.org/fhir/R4/operationdefinition.html) of a declared operation. */
export function operationDefinition(context: Describing, operation: DeclaredOperation): OperationDefinition {
  const words = operationDefinitionId(operation)
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  const types = operationTypes(operation)
  const definition: OperationDefinition = {
    resourceType: 'OperationDefinition',
    id: operationDefinitionId(operation),
    url: operationDefinitionUrl(context, operation),
    version: context.software.version,
    name: words.join(''),
    title: operation.title,
    status: 'active',
    kind: 'operation',
    date: context.software.releaseDate,
    description: operation.description,
    affectsState: operation.affectsState === true,
    code: operation.name,
    system: operation.system === true,
    type: (operation.type ?? []).length > 0,
    instance: (operation.instance ?? []).length > 0,
    parameter: operation.parameters.map(definitionParameter),
  }
  if (operation.base !== undefined) definition.base = operation.base
  // The declared types are types of R4: routes are made of them and refuse everything else.
  if (types.length > 0) definition.resource = types as NonNullable<OperationDefinition['resource']>
  return definition
}

function definitionParameter(declared: ParameterDeclaration): DefinitionParameter {
  const { name, use, min, max, documentation, type, part } = declared
  const parameter: DefinitionParameter = { name, use, min, max, documentation }
  if (type !== undefined) parameter.type = type as NonNullable<DefinitionParameter['type']>
  if (part) parameter.part = part.map(definitionParameter)
  return parameter
}
