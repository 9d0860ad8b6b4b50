/** An import in a process of its own: what it is asked, what it tells. */

import { FhirError, issue } from '../../fhir/error.ts'
import type { CodeSystem, ConceptMap, Issue } from '../../fhir/types.ts'
import { forkProgram } from '../../workers/fork-program.ts'

/** A file to be imported. */
export interface ImportTask {
  path: string
  format: 'CSV' | 'NDJSON'
  /** What is said of it beside the file. */
  head: { url?: string; version?: string; name?: string; status?: CodeSystem['status'] }
  type: 'CodeSystem' | 'ConceptMap'
  /** Folder of the indexes of code systems. */
  indexes: string
}

/** What came of it: the resource to store. */
export interface Imported {
  resource: CodeSystem | ConceptMap
  issues: Issue[]
}

/** Messages of the process. */
export type ImportMessage =
  | { progress: string }
  | { imported: Imported }
  | { refused: { status: number; issues: Issue[] } }
  | { failed: string }

const heapMegabytes = 1024

/**
 * Imports a file beside the server: its thread answers others meanwhile.
 * @throws FhirError 422 what is wrong with the file, 500 when the process failed; the reason of the signal when it came
 */
export function importBeside(
  task: ImportTask,
  { progress, signal }: { progress: (text: string) => void; signal: AbortSignal | undefined },
): Promise<Imported> {
  signal?.throwIfAborted()
  const child = forkProgram(new URL('./import-worker.ts', import.meta.url), heapMegabytes)
  const { promise, resolve, reject } = Promise.withResolvers<Imported>()
  const stop = () => reject(signal?.reason ?? new Error('stopped'))
  signal?.addEventListener('abort', stop)
  child.on('message', (message: ImportMessage) => {
    if ('progress' in message) progress(message.progress)
    else if ('imported' in message) resolve(message.imported)
    else if ('refused' in message) reject(new FhirError(message.refused.status, message.refused.issues))
    else reject(new Error(message.failed))
  })
  child.on('error', reject)
  child.on('exit', (code, by) =>
    reject(new FhirError(500, issue('exception', `The process of the import ended (${by ?? `exit code ${code}`}).`))),
  )
  child.send(task)
  return promise.finally(() => {
    signal?.removeEventListener('abort', stop)
    child.kill('SIGKILL')
  })
}
