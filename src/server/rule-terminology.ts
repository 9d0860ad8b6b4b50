import { keptByRevision, terminologyTypes } from '../storage/by-revision.ts'
import type { Terminology } from '../terminology/terminology.ts'
import type { Revision } from './memberships.ts'

/** Most concept maps and code systems that are kept ready to be asked. */
const kept = 200

/** What rules ask of terminology beside value sets, each read once until the terminology changes. */
export function ruleTerminology(terminology: Pick<Terminology, 'translator' | 'properties'>, revision: Revision) {
  const current = () => revision(terminologyTypes)
  const translators = keptByRevision<ReturnType<Terminology['translator']>>(current, kept)
  const systems = keptByRevision<ReturnType<Terminology['properties']>>(current, kept)
  return {
    translator: (conceptMap: string) => translators().of(conceptMap, () => terminology.translator(conceptMap)),
    properties: (system: string) => systems().of(system, () => terminology.properties(system)),
  }
}
