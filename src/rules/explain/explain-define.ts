import { FhirError, issue } from '../../fhir/error.ts'
import type { Issue, Library } from '../../fhir/types.ts'
import type { LibraryRun } from '../cql/run/run.ts'
import { helpers } from '../cql/translate/elm-scope.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { type AuthoredLibrary, authorOf, authorOfText, ownTexts } from './author-texts.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'

/** What {@link explainDefine} needs beside the run. */
export interface ExplainCall {
  /** A language tag or an Accept-Language value. */
  language: string | undefined
  /** The stored Library of a canonical. */
  findLibrary(canonical: string): Promise<Library | undefined>
  /** The expression of a rule set that the run's library was made of. */
  inline?: string
}

/** The reasons of a result, as far as they can be told. */
interface Told {
  explanation?: Explanation
  /** Which data were missing; clauses in English. */
  missing: string[]
  /** That they cannot be told. */
  remarks?: Issue[]
}

/**
 * Explains what a define gave by running it once more; `value` is what it gave. That it cannot be told changes no result.
 * @returns undefined for a define that takes too many steps
 * @throws FhirError with a status from 500 on, when the server cannot answer now
 */
export async function explainDefine(
  run: LibraryRun,
  { name, value }: { name: string; value: unknown },
  call: ExplainCall,
): Promise<Told | undefined> {
  try {
    const recording = await run.record(name)
    // An explanation of another answer than the one that was given would be none.
    if (!recording || recording.root.value !== value) return undefined
    const texts = ownTexts(await authored(run.library, call), call.language)
    return explain(recording, { define: call.inline ?? name, language: call.language, texts })
  } catch (error) {
    if (error instanceof FhirError && error.status >= 500) throw error
    // The text of the error may hold data.
    const text = `the reasons of "${name}" of ${run.library.canonical} could not be told`
    return { missing: [], remarks: [issue('exception', { severity: 'warning', text })] }
  }
}

async function authored(library: CompiledLibrary, call: ExplainCall): Promise<AuthoredLibrary[]> {
  const found: AuthoredLibrary[] = []
  for (const each of [library, ...library.includes]) {
    if (each.identifier.id === helpers) continue
    const { canonical } = each
    if (each === library && call.inline !== undefined) {
      found.push({ canonical, author: authorOfText(call.inline) })
      continue
    }
    const resource = await call.findLibrary(canonical)
    if (resource) found.push({ canonical, author: authorOf(resource) })
  }
  return found
}
