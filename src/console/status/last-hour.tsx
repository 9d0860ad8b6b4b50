/** Numbers of the last hour: how many of what, how fast, and minute by minute. */
import { ask } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { language } from '../app/session.ts'
import { counted, fill, shownDate } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { type Hour, readHour } from './read-status.ts'

/** The section; a server that counts nothing says so. */
export function LastHour({ round }: { round: number }) {
  const { status } = texts()
  const reply = useReply(`hour ${round}`, async (signal) =>
    readHour(await ask<unknown>('//last-hour', { accept: 'application/json', signal })),
  )
  return (
    <section>
      <h2>{status.hour}</h2>
      {reply.fault?.status === 404 ? (
        <div class="notice">
          <div>
            <p class="notice-head">{status.hourOff}</p>
            <p>{status.hourOffHint}</p>
          </div>
        </div>
      ) : (
        <Await asked={reply} lines={10} keep>
          {(hour) => <Numbers hour={hour} />}
        </Await>
      )}
    </section>
  )
}

function Numbers({ hour }: { hour: Hour }) {
  const { status } = texts()
  const { requests, evaluations, tries, minutes, workers, since } = hour
  const number = (value: number) => new Intl.NumberFormat(language.value).format(value)
  const within = (value: number | undefined) =>
    value === undefined ? '–' : fill(status.milliseconds, { n: number(value) })
  const figures: [string, string][] = [
    [status.evaluations, number(evaluations.total)],
    [status.half, within(evaluations.half)],
    [status.most, within(evaluations.most)],
    [status.requests, number(requests.total)],
    [status.refused, number(requests.refused)],
    [status.failed, number(requests.failed)],
  ]
  return (
    <>
      <dl class="status-figures">
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="hint">{status.perMinute}</p>
      <Minutes minutes={minutes} />
      {evaluations.by.length === 0 ? (
        <p>{status.none}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{status.decision}</th>
              <th scope="col">{status.format}</th>
              <th scope="col">{status.count}</th>
            </tr>
          </thead>
          <tbody>
            {evaluations.by.map(({ decision, format, count }) => (
              <tr key={`${decision} ${format}`}>
                <td>{wordFor(decision)}</td>
                <td>{format}</td>
                <td>{number(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {tries > 0 && <p class="hint">{counted(status.tries, tries, language.value)}</p>}
      <p class="hint">
        {fill(status.since, { time: shownDate(since, language.value) })}
        {workers !== undefined && workers > 1 && ` · ${fill(status.ofOne, { n: workers })}`}
      </p>
    </>
  )
}

function wordFor(decision: string): string {
  const { status } = texts()
  switch (decision) {
    case 'accepted':
    case 'rejected':
    case 'undetermined':
    case 'unverified':
      return status[decision]
    default:
      return decision
  }
}

function Minutes({ minutes }: { minutes: number[] }) {
  const { status } = texts()
  const most = Math.max(1, ...minutes)
  return (
    <svg
      class="status-minutes"
      viewBox="0 0 600 80"
      preserveAspectRatio="none"
      role="img"
      aria-label={status.perMinute}
    >
      {minutes.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(3, (count / most) * 78)
        return <rect key={index} x={index * 10 + 1} y={80 - height} width={8} height={height} />
      })}
    </svg>
  )
}
