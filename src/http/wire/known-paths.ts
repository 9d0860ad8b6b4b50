import type { Facade } from '../context.ts'
import type { Resolved } from '../interaction.ts'
import { parsePath } from '../message/query.ts'

/** A path, split and decoded, and the interaction that it names. */
export interface PathTaken {
  path: string[]
  resolved: Resolved
}

/** More spellings of the few paths of operations than any honest client has. */
const maximumPaths = 500

/**
 * Finds the interaction of a method and a path as it stands in the address. What a GET of an operation at type level
 * finds is kept by path: there are few of these, asked over and over.
 * @returns a function that throws FhirError 400 for a broken percent-encoding, 404, 405
 */
export function pathTaker(facade: Facade): (method: string, address: string) => PathTaken {
  const known = new Map<string, PathTaken>()
  return (method, address) => {
    const found = method === 'GET' ? known.get(address) : undefined
    if (found) return found
    const path = parsePath(address)
    const taken = { path, resolved: facade.resolve(method, path) }
    const { target, writes } = taken.resolved
    const isRepeated = method === 'GET' && target.operation !== '' && target.id === '' && !writes
    if (isRepeated && known.size < maximumPaths) known.set(address, taken)
    return taken
  }
}
