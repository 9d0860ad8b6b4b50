/** The rules of a plan definition as a table that reads like a law: what is asked, what decides, what is said when it is not met. */
import type { ComponentChildren } from 'preact'
import { language } from '../../app/session.ts'
import { texts } from '../../languages/languages.ts'
import { Fact } from '../page/head.tsx'
import { Canonical, Canonicals, WebLink } from '../page/links.tsx'
import { LongText } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { type UseContext, useContextOf } from '../readers/concept.ts'
import { type Condition, type Rule, rulesOf } from '../readers/plan.ts'

const kindSystem = 'http://vidimus.org/fhir/CodeSystem/certificate-kind'
const useSystem = 'http://vidimus.org/fhir/CodeSystem/verdict-use'

/** The part. */
export function PlanRules({ resource }: PartProps) {
  const { plan, tabs } = texts().catalogue
  const rules = rulesOf(resource, language.value)
  const libraries = resource.texts('library')
  const contexts = resource.children('useContext').map(useContextOf)
  const kinds = contexts.filter(({ coding }) => coding.system === kindSystem)
  const uses = contexts.filter(({ coding }) => coding.system === useSystem)
  const others = contexts.filter((each) => !kinds.includes(each) && !uses.includes(each))
  return (
    <section aria-label={tabs.rules}>
      <h2>{tabs.rules}</h2>
      <dl class="facts">
        <Fact name={plan.certificates}>
          <bdi>{words(kinds) || plan.anyCertificate}</bdi>
        </Fact>
        {uses.length > 0 && (
          <Fact name={plan.uses}>
            <bdi>{words(uses)}</bdi>
          </Fact>
        )}
        {others.length > 0 && (
          <Fact name={plan.otherContext}>
            <bdi>
              {others
                .map((each) => `${each.kind}: ${each.words}`)
                .join(', ')
                .slice(0, 1_000)}
            </bdi>
          </Fact>
        )}
        {libraries.length > 0 && (
          <Fact name={plan.library}>
            <Canonicals canonicals={libraries} />
          </Fact>
        )}
      </dl>
      {rules.length === 0 ? <p>{plan.none}</p> : <RuleTable rules={rules} library={libraries[0] ?? ''} />}
    </section>
  )
}

const words = (contexts: UseContext[]) =>
  contexts
    .map((each) => each.words)
    .join(', ')
    .slice(0, 1_000)

/** Rules with those below them, each with its number: 1, 1.1, 2. */
function numbered(rules: Rule[], prefix = ''): { number: string; rule: Rule }[] {
  return rules.flatMap((rule, index) => {
    const number = `${prefix}${index + 1}`
    return [{ number, rule }, ...numbered(rule.rules, `${number}.`)]
  })
}

const mostRules = 500

function RuleTable({ rules, library }: { rules: Rule[]; library: string }) {
  const { plan, page } = texts().catalogue
  const all = numbered(rules)
  return (
    <>
      <table class="rules">
        <thead>
          <tr>
            <th scope="col">{plan.rule}</th>
            <th scope="col">{plan.asked}</th>
            <th scope="col">{plan.when}</th>
            <th scope="col">{plan.unmet}</th>
          </tr>
        </thead>
        <tbody>
          {all.slice(0, mostRules).map(({ number, rule }) => (
            <RuleRow key={number} number={number} rule={rule} library={library} />
          ))}
        </tbody>
      </table>
      {all.length > mostRules && <p>{page.more.replace('{n}', String(all.length - mostRules))}</p>}
    </>
  )
}

function Cell({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <td>
      <span class="cell-label" aria-hidden="true">
        {label}
      </span>
      {children}
    </td>
  )
}

function RuleRow({ number, rule, library }: { number: string; rule: Rule; library: string }) {
  const { plan, page } = texts().catalogue
  return (
    <tr>
      <th scope="row">
        <span class="rule-number">{number}</span> <bdi>{rule.title.slice(0, 500) || page.unnamed}</bdi>
        {rule.kind && (
          <span class="under" dir="auto">
            {rule.kind.slice(0, 200)}
          </span>
        )}
      </th>
      <Cell label={plan.asked}>
        {rule.asked ? <LongText text={rule.asked} /> : page.notNamed}
        {rule.documents.length > 0 && (
          <details>
            <summary>{plan.documents}</summary>
            <ul>
              {rule.documents.slice(0, 50).map((each) => (
                <li>
                  {each.resource ? (
                    <Canonical canonical={each.resource} words={each.words.slice(0, 1_000)} />
                  ) : (
                    <WebLink address={each.url} words={each.words.slice(0, 1_000)} />
                  )}
                </li>
              ))}
            </ul>
          </details>
        )}
      </Cell>
      <Cell label={plan.when}>
        {rule.conditions.length === 0 && plan.noCondition}
        {rule.conditions.slice(0, 50).map((each) => (
          <ConditionWords condition={each} library={library} />
        ))}
      </Cell>
      <Cell label={plan.unmet}>{rule.unmet ? <LongText text={rule.unmet} /> : page.notNamed}</Cell>
    </tr>
  )
}

/** A name of a define is the way to its text; anything else stands as it is written. */
function ConditionWords({ condition, library }: { condition: Condition; library: string }) {
  const { plan } = texts().catalogue
  const { kind, language: written, expression, description, reference } = condition
  const isDefine = written === 'text/cql-identifier' || written === 'text/cql.identifier'
  const from = reference || library
  // That it must apply is what is meant where nothing else is said.
  const word = kind === 'applicability' ? '' : kind === 'start' || kind === 'stop' ? plan.conditionKinds[kind] : kind
  return (
    <p>
      {word.slice(0, 60)} {description && <LongText text={description} />}{' '}
      {isDefine && from ? (
        <Canonical canonical={from} words={expression.slice(0, 500)} query={{ tab: 'text', define: expression }} />
      ) : (
        <code class="address">{expression.slice(0, 4_000)}</code>
      )}
      {!isDefine && written && <span class="under">{written.slice(0, 100)}</span>}
    </p>
  )
}
