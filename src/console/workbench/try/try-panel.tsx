/** Runs what is in the editor, published or not: over a sample, a credential, a Bundle or any JSON, at a clock. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useSpecimens } from '../../api/use-specimens.ts'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { FaultNotice } from '../../parts/fault.tsx'
import { Field } from '../../parts/field.tsx'
import { Icon } from '../../parts/icon.tsx'
import { say } from '../../parts/say.ts'
import { useForgetting } from '../../parts/use-forgetting.ts'
import type { Draft, Part } from '../document/artefacts.ts'
import { MapOutcome } from './map-outcome.tsx'
import { type Declared, declaredParameters, type Given, isDateTime, kindOf, parameterOf, typed } from './questions.ts'
import { RuleOutcomeView, WrongNotice } from './rule-outcome.tsx'
import { type Ended, runMap, runRule } from './run.ts'

/** A run, and of which texts it is the outcome. */
interface Ran {
  ended: Ended
  of: string
  /** Its outcome may tell of a person. */
  isOfPerson: boolean
}

const keyOf = (part: Part, given: Given) => JSON.stringify([part.text, given])

/** The panel. */
export function TryPanel({ draft }: { draft: Draft }) {
  const { workbench, verify } = texts()
  const [given, setGiven] = useState<Given>({ text: '', clock: '', jurisdiction: '', parameters: {} })
  const [isRunning, setRunning] = useState(false)
  const [ran, setRan] = useState<Ran>()
  const [isSpent, setSpent] = useState(false)
  const { specimens } = useSpecimens()
  const controller = useRef<AbortController | undefined>(undefined)
  useEffect(() => () => controller.current?.abort(), [])
  /** Whether a text may be of a person: samples are of nobody. */
  const isOfPerson = (text: string) => text.trim() !== '' && !specimens.some((each) => each.text === text)
  const forgetting = useForgetting(isOfPerson(given.text) || ran?.isOfPerson === true || isRunning, () => {
    controller.current?.abort()
    setRunning(false)
    setRan(undefined)
    setSpent(false)
    setGiven((before) => ({ ...before, text: isOfPerson(before.text) ? '' : before.text }))
  })
  const part = draft.parts.find(({ language }) => language !== 'json')
  if (!part) return null
  const declared =
    part.language === 'cql' ? declaredParameters(part.text).filter(({ type }) => typed.includes(type)) : []
  const faults = faultsOf(given, { part, declared })
  const plans = draft.parts.filter(({ language }) => language === 'json').map(({ text }) => text)
  const key = keyOf(part, given)
  const run = async () => {
    controller.current?.abort()
    const mine = new AbortController()
    controller.current = mine
    setRunning(true)
    setRan(undefined)
    const ended = await (part.language === 'fml' ? runMap : runRule)(part, given, mine.signal)
    if (mine.signal.aborted) return
    setRunning(false)
    // A credential has done its service; data that somebody wrote by hand is work, and stays while he is there.
    const isCleared = kindOf(given.text) === 'credential' && isOfPerson(given.text)
    if (isCleared) setGiven((before) => (before.text === given.text ? { ...before, text: '' } : before))
    setSpent(isCleared)
    setRan({ ended, of: isCleared ? keyOf(part, { ...given, text: '' }) : key, isOfPerson: isOfPerson(given.text) })
    say(workbench.ran)
  }
  return (
    <form
      class="try"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (faults.length === 0) void run()
      }}
    >
      <GivenFields
        part={part}
        given={given}
        change={(change) => {
          if (change.text !== undefined) setSpent(false)
          setGiven((before) => ({ ...before, ...change }))
        }}
        isSpent={isSpent}
      />
      <ParameterFields
        declared={declared}
        given={given}
        change={(parameters) => setGiven((before) => ({ ...before, parameters }))}
      />
      <div class="actions">
        <button type="submit" disabled={isRunning || faults.length > 0}>
          {isRunning ? workbench.running : workbench.run}
        </button>
      </div>
      {faults.length > 0 && <p class="hint">{faults.join(' ')}</p>}
      {isRunning && (
        <p class="waiting" role="status">
          {workbench.runningHint}
        </p>
      )}
      {forgetting.remaining !== undefined && (
        <div class="countdown">
          <span role="timer">{fill(verify.forgetIn, { seconds: forgetting.remaining })}</span>
          <button type="button" class="quiet" onClick={forgetting.keep}>
            {verify.keep}
          </button>
        </div>
      )}
      {ran && <Outcome ran={ran} plans={plans} isOld={ran.of !== key} again={() => void run()} />}
    </form>
  )
}

