/** Asynchronous jobs of other processes of one server: each has its own, and answers for them whichever of the processes is asked. */
import { isJsonObject, parseJson, stringifyJson } from '../../base/json.ts'
import { FhirError, notFound } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import type { FhirReply } from '../message/exchange.ts'
import type { JobPlaces } from './job-register.ts'

/** The other processes. */
export interface JobsElsewhere extends JobPlaces {
  /** Of this process among all that there were: ids of its jobs begin with it. */
  process: number
  /** The answer of the process that has a job; undefined: it is no more. */
  ask(question: { process: number; action: 'status' | 'cancel'; id: string; owner: string }): Promise<unknown>
  /** Answers what others ask. */
  answer(reply: (question: { action: 'status' | 'cancel'; id: string; owner: string }) => Promise<unknown>): void
}

/** What is said of a job that is not there. */
export const noJob = 'There is no such job, it was cancelled, or its result was not asked for in time.'

/** A reply as text, numbers as they stand; empty: there is no such job. */
export async function textOfReply(reply: () => Promise<FhirReply>): Promise<string> {
  try {
    const { status, headers, resource } = await reply()
    return stringifyJson({ status, headers, ...(resource ? { resource } : {}) })
  } catch (error) {
    if (error instanceof FhirError && error.status === 404) return ''
    throw error
  }
}

/** The reply that another process made. @throws FhirError 404 */
export function replyOfOther(text: unknown): FhirReply {
  const read = typeof text === 'string' && text !== '' ? parseJson(text) : undefined
  if (!isJsonObject(read)) throw notFound(noJob)
  const { status, headers, resource } = read
  const texts = Object.entries(isJsonObject(headers) ? headers : {}).map(([name, value]) => [name, String(value)])
  return {
    status: Number(status),
    headers: Object.fromEntries(texts),
    ...(isJsonObject(resource) ? { resource: asResource(resource) } : {}),
  }
}
