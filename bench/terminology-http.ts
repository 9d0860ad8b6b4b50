/**
 * What a terminology operation costs over HTTP, every address different, in bare Express replies: CPU time of the server's process
 * for each request, the two taking turns in one run. The same is asked of 20,000, 200,000 and 500,000 concepts.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measured } from './support/harness/figure.ts'
import { type Cost, costFrom, type Effort, foundBaseline, growthFigure, timeFigure } from './support/harness/measure.ts'
import { ask, startSupport } from './support/processes.ts'
import { artefacts, inResource, plain, systemOf, writeSystem } from './support/terminology-data.ts'
import { otherQuestions, type Question, questions, repeated } from './support/terminology-questions.ts'

const bareExpress = 'bare Express'
/** Concepts of the systems that lie in an index each. */
const allSizes = { full: [20_000, 200_000, 500_000], quick: [20_000, 100_000] }

interface Running {
  vidimus: ChildProcess
  express: ChildProcess
  load: ChildProcess
  /** FHIR base of ours, and address of the bare reply. */
  url: string
  bare: string
  effort: Effort
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const sizes = effort.isQuick ? allSizes.quick : allSizes.full
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const processes = {
    vidimus: startSupport('terminology-server.ts'),
    express: startSupport('terminology-server.ts'),
    load: startSupport('raw-load.ts', '10'),
  }
  // What they print is of no interest, and must not fill its pipe.
  for (const each of Object.values(processes)) each.stdout?.resume()
  try {
    const files = sizes.map((size) => writeSystem(folder, size))
    const { url } = await ask<{ url: string }>(processes.vidimus, { artefacts: artefacts(sizes), files })
    const object = { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] }
    const { url: bare } = await ask<{ url: string }>(processes.express, { object })
    return await measureAll({ ...processes, url, bare, effort }, sizes)
  } finally {
    for (const each of [processes.vidimus, processes.express]) each.send({ end: true })
    processes.load.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAll(running: Running, sizes: readonly number[]): Promise<Measured[]> {
  const figures: Measured[] = []
  const asked = [
    { label: `${inResource.toLocaleString('en')} in the resource`, system: plain, concepts: inResource },
    ...sizes.map((size) => ({ label: size.toLocaleString('en'), system: systemOf(size), concepts: size })),
  ]
  for (const question of questions) {
    const addresses = asked.map(
      ({ system, concepts }) =>
        (i: number) =>
          question.address(i, system, concepts),
    )
    const costs = await compare(running, addresses)
    for (const [index, { label }] of asked.entries()) {
      const [cost, least] = [costs[index], costs[0]]
      if (!cost || !least) continue
      figures.push(figureOf(`${question.name}, ${label}`, question, cost))
      // An index of its own and a resource are two kinds of things; both must not grow.
      if (index > 0)
        figures.push(
          growthFigure(`${question.name}, ${label} against the first`, cost, least, { target: { value: 1.2 } }),
        )
    }
  }
  for (const each of [...otherQuestions, repeated]) {
    const [cost] = await compare(running, [(i) => each.address(i, plain, inResource)], each === repeated)
    if (cost) figures.push(figureOf(each.name, each, cost))
  }
  return figures
}

const figureOf = (name: string, { times }: Question, cost: Cost): Measured =>
  timeFigure(name, cost, 'µs', { target: { ratio: times } })

/** Costs over rounds in which each of the questions and the bare reply take turns. */
async function compare(running: Running, addresses: ((i: number) => string)[], isRepeated = false): Promise<Cost[]> {
  const { isQuick, rounds } = running.effort
  const requests = isQuick ? 300 : 1500
  let asked = 0
  const measure = async (server: ChildProcess, addressOf: (i: number) => string) => {
    const from = isRepeated ? 0 : asked
    asked += requests
    const list = Array.from({ length: requests }, (_, i) => addressOf(from + i))
    const before = await ask<{ microseconds: number }>(server, { cpu: true })
    await ask(running.load, { addresses: list })
    const after = await ask<{ microseconds: number }>(server, { cpu: true })
    return (after.microseconds - before.microseconds) / requests
  }
  const ours: number[][] = addresses.map(() => [])
  const bare: number[] = []
  const warmUps = 3
  for (let round = -warmUps; round < (isQuick ? 3 : rounds - 2); round++) {
    const plainReply = await measure(running.express, (i) => `${running.bare}/reply-${i}`)
    if (round >= 0) bare.push(plainReply)
    for (const [index, address] of addresses.entries()) {
      const own = await measure(running.vidimus, (i) => `${running.url}/${address(i)}`)
      if (round >= 0) ours[index]?.push(own)
    }
  }
  foundBaseline(bareExpress, bare)
  return ours.map((own) => costFrom(own, bare, bareExpress))
}
