/** Why a key is trusted, or not: each step, and every list that names it. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, type Reply } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { changeQuery, place } from '../app/router.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Field } from '../parts/field.tsx'
import { Icon } from '../parts/icon.tsx'
import { Word } from '../parts/word.tsx'
import { KeyHeads, KeyRow } from './key-table.tsx'
import { type KeyVerdict, type ListedKey, readKeyVerdict, readTrust } from './read-trust.ts'

/** The question, and its answer; the key id stands in the address: it is nobody's. */
export function KeyQuestion() {
  const { trust } = texts()
  const keyId = place.value.query.get('keyId') ?? ''
  const [text, setText] = useState(keyId)
  const section = useRef<HTMLElement>(null)
  useEffect(() => {
    setText(keyId)
    // A key that was chosen in the table below is answered here.
    if (keyId) section.current?.scrollIntoView({ block: 'start' })
  }, [keyId])
  return (
    <section ref={section}>
      <h2>{trust.why}</h2>
      <form
        class="trust-question"
        onSubmit={(event) => {
          event.preventDefault()
          changeQuery({ keyId: text.trim() || undefined })
        }}
      >
        <Field label={trust.keyId} hint={trust.whyHint}>
          {(control) => (
            <input
              {...control}
              value={text}
              dir="ltr"
              spellcheck={false}
              autocomplete="off"
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <button type="submit">{trust.ask}</button>
      </form>
      {keyId && <KeyAnswer keyId={keyId} />}
    </section>
  )
}

interface Answer {
  verdict: KeyVerdict
  keys: ListedKey[]
}

async function askAbout(keyId: string, signal: AbortSignal): Promise<Reply<Answer>> {
  const body = { resourceType: 'Parameters', parameter: [{ name: 'keyId', valueString: keyId }] }
  const [verdict, listed] = await Promise.all([
    ask('/$verify-trust', { method: 'POST', body, signal }),
    ask(`/$trust-status?keyId=${encodeURIComponent(keyId)}`, { signal }),
  ])
  if (verdict.fault) return verdict
  if (listed.fault) return listed
  const value = { verdict: readKeyVerdict(verdict.value), keys: readTrust(listed.value).keys }
  return { value, headers: verdict.headers }
}

function KeyAnswer({ keyId }: { keyId: string }) {
  const { trust } = texts()
  const reply = useReply(keyId, (signal) => askAbout(keyId, signal))
  return (
    <Await asked={reply}>
      {({ verdict: { isTrusted, steps }, keys }) => (
        <div class={`card look-${isTrusted ? 'good' : 'bad'}`}>
          <p class="trust-state" role="status">
            <Icon name={isTrusted ? 'accepted' : 'rejected'} size={24} />
            <strong>{isTrusted ? trust.trusted : trust.notTrusted}</strong>
          </p>
          <ul class="trust-steps">
            {steps.map(({ name, outcome, detail }) => (
              <li class={outcome === 'fail' ? 'error' : ''}>
                <strong>
                  <Word table={trust.steps} code={name} />:{' '}
                  {outcome === 'pass' || outcome === 'fail' || outcome === 'skipped' ? trust[outcome] : outcome}
                </strong>
                {' – '}
                <span lang="en" dir="auto">
                  {detail}
                </span>
              </li>
            ))}
          </ul>
          <h3>{trust.listed}</h3>
          {keys.length === 0 ? (
            <p>{trust.notListed}</p>
          ) : (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
            <div class="scroll-x" tabIndex={0}>
              <table class="stacking">
                <KeyHeads />
                <tbody>
                  {keys.map((key) => (
                    <KeyRow key={`${key.thumbprint} ${key.domain} ${key.usage}`} shown={key} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </div>
      )}
    </Await>
  )
}
