/** Own rules over drawn content, compiled, as generated code and by the executor: the same results, messages and evidence, whatever the content says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { programOf } from '../../../../src/rules/cql/compiled/program.ts'
import { type RuleCall, ruleEvaluator } from '../../../../src/rules/rules.ts'
import { ofType } from '../../../content/own-content.ts'
import { ownRuleDoor } from '../../../support/own-rules.ts'
import { type Counted, counting, generatedOf } from './both-ways.ts'
import { drawnCall } from './drawn-call.ts'

describe('own rules', () => {
  const { expressions, pin } = ownRuleDoor().workshop
  const counted: Counted = { asked: 0, answered: 0 }
  const wayOf = (programsOf?: typeof programOf) =>
    ruleEvaluator({
      pin,
      expressions: {
        ...expressions,
        run: {
          ...expressions.run,
          programOf: programsOf
            ? (library) => {
                const program = programsOf(library)
                assert.ok(typeof program !== 'string', `${library.canonical} is left to the executor: ${program}`)
                return counting(program, counted)
              }
            : undefined,
        },
      },
    })
  const ways = { compiled: wayOf(programOf), generated: wayOf(generatedOf), executed: wayOf() }

  it('say the same compiled and executed', async () => {
    const plans = ofType('PlanDefinition')
    const came = { true: 0, false: 0, null: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(drawnCall, async (drawn) => {
        const one: RuleCall = { ...drawn, isUnexplained: true }
        for (const plan of plans) {
          const heard: Record<keyof typeof ways, string[]> = { compiled: [], generated: [], executed: [] }
          const told = (way: keyof typeof ways) =>
            ways[way]({ plan }, { ...one, asked: (valueSet) => void heard[way].push(valueSet) })
          const results = await told('compiled')
          assert.deepEqual(results, await told('executed'), plan.id)
          assert.deepEqual(await told('generated'), results, plan.id)
          for (const { result, issue } of results)
            came[issue ? 'failed' : result === null ? 'null' : result ? 'true' : 'false']++
          assert.deepEqual(heard.compiled.sort(), heard.executed.sort(), 'value sets that were used')
          assert.deepEqual(heard.generated.sort(), heard.executed, 'value sets that were used')
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    )
    // What never comes shows nothing.
    assert.ok(
      counted.answered > 400 && Math.min(came.true, came.false, came.null) > 5,
      JSON.stringify({ counted, came }),
    )
  })
})
