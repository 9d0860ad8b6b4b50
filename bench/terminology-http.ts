/**
 * What a terminology operation costs over HTTP, every address different, in bare Express replies: CPU time of the server's process
 * for each request, the two taking turns in one run. The same is asked of 20,000, 200,000 and 500,000 concepts.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Measured } from './support/harness/figure.ts'
import { type Cost, type Effort, growthFigure, timeFigure } from './support/harness/measure.ts'
import { type Asked, addressed, besideExpress, httpCosts, warmUp } from './support/http-costs.ts'
import { artefacts, inResource, plain, systemOf, writeSystem } from './support/terminology-data.ts'
import { otherQuestions, type Question, questions, repeated } from './support/terminology-questions.ts'

const bareExpress = 'bare Express'
/** Concepts of the systems that lie in an index each. */
const allSizes = { full: [20_000, 200_000, 500_000], quick: [20_000, 100_000] }

interface Running {
  load: ChildProcess
  bare: Asked
  effort: Effort
  /** A question to ours, by the address of a number below the FHIR base. */
  ours(address: (i: number) => string): Asked
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const sizes = effort.isQuick ? allSizes.quick : allSizes.full
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const object = { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] }
  try {
    const files = sizes.map((size) => writeSystem(folder, size))
    const contents = { artefacts: artefacts(sizes), files, object, connections: 10 }
    return await besideExpress(contents, ({ url, used, bare, load }) => {
      const ours: Running['ours'] = (address) => ({ used, load: addressed((i) => `${url}/${address(i)}`) })
      return measureAll({ load, effort, bare, ours }, sizes)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAll(running: Running, sizes: readonly number[]): Promise<Measured[]> {
  const figures: Measured[] = []
  const asked = [
    { label: `${inResource.toLocaleString('en')} in the resource`, system: plain, concepts: inResource },
    ...sizes.map((size) => ({ label: size.toLocaleString('en'), system: systemOf(size), concepts: size })),
  ]
  await warmUp(running.load, [running.bare])
  await warmUp(
    running.load,
    [...questions, ...otherQuestions].map((each) => running.ours((i) => each.address(i, plain, inResource))),
  )
  for (const question of questions) {
    const costs = await compare(
      running,
      asked.map(({ system, concepts }) => running.ours((i) => question.address(i, system, concepts))),
    )
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
    const [cost] = await compare(running, [running.ours((i) => each.address(i, plain, inResource))])
    if (cost) figures.push(figureOf(each.name, each, cost))
  }
  return figures
}

const figureOf = (name: string, { times }: Question, cost: Cost): Measured =>
  timeFigure(name, cost, 'µs', { target: { ratio: times } })

function compare({ load, bare, effort }: Running, questions: Asked[]): Promise<Cost[]> {
  return httpCosts(load, questions, { asked: bare, name: bareExpress }, effort)
}
