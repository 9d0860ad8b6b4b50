/**
 * How much memory V8 gives to objects that are new, and to those that are no more. While a server starts it reads a thousand modules, whose
 * objects stay, and the space for new ones would grow to what a server under load needs: half of what an idle one has.
 */
import { setFlagsFromString } from 'node:v8'

const factor = '--semi-space-growth-factor='

/** Keeps the space as it is from now on. */
export const keepYoungGeneration = (): void => setFlagsFromString(`${factor}1`)

/** Lets the space grow by what is asked of the server, as V8 does by itself. */
export const letYoungGenerationGrow = (): void => setFlagsFromString(`${factor}2`)

/**
 * Collects garbage early, for a command that reads gigabytes and keeps next to nothing of them outside typed arrays: V8 would let garbage
 * grow to several times what is in use, for it guesses by how fast memory is asked for. More space for new objects would save less
 * than a tenth of the time of an import on a quiet machine, and cost 50 MB: buffers wait in it to be collected.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30')
  keepYoungGeneration()
}
