/** A progress bar on standard error; silent when that is no terminal, so that logs stay clean. */
export function progressBar(label: string): { show(done: number, total: number): void; end(): void } {
  const terminal = process.stderr.isTTY
  let shown = false
  return {
    show(done, total) {
      if (!terminal) return
      const share = total > 0 ? Math.min(1, done / total) : 0
      const bar = '█'.repeat(Math.round(share * 30)).padEnd(30, '·')
      process.stderr.write(`\r${label} ${bar} ${done}/${total}\x1b[K`)
      shown = true
    },
    end() {
      if (shown) process.stderr.write('\r\x1b[K')
    },
  }
}
