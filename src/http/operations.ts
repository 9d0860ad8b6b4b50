import { rm } from 'node:fs/promises'
import { type Keep, keepPerObject } from '../base/keep.ts'
import { nearestName } from '../base/nearest.ts'
import { isForeignRule, isRefused } from '../fhir/artefact.ts'
import { checkDeclared } from '../fhir/check/parameters.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Change, Changed, Operation, OperationCall, OperationReply } from '../fhir/operation.ts'
import { keptByRevision } from '../storage/by-revision.ts'
import { respond, respondLater } from './async/respond.ts'
import type { BoundOperation, HttpContext } from './context.ts'
import { refusePending } from './interactions/pending.ts'
import { checkBeforeWrite, writeOf } from './interactions/writing.ts'
import { tokenNeeded } from './limits/requester.ts'
import { printable } from './message/errors.ts'
import type { FhirReply, FhirRequest, Target } from './message/exchange.ts'
import { type OperationInput, readOperationInput } from './message/operation-input.ts'

/** Gives every operation its context. */
export function bindOperations<Context>(operations: Operation<Context>[], context: Context): BoundOperation[] {
  return operations.map((operation) => {
    const { handle: _handle, atOnce: _atOnce, ...declaration } = operation
    return {
      ...declaration,
      call: (call) => operation.handle(call, context),
      ...(operation.atOnce ? { callAtOnce: (call) => operation.atOnce?.(call, context) } : {}),
    }
  })
}

const byName = keepPerObject((operations: BoundOperation[]) => Map.groupBy(operations, ({ name }) => name))

/**
 * The operation of that name at that level.
 * @throws FhirError 404 when there is none
 */
export function findOperation(operations: BoundOperation[], target: Target): BoundOperation {
  const { type, id, operation: name } = target
  const found = byName(operations)
    .get(name)
    ?.find((each) => (type === '' ? each.system : (id === '' ? each.type : each.instance)?.includes(type)) === true)
  if (found) return found
  const where = type === '' ? 'system level' : id === '' ? `type level of ${type}` : `instance level of ${type}`
  const known = operations.filter(({ system, type: types = [], instance = [] }) =>
    type === '' ? system === true : (id === '' ? types : instance).includes(type),
  )
  const near = nearestName(
    name,
    known.map((each) => each.name),
  )
  const elsewhere = operations.some((each) => each.name === name)
  const hint = elsewhere || near === undefined ? '' : ` Nearest: $${near}.`
  const text = `There is no operation $${printable(name)} at ${where}.${hint}`
  throw new FhirError(404, issue('not-supported', text))
}

/**
 * Runs an operation (https://hl7.org/fhir/R4/operations.html#executing). What carries personal data is never kept for somebody who comes
 * back, and what writes is waited for, unless it takes long by its nature.
 */
export function operationInteraction(
  context: HttpContext,
  operation: BoundOperation,
  request: FhirRequest,
  target: Target,
): Promise<FhirReply> {
  if (operation.asynchronous) return runLater(context, operation, request, target)
  if (operation.personal || operation.affectsState) return runOperation(context, operation, request, target)
  return respond(context, request, (asked) => runOperation(context, operation, asked, target))
}

async function runLater(
  context: HttpContext,
  operation: BoundOperation,
  request: FhirRequest,
  target: Target,
): Promise<FhirReply> {
  const file = request.body?.file
  const remove = async () => (file === undefined ? undefined : rm(file, { force: true }))
  try {
    const call = await callOf(context, operation, request, target)
    return await respondLater(context, request, async (_asked, { progress, signal }) => {
      try {
        return replyOf(operation, request, await operation.call({ ...call, progress, signal }))
      } finally {
        await remove()
      }
    })
  } catch (error) {
    await remove()
    throw error
  }
}

async function runOperation(
  context: HttpContext,
  operation: BoundOperation,
  request: FhirRequest,
  target: Target,
): Promise<FhirReply> {
  const call = callOf(context, operation, request, target)
  return replyOf(operation, request, await operation.call(call instanceof Promise ? await call : call))
}

/** The call that a request is; at once, unless it is about something stored, or its body is long. @throws FhirError */
function callOf(
  context: HttpContext,
  operation: BoundOperation,
  request: FhirRequest,
  target: Target,
): OperationCall | Promise<OperationCall> {
  const made = (input: OperationInput) => callWith(context, operation, request, { target, input })
  // Of versions those of what was deleted are there, too: the operation tells.
  if (target.id !== '' && target.versionId === '')
    return checkExists(context, target).then(async () => made(await readOperationInput(operation, request)))
  const input = readOperationInput(operation, request)
  return input instanceof Promise ? input.then(made) : made(input)
}

