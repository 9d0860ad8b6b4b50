/**
 * How much memory V8 gives to objects that are new. While a server starts it reads a thousand modules, whose objects stay, and the space
 * for new ones would grow to what a server under load needs: half of what an idle one has.
 */
import { setFlagsFromString } from 'node:v8'

const factor = '--semi-space-growth-factor='

/** Keeps the space as it is from now on. */
export const keepYoungGeneration = (): void => setFlagsFromString(`${factor}1`)

/** Lets the space grow by what is asked of the server, as V8 does by itself. */
export const letYoungGenerationGrow = (): void => setFlagsFromString(`${factor}2`)
