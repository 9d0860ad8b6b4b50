/** Rules that an author has signed are run while his signature holds: content changes underneath, and keys are withdrawn. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { isNotPublic, statusOf, withBrokenSignature } from '../../fhir/artefact.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Verify } from './judge.ts'
import type { IsRequired } from './policy.ts'
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
  /** What becomes active with the signature of an author alone is run with it alone, whatever it was before the policy. */
  isRequired: IsRequired
  /** Reads what was withdrawn again. */
  refresh(): Promise<void>
  now(): Date
}

/** Verdicts between two pauses in which others are served. */
const perTurn = 25

/** A key may be withdrawn, and content change, without a write that shows: so old a verdict may be. */
const recheckMilliseconds = 60_000
const provenanceTypes = ['Provenance']

const brokenText = 'the signature of its author holds no more'
const unsignedText = 'it has no signature of an author, without which it is not used here (REQUIRE_SIGNATURE)'

interface Admitted {
  type: string
  id: string
  versionId: string
  fault: string | undefined
  /** An author signed it: that may hold no more, though nothing is written. */
  isSigned: boolean
}

/** A guard over a store. */
export function createRuleGuard({ storage, verify, isRequired, refresh, now }: RuleGuardParts): RuleGuard {
  const known = new Map<string, Admitted>()
  let epoch = 0
  let checked = now().getTime()
  let revision = storage.revision(provenanceTypes)
  let checking: Promise<void> | undefined
  let next: Promise<void> | undefined
  // What nobody signed becomes otherwise by a Provenance alone, and there is much of it.
  let isAll = false

  const judge = async (resource: Resource): Promise<Admitted> => {
    const { resourceType: type, id = '', meta } = resource
    const versionId = meta?.versionId ?? ''
    const found = versionId === '' ? [] : await authorsProvenances({ type, id, versionId }, storage)
    const holds = found.some((each) => verify(each, resource).signatures.some((one) => one.isAuthors && one.result))
    const isSigned = found.length > 0
    const lacking = isSigned ? brokenText : isWanted(resource, isRequired) ? unsignedText : undefined
    return { type, id, versionId, fault: holds ? undefined : lacking, isSigned }
  }
  const check = async (isWhole: boolean) => {
    await refresh()
    const wanted = [...known].filter(([, { isSigned }]) => isWhole || isSigned)
    for (const [place, [name, before]] of wanted.entries()) {
      if (place % perTurn === perTurn - 1) await nextTurn()
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
  const begin = () => {
    const begun = check(isAll).finally(() => {
      if (checking === begun) checking = undefined
    })
    checking = begun
    isAll = false
    return begun
  }
  // One that is under way may have judged already what has changed since: another follows it, for all who ask meanwhile.
  const ask = () => {
    if (!checking) return begin()
    next ??= checking
      .catch(() => undefined)
      .then(() => {
        next = undefined
        return begin()
      })
    return next
  }
  const recheck = () => {
    isAll = true
    return ask()
  }
  return {
    recheck,
    epoch() {
      const current = storage.revision(provenanceTypes)
      const isDue = Math.abs(now().getTime() - checked) >= recheckMilliseconds
      if (isDue || current !== revision) {
        checked = now().getTime()
        const begun = current === revision ? ask() : recheck()
        revision = current
        begun.catch(() => {
          // What cannot be judged again is read anew, and says itself why it cannot be.
          epoch++
        })
      }
      return epoch
    },
    async admit(resources) {
      const admitted: typeof resources = []
      for (const [place, resource] of resources.entries()) {
        if (place % perTurn === perTurn - 1) await nextTurn()
        const verdict = await judge(resource)
        const name = `${verdict.type}/${verdict.id}/${verdict.versionId}`
        known.set(name, verdict)
        admitted.push(verdict.fault === undefined ? resource : withBrokenSignature(resource, verdict.fault))
      }
      return admitted
    },
  }
}

/** A draft that its authors alone see is theirs to try out; anything else that is run decides for others. */
function isWanted(resource: Resource, isRequired: IsRequired): boolean {
  if (statusOf(resource) === 'draft' && isNotPublic(resource)) return false
  return isRequired({ ...resource, status: 'active' } as Resource)
}
