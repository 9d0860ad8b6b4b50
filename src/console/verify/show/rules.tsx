/** Rules with what they say, and why. */
import { useState } from 'preact/hooks'
import { language } from '../../app/session.ts'
import { counted } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import { saidKey } from '../reply/open-data.ts'
import type { Reason, Rule } from '../reply/rule.ts'
import { Said } from './said.tsx'

/**
 * Each rule; those that did not pass stand first.
 * @param said sentences that stand under the word of the verdict already
 */
export function Rules({ rules, said }: { rules: readonly Rule[]; said: readonly string[] }) {
  const { rules: words } = texts().verify
  const rank = ({ result, isInformative }: Rule) => (isInformative ? 3 : result === false ? 0 : result === null ? 1 : 2)
  const ordered = [...rules].sort((a, b) => rank(a) - rank(b))
  const keys = said.map(saidKey)
  return (
    <section class="told-rules">
      <h3>{words.head}</h3>
      {rules.length === 0 && <p>{words.none}</p>}
      <ul class="plain">
        {ordered.map((rule) => (
          <RuleItem rule={rule} isSaid={rule.message !== undefined && keys.includes(saidKey(rule.message))} />
        ))}
      </ul>
    </section>
  )
}

function RuleItem({ rule, isSaid }: { rule: Rule; isSaid: boolean }) {
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
      {message && !isSaid && (
        <p>
          <Said message={message} />
        </p>
      )}
      {reason && reason.parts.length > 0 && <Why reason={reason} />}
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

/** Reasons at one level that stand open; the others are among all reasons. */
const mostShown = 5

/** What decided it, in short and what is simplest first; below it all of it, with its places in the rule. */
function Why({ reason }: { reason: Reason }) {
  const { rules: words } = texts().verify
  const [isWhole, setWhole] = useState(false)
  return (
    <details>
      <summary>{words.why}</summary>
      <Told reason={reason} />
      <details class="told-whole" onToggle={({ currentTarget }) => setWhole(currentTarget.open)}>
        <summary>{words.whyWhole}</summary>
        {isWhole && <Reasons reasons={[reason]} />}
      </details>
    </details>
  )
}

/** A reason, and those behind it: each is unfolded by itself. */
function Told({ reason: { text, parts } }: { reason: Reason }) {
  const { rules: words } = texts().verify
  const all = [...parts].sort((a, b) => sizeOf(a) - sizeOf(b))
  return (
    <>
      {text && (
        <p class="told-reason" dir="auto">
          {text}
        </p>
      )}
      <ul class="told-reasons">
        {all.slice(0, mostShown).map((part) => (
          <li>{part.parts.length === 0 ? <span dir="auto">{part.text}</span> : <Folded reason={part} />}</li>
        ))}
        {all.length > mostShown && <li>{counted(words.more, all.length - mostShown, language.value)}</li>}
      </ul>
    </>
  )
}

function Folded({ reason }: { reason: Reason }) {
  const [isOpen, setOpen] = useState(false)
  const parts = { text: '', parts: reason.parts }
  return (
    <details class="told-folded" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary dir="auto">{reason.text}</summary>
      {isOpen && <Told reason={parts} />}
    </details>
  )
}

/** How much stands behind a reason: one that rests on little says most. */
const sizeOf = ({ parts }: Reason): number => parts.reduce((sum, each) => sum + sizeOf(each), 1)

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
