/** Answers as of a moment: over the store, the trust lists and the withdrawals of then. Few moments are kept ready, one is made ready at a time. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { join } from 'node:path'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import type { Config } from '../../config.ts'
import { FhirError, issue, unprocessable } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import type { OperationContext, Then } from '../../operations/context.ts'
import { resourceContent } from '../../provenance/content.ts'
import { isGone, removalOf, removedIds } from '../../provenance/removals.ts'
import { canonicalTypes } from '../../publish/package/find.ts'
import type { RuleGuard } from '../../publish/provenance/rule-guard.ts'
import { asOfView } from '../../storage/as-of-view.ts'
import { openScratch } from '../../storage/open.ts'
import type { Storage } from '../../storage/storage.ts'
import { openTrustHistory, type PastStanding, type TrustHistory, UnknownPast } from '../../trust/history/history.ts'
import { historyFiles } from '../../trust/history/history-files.ts'
import { keysOf, revocationsOf, type Standing } from '../../trust/standing.ts'
import type { Trust } from '../../trust/trust.ts'
import { HISTORY_FOLDER } from '../data-files.ts'
import type { Tell } from '../front/log.ts'
import type { Signatures } from '../signatures.ts'
import { createMoments } from './moments.ts'

/** The history of a configuration, as commands read it. */
export function configuredHistory(
  config: Pick<Config, 'dataDir' | 'trustHistory' | 'domainMismatch' | 'revocationFailure'>,
  { software, now }: { software: string; now(): Date },
): TrustHistory {
  return openTrustHistory({
    files: historyFiles(join(config.dataDir, HISTORY_FOLDER)),
    now,
    limits: { days: config.trustHistory.days ?? 0, bytes: config.trustHistory.bytes },
    circumstances: circumstancesOf(config, software),
  })
}

/** What decides beside the lists and is not kept: software and settings are those of now. */
const circumstancesOf = (config: Pick<Config, 'domainMismatch' | 'revocationFailure'>, software: string) => ({
  software,
  DOMAIN_MISMATCH: config.domainMismatch,
  REVOCATION_FAILURE: config.revocationFailure,
})

/** The history of a server, which keeps it from when it listens. */
export interface ServerHistory {
  history: TrustHistory
  remember(standing: Standing): Promise<() => Promise<void>>
  /** From now on what counts is kept, beginning with what counts now. */
  begin(): Promise<void>
}

/** Opens it. */
export function openServerHistory(
  config: Config,
  { software, now, tell }: { software: string; now(): Date; tell: Tell },
): ServerHistory {
  const history = configuredHistory(config, { software, now })
  let current: Standing | undefined
  let isKept = false
  let told: string | undefined
  const remember = async (standing: Standing) => {
    current = standing
    const stands = isKept ? await history.remember(standing) : undefined
    return async () => {
      await stands?.()
      const fault = history.fault()
      if (fault !== undefined && fault !== told) tell(`the trust lists are not kept for asOf: ${fault}`, 'warn')
      told = fault
    }
  }
  return {
    history,
    remember,
    async begin() {
      if (config.trustHistory.days === undefined) return history.end()
      if (isKept) return
      isKept = true
      if (current) await (await remember(current))()
    },
  }
}

/** What answers of the past are made of. */
export interface PastParts {
  config: Config
  history: TrustHistory
  /** The store, before anybody guards it. */
  opened: Storage
  /** Guards a store as that of now is guarded. */
  guarded(storage: Storage): Storage
  signed: Pick<Signatures, 'guardThen' | 'withdrawnThen'>
  software: string
  now(): Date
}

/** What a context of then is made of; `now` is the moment that is asked about. */
export interface PastContext {
  storage: Storage
  trust: Pick<Trust, 'keys' | 'revocations'>
  guard: RuleGuard
  now(): Date
}

/** A context over the past. */
type Made = Omit<Then, 'remarks'> & { close(): Promise<void> }

/** Types that decide a verdict. */
const decidingTypes: readonly string[] = [...canonicalTypes, 'Provenance']
/** The guard of rules judges signatures by the clock, and now and then only: moments of one minute share what it judged. */
const MINUTE_MILLISECONDS = 60_000

/**
 * Answers as of moments.
 * @param make a context over the past, for those who see the same of it
 */
