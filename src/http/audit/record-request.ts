import { parameterValue } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'
import type { HttpContext } from '../context.ts'
import type { FhirRequest, Resolved } from '../message/exchange.ts'
import { operationInput } from '../message/operation-input.ts'
import { findOperation } from '../operations.ts'
import { type AuditSource, operationEvent, transactionEvent, writeEvent } from './audit-event.ts'
import { type AuditedTransaction, auditedTransaction } from './transactions.ts'

/** A request that was answered. */
export interface Answered {
  resolved: Resolved
  /** Absent when it was refused before its body was read. */
  request: FhirRequest | undefined
  /** Below the base, as it came. */
  address: string
  method: string
  /** It is of the sample already. */
  sampled: boolean
  /** From its first byte to the last of the reply. */
  milliseconds: number
}

/** More of a request than this is not kept. */
const longestQuery = 4000
const maximumParameters = 50
const longestValue = 500

/**
 * Records what was answered: a failed write always, a transaction of IHE SVCM and an operation on personal data when it
 * is of the sample. Writes that succeeded have their AuditEvents already.
 */
export function recordRequest(context: HttpContext, source: AuditSource, answered: Answered): void {
  const { resolved, sampled } = answered
  const { type, id, operation } = resolved.target
  const { audit } = context
  if (resolved.writes) {
    // An operation writes behind the back of this room; what it did is not known here, but that it ran.
    if (source.status < 400 && operation === '') return
    // Who proves nothing of himself cannot fill the store: such attempts count as public requests. What somebody tried who is known and
    // may not is always recorded.
    const isRefused = source.status === 401 || source.status === 403
    if (isRefused && !source.principal && !audit.samples()) return
    if (operation !== '') audit.record(operationEvent(source, operation))
    else audit.record(writeEvent(source, actionOfMethod[answered.method] ?? 'update', { type, id }))
    return
  }
  const transaction = auditedTransaction(resolved.pattern, type)
  const isPersonal = operation !== '' && findOperation(context.operations, resolved.target).personal === true
  if (!transaction && !isPersonal) return
  if (!sampled && !audit.samples()) return
  if (transaction) audit.record(transactionEvent(source, transaction, detailsOf(context, transaction, answered)))
  else audit.record(operationEvent(anonymous(source), operation, answerDetails(context, answered)))
}

/** Who asked about whom is nobody's business: neither the address nor the principal is kept. */
const anonymous = ({ principal: _principal, ...source }: AuditSource): AuditSource => ({
  ...source,
  clientAddress: undefined,
})

/** What an operation says of its answer, and how long it took. */
function answerDetails(context: HttpContext, { resolved, request, milliseconds }: Answered) {
  const { audited } = findOperation(context.operations, resolved.target)
  const said = request?.answered && audited ? audited(request.answered) : []
  return [...said, { type: 'milliseconds', value: String(Math.round(milliseconds)) }]
}

const actionOfMethod: Record<string, 'create' | 'update' | 'delete'> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'update',
  DELETE: 'delete',
}

function detailsOf(context: HttpContext, { kind }: AuditedTransaction, { resolved, request, address }: Answered) {
  const { type, id, versionId } = resolved.target
  const reference = `${type}/${id}${versionId === '' ? '' : `/_history/${versionId}`}`
  if (kind === 'search') return { address: withForm(address, request).slice(0, longestQuery) }
  if (id !== '' && kind !== 'operation') return { address, target: { reference, type } }
  const parameters = parametersOf(context, resolved, request)
  if (kind === 'operation') return { address, parameters }
  const url = parameterValue(parameters.parameter?.find(({ name }) => name === 'url'))
  return typeof url === 'string' ? { address, target: { type, identifier: { value: url } } } : { address }
}

function withForm(address: string, request: FhirRequest | undefined): string {
  const path = address.replace(/^\//, '')
  const form = request?.body?.bytes
  return form && form.length > 0 ? `${path}${path.includes('?') ? '&' : '?'}${Buffer.from(form).toString()}` : path
}

/** What the operation was asked: primitive values alone; resources that were sent along are named and left out. */
function parametersOf(context: HttpContext, { target }: Resolved, request: FhirRequest | undefined): Parameters {
  const made: Parameters = { resourceType: 'Parameters' }
  const kept: Parameter[] = []
  if (target.id !== '') kept.push({ name: 'id', valueId: target.id })
  for (const each of request ? givenParameters(context, target, request) : []) {
    if (kept.length >= maximumParameters) break
    const { resource, part: _part, ...rest } = each
    if (resource) kept.push({ name: each.name, valueString: `a ${resource.resourceType} that was sent along` })
    else if (JSON.stringify(rest).length <= longestValue) kept.push(rest)
    else kept.push({ name: each.name, valueString: 'a value too long to keep' })
  }
  if (kept.length > 0) made.parameter = kept
  return made
}

function givenParameters(context: HttpContext, target: Resolved['target'], request: FhirRequest): Parameter[] {
  try {
    return operationInput(findOperation(context.operations, target), request).parameters.parameter ?? []
  } catch {
    // The request was answered with this very error; there are no parameters to record.
    return []
  }
}
