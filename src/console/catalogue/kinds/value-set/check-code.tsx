/** Whether a code belongs to a value set. */
import { useState } from 'preact/hooks'
import { useReply } from '../../../api/use-reply.ts'
import { texts } from '../../../languages/languages.ts'
import { Await } from '../../../parts/await.tsx'
import { Field } from '../../../parts/field.tsx'
import { Notice } from '../../../parts/notice.tsx'
import { pathOf } from '../../page/addresses.ts'
import { WrongAnswer } from '../../page/notices.tsx'
import type { PartProps } from '../../page/part-props.ts'
import { type Validated, validatedOf } from '../../readers/parameters.ts'
import { askArtefact, type Given } from '../ask-artefact.ts'

interface Question {
  code: string
  system: string
}

/** The part. */
export function CheckCode({ which, resource }: PartProps) {
  const { valueSet, tabs } = texts().catalogue
  const [question, setQuestion] = useState<Question>()
  return (
    <section aria-label={tabs.check}>
      <h2>{tabs.check}</h2>
      <p>{valueSet.checkHint}</p>
      <form
        class="filter-fields"
        onSubmit={(event) => {
          event.preventDefault()
          const data = new FormData(event.currentTarget)
          const text = (name: string) => String(data.get(name) ?? '').trim()
          if (text('code')) setQuestion({ code: text('code'), system: text('system') })
        }}
      >
        <Field label={valueSet.code}>
          {(control) => <input {...control} name="code" required autocomplete="off" spellcheck={false} dir="ltr" />}
        </Field>
        <Field label={valueSet.system} hint={valueSet.systemHint}>
          {(control) => <input {...control} name="system" autocomplete="off" spellcheck={false} dir="ltr" />}
        </Field>
        <button type="submit">{valueSet.check}</button>
      </form>
      <div aria-live="polite">
        {question && <Checked key={JSON.stringify(question)} which={which} resource={resource} question={question} />}
      </div>
    </section>
  )
}

/** One question with its answer: another question begins anew, so that no answer is ever seen beside it that is not its own. */
function Checked({ which, resource, question }: PartProps & { question: Question }) {
  const { code, system } = question
  const given: Given[] = [
    { name: 'code', valueCode: code },
    system ? { name: 'system', valueUri: system } : { name: 'inferSystem', valueBoolean: true },
  ]
  const asked = useReply(pathOf(which), (signal) =>
    askArtefact({ which, resource }, { operation: '$validate-code', itself: 'valueSet', given, signal }),
  )
  return (
    <Await asked={asked} lines={3}>
      {(value) => {
        const answer = validatedOf(value)
        return answer ? <Answer answer={answer} code={code} /> : <WrongAnswer />
      }}
    </Await>
  )
}

function Answer({ answer, code }: { answer: Validated; code: string }) {
  const { valueSet } = texts().catalogue
  const kind = answer.result === true ? 'good' : 'bad'
  const words = answer.result === undefined ? valueSet.unclear : answer.result ? valueSet.belongs : valueSet.not
  return (
    <Notice kind={kind}>
      <p class="notice-head">{words}</p>
      <p>
        <code>{code}</code> <bdi>{answer.display}</bdi> {answer.system && <code class="address">{answer.system}</code>}
      </p>
      {answer.messages.length > 0 && (
        <ul>
          {answer.messages.slice(0, 20).map((each) => (
            <li dir="auto">{each.slice(0, 1_000)}</li>
          ))}
        </ul>
      )}
    </Notice>
  )
}
