import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  artefacts,
  base,
  code,
  inResource,
  page,
  plain,
  small,
  stored,
  systemOf,
  words,
  writeSystem,
} from './support/terminology-data.ts'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const rounds = 5
const requestsPerRound = 3000
/** Concepts of the systems that lie in an index each. */
const sizes = [20_000, 200_000, 500_000]

/** One operation: its address for the number of a request, and how many bare Express replies it may cost. */
interface Case {
  name: string
  times: number
  address(i: number, system: string, concepts: number): string
}

/** Numbers that go through all of `concepts` without a pattern. */
const spread = (i: number, concepts: number) => (i * 7919 + 13) % concepts

const cases: Case[] = [
  {
    name: '$lookup',
    times: 1,
    address: (i, system, n) => `CodeSystem/$lookup?system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$validate-code',
    times: 1,
    address: (i, system, n) =>
      `ValueSet/$validate-code?url=${system}/all&system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$validate-code in an is-a set',
    times: 1,
    address: (i, system, n) =>
      `ValueSet/$validate-code?url=${system}/branch&system=${system}&code=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$subsumes',
    times: 1,
    address: (i, system, n) =>
      `CodeSystem/$subsumes?system=${system}&codeA=${code(spread(i, n >> 3))}&codeB=${code(spread(i, n))}&n=${i}`,
  },
  {
    name: '$expand with a two-word filter',
    times: 2,
    address: (i, system) =>
      `ValueSet/$expand?url=${system}/all&filter=${words[i % 11]}%20${words[(i * 3 + 1) % 11]}&offset=${i % 500}&count=${page}&n=${i}`,
  },
  {
    name: '$expand with a filter of two beginnings of words',
    times: 2,
    address: (i, system) =>
      `ValueSet/$expand?url=${system}/all&filter=finding${i % 997}%20site${(i * 7) % 50}&count=${page}&n=${i}`,
  },
  {
    name: '$expand, deep page',
    times: 2,
    address: (i, system, n) => `ValueSet/$expand?url=${system}/all&offset=${spread(i, n - page)}&count=${page}&n=${i}`,
  },
  {
    name: '$expand, page of an is-a set',
    times: 2,
    address: (i, system, n) =>
      `ValueSet/$expand?url=${system}/branch&offset=${spread(i, (n >> 1) - page)}&count=${page}&n=${i}`,
  },
]

const otherCases: Case[] = [
  {
    name: '$translate',
    times: 1,
    address: (i) => `ConceptMap/$translate?url=${base}/map&system=${plain}&code=${code(i % inResource)}&n=${i}`,
  },
  {
    name: '$expand of a small set',
    times: 2,
    address: (i) => `ValueSet/$expand?url=${base}/small-${i % small}&n=${i}`,
  },
  {
    name: 'search by url',
    times: 2,
    // The number of a page that is not full changes the address alone.
    address: (i) => `ValueSet?url=${base}/stored-${i % stored}&_count=${10 + (Math.floor(i / stored) % 990)}`,
  },
]

const repeated: Case = {
  name: 'search by url, repeated',
  times: 1.1,
  address: (i) => `ValueSet?url=${base}/stored-${i % 200}`,
}

/**
 * What a terminology operation costs over HTTP, every address different, in bare Express replies: CPU time of the server's process
 * for each request, the two taking turns in one run. The same is asked of 20,000, 200,000 and 500,000 concepts.
 */
export async function bench(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const processes = {
    vidimus: start('terminology-server.ts'),
    express: start('terminology-server.ts'),
    load: start('raw-load.ts', '10'),
  }
  try {
    const files = sizes.map((size) => writeSystem(folder, size))
    const { url } = await ask<{ url: string }>(processes.vidimus, { artefacts: artefacts(sizes), files })
    const object = { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] }
    const { url: bare } = await ask<{ url: string }>(processes.express, { object })
    return await measureAll({ ...processes, url, bare })
  } finally {
    for (const each of [processes.vidimus, processes.express]) each.send({ end: true })
    processes.load.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Running {
  vidimus: ChildProcess
  express: ChildProcess
  load: ChildProcess
  /** FHIR base of ours, and address of the bare reply. */
  url: string
  bare: string
}

async function measureAll(running: Running): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const each of cases) {
    const targets = [
      { label: `${inResource.toLocaleString('en')} in the resource`, system: plain, concepts: inResource },
      ...sizes.map((size) => ({ label: size.toLocaleString('en'), system: systemOf(size), concepts: size })),
    ]
    const found = await compare(
      running,
      targets.map(
        ({ system, concepts }) =>
          (i: number) =>
            each.address(i, system, concepts),
      ),
    )
    const least = found.ours[0] ?? 0
    for (const [index, { label }] of targets.entries()) {
      const cost = found.ours[index] ?? 0
      const growth = index === 0 ? '' : `, ${(cost / least).toFixed(2)} × the first`
      figures.push(figureOf(`${each.name}, ${label}`, { cost, bare: found.bare, times: each.times, growth }))
    }
  }
  for (const each of [...otherCases, repeated]) {
    const found = await compare(running, [(i) => each.address(i, plain, inResource)], each === repeated)
    figures.push(figureOf(each.name, { cost: found.ours[0] ?? 0, bare: found.bare, times: each.times, growth: '' }))
  }
  return figures
}

function figureOf(
  name: string,
  { cost, bare, times, growth }: { cost: number; bare: number; times: number; growth: string },
): Figure {
  const value = `${(cost / bare).toFixed(2)} × Express (${cost.toFixed(0)} of ${bare.toFixed(0)} µs${growth})`
  return { name, value, target: `≤ ${times.toFixed(1)} ×${growth === '' ? '' : ', growth ≤ 1.2 ×'}` }
}

/** Medians over rounds in which each of the questions and the bare reply take turns, in microseconds of CPU of the server. */
async function compare(running: Running, questions: ((i: number) => string)[], isRepeated = false) {
  let asked = 0
  const measure = async (server: ChildProcess, addressOf: (i: number) => string) => {
    const from = isRepeated ? 0 : asked
    asked += requestsPerRound
    const addresses = Array.from({ length: requestsPerRound }, (_, i) => addressOf(from + i))
    const before = await ask<{ microseconds: number }>(server, { cpu: true })
    await ask(running.load, { addresses })
    const after = await ask<{ microseconds: number }>(server, { cpu: true })
    return (after.microseconds - before.microseconds) / requestsPerRound
  }
  const ours: number[][] = questions.map(() => [])
  const bare: number[] = []
  const warmUps = 2
  for (let round = -warmUps; round < rounds; round++) {
    const plainReply = await measure(running.express, (i) => `${running.bare}/reply-${i}`)
    if (round >= 0) bare.push(plainReply)
    for (const [index, question] of questions.entries()) {
      const own = await measure(running.vidimus, (i) => `${running.url}/${question(i)}`)
      if (round >= 0) ours[index]?.push(own)
    }
  }
  return { ours: ours.map(median), bare: median(bare) }
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

function start(file: string, ...argv: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(`support/${file}`, import.meta.url)), argv, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

function ask<T>(child: ChildProcess, message: object): Promise<T> {
  return new Promise((resolve, reject) => {
    const failed = (status: number | null) => reject(new Error(`a process of the benchmark ended with ${status}`))
    child.once('exit', failed)
    child.once('message', (answer) => {
      child.off('exit', failed)
      resolve(answer as T)
    })
    child.send(message)
  })
}
