/** Where requests are counted on the way of one: before anything is done for it, and when it is known whose it is. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FhirError } from '../../fhir/error.ts'
import { requestId } from '../message/head.ts'
import { send, writtenError } from '../message/reply.ts'
import type { RateAccount, RateLimits } from './rate-limit.ts'

/** A request as far as it is counted. */
export interface Counted {
  message: IncomingMessage
  /** Whether it claims to be somebody's. */
  isClaimed: boolean
  /** What it is counted on. */
  account?: RateAccount | undefined
  /** Why it is not to be answered. */
  refusal?: FhirError | undefined
}

/** Counts a request by its address, or sees whether one that claims to be somebody's may be looked at. @returns why it may not */
export function countFirst(rates: RateLimits, counted: Counted): FhirError | undefined {
  const { message, isClaimed } = counted
  const account = isClaimed ? rates.ofUnproved(message) : rates.ofAddress(message)
  if (!isClaimed) counted.account = account
  return account?.take(isClaimed ? 0 : 1) === false ? account.refusal() : undefined
}

/** Counts a request whose claim was looked at. @throws FhirError 429 */
export function countKnown(rates: RateLimits, counted: Counted, principal: string | undefined): void {
  if (counted.account) return
  counted.account = principal === undefined ? rates.ofAddress(counted.message) : rates.ofPrincipal(principal)
  if (counted.account?.take(1) === false) throw counted.account.refusal()
}

/** Counts a claim that did not hold, or was never looked at. */
export function countLast(rates: RateLimits, counted: Counted): void {
  if (counted.account) return
  counted.account = rates.ofUnproved(counted.message)
  counted.account?.take(1)
}

/**
 * Counts a request of what is beside FHIR; those that watch a server are not counted. One too many is answered here.
 * @returns whether it may be answered
 */
export function countBeside(
  rates: RateLimits,
  message: IncomingMessage,
  response: ServerResponse,
  uuid: () => string,
): boolean {
  if (watched.test(message.url ?? '')) return true
  const account = rates.ofAddress(message)
  if (!account) return true
  const isLeft = account.take(1)
  const headers: Record<string, string> = {}
  account.tell(headers)
  for (const name in headers) response.setHeader(name, headers[name] ?? '')
  if (isLeft) return true
  const given = message.headers['x-request-id']
  const id = requestId(typeof given === 'string' ? given : undefined, uuid)
  void send(message, response, writtenError(account.refusal(), id), { 'X-Request-Id': id })
  return false
}

const watched = /^\/(?:health|ready|metrics)(?:$|\?)/
