/** `$evaluate` over a verifier kit: the same rooms as of a server, over what the kit holds, and nothing else of a server. */

import { keepLast } from '../../base/keep.ts'
import { isWithinJurisdiction } from '../../base/participant-codes.ts'
import type { Config } from '../../config.ts'
import type { Evaluate } from '../../evaluate/evaluate.ts'
import type { EvaluateRequest } from '../../evaluate/request.ts'
import { incomplete, issue } from '../../fhir/error.ts'
import { readTrust } from '../../kit/content/trust-files.ts'
import { KitError } from '../../kit/kit-error.ts'
import { kitStorage } from '../../kit/kit-storage.ts'
import { ageRemark, type OpenedKit, scopeRemark } from '../../kit/open-kit.ts'
import type { NetworkClient } from '../../network/network-client.ts'
import type { RuleGuard } from '../../publish/provenance/rule-guard.ts'
import type { Storage } from '../../storage/storage.ts'
import type { KeyIndex } from '../../trust/keys/key-index.ts'
import { artefactHashes } from '../content/artefact-hashes.ts'
import { closeContext, createContext } from '../context.ts'

/** Verdicts by a kit. */
export interface KitEvaluation {
  /** The verifying jurisdiction of the kit, for questions that name none. */
  jurisdiction: string
  /** @throws KitError for a question that this kit is not made for; else as of a server */
  evaluate(request: EvaluateRequest): ReturnType<Evaluate['evaluate']>
  /** Ids of processes that translate rules: a kit holds their translations, and none is wanted. */
  translatorPids(): number[]
  close(): Promise<void>
}

/** What evaluating by a kit takes beside it. */
interface KitSurroundings {
  config: Config
  now(): Date
}

/** Opens it. @throws KitError where the keys of the kit cannot be read */
export async function openKitEvaluation(kit: OpenedKit, { config, now }: KitSurroundings): Promise<KitEvaluation> {
  const { keys, revocations } = await readTrust({ read: kit.json, madeAt: kit.proved.madeAt, now })
  const storage = kitStorage(kit)
  const scope = scopeRemark(kit.manifest)
  const only =
    scope === undefined ? undefined : `this verdict is by ${scope}: others of its jurisdiction were not asked`
  const context = createContext({
    // What the server asks others for is not to be had here.
    config: { ...config, network: false },
    storage,
    contentOf: hashesOf(kit, storage),
    trust: { keys: remarked(keys, () => ageRemark(kit, now())), revocations: () => revocations },
    guard: admitsAll,
    pending: nothingPending,
    network: noNetwork,
    now,
    trustedReference: () => notHere(),
    signatures: { verify: notHere, verifyBundle: notHere, signBundle: notHere },
    baseUrl: () => 'urn:vidimus:kit',
    verifierKits: () => notHere(),
    evaluateAsOf: notHere,
  })
  return {
    jurisdiction: kit.manifest.jurisdiction,
    async evaluate(request) {
      refuseOthers(request, kit)
      const evaluation = await context.evaluate.evaluate(request)
      const remark = ageRemark(kit, now())
      // Whatever became of the credential, and whoever vouched for it.
      if (only !== undefined) evaluation.issues.push(incomplete(only))
      if (remark !== undefined) evaluation.issues.push(issue('expired', { severity: 'warning', text: remark }))
      return evaluation
    },
    translatorPids: () => context.rules.translatorPids(),
    close: () => closeContext(context),
  }
}

/** The hashes by which the server names artefacts, of those too that are not in the kit as they were published. */
function hashesOf({ manifest }: OpenedKit, storage: Storage): ReturnType<typeof artefactHashes> {
  const named = artefactHashes(storage, () => 1)
  const stated = new Map(manifest.files.map(({ type, canonical, content }) => [`${type} ${canonical}`, content]))
  return async (type, canonical) => {
    const found = await named(type, canonical)
    return found && { ...found, hash: stated.get(`${type} ${found.canonical}`) ?? found.hash }
  }
}

/** The keys, each with what is said of the kit: the very same as long as that is. */
function remarked(keys: KeyIndex, remarkNow: () => string | undefined): () => KeyIndex {
  const last = keepLast<KeyIndex>()
  return () => {
    const remark = remarkNow()
    return last.get([remark]) ?? last.set([remark], withRemark(keys, remark))
  }
}

function withRemark(keys: KeyIndex, remark: string | undefined): KeyIndex {
  if (remark === undefined) return keys
  const gap = keys.gap === undefined ? remark : `${keys.gap}; ${remark}`
  return { ...keys, gap, remarksOn: (key) => [...(keys.remarksOn?.(key) ?? []), remark] }
}

/** @throws KitError for a question whose answer the kit cannot hold */
function refuseOthers({ jurisdiction, trustDomains }: EvaluateRequest, { manifest }: OpenedKit): void {
  if (jurisdiction !== undefined && !isWithinJurisdiction(jurisdiction, manifest.jurisdiction))
    throw new KitError(
      'jurisdiction',
      `the kit is made for ${manifest.jurisdiction}, and the question is asked for ${jurisdiction}`,
    )
  const other = manifest.trustDomains.length > 0 && trustDomains.find((each) => !manifest.trustDomains.includes(each))
  if (other !== false && other !== undefined)
    throw new KitError(
      'jurisdiction',
      `the kit has the keys of ${manifest.trustDomains.join(', ')} alone, and the question is asked for ${other}`,
    )
}

/** What is in a kit was admitted when it was made. */
const admitsAll: RuleGuard = { admit: async (resources) => resources, epoch: () => 0, recheck: async () => {} }

const nothingPending = {
  state: () => ({ status: 'none' as const }),
  set: () => {},
  epoch: () => 0,
  isPending: async () => false,
  refuse: async () => {},
}

const notHere = (): never => {
  throw new Error('a kit gives verdicts, and nothing else')
}

const noNetwork: NetworkClient = {
  request: async () => notHere(),
  isListed: () => false,
  openStream: async () => notHere(),
  close: () => {},
}
