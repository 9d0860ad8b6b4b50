/** Cases of a rule: one is run out of many, or all, with what is expected beside what came. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RuleCase } from '../../../rules/cases/case-file.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { FaultNotice } from '../../parts/fault.tsx'
import { Field } from '../../parts/field.tsx'
import { Icon, type IconName } from '../../parts/icon.tsx'
import { say } from '../../parts/say.ts'
import type { Draft } from '../document/artefacts.ts'
import { exampleCases } from './example.ts'
import { type CaseEnd, runCase } from './run-case.ts'

interface Read {
  cases: RuleCase[]
  fault?: string
}

/** Cases that are drawn; the filter finds the others. */
const most = 200

/** The panel. */
export function CasesPanel({ draft }: { draft: Draft }) {
  const { workbench } = texts()
  const [text, setText] = useState('')
  const [read, setRead] = useState<Read>({ cases: [] })
  const [filter, setFilter] = useState('')
  const [ends, setEnds] = useState<Map<string, { end: CaseEnd; of: string }>>(new Map())
  const [isRunning, setRunning] = useState(false)
  const controller = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => controller.current?.abort(), [])
  useEffect(() => {
    // Cases of another text say nothing about this one, and it is read once nobody types.
    setEnds(new Map())
    let isLeft = false
    const timer = setTimeout(async () => {
      const found = await readCases(text)
      if (!isLeft) setRead(found)
    }, 250)
    return () => {
      isLeft = true
      clearTimeout(timer)
    }
  }, [text])
  const part = draft.parts.find(({ language: of }) => of === 'cql')
  const plans = draft.parts.filter(({ language: of }) => of === 'json')
  const of = JSON.stringify(draft.parts.map((each) => each.text))
  if (!part) return null
  const shown = read.cases.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()))
  const run = async (cases: readonly RuleCase[]) => {
    controller.current?.abort()
    const mine = new AbortController()
    controller.current = mine
    setRunning(true)
    for (const one of cases) {
      const end = await runCase(one, { part, plans }, mine.signal)
      if (mine.signal.aborted) return
      setEnds((before) => new Map(before).set(one.place, { end, of }))
      // Who cannot be reached need not be asked for every case.
      if (end.kind === 'fault' && end.fault.kind !== 'refused') break
    }
    setRunning(false)
    say(workbench.ran)
  }
  const current = [...ends.values()].filter((each) => each.of === of)
  const count = (state: string) => current.filter(({ end }) => stateOf(end) === state).length
  return (
    <div class="cases">
      <CasesText text={text} draft={draft} take={setText} {...(read.fault && { fault: read.fault })} />
      {read.cases.length > 0 && (
        <>
          <Field label={workbench.filterCases}>
            {(control) => (
              <input
                {...control}
                type="search"
                value={filter}
                onInput={(event) => setFilter(event.currentTarget.value)}
              />
            )}
          </Field>
          <div class="actions">
            <button type="button" disabled={isRunning || shown.length === 0} onClick={() => void run(shown)}>
              {isRunning ? workbench.running : counted(workbench.runCases, shown.length, language.value)}
            </button>
            {isRunning && (
              <button
                type="button"
                class="quiet"
                onClick={() => {
                  controller.current?.abort()
                  setRunning(false)
                }}
              >
                {workbench.stop}
              </button>
            )}
          </div>
          {current.length > 0 && (
            <p role="status">
              {fill(workbench.caseSummary, { met: count('met'), unmet: count('unmet'), open: count('open') })}
            </p>
          )}
          <ul class="defines">
            {shown.slice(0, most).map((one) => (
              <CaseLine
                key={one.place}
                one={one}
                ended={ends.get(one.place)}
                of={of}
                isRunning={isRunning}
                run={() => void run([one])}
              />
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

/** The reader comes when it is first needed: most authors run no cases here. */
async function readCases(text: string): Promise<Read> {
  if (text.trim() === '') return { cases: [] }
  const { CaseFileError, readCaseFile } = await import('../../../rules/cases/case-file.ts')
  try {
    return { cases: readCaseFile(text).cases }
  } catch (error) {
    if (error instanceof CaseFileError) return { cases: [], fault: error.message }
    throw error
  }
}

interface CasesTextProps {
  text: string
  draft: Draft
  fault?: string
  take(text: string): void
}

function CasesText({ text, draft, fault, take }: CasesTextProps) {
  const { workbench } = texts()
  const example = exampleCases(draft, { note: workbench.exampleNote, name: workbench.exampleName })
  return (
    <>
      <p class="hint">{workbench.casesHint}</p>
      <Field label={workbench.casesFile}>
        {(control) => (
          <input
            {...control}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={async (event) => {
              const input = event.currentTarget
              const [file] = input.files ?? []
              if (file) take(await file.text())
              input.value = ''
            }}
          />
        )}
      </Field>
      <Field label={workbench.casesText} {...(fault && { error: fault })}>
        {(control) => (
          <textarea
            {...control}
            class="code"
            dir="ltr"
            rows={8}
            data-takes-scans
            spellcheck={false}
            value={text}
            onInput={(event) => take(event.currentTarget.value)}
          />
        )}
      </Field>
      {text.trim() === '' && example !== undefined && (
        <div class="actions">
          <button type="button" class="quiet" onClick={() => take(example)}>
            {workbench.exampleCases}
          </button>
        </div>
      )}
    </>
  )
}

function stateOf(end: CaseEnd): 'met' | 'unmet' | 'open' {
  return end.kind === 'judged' ? end.outcome.state : 'open'
}

const icons: Record<'met' | 'unmet' | 'open', IconName> = { met: 'accepted', unmet: 'rejected', open: 'undetermined' }
const truths = { met: 'true', unmet: 'false', open: 'null' }

interface CaseLineProps {
  one: RuleCase
  ended: { end: CaseEnd; of: string } | undefined
  of: string
  isRunning: boolean
  run(): void
}

function CaseLine({ one, ended, of, isRunning, run }: CaseLineProps) {
  const { workbench } = texts()
  const words = { met: workbench.caseMet, unmet: workbench.caseUnmet, open: workbench.caseOpen }
  const isOld = ended !== undefined && ended.of !== of
  const state = ended && !isOld ? stateOf(ended.end) : undefined
  return (
    <li class="define">
      <div class="case-head">
        <bdi class="define-name">{one.name}</bdi>
        {state && (
          <span class={`truth truth-${truths[state]}`}>
            <Icon name={icons[state]} />
            {words[state]}
          </span>
        )}
        <button type="button" class="quiet" disabled={isRunning} onClick={run}>
          {workbench.run}
          <span class="unseen"> {one.name}</span>
        </button>
      </div>
      {isOld && <p class="hint">{workbench.oldOutcome}</p>}
      {ended && !isOld && <CaseEndView end={ended.end} />}
    </li>
  )
}

function CaseEndView({ end }: { end: CaseEnd }) {
  const { workbench } = texts()
  if (end.kind === 'fault') return <FaultNotice fault={end.fault} />
  if (end.kind === 'cannot') return <p>{fill(workbench.caseCannot, { what: end.what })}</p>
  return (
    <div class="scroll-x">
      <table>
        <thead>
          <tr>
            <th scope="col">{workbench.caseWhat}</th>
            <th scope="col">{workbench.expected}</th>
            <th scope="col">{workbench.actual}</th>
          </tr>
        </thead>
        <tbody>
          {end.outcome.lines.map(({ what, expected, actual, state }) => (
            <tr class={`case-${state}`}>
              <td>
                <bdi>{what}</bdi>
              </td>
              <td>
                <bdi>{expected}</bdi>
              </td>
              <td>
                {state === 'unmet' && <Icon name="rejected" size={16} />}
                <bdi>{actual ?? workbench.notJudgedHere}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
