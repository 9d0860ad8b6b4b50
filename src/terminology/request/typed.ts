import type { Resource } from '../../fhir/types.ts'

/** The resources of one type. */
export type ResourceOf<Type extends Resource['resourceType']> = Extract<Resource, { resourceType: Type }>

/** Tells resources of a type from others, for the compiler too. */
export const isOf =
  <Type extends Resource['resourceType']>(type: Type) =>
  (resource: { resourceType: string } | undefined): resource is ResourceOf<Type> =>
    resource?.resourceType === type
