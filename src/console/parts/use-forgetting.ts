/** What is of a person goes when nobody is there: after a minute without touch, and when the page is left. */
import { useEffect, useRef, useState } from 'preact/hooks'

/** Seconds without touch after which it is forgotten. */
const forgottenAfter = 60
/** Seconds before that in which it is said. */
const warnedBefore = 15

/** Seconds until all is forgotten, near the end; else undefined. */
export interface Forgetting {
  remaining: number | undefined
  keep(): void
}

/**
 * Counts while there is something to forget.
 * @param forget called once, after a minute without touch or when the page is left, which a browser may keep and show again
 */
export function useForgetting(hasSomething: boolean, forget: () => void): Forgetting {
  const [remaining, setRemaining] = useState<number>()
  const touched = useRef(0)
  const latest = useRef(forget)
  latest.current = forget
  const touch = () => {
    touched.current = Date.now()
    setRemaining(undefined)
  }
  useEffect(() => {
    if (!hasSomething) return undefined
    touch()
    const leave = () => latest.current()
    const tick = () => {
      // A clock that was set back would keep it for as long.
      touched.current = Math.min(touched.current, Date.now())
      const left = Math.ceil(forgottenAfter - (Date.now() - touched.current) / 1000)
      if (left <= 0) leave()
      setRemaining(left > 0 && left <= warnedBefore ? left : undefined)
    }
    const timer = setInterval(tick, 1_000)
    const touches = ['pointerdown', 'keydown', 'wheel', 'input'] as const
    for (const each of touches) document.addEventListener(each, touch, { capture: true, passive: true })
    document.addEventListener('visibilitychange', tick)
    addEventListener('pagehide', leave)
    return () => {
      clearInterval(timer)
      for (const each of touches) document.removeEventListener(each, touch, { capture: true })
      document.removeEventListener('visibilitychange', tick)
      removeEventListener('pagehide', leave)
      setRemaining(undefined)
    }
  }, [hasSomething])
  return { remaining, keep: touch }
}
