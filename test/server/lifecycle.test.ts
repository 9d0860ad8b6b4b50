/** Evaluation under manifests: anybody may name one after the other of them, so that what is made for one goes when others come. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Evaluate } from '../../src/evaluate/evaluate.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import type { ReadManifest } from '../../src/publish/lifecycle/manifest.ts'
import { evaluationsUnder } from '../../src/server/lifecycle.ts'
import type { Storage } from '../../src/storage/storage.ts'

/** Each manifest of these pins another artefact. */
const read: ReadManifest = async (name) => ({ name, pins: [], versions: new Map([[name, '1']]), parameters: [] })
const nothing: Parameters = { resourceType: 'Parameters' }
const asked = { named: [], hasRules: false }

/** What is open, and questions that are answered when they are told to be. */
function bed() {
  const open = new Set<object>()
  let made = 0
  const waiting: (() => void)[] = []
  const answer = () => new Promise<Parameters>((resolve) => waiting.push(() => resolve(nothing)))
  const under = evaluationsUnder({} as Storage, read, () => {
    made++
    const own = { isOpen: true }
    open.add(own)
    const whileOpen = async () => {
      assert.ok(own.isOpen, 'asked after it was closed')
      const answered = await answer()
      assert.ok(own.isOpen, 'closed while it was used')
      return answered
    }
    const evaluate: Pick<Evaluate, 'answer'> = { answer: whileOpen }
    return {
      evaluate: evaluate as Evaluate,
      async close() {
        own.isOpen = false
        open.delete(own)
      },
    }
  })
  const ask = async (manifest: string) => {
    const { evaluate } = await under.evaluateUnder(manifest, asked)
    return evaluate.answer(nothing, {})
  }
  const answerAll = () => {
    for (const each of waiting.splice(0)) each()
  }
  return { under, ask, answerAll, open, made: () => made }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('evaluation under manifests', () => {
  it('keeps those of a few, however many are named one after the other', async () => {
    const { under, ask, answerAll, open } = bed()
    for (let at = 0; at < 40; at++) {
      const answered = ask(`m${at % 8}`)
      await turn()
      answerAll()
      await answered
      assert.ok(open.size <= 4, `${open.size} are open after ${at + 1} questions`)
    }
    await under.close()
    assert.equal(open.size, 0)
  })
  it('makes those that are asked for again and again once', async () => {
    const { ask, answerAll, made } = bed()
    for (let at = 0; at < 20; at++) {
      const answered = ask(`m${at % 4}`)
      await turn()
      answerAll()
      await answered
    }
    assert.equal(made(), 4)
  })
  it('closes none that is used, and all of them in the end', async () => {
    const { under, ask, answerAll, open } = bed()
    const answers = Array.from({ length: 12 }, (_, at) => ask(`m${at}`))
    await turn()
    assert.equal(open.size, 12)
    answerAll()
    await Promise.all(answers)
    assert.ok(open.size <= 4)
    await under.close()
    assert.equal(open.size, 0)
  })
  it('is found again when it was closed between the look-up and the question', async () => {
    const { under, ask, answerAll } = bed()
    const { evaluate } = await under.evaluateUnder('first', asked)
    for (let at = 0; at < 8; at++) {
      const answered = ask(`m${at}`)
      await turn()
      answerAll()
      await answered
    }
    const answered = evaluate.answer(nothing, {})
    await turn()
    answerAll()
    assert.deepEqual(await answered, nothing)
  })
})
