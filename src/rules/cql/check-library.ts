import { FhirError } from '../../fhir/error.ts'
import type { Issue, Library } from '../../fhir/types.ts'
import type { Libraries } from './libraries.ts'

/** Remarks of the translator on a Library; errors are told as warnings. A Library without CQL or ELM content has none. */
export async function checkLibrary(library: Library, libraries: Libraries): Promise<Issue[]> {
  const types = ['text/cql', 'application/elm+json']
  if (!library.content?.some((each) => types.includes(each.contentType?.split(';')[0]?.trim() ?? ''))) return []
  try {
    return (await libraries.compile(library)).issues.map(asWarning)
  } catch (error) {
    // The server being unable to check is no remark on the Library.
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    return error.issues.map(asWarning)
  }
}

const asWarning = (each: Issue): Issue => (each.severity === 'error' ? { ...each, severity: 'warning' } : each)
