import type { Library } from '../../fhir/types.ts'
import type { LibraryRun } from '../cql/run/run.ts'
import { helpers } from '../cql/translate/elm-scope.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { type AuthoredLibrary, ownTexts } from './author-texts.ts'
import { type Explained, explain } from './explain.ts'

/** What {@link explainDefine} needs beside the run. */
export interface ExplainCall {
  /** A language tag or an Accept-Language value. */
  language: string | undefined
  /** The stored Library of a canonical. */
  findLibrary(canonical: string): Promise<Library | undefined>
  /** The expression of a rule set that the run's library was made of. */
  inline?: string
}

/**
 * Explains what a define gave by running it once more; `value` is what it gave.
 * @returns undefined for what cannot be told: see {@link LibraryRun.record}
 */
export async function explainDefine(
  run: LibraryRun,
  { name, value }: { name: string; value: unknown },
  call: ExplainCall,
): Promise<Explained | undefined> {
  const recording = await run.record(name)
  // An explanation of another answer than the one that was given would be none.
  if (!recording || recording.root.value !== value) return undefined
  const texts = ownTexts(await authored(run.library, call), call.language)
  return explain(recording, { define: call.inline ?? name, language: call.language, texts })
}

async function authored(library: CompiledLibrary, call: ExplainCall): Promise<AuthoredLibrary[]> {
  const found: AuthoredLibrary[] = []
  for (const each of [library, ...library.includes]) {
    if (each.identifier.id === helpers) continue
    const { canonical } = each
    if (each === library && call.inline !== undefined) {
      found.push({ canonical, cql: call.inline })
      continue
    }
    const resource = await call.findLibrary(canonical)
    found.push({ canonical, resource, cql: cqlOf(resource) })
  }
  return found
}

function cqlOf(resource: Library | undefined): string | undefined {
  const content = resource?.content?.find((each) => each.contentType?.split(';')[0]?.trim() === 'text/cql')
  return content?.data === undefined
    ? undefined
    : Buffer.from(content.data, 'base64')
        .toString('utf8')
        .replace(/^\uFEFF/, '')
}