export function evaluationsAsOf<Audience extends string>(
  parts: PastParts,
  make: (past: PastContext, audience: Audience) => Made,
): { evaluateAsOf(audience: Audience): OperationContext['evaluateAsOf']; close(): Promise<void> } {
  const { history, opened, config } = parts
  const clock = new AsyncLocalStorage<Date>()
  const moments = createMoments<Made>({ afterIdle: (work, seconds) => setTimeout(work, seconds * 1000).unref() })
  const evaluateAsOf =
    (audience: Audience): OperationContext['evaluateAsOf'] =>
    async ({ at, client }, work) => {
      if (config.trustHistory.days === undefined)
        throw unprocessable(
          { text: 'This server keeps no history of its trust lists (TRUST_HISTORY_DAYS=off).', expression },
          'not-supported',
        )
      refuseFuture(at, parts.now())
      const past = await history.at(at).catch(refusal)
      const revision = await opened.past.revisionAt(at.toISOString(), decidingTypes)
      if (revision === 0)
        throw unprocessable({ text: 'Nothing was stored on this server at that moment.', expression }, 'not-found')
      const removed = [...(await removedIds(opened.records))].sort()
      const minute = Math.floor(at.getTime() / MINUTE_MILLISECONDS)
      const key = [
        audience,
        revision,
        past.number,
        minute,
        await parts.signed.withdrawnThen(at),
        sha256Hex(Buffer.from(removed.join())),
      ]
      const then = { at, past, removed: new Set(removed), now: () => clock.getStore() ?? at }
      const open = () => openContext(parts, { ...then, make: (context) => make(context, audience) })
      return moments.use({ key: key.join(' '), client, open }, (made) =>
        clock.run(at, () => work({ ...made, remarks: differences(past, circumstancesOf(config, parts.software)) })),
      )
    }
  return { evaluateAsOf, close: moments.close }
}

const expression = "Parameters.parameter.where(name='asOf')"

function refuseFuture(at: Date, now: Date): void {
  if (at.getTime() < now.getTime()) return
  const text = `asOf is ${at.toISOString()}, and that moment is not over by the clock of this server: what will be then is not known.`
  throw new FhirError(400, issue('value', { text, expression }))
}

/** How long to wait before asking again for what an operator must restore, in seconds. */
const RESTORE_SECONDS = '3600'
/** And for a change of the lists that is being written. */
const CHANGE_SECONDS = '5'

/** What is not known any more is refused, and never made of other lists. */
function refusal(error: unknown): never {
  if (!(error instanceof UnknownPast)) throw error
  const text = `It cannot be told what was answered then: ${error.message}.`
  if (error.kind === 'before') throw unprocessable({ text, expression }, 'not-found')
  const retryAfter = { 'Retry-After': error.kind === 'changing' ? CHANGE_SECONDS : RESTORE_SECONDS }
  throw new FhirError(
    503,
    issue(error.kind === 'changing' ? 'transient' : 'no-store', { text, expression }),
    retryAfter,
  )
}

interface Opening {
  at: Date
  past: PastStanding
  removed: ReadonlySet<string>
  now(): Date
  make(past: PastContext): Made
}

/** Opens the store and the trust lists of then, and all that decides over them. */
async function openContext(
  { opened, guarded, signed }: PastParts,
  { at, past, removed, now, make }: Opening,
): Promise<Made> {
  const standing = await past.standing().catch(refusal)
  const index = await keysOf(standing, now)
  const revocations = revocationsOf(standing, index)
  const refuseRemoved = async (resource: Resource) => {
    if (removed.size === 0) return
    const { id } = resourceContent(resource)
    const removal = removed.has(id) ? await removalOf(opened.records, id) : undefined
    if (removal) throw isGone(id, removal)
  }
  const view = await asOfView(opened, { at: at.toISOString(), types: decidingTypes, openScratch, refuseRemoved })
  const storage = guarded(view.storage)
  const guard = signed.guardThen({ at, now, storage, keys: () => index })
  const made = make({ storage, guard, now, trust: { keys: () => index, revocations: () => revocations } })
  const close = async () => {
    await made.close()
    await view.close()
  }
  return { ...made, close }
}

/** What decides beside the lists and was other than now. */
function differences({ circumstances }: PastStanding, now: Readonly<Record<string, string>>): string[] {
  return Object.entries(now).flatMap(([name, value]) => {
    const then = circumstances[name]
    return then === undefined || then === value ? [] : [`${name} was ${then} then and is ${value} now, which counts.`]
  })
}
