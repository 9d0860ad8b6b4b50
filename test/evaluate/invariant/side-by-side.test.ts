/**
 * Verdicts that are worked out side by side take turns at every step: what is known of one credential must never stand in the answer to
 * another, whatever the two are. So each gets, in whatever company, the answer that it gets alone.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { drawRecipe, everyRecipe, type Frame, frames, makeCase } from '../../support/generator/cases.ts'
import { type Answer, type World, worldOf } from './worlds.ts'

const seed = Number(process.env.TEST_SEED ?? 31)
/** As many as the server lets begin at once. */
const company = 16
const worlds: Frame['world'][] = ['request', 'lists']

/** Credentials of all formats, good ones and bad ones, with all that may be wrong with a key, in the order of chance. */
function casesFor(name: Frame['world'], { standings }: World, count: number) {
  const drawn = fc
    .sample(frames, { seed, numRuns: 2 * count })
    .filter(({ world }) => world === name)
    .slice(0, count)
    .map((frame) => drawRecipe(frame, standings))
  const every = everyRecipe(name, standings)
  const step = Math.max(1, Math.floor(every.length / count))
  const recipes = [...drawn, ...every.filter((_, at) => at % step === 0)]
  const [order] = fc.sample(fc.shuffledSubarray(recipes, { minLength: recipes.length }), { seed, numRuns: 1 })
  return (order ?? recipes).map(makeCase)
}

async function inTurn<T>(items: readonly T[], ask: (item: T) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const item of items) answers.push(await ask(item))
  return answers
}

async function sideBySide<T>(items: readonly T[], ask: (item: T) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let at = 0; at < items.length; at += company)
    answers.push(...(await Promise.all(items.slice(at, at + company).map(ask))))
  return answers
}

/** Without the number of the request, which an error tells. */
const unnumbered = (answer: Answer): string => JSON.stringify(answer).replace(/X-Request-Id: [\w-]+/g, '')

describe('verdicts side by side', () => {
  for (const name of worlds) {
    test(`are those of one after the other, keys of ${name}`, async () => {
      const world = await worldOf(name)
      try {
        const cases = casesFor(name, world, 160)
        const alone = await inTurn(cases, world.askInProcess)
        const decisions = new Set(alone.map(({ body }) => /"valueCode":"(\w+)"/.exec(JSON.stringify(body))?.[1]))
        for (const each of ['accepted', 'rejected', 'unverified']) assert.ok(decisions.has(each), each)
        const together = await sideBySide(cases, world.askInProcess)
        for (const [at, answer] of together.entries()) assert.deepEqual(answer, alone[at], cases[at]?.description)
        const aloneOverHttp = (await inTurn(cases, world.ask)).map(unnumbered)
        const overHttp = (await sideBySide(cases, world.ask)).map(unnumbered)
        for (const [at, text] of overHttp.entries()) assert.equal(text, aloneOverHttp[at], cases[at]?.description)
      } finally {
        await world.close()
      }
    })
  }
})
