/** Sample codes, where the server has some: one for each word, and all the others to choose from. */
import { useState } from 'preact/hooks'
import { type Specimen, useSpecimens } from '../../api/use-specimens.ts'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import type { Desk } from '../desk/desk.ts'
import { decisions } from '../reply/verdict.ts'

/** Buttons; nothing at all where there are no samples. */
export function Samples({ desk }: { desk: Desk }) {
  const { samples: words } = texts().verify
  const { specimens: samples } = useSpecimens()
  if (samples.length === 0) return null
  const firsts = [
    [words.kinds.accepted, samples.find(({ kind }) => kind === 'accepted')],
    [words.kinds.rejected, samples.find(({ kind }) => kind === 'rejected')],
    [words.kinds.undetermined, samples.find(({ kind }) => kind === 'undetermined')],
    [words.kinds.forged, samples.find(({ name }) => name.endsWith('-forged'))],
  ] as const
  return (
    <section class="samples" aria-labelledby="samples-head">
      <h2 id="samples-head">{words.head}</h2>
      <div class="button-row">
        {firsts.map(
          ([label, sample]) =>
            sample && (
              <button type="button" class="quiet" onClick={() => desk.scan([sample.text])}>
                {label}
              </button>
            ),
        )}
      </div>
      <details>
        <summary>{words.more}</summary>
        <Choice samples={samples} desk={desk} />
      </details>
    </section>
  )
}

/** All of them by name. One is judged when the button says so: arrow keys walk through the list. */
function Choice({ samples, desk }: { samples: readonly Specimen[]; desk: Desk }) {
  const { verify } = texts()
  const [name, setName] = useState(samples[0]?.name ?? '')
  const chosen = samples.find((each) => each.name === name)
  const wordOf = (kind: string) => {
    const decision = decisions.find((each) => each === kind)
    return decision ? verify.words[decision] : kind
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (chosen) desk.scan([chosen.text])
      }}
    >
      <Field label={verify.samples.choose}>
        {(control) => (
          <select {...control} value={name} onChange={(event) => setName(event.currentTarget.value)}>
            {[...Map.groupBy(samples, ({ format }) => format)].map(([format, of]) => (
              <optgroup label={format}>
                {of.map((each) => (
                  <option value={each.name}>
                    {each.name} · {wordOf(each.kind)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <p class="button-row">
        <button type="submit" class="quiet">
          {verify.check}
        </button>
        {chosen && (
          <a class="button quiet" href={`/specimens/${chosen.name}.png`} target="_blank" rel="noreferrer">
            {verify.samples.picture}
          </a>
        )}
      </p>
    </form>
  )
}
