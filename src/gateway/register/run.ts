/** One run of registration at one gateway: read the list, do what is to be done, read it again. */
import type { Storage } from '../../storage/storage.ts'
import type { GatewayClient } from '../client.ts'
import { GatewayError } from '../gateway-error.ts'
import type { ReferenceContent } from '../reference.ts'
import { type Action, contentText, type Decision, decide, type Standing, type Wanted } from './decide.ts'
import { keepGateway, keepReference, knownGateway, knownReferences, type ReferenceRecord } from './records.ts'

/** What a run is given. */
export interface RunOptions {
  client: Pick<GatewayClient, 'id' | 'country' | 'references' | 'postReference' | 'deleteReference'>
  records: Storage['records']
  /** Public address of this server. */
  base: string
  wanted: readonly Wanted[]
  now(): Date
  /** Whether this process may still change something at the gateway. */
  isHeld(): Promise<boolean>
  /**
   * What was refused for good is sent once more: a person asks for it, or the server has just started, perhaps with another
   * certificate, or with a clock that was put right.
   */
  sendsRefused?: boolean
}

/** How a run ended. */
export interface RunOutcome {
  /** Of the gateway. */
  state: 'ok' | 'not-onboarded' | 'unreachable'
  /** Every reference is in the list as it should be, or refused for good. */
  isDone: boolean
  /** Why not, for a person. */
  error?: string
  /** The gateway itself has answered something. */
  hasAnswered: boolean
  /** What was asked of the gateway. */
  actions: { action: Action; error?: string }[]
}

/** Every action is tried once in a run; what follows from it (an entry that was unknown is made anew) in the next round. */
const MOST_ROUNDS = 3
/** Equal faults of the gateway's own after which the same is not sent again: they mostly stand for ever. */
const EQUAL_FAULTS = 3
/** How long an overwritten entry is told of after it was put right, in milliseconds. */
const TOLD_OVERWRITTEN = 7 * 86_400_000

/**
 * Runs once. What goes wrong at the gateway is an outcome; a fault of the store is thrown.
 * @throws Error of the store
 */
export async function runRegistration(options: RunOptions): Promise<RunOutcome> {
  const { client, records, now } = options
  const outcome = await runRounds(options)
  // A server that is being stopped breaks off its own requests, which says nothing of the gateway.
  if (outcome.state === 'unreachable' && !(await options.isHeld())) return outcome
  await keepOutcome(records, client.id, outcome, now())
  return outcome
}

/** Keeps how it stands at a gateway. */
export async function keepOutcome(
  records: Storage['records'],
  gateway: string,
  { state, hasAnswered, isDone, error }: RunOutcome,
  at: Date,
): Promise<void> {
  const before = await knownGateway(records, gateway)
  const lastContact = hasAnswered ? at.toISOString() : before?.lastContact
  const failures = isDone ? 0 : (before?.failures ?? 0) + 1
  await keepGateway(records, gateway, { state, lastContact, lastError: error, failures })
}

/** What would be done, and nothing of it. @throws GatewayError */
export async function planRegistration(options: RunOptions): Promise<Decision> {
  const { client, records, base, wanted, sendsRefused } = options
  const rows = await client.references()
  const all = await knownReferences(records, client.id)
  const known = sendsRefused ? all.map((each) => ({ ...each, refused: undefined })) : all
  return decide({ country: client.country, base, wanted, known, rows })
}

interface Run extends RunOptions {
  /** Actions that were tried, by what they are about. */
  tried: Set<string>
  actions: RunOutcome['actions']
  /** Keys whose entry was found overwritten in this run. */
  overwritten: Set<string>
  hasAnswered: boolean
}

async function runRounds(options: RunOptions): Promise<RunOutcome> {
  const run: Run = { ...options, tried: new Set(), actions: [], overwritten: new Set(), hasAnswered: false }
  const ended = (state: RunOutcome['state'], isDone: boolean, error?: GatewayError | string): RunOutcome => {
    const text = error instanceof GatewayError ? error.message : error
    const hasAnswered = run.hasAnswered || (error instanceof GatewayError && error.status !== undefined)
    return { state, isDone, hasAnswered, actions: run.actions, ...(text === undefined ? {} : { error: text }) }
  }
  let halted: GatewayError | undefined
  // An entry that is not ours is refused as a participant is that is not onboarded: the list tells which it was.
  let doubted: { name: string; error: GatewayError } | undefined
  for (let round = 0; round <= MOST_ROUNDS; round++) {
    let decision: Decision
    try {
      decision = await planRegistration({ ...run, sendsRefused: run.sendsRefused === true && round === 0 })
      run.hasAnswered = true
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      return ended(stateOf(error), false, error)
    }
    await remember(run, decision)
    const open = decision.actions
    if (open.length === 0) return ended('ok', true)
    const todo = open.filter((action) => !run.tried.has(nameOf(action)))
    if (open.some((action) => nameOf(action) === doubted?.name)) return ended('not-onboarded', false, doubted?.error)
    if (halted) return ended(stateOf(halted), false, halted)
    if (todo.length === 0 || round === MOST_ROUNDS) return ended('ok', false, unfinished(run, open))
    for (const action of todo) {
      if (!(await run.isHeld())) return ended('ok', false, 'another process has taken over')
      const refusal = await perform(run, action)
      if (!refusal) continue
      if (stateOf(refusal) !== 'not-onboarded') halted = refusal
      else if (action.kind !== 'create' && refusal.status === 403) doubted = { name: nameOf(action), error: refusal }
      else return ended('not-onboarded', false, refusal)
      break
    }
  }
  return ended('ok', false)
}

