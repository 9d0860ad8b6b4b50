import { errorText } from '../../../base/system-error.ts'
import { UnusableSource } from '../trust-source.ts'

/** Faults of a program, which must not look like those of another server. */
const FAULTS: readonly unknown[] = [TypeError, RangeError, ReferenceError, SyntaxError]

/** What a client of another server answers. @throws UnusableSource when it could not be had */
export async function downloaded<Answer>(download: () => Promise<Answer>): Promise<Answer> {
  try {
    return await download()
  } catch (error) {
    if (!(error instanceof Error) || FAULTS.includes(error.constructor) || error instanceof UnusableSource) throw error
    throw new UnusableSource(`the gateway could not be read: ${errorText(error)}`)
  }
}
