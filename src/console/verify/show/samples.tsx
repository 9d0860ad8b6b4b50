/** Sample codes, where the server has some: one for each word, and more. */
import { ask } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { texts } from '../../languages/languages.ts'
import type { Desk } from '../desk/desk.ts'
import { isMembers, listOf, textOf } from '../reply/parameters.ts'

interface Sample {
  name: string
  kind: string
  title: string
  text: string
}

const kinds = ['accepted', 'rejected', 'undetermined', 'forged'] as const

/** Buttons; nothing at all where there are no samples. */
export function Samples({ desk }: { desk: Desk }) {
  const { samples: words } = texts().verify
  const { value } = useReply<unknown>('specimens', (signal) =>
    ask('//specimens', { signal, accept: 'application/json' }),
  )
  const samples = samplesOf(value)
  if (samples.length === 0) return null
  const firsts = kinds.flatMap((kind) => {
    const sample = samples.find((each) => each.kind === kind)
    return sample ? [{ sample, label: words.kinds[kind] }] : []
  })
  const others = samples.filter((each) => !firsts.some(({ sample }) => sample === each))
  return (
    <section class="samples" aria-labelledby="samples-head">
      <h2 id="samples-head">{words.head}</h2>
      <div class="actions">
        {firsts.map(({ sample, label }) => (
          <button type="button" class="quiet" onClick={() => desk.scan([sample.text])}>
            {label}
          </button>
        ))}
      </div>
      {others.length > 0 && (
        <details>
          <summary>{words.more}</summary>
          <div class="actions">
            {others.map((sample) => (
              <button type="button" class="quiet" onClick={() => desk.scan([sample.text])}>
                <bdi>{sample.title || sample.name}</bdi>
              </button>
            ))}
          </div>
        </details>
      )}
    </section>
  )
}

function samplesOf(value: unknown): Sample[] {
  return listOf(isMembers(value) ? value.specimen : undefined).flatMap((each): Sample[] => {
    if (!isMembers(each)) return []
    const [name, kind, title, text] = [each.name, each.kind, each.title, each.text].map(textOf)
    return name && text ? [{ name, kind: kind ?? '', title: title ?? '', text }] : []
  })
}
