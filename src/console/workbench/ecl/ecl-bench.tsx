/** Expression constraints of SNOMED CT: checked as they are typed, with what is wrong at its place, and listed. */
import { signal } from '@preact/signals'
import { useEffect, useId, useMemo, useState } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { language } from '../../app/session.ts'
import { expansionOf } from '../../catalogue/readers/value-set.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import type { Check } from '../check.ts'
import type { Problem } from '../document/problems.ts'
import { CodeEditor, type Shown } from '../editor/code-editor.tsx'
import { ProblemList } from '../problem-list.tsx'
import { type CheckedExpression, readCheck } from './read-check.ts'

const example = `<< 404684003 |Clinical finding| :
  363698007 |Finding site| = << 39057004 |Pulmonary valve structure|`

/** What is written. It stays while the console is open, in memory alone. */
const written = signal(example)
const snomed = 'http://snomed.info/sct'
/** Milliseconds without a key before the server is asked. */
const pause = 600
const pageSize = 50

/** The bench. */
export function EclBench() {
  const { ecl, editorHint } = texts().workbench
  const [shown, setShown] = useState<Shown>()
  const [listed, setListed] = useState<string>()
  const hint = useId()
  const { check, checked, again } = useExpression(written.value)
  return (
    <>
      <p class="lead">{ecl.lead}</p>
      <div class="ecl">
        <CodeEditor
          language="ecl"
          text={written.value}
          label={ecl.label}
          describedBy={hint}
          problems={check.state === 'checked' ? check.problems : none}
          shown={shown}
          onChange={(text) => {
            written.value = text
          }}
        />
        <p class="hint" id={hint}>
          {editorHint}
        </p>
        {written.value.trim() !== '' && (
          <ProblemList check={check} again={again} show={(place) => setShown({ ...place })} />
        )}
        {checked && <Understood checked={checked} />}
        <div class="actions">
          <button
            type="button"
            disabled={checked?.isGood !== true || checked.release === undefined}
            onClick={() => setListed(written.value)}
          >
            <Icon name="search" />
            {ecl.list}
          </button>
          <a class="button quiet" href="/workbench">
            {ecl.back}
          </a>
          <a class="button quiet" href="/manual/ecl">
            {ecl.manual}
          </a>
        </div>
        {listed !== undefined && <Concepts key={listed} expression={listed} isOld={listed !== written.value} />}
      </div>
    </>
  )
}

const none: [] = []

/** The check of exactly what is written; while that is not known, nothing of it is. */
function useExpression(text: string): { check: Check; checked: CheckedExpression | undefined; again(): void } {
  const [settled, setSettled] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), pause)
    return () => clearTimeout(timer)
  }, [text])
  const asked = useReply(settled.trim() === '' ? undefined : settled, async (signal) => {
    const parameter = [{ name: 'expression', valueString: settled }]
    const body = { resourceType: 'Parameters', parameter }
    const reply = await ask('/ValueSet/$check-ecl', { method: 'POST', body, signal })
    if (reply.fault) return reply
    const value = readCheck(reply.value)
    return value ? { value, headers: reply.headers } : { fault: { kind: 'broken' as const } }
  })
  const { again } = asked
  const { noRelease } = texts().workbench.ecl
  const checked = text === settled && asked.state === 'here' ? asked.value : undefined
  // The same list until something else is known: with another one the editor marks its text anew.
  const problems = useMemo((): Problem[] => {
    if (!checked) return []
    return checked.release === undefined
      ? [...checked.problems, { severity: 'warning', text: noRelease }]
      : checked.problems
  }, [checked, noRelease])
  if (checked) return { check: { state: 'checked', problems, isGood: checked.isGood }, checked, again }
  if (text === settled && asked.fault) return { check: { state: 'failed', fault: asked.fault }, checked, again }
  return { check: { state: 'checking', isSlow: asked.state === 'slow', old: [] }, checked, again }
}

function Understood({ checked: { brief, release } }: { checked: CheckedExpression }) {
  const { ecl } = texts().workbench
  return (
    <>
      {release !== undefined && <p class="hint">{fill(ecl.release, { version: release })}</p>}
      {brief !== undefined && (
        <p>
          {ecl.brief} <code dir="ltr">{brief}</code> <CopyButton text={brief} />
        </p>
      )}
    </>
  )
}

/** The concepts of an expression, page by page. */
function Concepts({ expression, isOld }: { expression: string; isOld: boolean }) {
  const { workbench, catalogue } = texts()
  const { ecl } = workbench
  const [offset, setOffset] = useState(0)
  const asked = useReply(`${offset}`, (signal) => {
    const filter = [{ property: 'constraint', op: '=', value: expression }]
    const compose = { include: [{ system: snomed, filter }] }
    const parameter = [
      { name: 'valueSet', resource: { resourceType: 'ValueSet', status: 'draft', compose } },
      { name: 'count', valueInteger: pageSize },
      { name: 'offset', valueInteger: offset },
      { name: 'displayLanguage', valueString: language.value },
    ]
    const body = { resourceType: 'Parameters', parameter }
    return ask('/ValueSet/$expand', { method: 'POST', body, signal })
  })
  return (
    <section class={isOld ? 'stale' : ''} aria-label={ecl.concepts}>
      <h2>{ecl.concepts}</h2>
      {isOld && <p class="hint">{ecl.old}</p>}
      <Await asked={asked} keep>
        {(value) => {
          const expansion = expansionOf(value)
          if (!expansion) return <p class="error">{texts().shell.broken}</p>
          const { total, members } = expansion
          return (
            <>
              <p role="status">
                {total === undefined
                  ? catalogue.valueSet.totalUnknown
                  : counted(catalogue.valueSet.total, total, language.value)}
              </p>
              <table class="stacking">
                <thead>
                  <tr>
                    <th scope="col">{ecl.code}</th>
                    <th scope="col">{ecl.term}</th>
                  </tr>
                </thead>
                <tbody>
                  {members.map(({ code, display, isInactive }) => (
                    <tr>
                      <td data-head={ecl.code}>
                        <code>{code}</code>
                      </td>
                      <td data-head={ecl.term}>
                        <bdi>{display}</bdi> {isInactive && <span class="tag">{ecl.inactive}</span>}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              <div class="actions">
                <button
                  type="button"
                  class="quiet"
                  disabled={offset === 0}
                  onClick={() => setOffset(Math.max(0, offset - pageSize))}
                >
                  {texts().trust.previous}
                </button>
                <button
                  type="button"
                  class="quiet"
                  disabled={members.length < pageSize || (total !== undefined && offset + pageSize >= total)}
                  onClick={() => setOffset(offset + pageSize)}
                >
                  {texts().trust.next}
                </button>
              </div>
            </>
          )
        }}
      </Await>
    </section>
  )
}
