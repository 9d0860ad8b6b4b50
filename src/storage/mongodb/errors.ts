/** What the driver throws, as errors of the interface: no address and no password is in their texts. */
import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb'
import { FhirError, issue } from '../../fhir/error.ts'

/** The store cannot be opened. */
export class StartError extends Error {
  /** Marks what a person can act on, as the errors of files and ports are marked. `STORE_NOT_REACHABLE` may pass by itself. */
  readonly code: 'STORE_NOT_USABLE' | 'STORE_NOT_REACHABLE'

  constructor(text: string, code: StartError['code'] = 'STORE_NOT_USABLE') {
    super(text)
    this.code = code
  }
}

/** Error codes of the server (https://www.mongodb.com/docs/manual/reference/error-codes/) that something follows from. */
const codes = {
  conflict: [112, 11000, 251, 246, 24, 225, 48],
  full: [14031],
  denied: [13, 18, 8000, 33],
  tooBig: [10334, 17280, 257, 17419, 17420],
  slow: [50, 202, 262],
}

const codeOf = (error: unknown): number | undefined => {
  if (error instanceof MongoBulkWriteError) {
    // Of one that was broken off as a whole the driver says no code.
    const [first] = [error.writeErrors].flat()
    const code = Number(error.code ?? first?.code)
    return Number.isNaN(code) ? undefined : code
  }
  return error instanceof MongoServerError && error.code !== undefined ? Number(error.code) : undefined
}

const has = (list: readonly number[], code: number | undefined): boolean => code !== undefined && list.includes(code)

/** Whether another writer came in between: begun anew, it may succeed. */
export const isConflict = (error: unknown): boolean => has(codes.conflict, codeOf(error))

/** Whether what the database was asked may succeed when it is asked again. */
export const isTransient = (error: unknown): boolean =>
  error instanceof MongoNetworkError ||
  error instanceof MongoServerSelectionError ||
  (error instanceof MongoError && (error.hasErrorLabel('TransientTransactionError') || isConflict(error)))

/** Whether nobody knows if the transaction was committed. */
export const isUnknown = (error: unknown): boolean =>
  error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')

/** Whether an error is one of access: user or password are not those, or may not do this. */
export const isDenied = (error: unknown): boolean => has(codes.denied, codeOf(error))

const later = (text: string, seconds = 5, code: 'transient' | 'lock-error' | 'no-store' = 'transient') =>
  new FhirError(503, issue(code, text), { 'Retry-After': String(seconds) })

/** 503: others are writing all the time. */
export const busy = (): FhirError => later('Another process is writing to the store; try again.', 1, 'lock-error')

/** 503: nobody knows whether what was written is there. */
export const unconfirmed = (): FhirError =>
  later('The store did not confirm what was written: look whether it is there before it is written again.')

/** 503: the store cannot be asked. */
export const unreachable = (): FhirError => later('The store does not answer now; try again.')

/** 503: search entries are made by another version of this software, which would miss those of this one. */
export const otherIndex = (): FhirError =>
  later('Another version of vidimus keeps this store now: this one reads it and writes no more.', 60, 'no-store')

/** An error of the driver as FhirError; anything else as it is. */
export function storageError(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error
  const code = codeOf(error)
  if (isConflict(error)) return busy()
  if (has(codes.full, code))
    return new FhirError(507, issue('no-store', 'The disk of the store is full; nothing was written.'))
  if (isDenied(error))
    return later('The store cannot be used now: its user may not do this. Nothing was written.', 60, 'no-store')
  if (has(codes.tooBig, code) || /larger than|too large|BSONObj size/i.test(error.message))
    return new FhirError(413, issue('too-costly', 'The resource is too big for the store.'))
  if (has(codes.slow, code)) return later('The store took too long to answer; try again.')
  if (error.hasErrorLabel('TransientTransactionError')) return later('The store broke off the write; try again.', 1)
  if (error instanceof MongoBulkWriteError && code === undefined) return unreachable()
  // Whatever else it is, its text may name hosts: it is told by its kind.
  if (error instanceof MongoServerError && !isOfTopology(code))
    return new Error(`The store refused what it was asked (${error.codeName ?? error.code ?? error.name}).`)
  return unreachable()
}

/** Codes by which a member says that it is not, or not any more, the one to ask. */
const isOfTopology = (code: number | undefined): boolean =>
  has(
    [
      6, 7, 89, 91, 189, 317, 358, 384, 9001, 10058, 10107, 11600, 11602, 13388, 13435, 13436, 64, 100, 134, 136, 237,
      238, 290, 313, 11601,
    ],
    code,
  )

/** Answers, or fails with an error of the interface. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw storageError(error)
  }
}
