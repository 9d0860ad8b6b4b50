/** A validator over R4 core and what a test brings along. */

import { keep } from '../../src/base/keep.ts'
import { parseCanonical } from '../../src/fhir/canonical.ts'
import { snapshotOf } from '../../src/fhir/snapshot/generate.ts'
import type { Resource, StructureDefinition } from '../../src/fhir/types.ts'
import type { CodeTest } from '../../src/fhir/validate/bindings.ts'
import { createValidator, type Validator } from '../../src/fhir/validate/validate.ts'
import { coreDefinitions } from '../../src/packages/core-definitions.ts'
import { coreTerminology } from './core-terminology.ts'

/** Definitions and terminology in one. @param own artefacts beside those of R4 core */
export function coreValidator(
  own: Resource[] = [],
): Validator & { find(canonical: string): Promise<StructureDefinition | undefined> } {
  const core = coreDefinitions()
  const terminology = coreTerminology(own)
  const known = keep<string, Promise<CodeTest>>(1000)
  const definitions = own.filter((each): each is StructureDefinition => each.resourceType === 'StructureDefinition')
  const find = async (canonical: string) => {
    const { url } = parseCanonical(canonical)
    return definitions.find((each) => each.url === url) ?? (await core.find(canonical))
  }
  const validator = createValidator({
    find,
    snapshot: (definition) => snapshotOf(definition, find),
    revision: () => 1,
    membership: (valueSet) => known.of(valueSet, () => terminology.membership(valueSet, { drafts: true })),
    now: () => new Date('2026-01-01T00:00:00Z'),
  })
  return { ...validator, find }
}
