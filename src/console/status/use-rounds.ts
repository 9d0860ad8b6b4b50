/** A number that grows while the page is seen. */
import { useEffect, useState } from 'preact/hooks'

/** Counts up every so many milliseconds, and not while the page is hidden. */
export function useRounds(milliseconds: number): number {
  const [round, setRound] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setRound((count) => count + 1)
    }, milliseconds)
    return () => clearInterval(timer)
  }, [milliseconds])
  return round
}
