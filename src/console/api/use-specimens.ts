/** Specimens that a development server publishes (`/specimens`). */
import { ask, hasSpecimens } from './client.ts'
import { isMembers, listOf, textOf } from './parameters.ts'
import { type Asked, useReply } from './use-reply.ts'

/** One of them; of nobody. */
export interface Specimen {
  name: string
  /** The decision to expect by the rules as they ship. */
  kind: string
  format: string
  text: string
}

/** Asks for them, where the page says that there are some. @returns what was asked, and those that were understood */
export function useSpecimens(): { asked: Asked<unknown>; specimens: Specimen[]; isAnswered: boolean } {
  const asked = useReply<unknown>(hasSpecimens ? 'specimens' : undefined, (signal) =>
    ask('//specimens', { signal, accept: 'application/json' }),
  )
  const isAnswered = !hasSpecimens || asked.state === 'here' || asked.state === 'failed'
  return { asked, specimens: specimensOf(asked.value), isAnswered }
}

function specimensOf(value: unknown): Specimen[] {
  return listOf(isMembers(value) ? value.specimen : undefined).flatMap((each): Specimen[] => {
    if (!isMembers(each)) return []
    const [name, kind = '', format = '', text] = [each.name, each.kind, each.format, each.text].map(textOf)
    return name && text ? [{ name, kind, format, text }] : []
  })
}
