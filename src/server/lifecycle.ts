/** The store in which artefacts go only as their life allows it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Resource } from '../fhir/types.ts'
import { namedBy } from '../publish/dependencies/named.ts'
import type { CanonicalReference } from '../publish/dependencies/reference.ts'
import { referenceSteps } from '../publish/dependencies/references.ts'
import { guardRemovals } from '../publish/lifecycle/guard-removals.ts'
import type { Rules } from '../rules/rules.ts'
import type { Storage } from '../storage/storage.ts'

/** Steps of reading references between two turns of others. */
const stepsPerTurn = 10

/**
 * Guards what is leant on in a store.
 * @param rules which texts name what; asked when something is deleted, by then they are there
 */
export function guardLives(storage: Storage, rules: () => Pick<Rules, 'references'>): Storage {
  return guardRemovals(storage, async (resource) => {
    const named = await namedBy(rules())(resource)
    return [...(await written(resource)), ...named].filter(({ role }) => role === 'needed')
  })
}

/** What its elements name. */
async function written(resource: Resource): Promise<CanonicalReference[]> {
  const steps = referenceSteps(resource)
  for (let count = 1; ; count++) {
    const step = steps.next()
    if (step.done) return step.value
    if (count % stepsPerTurn === 0) await nextTurn()
  }
}
