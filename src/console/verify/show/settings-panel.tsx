/** What every question says, and how the scanner is read. Held in memory. */
import { useState } from 'preact/hooks'
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import { countries } from '../input/countries.ts'
import { type AskingSettings, uses } from '../input/question.ts'
import { locale } from '../input/reader.ts'
import { asking, pauses, silences, working } from '../input/settings.ts'

const change = (members: Partial<AskingSettings>) => {
  asking.value = { ...asking.value, ...members }
}

/** The folded panel. */
export function SettingsPanel() {
  const { settings } = texts().verify
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{settings.head}</summary>
      {isOpen && <Controls />}
    </details>
  )
}

/** Drawn when they are needed: there are 250 countries. */
function Controls() {
  const { settings } = texts().verify
  return (
    <>
      <Jurisdiction />
      <Clock />
      <Uses />
      <Field label={settings.domains} hint={settings.domainsHint}>
        {(control) => (
          <input
            {...control}
            dir="ltr"
            autocomplete="off"
            spellcheck={false}
            value={asking.value.trustDomains.join(' ')}
            onChange={(event) => change({ trustDomains: event.currentTarget.value.split(/[\s,]+/).filter(Boolean) })}
          />
        )}
      </Field>
      <Working />
    </>
  )
}

function Jurisdiction() {
  const { verify } = texts()
  return (
    <Field label={verify.jurisdiction}>
      {(control) => (
        <select
          {...control}
          value={asking.value.jurisdiction}
          onChange={(event) => change({ jurisdiction: event.currentTarget.value })}
        >
          <option value="">{verify.jurisdictionOfServer}</option>
          {countries(locale()).map(({ code, name }) => (
            <option key={code} value={code}>
              {name} ({code})
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

function Clock() {
  const { settings } = texts().verify
  return (
    <div class="clock-row">
      <Field label={settings.clock} hint={settings.clockHint}>
        {(control) => (
          <input
            {...control}
            type="datetime-local"
            value={localTime(asking.value.clock)}
            onChange={(event) => change({ clock: instantOf(event.currentTarget.value) })}
          />
        )}
      </Field>
      {asking.value.clock && (
        <button type="button" class="quiet" onClick={() => change({ clock: '' })}>
          {settings.clockNow}
        </button>
      )}
    </div>
  )
}

/** A time of the field, which has no zone, as an instant. */
function instantOf(local: string): string {
  const moment = new Date(local)
  return Number.isNaN(moment.getTime()) ? '' : moment.toISOString()
}

function localTime(instant: string): string {
  const moment = new Date(instant)
  if (Number.isNaN(moment.getTime())) return ''
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function Uses() {
  const { settings } = texts().verify
  const chosen = asking.value.uses
  return (
    <>
      <fieldset class="choice">
        <legend>{settings.uses}</legend>
        {uses.map((use) => (
          <label>
            <input
              type="checkbox"
              checked={chosen.includes(use)}
              onChange={(event) =>
                change({
                  uses: uses.filter((each) => (each === use ? event.currentTarget.checked : chosen.includes(each))),
                })
              }
            />
            {settings.use[use]}
          </label>
        ))}
      </fieldset>
      <p class="hint">{settings.usesHint}</p>
    </>
  )
}

function Working() {
  const { settings } = texts().verify
  return (
    <>
      <Field label={settings.pause}>
        {(control) => (
          <select
            {...control}
            value={String(working.value.pause)}
            onChange={(event) => {
              working.value = { ...working.value, pause: Number(event.currentTarget.value) }
            }}
          >
            {pauses.map((seconds) => (
              <option value={String(seconds)}>
                {seconds === 0 ? settings.pauseNever : fill(settings.pauseAfter, { seconds })}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={settings.silence} hint={settings.silenceHint}>
        {(control) => (
          <select
            {...control}
            value={String(working.value.silence)}
            onChange={(event) => {
              working.value = { ...working.value, silence: Number(event.currentTarget.value) }
            }}
          >
            {silences.map((n) => (
              <option value={String(n)}>{fill(settings.milliseconds, { n })}</option>
            ))}
          </select>
        )}
      </Field>
    </>
  )
}
