import type { Readable } from 'node:stream'

/** A line that is longer is written in pieces. */
const longestLine = 1_000_000

/** Writes what a process prints line by line, so that the lines of several never stand in one another. */
export function passLines(from: Readable | null, write: (lines: string) => void): void {
  let rest = ''
  from?.setEncoding('utf8')
  from?.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1
    if (end === 0 && rest.length + chunk.length < longestLine) {
      rest += chunk
      return
    }
    const cut = end === 0 ? chunk.length : end
    write(rest + chunk.slice(0, cut))
    rest = chunk.slice(cut)
  })
  from?.once('end', () => {
    if (rest !== '') write(`${rest}\n`)
  })
}
