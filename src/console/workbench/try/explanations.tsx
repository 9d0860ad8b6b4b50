/** Why a run gave what it gave, and which conditions of the text it went through. */
import type { Parameters, ParametersParameter } from 'fhir/r4.js'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { lookAt } from '../desk.ts'
import { Reasons } from './reasons.tsx'
import { type Condition, conditionsOf, reasonOf } from './results.ts'

/** Both, as far as the server told them; a place leads to the text. */
export function Explanations({ explanation }: { explanation: Parameters | undefined }) {
  const { workbench } = texts()
  if (!explanation) return <p class="hint">{workbench.notExplained}</p>
  const all = explanation.parameter ?? []
  const reasons = all.flatMap(({ name, part = [] }: ParametersParameter) => {
    const evidence = name === 'reason' ? part.find((each) => each.name === 'evidence') : undefined
    return evidence ? [reasonOf(evidence)] : []
  })
  const conditions = conditionsOf(explanation)
  const isCut = all.some(({ name }) => name === 'incomplete')
  const met = conditions.filter(({ given }) => given.true + given.false + given.null > 0).length
  return (
    <>
      <h4>{workbench.why}</h4>
      {reasons.length > 0 ? <Reasons reasons={reasons} /> : <p class="hint">{workbench.noReasons}</p>}
      <details class="conditions">
        <summary>{fill(workbench.conditions, { met, all: conditions.length })}</summary>
        <p class="hint">{isCut ? workbench.conditionsCut : workbench.conditionsHint}</p>
        <ConditionTable conditions={conditions} />
      </details>
    </>
  )
}

function ConditionTable({ conditions }: { conditions: Condition[] }) {
  const { workbench } = texts()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <section class="scroll-x" tabIndex={0} aria-label={workbench.conditionTable}>
      <table>
        <thead>
          <tr>
            <th scope="col">{workbench.lineNumber}</th>
            <th scope="col">{workbench.condition}</th>
            <th scope="col">{workbench.true}</th>
            <th scope="col">{workbench.false}</th>
            <th scope="col">{workbench.null}</th>
          </tr>
        </thead>
        <tbody>
          {conditions.map(({ line, column, source, given }) => (
            <tr class={given.true + given.false + given.null === 0 ? 'never-met' : ''}>
              <td>
                <button type="button" class="link" onClick={() => lookAt('library', { line, column })}>
                  {line}
                </button>
              </td>
              <td>
                <code dir="ltr">{source}</code>
              </td>
              <td>{given.true}</td>
              <td>{given.false}</td>
              <td>{given.null}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