function faultsOf(given: Given, { part, declared }: { part: Part; declared: Declared[] }): string[] {
  const { workbench } = texts()
  const faults: string[] = []
  const kind = kindOf(given.text)
  if (part.language === 'fml' && kind !== 'json' && kind !== 'credential') faults.push(workbench.needsJson)
  if (part.language === 'fml' && given.text.trim() !== '' && !isJson(given.text)) faults.push(workbench.needsJson)
  if (given.clock && !isDateTime(given.clock)) faults.push(workbench.clockFault)
  const wrong = declared.filter((each) => {
    const text = given.parameters[each.name] ?? ''
    return text.trim() !== '' && parameterOf(each, text) === undefined
  })
  if (wrong.length > 0) faults.push(`${workbench.parameterFault} ${wrong.map(({ name }) => name).join(', ')}`)
  return faults
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

interface GivenFieldsProps {
  part: Part
  given: Given
  change(change: Partial<Given>): void
  /** A credential was run over, and cleared. */
  isSpent: boolean
}

function GivenFields({ part, given, change, isSpent }: GivenFieldsProps) {
  const { workbench } = texts()
  const isMap = part.language === 'fml'
  const kind = kindOf(given.text)
  return (
    <>
      {!isMap && <SampleField choose={(text) => change({ text })} current={given.text} />}
      <Field
        label={isMap ? workbench.mapInput : workbench.input}
        hint={isMap ? workbench.mapInputHint : workbench.inputHint}
      >
        {(control) => (
          <textarea
            {...control}
            class="code"
            dir="ltr"
            rows={isMap ? 8 : 4}
            data-takes-scans
            spellcheck={false}
            autocomplete="off"
            value={given.text}
            onInput={(event) => change({ text: event.currentTarget.value })}
          />
        )}
      </Field>
      {!isMap && kind === 'nothing' && <p class="hint">{isSpent ? workbench.inputSpent : workbench.noInput}</p>}
      {!isMap && (
        <div class="row">
          <Field label={workbench.clock} hint={workbench.clockHint}>
            {(control) => (
              <input
                {...control}
                dir="ltr"
                placeholder="2026-06-01T12:00:00Z"
                value={given.clock}
                onInput={(event) => change({ clock: event.currentTarget.value.trim() })}
              />
            )}
          </Field>
          <Field label={workbench.jurisdiction} hint={workbench.verdictJurisdictionHint}>
            {(control) => (
              <input
                {...control}
                dir="ltr"
                maxLength={3}
                value={given.jurisdiction}
                onInput={(event) => change({ jurisdiction: event.currentTarget.value.trim().toUpperCase() })}
              />
            )}
          </Field>
        </div>
      )}
    </>
  )
}

/** Samples that the server made itself; where it has none, the field is left out and nothing is claimed. */
function SampleField({ choose, current }: { choose(text: string): void; current: string }) {
  const { workbench } = texts()
  const { asked, specimens: all, isAnswered } = useSpecimens()
  if (asked.state === 'failed' && asked.fault && !['missing', 'broken'].includes(asked.fault.kind))
    return <FaultNotice fault={asked.fault} again={asked.again} />
  if (all.length === 0) return <p class="hint">{isAnswered ? workbench.noSamples : ''}</p>
  return (
    <Field label={workbench.sample} hint={workbench.sampleHint}>
      {(control) => (
        <select
          {...control}
          value={all.find(({ text }) => text === current)?.name ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            choose(all.find(({ name }) => name === value)?.text ?? '')
          }}
        >
          <option value="">{workbench.noSample}</option>
          {all.map(({ name, format }) => (
            <option value={name}>{format ? `${name} (${format})` : name}</option>
          ))}
        </select>
      )}
    </Field>
  )
}

interface ParameterFieldsProps {
  declared: Declared[]
  given: Given
  change(parameters: Record<string, string>): void
}

function ParameterFields({ declared, given, change }: ParameterFieldsProps) {
  const { workbench } = texts()
  if (declared.length === 0) return null
  return (
    <details class="parameters">
      <summary>{workbench.parameters}</summary>
      <p class="hint">{workbench.parametersHint}</p>
      {declared.map((each) => {
        const text = given.parameters[each.name] ?? ''
        const isWrong = text.trim() !== '' && parameterOf(each, text) === undefined
        return (
          <Field
            key={each.name}
            label={each.name}
            hint={`${each.type}${each.default === undefined ? '' : ` · ${workbench.byDefault} ${each.default}`}`}
            {...(isWrong && { error: workbench.parameterFault })}
          >
            {(control) => (
              <input
                {...control}
                dir="auto"
                value={text}
                onInput={(event) => change({ ...given.parameters, [each.name]: event.currentTarget.value })}
              />
            )}
          </Field>
        )
      })}
    </details>
  )
}

interface OutcomeProps {
  ran: Ran
  /** Texts of the rule sets that are open with it. */
  plans: readonly string[]
  isOld: boolean
  again(): void
}

function Outcome({ ran: { ended }, plans, isOld, again }: OutcomeProps) {
  const { workbench } = texts()
  return (
    <section class={`outcome ${isOld ? 'is-old' : ''}`} aria-label={workbench.outcome}>
      <h3>{workbench.outcome}</h3>
      {isOld && (
        <p class="notice notice-open">
          <Icon name="warning" size={24} />
          <span>{workbench.oldOutcome}</span>
        </p>
      )}
      <div class={isOld ? 'stale' : ''}>
        {ended.kind === 'fault' && <FaultNotice fault={ended.fault} again={again} />}
        {ended.kind === 'wrong' && <WrongNotice outcome={ended.outcome} />}
        {ended.kind === 'map' && <MapOutcome transformed={ended.transformed} />}
        {(ended.kind === 'rule' || ended.kind === 'unverified') && <RuleOutcomeView ended={ended} plans={plans} />}
      </div>
    </section>
  )
}
