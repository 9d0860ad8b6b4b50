/** Rules that an author has signed are run while his signature holds: content changes underneath, and keys are withdrawn. */

import { withBrokenSignature } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Verify } from './judge.ts'
import { authorsProvenances } from './stored.ts'

/** What is run is admitted here. */
export interface RuleGuard {
  /** The same; in place of one whose author's signature holds no more, one that says so and is not run. */
  admit<T extends Resource>(resources: T[]): Promise<T[]>
  /** Grows when the verdict on something that was admitted has become another. To be asked whenever something kept is used. */
  epoch(): number
  /** Judges everything again that was admitted. */
  recheck(): Promise<void>
}

/** What guarding takes. */
export interface RuleGuardParts {
  storage: Pick<Storage, 'read' | 'search' | 'revision'>
  verify: Verify
  /** Reads what was withdrawn again. */
  refresh(): Promise<void>
  now(): Date
}

/** A key may be withdrawn, and content change, without a write that shows: so old a verdict may be. */
const recheckMilliseconds = 60_000
const provenanceTypes = ['Provenance']

interface Admitted {
  type: string
  id: string
  versionId: string
  fault: string | undefined
}

/** A guard over a store. */
export function createRuleGuard({ storage, verify, refresh, now }: RuleGuardParts): RuleGuard {
  const known = new Map<string, Admitted>()
  let epoch = 0
  let checked = now().getTime()
  let revision = storage.revision(provenanceTypes)
  let checking: Promise<void> | undefined

  const judge = async (resource: Resource): Promise<Admitted> => {
    const { resourceType: type, id = '', meta } = resource
    const versionId = meta?.versionId ?? ''
    const found = versionId === '' ? [] : await authorsProvenances({ type, id, versionId }, storage)
    const holds = found.some((each) => verify(each, resource).signatures.some((one) => one.isAuthors && one.result))
    const fault = found.length === 0 || holds ? undefined : 'the signature of its author holds no more'
    return { type, id, versionId, fault }
  }
  const check = async () => {
    await refresh()
    for (const [name, before] of [...known]) {
      const current = await storage.read(before.type, before.id)
      if (!current?.resource || current.versionId !== before.versionId) {
        known.delete(name)
        continue
      }
      const after = await judge(current.resource)
      known.set(name, after)
      if (after.fault !== before.fault) epoch++
    }
  }
  const recheck = () => {
    checking ??= check().finally(() => {
      checking = undefined
    })
    return checking
  }
  return {
    recheck,
    epoch() {
      const current = storage.revision(provenanceTypes)
      const isDue = Math.abs(now().getTime() - checked) >= recheckMilliseconds
      if (isDue || current !== revision) {
        checked = now().getTime()
        revision = current
        recheck().catch(() => {
          // What cannot be judged again is read anew, and says itself why it cannot be.
          epoch++
        })
      }
      return epoch
    },
    async admit(resources) {
      const admitted: typeof resources = []
      for (const resource of resources) {
        const verdict = await judge(resource)
        const name = `${verdict.type}/${verdict.id}/${verdict.versionId}`
        known.set(name, verdict)
        admitted.push(verdict.fault === undefined ? resource : withBrokenSignature(resource, verdict.fault))
      }
      return admitted
    },
  }
}
