/** Keeps the screen on while codes are read one after the other, where the browser can. */

/** Holds the screen until it is told to stop; a page that was hidden takes it again. */
export function stayAwake(): () => void {
  let lock: WakeLockSentinel | undefined
  let isOver = false
  const take = async () => {
    if (isOver || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    try {
      lock = await navigator.wakeLock.request('screen')
      if (isOver) await lock.release()
    } catch {
      // Without power, or where a policy forbids it, the screen goes off as it always does.
    }
  }
  const again = () => void take()
  document.addEventListener('visibilitychange', again)
  void take()
  return () => {
    isOver = true
    document.removeEventListener('visibilitychange', again)
    void lock?.release()
  }
}
