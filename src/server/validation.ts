/** Validation over what the server has: stored profiles and those of R4 core, its terminology, and what a write is judged by. */
import { isCopy } from '../fhir/artefact.ts'
import { structureFaults } from '../fhir/check/resource.ts'
import { isError, issue } from '../fhir/error.ts'
import { snapshotOf } from '../fhir/snapshot/generate.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import { createValidator } from '../fhir/validate/validate.ts'
import type { Validation } from '../operations/validate/validation.ts'
import { coreDefinitions, isOfCore } from '../packages/core-definitions.ts'
import type { PendingContent } from '../publish/base-content/pending.ts'
import type { CheckEnvironment } from '../publish/check/environment.ts'
import { createPublish } from '../publish/publish.ts'
import type { Rules } from '../rules/rules.ts'
import { findByCanonical } from '../storage/find-artefacts.ts'
import type { Storage } from '../storage/storage.ts'
import type { Maps } from '../structure-map/maps.ts'
import type { Terminology } from '../terminology/terminology.ts'
import { memberships } from './memberships.ts'

interface Parts {
  storage: Storage
  terminology: Terminology
  pending: Pick<PendingContent, 'epoch'>
  now(): Date
  rules: Rules
  verdictMaps: Maps
}

const definitionTypes = ['StructureDefinition']

/** Makes it. What is stored under a canonical of R4 core without version is not taken for it. */
export function createValidation({ storage, terminology, rules, verdictMaps, pending, now }: Parts): Validation {
  const core = coreDefinitions()
  const findDefinition = async (canonical: string) => {
    const ofCore = isOfCore(canonical) ? await core.find(canonical) : undefined
    return ofCore ?? (await findByCanonical(storage, 'StructureDefinition', canonical))[0]
  }
  const codesOf = memberships(terminology, (types) => storage.revision(types) + pending.epoch(), { drafts: true })
  // Who may not see drafts is not told by a judgement what is among them: it is made over what he sees.
  const find: CheckEnvironment['find'] = (type, canonical) => findByCanonical(storage, type, canonical)
  const publish = createPublish({ storage, terminology, rules, maps: verdictMaps, codesOf, find, drafts: 'not-public' })
  const validator = createValidator({
    find: findDefinition,
    snapshot: (definition) => snapshotOf(definition, findDefinition),
    revision: () => storage.revision(definitionTypes),
    membership: codesOf,
    now,
  })
  return {
    ...validator,
    findDefinition,
    codesOf,
    async judgeWrite(resource, { id, isNew, budget, beside = [] }) {
      const structure = structureFaults(resource)
      // Whoever looks further counts on the structure.
      if (structure.some(isError)) return structure
      const given = id === undefined ? resource : { ...resource, id }
      const issues = [...structure, ...(await publish.check(given, beside, budget))]
      const found = await publish.compare(given)
      if (found.kind === 'other') issues.push(found.issue)
      if (found.kind === 'same' && isNew) issues.push(duplicate(resource))
      const displaced = isNew ? undefined : await publish.displaces(given)
      return displaced ? [...issues, displaced] : issues
    },
    judgeDelete: (resource) => (isCopy(resource) ? [ofOthers(resource)] : []),
  }
}

const ofOthers = ({ resourceType: type, id }: Resource): Issue =>
  issue('forbidden', {
    text: `${type}/${id} is a copy of what another participant publishes: he deletes it`,
    expression: type,
  })

const duplicate = ({ resourceType: type }: Resource): Issue =>
  issue('duplicate', { text: 'This url and version were published already', expression: `${type}.url` })
