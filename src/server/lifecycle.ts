/** The store in which artefacts go only as their life allows it; evaluation under a manifest. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { keep } from '../base/keep.ts'
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

/** Evaluation under manifests: over the store as each of them pins it. */
export function evaluationsUnder(storage: Storage, read: ReadManifest, make: (pinned: Storage) => Made) {
  const made = keep<string, Made>(mostManifests)
  const all = new Set<Made>()
  const evaluateUnder: OperationContext['evaluateUnder'] = async (canonical, asked) => {
    const manifest = await read(canonical)
    refuseContradiction(manifest, asked)
    const { evaluate } = made.of(JSON.stringify([...manifest.versions]), () => {
      const fresh = make(pinnedView(storage, manifest.versions))
      all.add(fresh)
      return fresh
    })
    return { evaluate, name: manifest.name }
  }
  return { evaluateUnder, close: async () => void (await Promise.all([...all].map((each) => each.close()))) }
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
