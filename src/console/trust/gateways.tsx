/** How this server stands at its gateways. */
import { ask } from '../api/client.ts'
import { useReply } from '../api/use-reply.ts'
import { texts } from '../languages/languages.ts'
import { Await } from '../parts/await.tsx'
import { Word } from '../parts/word.tsx'

interface Health {
  gateways?: { id: string; state: string }[]
}

/** What `/health` says of gateways. */
export function Gateways() {
  const { trust } = texts()
  const reply = useReply('health', (signal) => ask<Health>('//health', { accept: 'application/json', signal }))
  return (
    <section>
      <h2>{trust.gateways}</h2>
      <Await asked={reply} lines={2}>
        {({ gateways = [] }) =>
          gateways.length === 0 ? (
            <p>{trust.noGateways}</p>
          ) : (
            <ul>
              {gateways.map(({ id, state }) => (
                <li key={id}>
                  <bdi>{id}</bdi>: <Word table={trust.gatewayStates} code={state} />
                </li>
              ))}
            </ul>
          )
        }
      </Await>
    </section>
  )
}