function callWith(
  context: HttpContext,
  operation: BoundOperation,
  request: FhirRequest,
  { target, input }: { target: Target; input: OperationInput },
): OperationCall {
  operation.refuse?.(input.parameters)
  const call = operationCall(operation, request, target, input)
  // What stands in an address is short, and what it names is stored: the hot calls go without.
  if (request.body || operation.costly) call.budget = request.requester.budget
  const needed = context.hooks.tokenFor?.(operation.name, call)
  if (needed !== undefined && !request.requester.isAuthorized()) throw tokenNeeded(needed)
  if (request.requester.principal) call.principal = request.requester.principal
  if (operation.affectsState) {
    call.check = (changes) => check(context, changes)
    call.commit = (changes) => commit(context, changes)
  }
  return call
}

function replyOf(operation: BoundOperation, request: FhirRequest, reply: OperationReply): FhirReply {
  if (operation.audited && reply.resource) request.answered = reply.resource
  const caching = operation.personal || operation.affectsState || request.method !== 'GET' ? 'no-store' : 'no-cache'
  const made: FhirReply = {
    status: reply.status ?? (reply.resource || reply.raw ? 200 : 204),
    headers: { 'Cache-Control': caching, ...reply.headers },
  }
  if (reply.resource) made.resource = reply.resource
  if (reply.raw) made.raw = reply.raw
  return made
}

/** Judges what an operation would write, as REST would. */
async function check(context: HttpContext, changes: Change[]): Promise<void> {
  const resources = changes.flatMap(({ resource }) => resource ?? [])
  for (const resource of resources) await checkBeforeWrite(context, resource, resources)
}

/** Writes what an operation asks for, as REST would; runs alone. */
async function commit(context: HttpContext, changes: Change[]): Promise<Changed[]> {
  await check(context, changes)
  return context.inTurn(() =>
    context.storage.write(
      changes.map(({ method, type, resource, id = context.uuid(), ifMatch }) => ({
        ...(resource && method !== 'DELETE' ? writeOf(context, { method, type, id }, resource) : { method, type, id }),
        ...(ifMatch ? { ifMatch } : {}),
      })),
    ),
  )
}

/** Most ids of a type of which it is kept that they are there and may be used. */
const idsKept = 1000

/** What is kept of a view of the store, by type, until something of that type is written: to read it takes long where it is long. */
const usableIn = keepPerObject((storage: HttpContext['storage']) => {
  const ofTypes = new Map<string, () => Keep<string, true>>()
  return (type: string) => {
    const known = ofTypes.get(type)
    if (known) return known()
    const types = [type]
    const made = keptByRevision<true>(() => storage.revision(types), idsKept)
    ofTypes.set(type, made)
    return made()
  }
})

async function checkExists(context: HttpContext, { type, id }: Target): Promise<void> {
  // Taken before the look: what is written in between is another revision's.
  const usable = usableIn(context.storage)(type)
  if (usable.get(id)) return
  const version = await context.storage.read(type, id)
  if (version?.resource && isRefused(version.resource)) {
    const text = isForeignRule(version.resource)
      ? `${type}/${id} is a copy of another participant's rules, which are not run here unless the configuration names him as a supplier (MIRROR, runRules).`
      : `${type}/${id} was stored as a draft because it is not fit to be active; it can be read and mended, not used.`
    throw new FhirError(422, issue('business-rule', text))
  }
  if (version?.resource) {
    usable.set(id, true)
    return
  }
  if (!version) await refusePending(context, type, { ids: [id] })
  const code = version ? 'deleted' : 'not-found'
  throw new FhirError(version ? 410 : 404, issue(code, `${type}/${id} ${version ? 'was deleted' : 'does not exist'}.`))
}

function operationCall(
  operation: BoundOperation,
  request: FhirRequest,
  target: Target,
  input: OperationInput,
): OperationCall {
  const level = target.id !== '' ? 'instance' : target.type !== '' ? 'type' : 'system'
  if (operation.strict) checkDeclared(operation, input.parameters, level)
  const call: OperationCall = {
    level,
    ...input,
    headers: request.headers,
    client: request.requester.client(),
    isGone: request.requester.isGone,
  }
  if (target.type !== '') call.resourceType = target.type
  if (target.id !== '') call.id = target.id
  if (target.versionId !== '') call.versionId = target.versionId
  if (request.foreignType !== undefined) call.accept = request.foreignType
  const language = request.headers['accept-language']
  if (language !== undefined) call.acceptLanguage = language
  return call
}
