/** Shows an answer, or that it is awaited, slow, or will not come. */
import type { ComponentChildren } from 'preact'
import type { Asked } from '../api/use-reply.ts'
import { texts } from '../languages/languages.ts'
import { FaultNotice } from './fault.tsx'

interface AwaitProps<T> {
  asked: Asked<T>
  children: (value: T) => ComponentChildren
  /** Lines of height that are kept free while the answer is awaited, so that nothing jumps. */
  lines?: number
  /** Goes on showing the last answer while the next is awaited. */
  keep?: boolean
}

/** The answer as `children` draw it once it is here. */
export function Await<T>({ asked, children, lines = 6, keep = false }: AwaitProps<T>) {
  const { state, value, last, fault, again } = asked
  if (state === 'here' && value !== undefined) return <>{children(value)}</>
  if (state === 'failed' && fault) return <FaultNotice fault={fault} again={again} />
  if (keep && last !== undefined)
    return (
      <div class="stale" aria-busy="true">
        {children(last)}
      </div>
    )
  return (
    <div class="waiting" aria-busy="true" style={{ minHeight: `${lines * 1.75}rem` }}>
      <p role="status">{state === 'slow' ? texts().shell.slow : texts().shell.loading}</p>
      <div class="skeleton" />
    </div>
  )
}
