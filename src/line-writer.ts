/**
 * Collects lines and writes those of one turn of the event loop in one go: a write of its own for every request would
 * cost more than answering it.
 * @param write takes one or several whole lines, each with its end
 */
export function lineWriter(write: (lines: string) => void): (line: string) => void {
  let waiting = ''
  const flush = () => {
    const lines = waiting
    waiting = ''
    write(lines)
  }
  return (line) => {
    if (waiting === '') setImmediate(flush)
    waiting += `${line}\n`
  }
}
