/** Kits for verifiers without a network: what the rooms that may not know each other give to one. */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import type { Config } from '../../config.ts'
import { credentialFormats } from '../../credentials/credentials.ts'
import { ipsInput } from '../../credentials/ips/ips-input.ts'
import { notFound } from '../../fhir/error.ts'
import { notReady } from '../../fhir/not-ready.ts'
import type { PlanDefinition, Resource } from '../../fhir/types.ts'
import { kitBudget } from '../../kit/build.ts'
import { artefactFiles, type UsedByRules } from '../../kit/content/artefact-files.ts'
import { isForJurisdiction } from '../../kit/content/choose-plans.ts'
import { trustFiles } from '../../kit/content/trust-files.ts'
import type { KitRemark, KitScope } from '../../kit/manifest.ts'
import { type KitShelf, openShelf } from '../../kit/shelf.ts'
import type { KitSigner } from '../../kit/signature.ts'
import { didWebOf } from '../../provenance/did-web.ts'
import type { PendingContent } from '../../publish/base-content/pending.ts'
import { dependencyTree } from '../../publish/dependencies/dependency-tree.ts'
import { namedBy } from '../../publish/dependencies/named.ts'
import { contentHash } from '../../publish/identity.ts'
import { readBindings } from '../../publish/package/bindings.ts'
import { finder } from '../../publish/package/find.ts'
import { shippedElm } from '../../rules/rules.ts'
import { mapTypes, ruleTypes } from '../../storage/by-revision.ts'
import { findMapOrDraft, findRunnable, findStructure, listUsable } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Trust } from '../../trust/trust.ts'
import type { Budget } from '../../workers/budget.ts'
import { type Context, type Contexts, elmFolder } from '../context.ts'
import type { Signatures } from '../signatures.ts'

/** What kits take of the server. */
interface KitParts {
  config: Config
  storage: Storage
  trust: Pick<Trust, 'keys' | 'sources' | 'revocations'>
  pending: Pick<PendingContent, 'epoch' | 'state'>
  contexts: Pick<Contexts, 'everybody' | 'over'>
  signed: Pick<Signatures, 'keys' | 'revocations' | 'context'>
  /** Public address, without `/fhir`. */
  address(): string
  now(): Date
}

/** Folder of kits, below DATA_DIR. */
const KITS_FOLDER = 'kits'
const hourMilliseconds = 3_600_000

/** The kits of a server: of what everybody may see, and of the keys that it trusts. */
export function createVerifierKits(parts: KitParts): KitShelf {
  const { config, storage, trust, pending, signed, now } = parts
  const types = [...new Set([...mapTypes, ...ruleTypes])]
  const trustState = stateOf(trust)
  const { guard } = signed.context
  return openShelf({
    folder: join(config.dataDir, KITS_FOLDER),
    // Lists grow old, though nothing is written.
    state: () =>
      [
        storage.revision(types),
        pending.epoch(),
        guard.epoch(),
        trustState(),
        Math.floor(now().getTime() / hourMilliseconds),
      ].join(' '),
    async content(scope) {
      const { status } = pending.state()
      if (status === 'loading' || status === 'failed') throw notReady('The base content')
      return {
        scope,
        artefacts: await artefactsOf(scope, parts),
        trust: await kitBudget().runSteps(trustFiles(trust.sources(), scope.trustDomains, now())),
      }
    },
    async signer() {
      // Another process may have withdrawn the key.
      await signed.revocations.refresh()
      return signerOf(signed, parts.address())
    },
    jurisdiction: config.jurisdiction,
    validSeconds: config.kits.validSeconds,
    refuseSeconds: config.kits.refuseSeconds,
    now,
  })
}

/** A number that grows when the index of keys is another. */
function stateOf(trust: Pick<Trust, 'keys'>): () => number {
  let known = trust.keys()
  let number = 0
  return () => {
    const current = trust.keys()
    if (current !== known) number++
    known = current
    return number
  }
}

function signerOf({ keys }: Pick<Signatures, 'keys'>, address: string): KitSigner | undefined {
  const key = keys.current()
  if (!key) return undefined
  const issuer = didWebOf(address)
  return { key, issuer, keyId: `${issuer}#${jwkThumbprint(key.publicKey) ?? key.keyId}` }
}

