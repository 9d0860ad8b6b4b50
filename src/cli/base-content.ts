import { loadBaseContent as load } from '../packages/load-base-content.ts'
import type { VidimusServer } from '../server.ts'
import { progressBar } from './progress.ts'

/** About how many resources the base content has; the bar needs no more. */
const roughTotal = 5_000

/**
 * Loads the code systems, value sets and concept maps of FHIR R4 and HL7 Terminology once, while the server answers.
 * A failure is told and does not end the server: everything else works without.
 */
export async function loadBaseContent(server: VidimusServer, signal: AbortSignal): Promise<void> {
  const bar = progressBar('Loading FHIR R4 terminology')
  try {
    const { upToDate, loaded, present, absent } = await load(server.storage, {
      signal,
      progress: (done) => bar.show(done, roughTotal),
    })
    bar.end()
    for (const reason of absent) console.log(`base content: ${reason}`)
    if (!signal.aborted)
      console.log(
        `base content: ${present.join(', ')} ${upToDate ? 'was loaded before' : `loaded (${loaded} resources)`}`,
      )
  } catch (error) {
    bar.end()
    console.error(`base content could not be loaded: ${error instanceof Error ? error.message : String(error)}`)
  }
}
