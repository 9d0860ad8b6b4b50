import type { IncomingMessage } from 'node:http'
import { FhirError } from '../../fhir/error.ts'
import { type Budget, createBudget, requestLimits } from '../../workers/budget.ts'
import type { Authorize } from '../authorization.ts'
import type { ClientOf } from './client.ts'
import type { Gate, Place } from './gate.ts'
import type { HttpLimits } from './http-limits.ts'

/** Who makes a request, and what it may use; entries of a batch share it. Worked out when it is asked for. */
export interface Requester {
  client(): string
  /** Whether the request has a token that permits everything. */
  isAuthorized(): boolean
  budget(): Budget
  /** Enters the gate for work that builds much; once for a request, which leaves it when it was answered. */
  enter(gate: Gate): Promise<void>
  /** Whether the client has gone: nobody waits for what is still to be done. */
  isGone(): boolean
  /** The request was answered. */
  end(): void
}

/** What requesters are made with. */
export interface RequesterOptions {
  clientOf: ClientOf
  authorize: Authorize
  limits: Pick<HttpLimits, 'cpuMilliseconds'>
}

/** The requester of a message. */
export function requesterOf(message: IncomingMessage, options: RequesterOptions): Requester {
  let client: string | undefined
  let authorized: boolean | undefined
  let budget: Budget | undefined
  let place: Promise<Place> | undefined
  const requester: Requester = {
    client() {
      client ??= requester.isAuthorized() ? 'token' : options.clientOf(message)
      return client
    },
    isAuthorized() {
      authorized ??= permits(options.authorize, message.headers as Record<string, string | undefined>)
      return authorized
    },
    budget() {
      budget ??= createBudget({
        client: requester.client(),
        limits: { ...requestLimits, cpuMilliseconds: options.limits.cpuMilliseconds },
      })
      return budget
    },
    async enter(gate) {
      place ??= gate.enter(requester.client())
      await place
    },
    isGone: () => message.socket?.destroyed === true,
    end: () => void place?.then((each) => each.leave()).catch(() => undefined), // who was not let in has nothing to leave
  }
  return requester
}

function permits(authorize: Authorize, headers: Record<string, string | undefined>): boolean {
  if (headers.authorization === undefined) return false
  try {
    authorize(headers)
    return true
  } catch (error) {
    if (error instanceof FhirError) return false
    throw error
  }
}
