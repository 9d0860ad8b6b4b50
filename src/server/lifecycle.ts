/** The store in which artefacts go only as their life allows it; evaluation under a manifest. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { statusOf } from '../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../fhir/canonical.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Resource } from '../fhir/types.ts'
import type { AskedUnder, OperationContext } from '../operations/context.ts'
import { namedBy } from '../publish/dependencies/named.ts'
import type { CanonicalReference } from '../publish/dependencies/reference.ts'
import { referenceSteps } from '../publish/dependencies/references.ts'
import { guardRemovals } from '../publish/lifecycle/guard-removals.ts'
import type { Manifest, ReadManifest } from '../publish/lifecycle/manifest.ts'
import type { Rules } from '../rules/rules.ts'
import { pinnedView } from '../storage/pinned-view.ts'
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

/** Manifests whose rules are kept compiled. */
const mostManifests = 4

/** What is made over the store of one manifest. */
type Made = Pick<OperationContext, 'evaluate'> & { close(): Promise<void> }

/** What is made, and how many answers are being made with it. */
interface Slot {
  made: Made
  users: number
}

/** Evaluation under manifests: over the store as each of them pins it. */
export function evaluationsUnder(storage: Storage, read: ReadManifest, make: (pinned: Storage) => Made) {
  /** By their versions, the least recently used first. */
  const slots = new Map<string, Slot>()
  const closing = new Set<Promise<void>>()
  const close = ({ made }: Slot) => {
    const closed = made.close().finally(() => closing.delete(closed))
    closing.add(closed)
    return closed
  }
  /** As many may be in use as are asked for at once; of the others the least recently used go, with all that was compiled for them. */
  const makeRoom = () => {
    for (const [key, slot] of slots) {
      if (slots.size <= mostManifests) return
      if (slot.users > 0) continue
      slots.delete(key)
      void close(slot)
    }
  }
  const slotOf = ({ versions }: Manifest): Slot => {
    const key = JSON.stringify([...versions])
    const slot = slots.get(key) ?? { made: make(pinnedView(storage, versions)), users: 0 }
    slots.delete(key)
    slots.set(key, slot)
    return slot
  }
  const use = async <T>(manifest: Manifest, work: (evaluate: Made['evaluate']) => Promise<T>): Promise<T> => {
    const slot = slotOf(manifest)
    slot.users++
    try {
      return await work(slot.made.evaluate)
    } finally {
      slot.users--
      makeRoom()
    }
  }
  const evaluateUnder: OperationContext['evaluateUnder'] = async (canonical, asked) => {
    const manifest = await read(canonical)
    refuseContradiction(manifest, asked)
    const evaluate: Made['evaluate'] = {
      answer: (...question) => use(manifest, (own) => own.answer(...question)),
      evaluate: (...question) => use(manifest, (own) => own.evaluate(...question)),
    }
    return { evaluate, name: manifest.name }
  }
  return {
    evaluateUnder,
    async close() {
      for (const slot of slots.values()) void close(slot)
      slots.clear()
      await Promise.all(closing)
    },
  }
}

/** A rule runs in the version of the manifest or not at all, and none that the manifest names is left out unseen. */
function refuseContradiction({ name, versions, pins }: Manifest, { named, hasRules }: AskedUnder): void {
  const expression = "Parameters.parameter.where(name='manifest')"
  for (const canonical of named) {
    const { url, version } = parseCanonical(canonical)
    const pinned = versions.get(url)
    if (pinned === undefined || version === undefined || version === pinned) continue
    const text = `The question names the version ${version.slice(0, 64)} of ${url}, and ${name} the version ${pinned}: one of them is not meant.`
    throw unprocessable({ text, expression }, 'conflict')
  }
  if (hasRules) return
  for (const { url, version, resources } of pins) {
    const plan = resources.find(({ resourceType }) => resourceType === 'PlanDefinition')
    if (!plan || statusOf(plan) === 'active') continue
    const text = `${name} names the rule set ${formatCanonical(url, version)}, which is ${statusOf(plan)}, so that it is not selected: name it in planDefinition to have it run.`
    throw unprocessable({ text, expression }, 'business-rule')
  }
}
