import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'

/** The text of a scanned code in a file; `-` is standard input. Only the line end that an editor adds is dropped: blanks belong to the code. */
export async function readCredential(file: string): Promise<string> {
  const whole = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  return whole.replace(/\r?\n$/, '')
}
