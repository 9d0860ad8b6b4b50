import type { Soon } from '../base/keep.ts'
import type { PlanDefinition } from '../fhir/types.ts'
import { type PlanChoice, preferredPlans } from './select-plans.ts'
import { selectionIn } from './selection/candidates.ts'

/** Where rule sets come from. */
export interface PlanStore {
  /** Every PlanDefinition that may be used, in every version and status: the same list until one of them changes. */
  all(): Soon<PlanDefinition[]>
  /** Those of a canonical, with or without version. */
  find(canonical: string): Promise<PlanDefinition[]>
}

/** The one way to rule sets. What is found here may still be none that can be run: that is its result, and never that it is absent. */
export interface Plans {
  /** Those that apply by themselves. */
  select(choice: PlanChoice): Soon<PlanDefinition[]>
  /** What a canonical means at a clock; empty when there is nothing of that name. */
  named(canonical: string, clock: Date): Promise<PlanDefinition[]>
}

/** Rule sets of a store. */
export const createPlans = (store: PlanStore): Plans => ({
  select(choice) {
    const all = store.all()
    return all instanceof Promise ? all.then((plans) => selectionIn(plans)(choice)) : selectionIn(all)(choice)
  },
  named: async (canonical, clock) => preferredPlans(await store.find(canonical), clock),
})
