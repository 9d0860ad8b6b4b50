/** Imports of several processes into one store, one after the other. */
import { FhirError, issue } from '../../fhir/error.ts'

/** Work in turns with other processes; `isHeld` says whether the turn is still this one's. */
export type Alone = <T>(work: (isHeld: () => Promise<boolean>) => Promise<T>) => Promise<T>

/** An import whose turn it is. */
export interface Held {
  isHeld(): Promise<boolean>
}

/** Where several may import at a time. */
export const notAlone: Alone = (work) => work(async () => true)

/** This process stood still for so long that another one has begun the same. */
export const takenOver = new FhirError(
  409,
  issue('lock-error', 'Another process has taken over the imports of this store; nothing was stored. Try again.'),
)
