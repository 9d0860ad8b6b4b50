/** The maps that may answer where a request names none. */
import { keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { textParameter } from '../../fhir/operation.ts'
import type { ConceptMap } from '../../fhir/types.ts'
import type { Request } from '../request/request.ts'
import { isOf } from '../request/typed.ts'
import { modifierIn } from '../request/understood.ts'
import { matchesVersion, preferredFirst } from '../request/versions.ts'

/**
 * Of every url one map: of the versions that are stored, or come along in their place, the one that its url alone means. Those whose
 * value sets are others than the ones asked for are no candidates, nor are those that nobody understands.
 * @param turned `source` and `target` change places (R4's `reverse`: "reverses the meaning of the source and target parameters")
 */
export function candidates({ parameters, scope }: Request, stored: ConceptMap[], turned: boolean): ConceptMap[] {
  const given = textParameter(parameters, 'source') ?? textParameter(parameters, 'sourceScope')
  const wanted = textParameter(parameters, 'target') ?? textParameter(parameters, 'targetScope')
  const [source, target] = turned ? [wanted, given] : [given, wanted]
  const brought = scope.brought.filter(isOf('ConceptMap'))
  const known = brought.length === 0 ? preferred(stored) : preferredOf([...brought, ...stored])
  return (
    known
      .filter((each) => scopeFits(each.sourceUri ?? each.sourceCanonical, source))
      .filter((each) => scopeFits(each.targetUri ?? each.targetCanonical, target))
      // Of those that nobody names only the ones that mean what they say.
      .filter((each) => modifierIn(each) === undefined)
  )
}

const preferred = keepPerObject((stored: ConceptMap[]) => preferredOf(stored))

/** Of several with one url and version the first counts. */
function preferredOf(maps: ConceptMap[]): ConceptMap[] {
  const byUrl = new Map<string | ConceptMap, ConceptMap[]>()
  for (const each of maps) {
    const versions = byUrl.get(each.url ?? each) ?? []
    if (!versions.some(({ version }) => version === each.version)) versions.push(each)
    byUrl.set(each.url ?? each, versions)
  }
  return [...byUrl.values()].flatMap((versions) => versions.toSorted(preferredFirst)[0] ?? [])
}

/** Whether a map's value set can be the one asked for; a map that names none is found by its groups, a version that one leaves open fits. */
function scopeFits(own: string | undefined, asked: string | undefined): boolean {
  if (!own || !asked) return true
  const has = parseCanonical(own)
  const wants = parseCanonical(asked)
  if (has.url !== wants.url) return false
  return has.version === undefined || wants.version === undefined || matchesVersion(wants.version, has.version)
}
