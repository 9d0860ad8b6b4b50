/** The four signs: each has a shape of its own, so that no colour is needed to tell them apart. */
import type { Decision } from '../reply/verdict.ts'

const frames: Record<Decision, string> = {
  accepted: 'M32 3a29 29 0 1 1 0 58 29 29 0 0 1 0-58Z',
  rejected: 'M21 4h22l17 17v22L43 60H21L4 43V21Z',
  undetermined: 'M32 2 62 32 32 62 2 32Z',
  unverified: 'M32 4 62 59H2Z',
}

const signs: Record<Decision, string> = {
  accepted: 'M18 33 28 43 47 22',
  rejected: 'M21 21 43 43 M43 21 21 43',
  undetermined: 'M25 26a7 7 0 1 1 10 6.300c-2 1-3 2.500-3 5 M32 44v.5',
  unverified: 'M32 24v18 M32 50v.5',
}

/** The sign of a word. It says nothing to those who hear the page: the word stands beside it. */
export function Emblem({ decision, size = 96 }: { decision: Decision; size?: number }) {
  return (
    <svg class="emblem" width={size} height={size} viewBox="0 0 64 64" aria-hidden="true" focusable="false">
      <path class="emblem-frame" d={frames[decision]} />
      <path class="emblem-sign" d={signs[decision]} />
    </svg>
  )
}
