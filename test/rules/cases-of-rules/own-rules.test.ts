/** The cases of own rules (rules/cases), and a few changes of each rule that they must notice; all of them: `npm run soak -- mutants`. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readAuthorFolder } from '../../../src/cli/rules/author-folder.ts'
import { openSuite, runSuite, type Suite } from '../../../src/cli/rules/suite.ts'
import type { Asked } from '../../../src/rules/cases/observed.ts'
import { scoreOf } from '../../../src/rules/cases/try-mutants.ts'
import { type RuleResult, ruleEvaluator } from '../../../src/rules/rules.ts'

const withoutReasons = ({ explanation: _, message, ...result }: RuleResult) =>
  result.result === null ? result : { ...result, message }

describe('own rules', () => {
  let suite: Suite
  before(async () => {
    suite = await openSuite(await readAuthorFolder('rules', undefined))
  })
  after(() => suite.server.close())

  /** No case may depend on how fast it was run. */
  const milliseconds = () => 0

  it('have cases, every library with rules and every rule', () => {
    const named = new Set(suite.files.flatMap(({ known }) => known.subject.plans.map(({ id }) => id)))
    assert.deepEqual(
      suite.folder.plans.map(({ id }) => id).filter((id) => !named.has(id)),
      [],
    )
  })

  it('are as their cases say, compiled and by the executor', async () => {
    const { server } = suite
    const { rules } = server.server
    const heard: { asked: Asked; answered: RuleResult[] }[] = []
    const listening: typeof server.listening = async (work) => {
      const done = await server.listening(work)
      heard.push(...done.heard)
      return done
    }
    const evaluateRules: typeof rules.evaluateRules = async (source, call) => {
      const answered = await rules.evaluateRules(source, call)
      heard.push({ asked: { source, call }, answered })
      return answered
    }
    const ears = { ...server, listening, server: { ...server.server, rules: { ...rules, evaluateRules } } }
    const { cases } = await runSuite({ ...suite, server: ears }, { milliseconds, coverage: false })
    const { expressions, pin } = rules.workshop
    const execute = ruleEvaluator({
      pin,
      expressions: { ...expressions, run: { ...expressions.run, programOf: undefined } },
    })
    assert.ok(heard.length > 400, `${heard.length} questions`)
    // Why a rule is not true is told of another run, by the executor.
    for (const { asked, answered } of heard)
      assert.deepEqual(
        answered.map(withoutReasons),
        (await execute(asked.source, { ...asked.call, isUnexplained: true })).map(withoutReasons),
      )
    assert.ok(cases.length > 400, `${cases.length} cases`)
    assert.deepEqual(
      cases.flatMap(({ file, case: { name }, faults }) => faults.map((each) => `${file}, ${name}: ${each}`)),
      [],
    )
  })

  it('are not changed unnoticed: some changes of one of them', async () => {
    const every = 6
    const choose = (count: number) => new Set(Array.from({ length: 12 }, (_, at) => (at * every) % count))
    const { libraries } = await runSuite(suite, {
      filter: 'ValidTest',
      coverage: true,
      milliseconds,
      mutants: { choose, milliseconds, caseMilliseconds: 1 },
    })
    const [library] = libraries
    assert.ok(library?.tried)
    const { made, score, survived } = scoreOf(library.tried)
    assert.ok(made > 5)
    assert.deepEqual([score, survived], [1, []])
    assert.ok(library.coverage.conditions.length > 40)
  })
})