async function artefactsOf(scope: KitScope, { contexts }: KitParts) {
  const context = contexts.everybody
  const budget = kitBudget()
  return artefactFiles({
    plans: await plansOf(scope, context),
    maps: mapsOfFormats(),
    findMap: (canonical) => findMapOrDraft(context.storage, canonical),
    closure: (root) => closureOf(root, context, budget),
    admit: context.admit,
    contentHash,
    expand: (resource) =>
      context.terminology.expand(
        { resourceType: 'Parameters', parameter: [{ name: 'valueSet', resource }] },
        { budget },
      ),
    runOnce: (plans) => runOnce(plans, contexts),
  })
}

/** The rule sets that are named, or those that may apply to a credential in the jurisdiction. @throws FhirError 404 for a name that is none */
async function plansOf(
  { jurisdiction, planDefinitions }: KitScope,
  { storage, admit }: Context,
): Promise<PlanDefinition[]> {
  if (planDefinitions.length === 0)
    return (await admit(await listUsable(storage, 'PlanDefinition'))).filter((plan) =>
      isForJurisdiction(plan, jurisdiction),
    )
  const named: PlanDefinition[] = []
  for (const canonical of planDefinitions) {
    const found = (await findRunnable(storage, 'PlanDefinition', canonical)).filter(({ status }) => status === 'active')
    if (found.length === 0) throw notFound(`PlanDefinition ${canonical} is not active on this server`)
    named.push(...found)
  }
  return admit([...new Map(named.map((each) => [each.id, each])).values()])
}

/** Canonicals of the maps by which the content of every format is read. */
function mapsOfFormats(): string[] {
  const kinds = credentialFormats.flatMap((format) => Object.values(format.kinds))
  // What the maps are does not depend on the content.
  const inputs = [...kinds.flatMap((kind) => kind.input?.({}) ?? []), ipsInput({})]
  return [...new Set(inputs.flatMap(({ maps }) => [...maps.coreDataSet, ...maps.bundle]))].sort()
}

async function closureOf(
  root: Resource,
  context: Context,
  budget: Budget,
): Promise<{ resources: Resource[]; missing: KitRemark[] }> {
  const { storage, terminology, rules } = context
  const find = finder({ storage, terminology, bindings: noBindings, root })
  const tree = await dependencyTree(root, {
    async find(reference, from) {
      const found = await find(reference, from)
      if (!reference.types.includes('StructureDefinition') || found.some((each) => !('absent' in each))) return found
      // Own copies of the models of others declare them as their type.
      const model = await findStructure(storage, reference.canonical)
      return model ? [{ resource: model }] : found
    },
    named: namedBy(rules),
    follows: ({ role }) => role === 'needed',
    run: (steps) => budget.runSteps(steps),
  })
  return {
    resources: tree.nodes.map(({ resource }) => resource),
    missing: tree.missing.map(({ canonical, types, by, path, absent }) => ({
      canonical,
      ...(types.length === 1 && types[0] !== undefined ? { type: types[0] } : {}),
      reason: `${by} names it (${path}): ${absent}`,
    })),
  }
}

const noBindings = readBindings({ fallback: [], required: [], forced: [] }, undefined)

/** What running the rule sets takes beside what they name: they are run once, over nothing. */
async function runOnce(plans: readonly PlanDefinition[], contexts: KitParts['contexts']): Promise<UsedByRules> {
  const shipped = shippedElm(elmFolder)
  const translations = new Map<string, string>()
  const models = new Map<string, Resource>()
  const { context, close } = contexts.over(({ derived, search }) => ({
    derived: {
      async get(kind, key) {
        if (kind !== 'elm') return derived.get(kind, key)
        await nextTurn()
        const known = (await derived.get(kind, key)) ?? shippedText(shipped(key))
        if (known !== undefined) translations.set(key, known)
        return known
      },
      async set(kind, key, value) {
        if (kind === 'elm') translations.set(key, value)
        await derived.set(kind, key, value)
      },
    },
    // A library names a model by a name that any of them may have.
    async search(query) {
      const page = await search(query)
      if (query.type === 'StructureDefinition')
        for (const { resource } of page.matches) if (resource) models.set(resource.id ?? '', resource)
      return page
    },
  }))
  const data = { resourceType: 'Bundle' as const, type: 'collection' as const }
  try {
    for (const plan of plans) {
      await nextTurn()
      await context.rules.evaluatePlan(plan, {
        data,
        coreDataSets: [],
        clock: anyClock,
        external: () => ({}),
        isUnexplained: true,
      })
    }
  } finally {
    await close()
  }
  return { translations, models: [...models.values()] }
}

const anyClock = '2021-01-01T00:00:00Z'
const shippedText = (translation: object | undefined) => (translation ? JSON.stringify(translation) : undefined)
