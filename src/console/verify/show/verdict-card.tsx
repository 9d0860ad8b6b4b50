/** A whole verdict: the word, the person, then all that it rests on. */
import { useEffect, useRef } from 'preact/hooks'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Icon } from '../../parts/icon.tsx'
import { hush, say } from '../../parts/say.ts'
import type { Answer, Desk } from '../desk/desk.ts'
import type { CertifiedContent } from '../reply/content.ts'
import { isLink, reasonOf } from '../reply/reason.ts'
import type { Verdict } from '../reply/verdict.ts'
import { Certified } from './certified.tsx'
import { clockCautions } from './clock-cautions.ts'
import { Emblem } from './emblem.tsx'
import { Checks, IssuerFacts, Remarks, Versions } from './evidence.tsx'
import { LinkForm } from './link-form.tsx'
import { LiveStrip } from './live-strip.tsx'
import { PersonBlock } from './person-block.tsx'
import { RecordButtons } from './record.tsx'
import { Rules } from './rules.tsx'
import { Said } from './said.tsx'
import { type NameOf, useNames } from './use-names.ts'

/** Sentences that stand under the word; all stand with their rules. */
const mostWords = 6

/** The verdict of an answer. Its heading takes the focus, and its word is read aloud. */
export function VerdictCard({ answer, desk }: { answer: Answer; desk: Desk }) {
  const { verdict } = answer
  const { verify } = texts()
  const heading = useRef<HTMLHeadingElement>(null)
  const reason = reasonOf(verdict)
  const nameOf = useNames(contentsOf(verdict))
  useEffect(() => {
    say(`${verify.words[verdict.decision]}. ${verify.reasons[reason.name].title}`, { urgent: true })
    heading.current?.focus()
    // A verdict that is gone from sight is not left where only those find it who hear the page.
    return hush
  }, [answer.number])
  return (
    <article class={`verdict verdict-${verdict.decision}`} aria-labelledby="verdict-word">
      <div class="verdict-head">
        <Emblem decision={verdict.decision} />
        <div class="verdict-said">
          <h2 id="verdict-word" ref={heading} tabIndex={-1}>
            {verify.words[verdict.decision]}
          </h2>
          <p class="verdict-title">{verify.reasons[reason.name].title}</p>
        </div>
      </div>
      <LiveStrip settings={answer.settings} />
      <div class="verdict-body">
        <Cautions answer={answer} />
        <p class="verdict-sentence">{verify.reasons[reason.name].text}</p>
        {reason.words.length > 0 && (
          <ul class="verdict-words">
            {reason.words.slice(0, mostWords).map((words) => (
              <li>
                <Said message={words} isServers={reason.areServers ?? false} />
              </li>
            ))}
          </ul>
        )}
        {verdict.status === 'VERIFIED' ? (
          <PersonBlock verdict={verdict} />
        ) : (
          <p class="hint">{verify.person.noPerson}</p>
        )}
        <Findings verdict={verdict} nameOf={nameOf} said={reason.words.slice(0, mostWords)} />
        {isLink(verdict) && <LinkForm desk={desk} />}
        <RecordButtons answer={answer} />
      </div>
    </article>
  )
}

/** What makes a verdict another one than it seems. */
function Cautions({ answer }: { answer: Answer }) {
  const { verify } = texts()
  const { verdict, isMistyped } = answer
  const cautions = [
    ...verdict.doubts.map((doubt) => verify.doubts[doubt]),
    ...(answer.isDocumentLeft ? [verify.document.left] : []),
    ...clockCautions(answer),
    ...(isMistyped && verdict.status === 'NOT_SUPPORTED' ? [verify.mistyped] : []),
  ]
  if (cautions.length === 0) return null
  return (
    <ul class="cautions">
      {cautions.map((caution) => (
        <li>
          <Icon name="warning" size={24} /> <span>{caution}</span>
        </li>
      ))}
    </ul>
  )
}

/** Content, rules, checks, issuer, versions, and the same of every credential inside. */
function Findings({ verdict, nameOf, said = [] }: { verdict: Verdict; nameOf: NameOf; said?: readonly string[] }) {
  const { evaluations, linked, content, rules, checks } = verdict
  const isApart = evaluations.length > 0 && !verdict.isTogether
  return (
    <>
      {rules.length > 0 && <Rules rules={rules} said={said} />}
      {content && <Certified content={content} nameOf={nameOf} />}
      {!isApart && <Checks checks={checks} />}
      {!isApart && <IssuerFacts verdict={verdict} />}
      <Versions verdict={verdict} />
      <Remarks verdict={verdict} />
      {evaluations.length > 0 && <Several verdict={verdict} nameOf={nameOf} />}
      {linked.length > 0 && <Linked verdict={verdict} nameOf={nameOf} />}
    </>
  )
}

function Several({ verdict: { evaluations, isTogether }, nameOf }: { verdict: Verdict; nameOf: NameOf }) {
  const { several } = texts().verify
  return (
    <section class="several">
      <h3>{several.head}</h3>
      <p>{isTogether ? several.together : several.apart}</p>
      {evaluations.map((each, at) => (
        <Inner verdict={each} label={fill(several.number, { number: at + 1 })} isPart={isTogether} nameOf={nameOf} />
      ))}
    </section>
  )
}

function Linked({ verdict: { linked }, nameOf }: { verdict: Verdict; nameOf: NameOf }) {
  const { link } = texts().verify
  return (
    <section class="several">
      <h3>{link.head}</h3>
      {linked.map(({ contentType, verdict, content }, at) => {
        const label = `${fill(link.file, { number: at + 1 })} · ${contentType}`
        if (verdict) return <Inner verdict={verdict} label={label} isPart={false} nameOf={nameOf} />
        return (
          <div class="inner">
            <h4>{label}</h4>
            {content ? <Certified content={content} nameOf={nameOf} /> : <p>{link.notJudged}</p>}
          </div>
        )
      })}
    </section>
  )
}

interface InnerProps {
  verdict: Verdict
  label: string
  /** Its own decision says nothing: the rules ran over all. */
  isPart: boolean
  nameOf: NameOf
}

/** One of several: of a part of a whole it is only said whether it is verified. */
function Inner({ verdict, label, isPart, nameOf }: InnerProps) {
  const { verify } = texts()
  const isVerified = verdict.status === 'VERIFIED'
  const reason = reasonOf(verdict)
  const word =
    isPart && isVerified && verdict.doubts.length === 0 ? verify.several.verified : verify.words[verdict.decision]
  const title = isPart && isVerified ? '' : verify.reasons[reason.name].title
  return (
    <details class={`inner inner-${isPart && isVerified ? 'part' : verdict.decision}`} open={!isVerified || !isPart}>
      <summary>
        {!(isPart && isVerified) && <Emblem decision={verdict.decision} size={28} />} {label}: {word}
        {title && ` · ${title}`}
      </summary>
      {!isPart && isVerified && <PersonBlock verdict={verdict} />}
      <Findings verdict={verdict} nameOf={nameOf} />
    </details>
  )
}

function contentsOf({ content, evaluations, linked }: Verdict): CertifiedContent[] {
  return [
    ...(content ? [content] : []),
    ...evaluations.flatMap(contentsOf),
    ...linked.flatMap((file) => [
      ...(file.content ? [file.content] : []),
      ...(file.verdict ? contentsOf(file.verdict) : []),
    ]),
  ]
}
