/** How long a line may wait. */
const pauseMs = 100
/** Waiting text, in characters, that is written at once. */
const largestWait = 65_536

/**
 * Collects lines and writes them a few times per second, many in one go: a write of its own for every request would cost
 * more than answering it, and wake whoever reads the lines as often.
 * @param write takes one or several whole lines, each with its end
 */
export function lineWriter(write: (lines: string) => void): { line(text: string): void; flush(): void } {
  let waiting = ''
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = waiting
    waiting = ''
    if (lines !== '') write(lines)
  }
  return {
    line(text) {
      waiting += `${text}\n`
      if (waiting.length >= largestWait) flush()
      else timer ??= setTimeout(flush, pauseMs)
    },
    flush,
  }
}
