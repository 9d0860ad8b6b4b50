import { keep, keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import { txIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { isNamedBy } from '../request/versions.ts'
import { loaded, type Work } from '../request/work.ts'
import type { CodeSystemProvider } from './code-system.ts'
import { withSupplements } from './supplements.ts'

/** The supplements of those canonicals; 422 naming every one that is missing. */
export function* supplementsNamed(scope: Scope, canonicals: string[]): Work<CodeSystem[]> {
  yield* loaded(
    scope,
    canonicals.map((each) => ({ type: 'CodeSystem', url: parseCanonical(each).url })),
  )
  const missing: string[] = []
  const found = canonicals.flatMap((canonical) => {
    const { url, version } = parseCanonical(canonical)
    const supplement = scope.supplement(url, version)
    if (!supplement) missing.push(canonical)
    return supplement ?? []
  })
  if (missing.length > 0) {
    const issue = txIssue('VALUESET_SUPPLEMENT_MISSING', [String(missing.length), missing.join(', ')], {
      count: missing.length,
    })
    throw new FhirError(404, issue)
  }
  return found
}

interface Applied {
  supplements: CodeSystem[]
  made: CodeSystemProvider
}

/** Combinations of supplements kept per system. */
const COMBINATIONS_KEPT = 20

const applied = keepPerObject((_: CodeSystemProvider) => keep<string, Applied>(COMBINATIONS_KEPT))

/** The code system with those of the supplements that are meant for it. */
export function supplemented(base: CodeSystemProvider, supplements: CodeSystem[]): CodeSystemProvider {
  if (supplements.length === 0) return base
  const fitting = supplements.filter((each) => {
    const { url, version } = parseCanonical(each.supplements ?? '')
    return url === base.head.url && (version === undefined || isNamedBy(version, base.head.version))
  })
  if (fitting.length === 0) return base
  const key = fitting.map((each) => `${each.url}|${each.version}`).join(' ')
  const known = applied(base).get(key)
  if (known?.supplements.every((each, index) => each === fitting[index])) return known.made
  const made = withSupplements(base, fitting)
  applied(base).set(key, { supplements: fitting, made })
  return made
}
