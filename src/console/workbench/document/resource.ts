/** Resources told apart by their type. */
import type {
  Binary,
  Bundle,
  Library,
  OperationOutcome,
  Parameters,
  PlanDefinition,
  Resource,
  StructureMap,
} from 'fhir/r4.js'

interface Types {
  Binary: Binary
  Bundle: Bundle
  Library: Library
  OperationOutcome: OperationOutcome
  Parameters: Parameters
  PlanDefinition: PlanDefinition
  StructureMap: StructureMap
}

/** Whether something is a resource of a type; what is in it is read member by member. */
export function isOf<T extends keyof Types>(value: unknown, type: T): value is Types[T] {
  return typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === type
}

/** The resources of a type in a Bundle. */
export function entriesOf<T extends keyof Types>({ entry = [] }: Bundle, type: T): Types[T][] {
  return entry.flatMap(({ resource }: { resource?: Resource | undefined }) => (isOf(resource, type) ? [resource] : []))
}
