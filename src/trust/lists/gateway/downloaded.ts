import { errorText } from '../../../base/system-error.ts'
import { UndeliveredSource, UnusableSource } from '../trust-source.ts'

/** Faults of a program, which must not look like those of another server. */
const FAULTS: readonly unknown[] = [TypeError, RangeError, ReferenceError, SyntaxError]

/** What a client of another server answers. @throws UndeliveredSource when it could not be had */
export async function downloaded<Answer>(download: () => Promise<Answer>, what = 'the gateway'): Promise<Answer> {
  try {
    return await download()
  } catch (error) {
    if (!(error instanceof Error) || FAULTS.includes(error.constructor) || error instanceof UnusableSource) throw error
    throw new UndeliveredSource(`${what} could not be read: ${errorText(error)}`)
  }
}
