/** Tells when others should have a turn. */
const turnMilliseconds = 20

/** Answers whether so much time went by since it last said so. */
export function pause(): () => boolean {
  let last = performance.now()
  return () => {
    const now = performance.now()
    if (now - last < turnMilliseconds) return false
    last = now
    return true
  }
}
