/** A validator over R4 core and what a test brings along. */
import { type Keep, keep } from '../../src/base/keep.ts'
import { parseCanonical } from '../../src/fhir/canonical.ts'
import { snapshotOf } from '../../src/fhir/snapshot/generate.ts'
import type { Resource, StructureDefinition } from '../../src/fhir/types.ts'
import type { CodeTest } from '../../src/fhir/validate/bindings.ts'
import { createValidator, type Validator } from '../../src/fhir/validate/validate.ts'
import { type CoreDefinitions, coreDefinitions } from '../../src/packages/core-definitions.ts'
import { coreTerminology } from './core-terminology.ts'

interface CoreValidator extends Validator {
  core: CoreDefinitions['find']
  membership(valueSet: string): Promise<CodeTest>
}

/** Definitions and terminology in one. @param own artefacts beside those of R4 core */
export function coreValidator(own: Resource[] = []): CoreValidator {
  const { find } = coreDefinitions()
  const definitions: Keep<string, ReturnType<typeof find>> = keep(2000)
  const terminology = coreTerminology(own)
  const known = keep<string, Promise<CodeTest>>(1000)
  return over(own, {
    core: (canonical) => definitions.of(canonical, () => find(canonical)),
    membership: (valueSet) => known.of(valueSet, () => terminology.membership(valueSet, { drafts: true })),
  })
}

/** The same terminology and definitions, which take long to read, with other profiles beside. */
coreValidator.with = (validator: CoreValidator, own: Resource[]): CoreValidator => over(own, validator)

function over(own: Resource[], { core, membership }: Pick<CoreValidator, 'core' | 'membership'>): CoreValidator {
  const definitions = own.filter((each): each is StructureDefinition => each.resourceType === 'StructureDefinition')
  const find = async (canonical: string) => {
    const { url } = parseCanonical(canonical)
    return definitions.find((each) => each.url === url) ?? (await core(canonical))
  }
  const validator = createValidator({
    find,
    snapshot: (definition) => snapshotOf(definition, find),
    revision: () => 1,
    membership,
    now: () => new Date('2026-01-01T00:00:00Z'),
  })
  return { ...validator, core, membership }
}
