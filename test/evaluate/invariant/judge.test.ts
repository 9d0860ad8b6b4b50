import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { judge } from '../../support/checker/judge.ts'
import { everyRecipe, makeCase, type Recipe } from '../../support/generator/cases.ts'
import { kinds } from '../../support/generator/documents.ts'
import { listedWorld, withdrawnWorld } from '../../support/generator/listed-standings.ts'
import { ruleChoices } from '../../support/generator/questions.ts'
import { requestStandings } from '../../support/generator/standings.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-judge-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const lists = await listedWorld(join(folder, 'lists'))
const withdrawn = await withdrawnWorld(join(folder, 'withdrawn'))
const recipes = [
  ...everyRecipe('request', requestStandings()),
  ...everyRecipe('lists', lists.standings),
  ...everyRecipe('withdrawn', withdrawn.standings),
]

describe('the judge', () => {
  test('knows nothing of the rooms that it judges', () => {
    const checker = join(import.meta.dirname, '../../support/checker')
    const imported = readdirSync(checker).flatMap((file) =>
      [...readFileSync(join(checker, file), 'utf8').matchAll(/from '([^']+)'/g)].map(([, from = '']) => from),
    )
    const outside = new Set(imported.filter((from) => !/^\.\/[\w-]+\.ts$/.test(from)))
    assert.deepEqual([...outside].sort(), ['canonicalize', 'cbor2', 'node:crypto', 'node:zlib'])
  })

  /** What the maker of a case and the judge say of it, when they differ. */
  const differences = (expectation: string, isObjected: boolean, chosen: Recipe[]) =>
    chosen.flatMap((recipe) => {
      const given = makeCase(recipe)
      if (given.expectation !== expectation) return []
      const { forged, contentDoubts } = judge(given.question)
      return forged.length + contentDoubts.length > 0 === isObjected
        ? []
        : [`${given.description}: ${[...forged, ...contentDoubts].join(', ')}`]
    })

  test('objects to every twist and every standing that must be refused', () => {
    assert.deepEqual(differences('refuse', true, recipes), [])
  })

  test('has no objection to what is good, however odd it is', () => {
    assert.deepEqual(differences('accept', false, recipes), [])
  })

  test('knows the answer of every rule over plain credentials of every kind', () => {
    const answers = kinds.map((kind) => {
      const recipe = recipes.find(
        ({ frame, twists, standing }) => frame.kind === kind && twists.length === 0 && standing.verdict === 'good',
      )
      assert.ok(recipe)
      const given = ruleChoices
        .filter((choice) => choice.kinds.includes(kind))
        .map((choice) => judge(makeCase({ ...recipe, choice }).question).answers.map(({ answer }) => answer))
      return `${kind}: ${given.slice(0, 2).join()}`
    })
    // By default and by the rule that is always true: each is decided, and a plain credential is good.
    assert.deepEqual(
      answers,
      kinds.map((kind) => `${kind}: true,true`),
    )
  })
})
