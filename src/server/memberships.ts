import { keptByRevision, terminologyTypes } from '../storage/by-revision.ts'
import type { Membership, Terminology } from '../terminology/terminology.ts'

/** A number that grows with what is stored of some types; what was looked for in vain before content was on its way is looked for again. */
export type Revision = (types: readonly string[]) => number

/** Most value sets that are kept ready to be asked. */
const valueSetsKept = 1_000

/** Membership by value set, each read once until the terminology changes. */
export function memberships(terminology: Terminology, revision: Revision, options: { drafts?: boolean } = {}) {
  const known = keptByRevision<Promise<Membership>>(() => revision(terminologyTypes), valueSetsKept)
  return (valueSet: string): Promise<Membership> =>
    known().of(valueSet, () => terminology.membership(valueSet, options))
}

/** Most concept maps and code systems that are kept ready to be asked. */
const others = 200

/** What rules ask of terminology beside value sets, each read once until the terminology changes. */
export function ruleTerminology(terminology: Pick<Terminology, 'translator' | 'properties'>, revision: Revision) {
  const current = () => revision(terminologyTypes)
  // Rules get answers of their own: what they do with them is not for maps to see.
  const read = async (conceptMap: string) => {
    const translate = await terminology.translator(conceptMap)
    return (code: string, system?: string) => translate(code, system).map((each) => ({ ...each }))
  }
  const translators = keptByRevision<ReturnType<typeof read>>(current, others)
  const systems = keptByRevision<ReturnType<Terminology['properties']>>(current, others)
  return {
    translator: (conceptMap: string) => translators().of(conceptMap, () => read(conceptMap)),
    properties: (system: string) => systems().of(system, () => terminology.properties(system)),
  }
}
