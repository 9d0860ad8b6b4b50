/** Rules with what they say, and why. */
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import type { Reason, Rule } from '../reply/rule.ts'

/** Each rule; those that did not pass stand first. */
export function Rules({ rules }: { rules: readonly Rule[] }) {
  const { rules: words } = texts().verify
  const rank = ({ result, isInformative }: Rule) => (isInformative ? 3 : result === false ? 0 : result === null ? 1 : 2)
  const ordered = [...rules].sort((a, b) => rank(a) - rank(b))
  return (
    <section class="told-rules">
      <h3>{words.head}</h3>
      {rules.length === 0 && <p>{words.none}</p>}
      <ul class="plain">
        {ordered.map((rule) => (
          <RuleItem rule={rule} />
        ))}
      </ul>
    </section>
  )
}

function RuleItem({ rule }: { rule: Rule }) {
  const { rules: words } = texts().verify
  const { title, result, isInformative, message, reason, planDefinition, library } = rule
  const kind = result === true ? 'good' : result === false ? 'bad' : 'open'
  return (
    <li class={`rule rule-${isInformative ? 'informs' : kind}`}>
      <p class="rule-head">
        <Icon name={result === true ? 'accepted' : result === false ? 'rejected' : 'undetermined'} />
        <bdi class="rule-title">{title}</bdi>
        <span class="tag">{words[`${result}`]}</span>
        {isInformative && <span class="tag">{words.informs}</span>}
      </p>
      {message && <p dir="auto">{message}</p>}
      {reason && reason.parts.length > 0 && (
        <details>
          <summary>{words.why}</summary>
          <Reasons reasons={[reason]} />
        </details>
      )}
      {(planDefinition ?? library) && (
        <p class="hint mono">
          <a
            href={`/catalogue/find?url=${encodeURIComponent(planDefinition ?? library ?? '')}`}
            target="_blank"
            rel="noreferrer"
          >
            {planDefinition ?? library}
          </a>
        </p>
      )}
    </li>
  )
}

function Reasons({ reasons }: { reasons: readonly Reason[] }) {
  return (
    <ul class="told-reasons">
      {reasons.map(({ text, place, parts }) => (
        <li>
          <span dir="auto">{text}</span>
          {place && <small class="mono">{place}</small>}
          {parts.length > 0 && <Reasons reasons={parts} />}
        </li>
      ))}
    </ul>
  )
}
