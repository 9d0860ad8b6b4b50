/**
 * How much memory V8 gives to objects that are new, and to those that are no more. While a server starts it reads a thousand modules, whose
 * objects stay, and the space for new ones would grow to what a server under load needs: half of what an idle one has.
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

const factor = '--semi-space-growth-factor='

/** Keeps the space as it is from now on. */
export const keepYoungGeneration = (): void => setFlagsFromString(`${factor}1`)

/** Lets the space grow by what is asked of the server, as V8 does by itself. */
export const letYoungGenerationGrow = (): void => setFlagsFromString(`${factor}2`)

/**
 * Bytes of the space for new objects that are enough for a command that reads gigabytes. With what a process begins with, a third of its
 * time goes into collecting; with what V8 lets it grow to, buffers wait in it that hold 200 MB.
 */
const enoughForReading = 16 << 20

/** Objects that are made before it is looked whether the space has grown: some of them must be in use when it is collected. */
const objectsPerLook = 10_000
const mostLooks = 200

/**
 * Collects garbage early, for a command that reads gigabytes and keeps next to nothing of them outside typed arrays: V8 would let garbage
 * grow to several times what is in use, for it guesses by how fast memory is asked for.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=30')
  const used: object[][] = []
  for (let looks = 0; looks < mostLooks && spaceForNew() < enoughForReading; looks++)
    used.push(Array.from({ length: objectsPerLook }, (_, n) => ({ n })))
  keepYoungGeneration()
}

const spaceForNew = (): number =>
  getHeapSpaceStatistics().find((each) => each.space_name === 'new_space')?.space_size ?? enoughForReading