/** What is left to be done, and could not be. */
function unfinished({ actions }: Run, open: readonly Action[]): string {
  const errors = actions.flatMap(({ error }) => error ?? [])
  return errors.at(-1) ?? `the gateway accepted ${open.length} changes that its list does not show`
}

/** A gateway without the routes of registration is none; one that gives no role for them has not onboarded this server for it. */
function stateOf({ state, status }: GatewayError): 'not-onboarded' | 'unreachable' {
  return state === 'not-onboarded' || (state === 'rejected' && status === 403) ? 'not-onboarded' : 'unreachable'
}

const nameOf = (action: Action) => `${action.kind} ${action.kind === 'create' ? action.key : action.uuid}`

/** Does one thing. Answers the error after which nothing more is asked in this run. */
async function perform(run: Run, action: Action): Promise<GatewayError | undefined> {
  run.tried.add(nameOf(action))
  try {
    await send(run, action)
    run.actions.push({ action })
    return undefined
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    run.actions.push({ action, error: error.message })
    const isFaultOfOne = error.status === 500 && error.code === '0x008'
    if (action.kind === 'delete') {
      if (error.state === 'not-found') return undefined
    } else await rememberError(run, action, error)
    const isAboutOne = isFaultOfOne || ['rejected', 'not-found', 'exists'].includes(error.state)
    return isAboutOne ? undefined : error
  }
}

function send({ client }: Run, action: Action): Promise<void> {
  if (action.kind === 'delete') return client.deleteReference(action.uuid)
  return client.postReference(action.content, action.kind === 'update' ? action.uuid : undefined)
}

async function rememberError(
  { records, client }: Run,
  action: Exclude<Action, { kind: 'delete' }>,
  error: GatewayError,
): Promise<void> {
  const { key, content } = action
  const before = (await knownReferences(records, client.id)).find((each) => each.key === key)
  const record: ReferenceRecord = { ...before, ...placeOf(key, content), state: 'pending', lastError: error.message }
  const isFault = error.status === 500 && error.code === '0x008'
  const isEqual = before?.lastError === error.message && before.failed === contentText(content)
  record.failures = isFault && isEqual ? (before.failures ?? 1) + 1 : 1
  record.failed = contentText(content)
  if (error.state === 'not-found') record.uuid = undefined
  const isRefused = ['rejected', 'exists'].includes(error.state) || (isFault && record.failures >= EQUAL_FAULTS)
  if (isRefused) Object.assign(record, { state: 'rejected', refused: contentText(content) })
  await keepReference(records, client.id, key, record)
}

const placeOf = (key: string, { url, type, service, domain }: ReferenceContent) => ({ key, url, type, service, domain })

/** Keeps what the list says. */
async function remember(run: Run, { standings, gone }: Decision): Promise<void> {
  const { records, client, wanted } = run
  const before = new Map((await knownReferences(records, client.id)).map((each) => [each.key, each]))
  const contents = new Map(wanted.map(({ key, content }) => [key, content]))
  for (const standing of standings) {
    const content = contents.get(standing.key)
    if (!content) continue
    const record = recordOf(run, content, standing, before.get(standing.key))
    await keepReference(records, client.id, standing.key, record)
  }
  for (const key of gone) await keepReference(records, client.id, key, undefined)
}

function recordOf(
  run: Run,
  content: ReferenceContent,
  standing: Standing,
  before: ReferenceRecord | undefined,
): ReferenceRecord {
  const { key, state, uuid, thumbprint, remark, takenBy } = standing
  const at = run.now()
  if (takenBy !== undefined) run.overwritten.add(key)
  const overwritten =
    takenBy === undefined ? toldStill(before?.overwritten, at) : { at: at.toISOString(), text: remark ?? '' }
  const place = { ...placeOf(key, content), uuid, overwritten }
  const isConflict = run.overwritten.has(key)
  if (state === 'registered')
    return { ...place, state: isConflict ? 'conflict' : 'registered', thumbprint, lastError: overwritten?.text }
  const refused = state === 'refused' ? contentText(content) : undefined
  // What was wrong last stays told until the list is in order.
  const isAnother = before?.refused !== undefined && state === 'open'
  const lastError = remark ?? (isAnother ? undefined : before?.lastError)
  const { thumbprint: last, failures, failed } = before ?? {}
  const known = { thumbprint: last, failures, failed, lastError, refused }
  if (state === 'refused') return { ...place, ...known, state: 'rejected' }
  return { ...place, ...known, state: isConflict ? 'conflict' : 'pending' }
}

function toldStill(overwritten: ReferenceRecord['overwritten'], now: Date): ReferenceRecord['overwritten'] {
  if (overwritten === undefined) return undefined
  const age = now.getTime() - Date.parse(overwritten.at)
  return age >= 0 && age < TOLD_OVERWRITTEN ? overwritten : undefined
}
