import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError, unprocessable } from '../../src/fhir/error.ts'
import type { OperationContext } from '../../src/operations/context.ts'
import { evaluateOperation } from '../../src/operations/evaluate.ts'

/** Keeps the thread busy for so many milliseconds of its own time. */
function compute(milliseconds: number): void {
  const used = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  for (const begun = used(); used() - begun < milliseconds; );
}

interface Setting {
  answer(): Promise<unknown>
  limits?: Partial<OperationContext['limits']>
}

/** The lines that come back for so many questions. */
async function answers(count: number, { answer, limits }: Setting) {
  const line = JSON.stringify({ resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: 'x' }] })
  // As much of a context as is used.
  const context = {
    evaluate: { answer },
    limits: { cpuMilliseconds: 1000, replyBytes: 1_000_000, ...limits },
  } as unknown as OperationContext
  const reply = await evaluateOperation.handle(
    {
      level: 'system',
      parameters: { resourceType: 'Parameters' },
      body: { contentType: 'application/fhir+ndjson', bytes: Buffer.from(`${line}\n`.repeat(count)) },
      headers: {},
    },
    context,
  )
  const lines: { resourceType: string; issue?: { code: string }[] }[] = []
  const body = reply.raw?.body
  assert.ok(body && typeof body === 'object' && Symbol.asyncIterator in body)
  for await (const text of body) lines.push(JSON.parse(String(text)))
  return lines
}

const answer = async () => ({ resourceType: 'Parameters' })
const codesOf = (lines: Awaited<ReturnType<typeof answers>>) => lines.map(({ issue }) => issue?.[0]?.code ?? 'answered')

describe('lines of one body', () => {
  it('are answered each, in order', async () => {
    let asked = 0
    const lines = await answers(300, { answer: async () => ({ resourceType: 'Parameters', id: String(++asked) }) })
    assert.deepEqual(
      lines.map((each) => (each as { id?: string }).id),
      Array.from({ length: 300 }, (_, i) => String(i + 1)),
    )
  })

  it('share a budget; those beyond it are told so', async () => {
    let asked = 0
    const codes = codesOf(
      await answers(40, {
        answer: async () => {
          asked++
          compute(10)
          return answer()
        },
        limits: { cpuMilliseconds: 10 },
      }),
    )
    assert.equal(codes.length, 40)
    assert.equal(codes[0], 'answered')
    assert.equal(codes.at(-1), 'too-costly')
    assert.ok(asked <= 12, `${asked} lines were worked on`)
  })

  it('leave others a turn', async () => {
    let turns = 0
    let ended = false
    const turn = () => {
      turns++
      if (!ended) setImmediate(turn)
    }
    setImmediate(turn)
    const slow = async () => {
      compute(5)
      return answer()
    }
    await answers(40, { answer: slow, limits: { cpuMilliseconds: 10_000 } })
    ended = true
    assert.ok(turns >= 5, `${turns} turns`)
  })

  it('make no longer a reply than any', async () => {
    const long = async () => ({ resourceType: 'Parameters', id: 'x'.repeat(1000) })
    const codes = codesOf(await answers(20, { answer: long, limits: { replyBytes: 10_000 } }))
    assert.equal(codes.filter((each) => each === 'answered').length, 10)
    assert.equal(codes.at(-1), 'too-costly')
  })

  it('answer for themselves alone', async () => {
    let asked = 0
    const failing = async () => {
      if (++asked === 2) throw unprocessable('not this one')
      return answer()
    }
    assert.deepEqual(codesOf(await answers(3, { answer: failing })), ['answered', 'processing', 'answered'])
  })

  it('are read as questions of their own', async () => {
    const many = Array.from({ length: 501 }, () => ({ name: 'credentialPart', valueString: 'x' }))
    const call = (parameter: object[]) =>
      evaluateOperation.handle(
        { level: 'system', parameters: { resourceType: 'Parameters', parameter: parameter as never }, headers: {} },
        { evaluate: { answer } } as unknown as OperationContext,
      )
    const rules = { resourceType: 'Parameters', parameter: [{ name: 'P', valueString: 'x'.repeat(60_000) }] }
    for (const parameter of [many, [{ name: 'parameters', resource: rules }]])
      await assert.rejects(call(parameter), (error) => error instanceof FhirError && error.status === 400)
  })
})

describe('questions that come at the same time', () => {
  /** What happens to questions with these parameters, asked one after the other without waiting. */
  const order = async (names: string[][]) => {
    const told: string[] = []
    const asked = names.map((each, at) => {
      const parameter = ['credential', ...each].map((name) => ({ name, valueString: 'x' }))
      const step = async () => {
        told.push(`${at} begins`)
        await undefined
        told.push(`${at} ends`)
        return { resourceType: 'Parameters' }
      }
      return evaluateOperation.handle(
        { level: 'system', parameters: { resourceType: 'Parameters', parameter }, headers: {} },
        { evaluate: { answer: step } } as unknown as OperationContext,
      )
    })
    await Promise.all(asked)
    return told
  }

  it('begin together', async () => {
    assert.deepEqual(await order([[], [], []]), ['0 begins', '1 begins', '2 begins', '0 ends', '1 ends', '2 ends'])
  })

  it('are not counted for one another: who has several credentials does not begin with others', async () => {
    for (const name of ['furtherCredential', 'credentialImage']) {
      const told = await order([[], [name], []])
      assert.deepEqual(told, ['1 begins', '1 ends', '0 begins', '2 begins', '0 ends', '2 ends'])
    }
  })
})
