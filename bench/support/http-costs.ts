/** What requests cost their servers over HTTP: processor time of each process, those that are compared taking turns. */
import type { ChildProcess } from 'node:child_process'
import { type Cost, costFrom, type Effort, foundBaseline } from './harness/measure.ts'
import { ask, startSupport } from './processes.ts'
import type { Load, Loaded } from './raw-load.ts'

/** A server as it is asked. */
export interface Asked {
  /** One of its requests takes as long as so many usual ones: so many fewer make a round. Default 1. */
  weight?: number
  /** Microseconds of processor time that it used so far. */
  used(): Promise<number>
  /** What is asked, by the number of a request. */
  load(from: number, count: number): Load
}

/** A server that tells by messages what it used. */
export const telling =
  (server: ChildProcess): Asked['used'] =>
  async () =>
    (await ask<{ microseconds: number }>(server, { cpu: true })).microseconds

/** Addresses by their number. */
export const addressed =
  (addressOf: (i: number) => string): Asked['load'] =>
  (from, count) => ({ addresses: Array.from({ length: count }, (_, i) => addressOf(from + i)) })

/** Our server and bare Express, each in a process of its own, and who asks them. */
export interface Beside {
  /** Of our FHIR base. */
  url: string
  used: Asked['used']
  bare: Asked
  load: ChildProcess
}

/** What {@link besideExpress} starts: contents of our server, the one object that Express answers, and how many connections ask. */
interface Contents {
  artefacts: object[]
  files?: string[]
  object: object
  connections: number
}

/** Does work with our server beside bare Express, and ends them. */
export async function besideExpress<T>(
  { artefacts, files = [], object, connections }: Contents,
  work: (beside: Beside) => Promise<T>,
): Promise<T> {
  const vidimus = startSupport('terminology-server.ts')
  const express = startSupport('terminology-server.ts')
  const load = startSupport('raw-load.ts', String(connections))
  // What they print is of no interest, and must not fill its pipe.
  for (const each of [vidimus, express, load]) each.stdout?.resume()
  try {
    const { url } = await ask<{ url: string }>(vidimus, { artefacts, files })
    const { url: bare } = await ask<{ url: string }>(express, { object })
    const reply = { used: telling(express), load: addressed((i) => `${bare}/reply-${i}`) }
    return await work({ url, used: telling(vidimus), bare: reply, load })
  } finally {
    for (const each of [vidimus, express]) each.send({ end: true })
    load.kill()
  }
}

/**
 * Requests until V8 has compiled the way of a request for good; measured by the course of `$evaluate` and of `$translate`. Before, a
 * request costs up to twice as much, and not because of what it does.
 */
export const requestsToWarm = 12_000
/** Of a question whose server is warm already: what is the question's own. */
const requestsToKnow = 2_500
/** At a time: the lists of addresses are messages. */
const portion = 1500

/** Numbers of requests that nothing else asks: what is asked a second time is answered from what was kept. */
const farNumbers = 1_000_000

/** Warms a server up with several questions in turn. */
export async function warmUp(client: ChildProcess, questions: readonly Asked[], requests = requestsToWarm) {
  const count = Math.min(portion, Math.ceil(requests / questions.length))
  for (let done = 0; done < requests; )
    for (const each of questions) {
      await costOf(client, each, farNumbers + done, count)
      done += count
    }
}

/** Microseconds of a request, over so many. */
async function costOf(client: ChildProcess, { used, load, weight = 1 }: Asked, from: number, usual: number) {
  const count = Math.ceil(usual / weight)
  const before = await used()
  await ask<Loaded>(client, load(from, count))
  return ((await used()) - before) / count
}

/** How long is measured: a round of each question takes some 50 ms of its server's processor time, as rounds in process do. */
const requestsOf = ({ isQuick }: Effort): number => (isQuick ? 500 : 1000)

/**
 * What each of the questions costs beside a bare reply, over the rounds of an effort in which all have a turn; the servers are warm.
 * @param baseline the name of the bare one
 */
export async function httpCosts(
  client: ChildProcess,
  questions: readonly Asked[],
  { asked, name }: { asked: Asked; name: string },
  effort: Effort,
): Promise<Cost[]> {
  const requests = requestsOf(effort)
  const own: number[][] = questions.map(() => [])
  const bare: number[] = []
  for (const question of questions) await costOf(client, question, 0, requestsToKnow)
  let from = requestsToKnow
  for (let round = 0; round < effort.rounds; round++) {
    bare.push(await costOf(client, asked, from, requests))
    for (const [at, question] of questions.entries()) own[at]?.push(await costOf(client, question, from, requests))
    from += requests
  }
  foundBaseline(name, bare)
  return own.map((each) => costFrom(each, bare, name))
}
