/** Which artefacts may decide a verdict, and which stored expansions are whole. */
import { artefactName, isNamedBy, statusOf } from '../../fhir/artefact.ts'
import { unprocessable } from '../../fhir/error.ts'
import type { Resource, ValueSet } from '../../fhir/types.ts'
import { EXTENSION, extensionValue } from '../code-system/extensions.ts'

/**
 * A draft, a retired artefact and one without status counts only for who names its very version (`url|version`): the bare url
 * never finds one.
 * @throws FhirError 422 when an artefact may not be used by that name
 */
export function requireUsable(canonical: string, artefact: Resource): void {
  const isVersioned = 'version' in artefact && Boolean(artefact.version)
  if (isNamedBy(canonical, artefact) && (isVersioned || statusOf(artefact) === 'active')) return
  const type = artefact.resourceType
  const hint = isVersioned
    ? `; name ${artefactName(artefact)} to use what is ${statusOf(artefact) ?? 'without status'}`
    : ''
  throw unprocessable(`${type} ${canonical} is not active on this server${hint}`, 'business-rule')
}

/** Throws when an artefact may not be used by the name it was found by. */
export type Admit = typeof requireUsable

/** Lets any be used: for what decides no verdict. */
export const admitAny: Admit = () => {}

type Expansion = NonNullable<ValueSet['expansion']>

/** Why a stored expansion is not all of its value set, as the end of a sentence; undefined when nothing says so. */
export function expansionGap(expansion: Expansion): string | undefined {
  const { total, offset, contains, parameter = [], extension } = expansion
  const { codes, loose } = countCodes(contains)
  const unclosed = extensionValue(extension, EXTENSION.unclosed)
  if (unclosed !== undefined && unclosed !== false) return 'is marked as unclosed'
  if (offset) return 'does not begin with the first code'
  if (total !== undefined && codes !== total) return `has ${codes} of ${total} codes`
  if (loose > 0) return 'has codes without system'
  const value = (name: string) => {
    const found: object | undefined = parameter.find((each) => each.name === name)
    return found && Object.entries(found).find(([member]) => member.startsWith('value'))?.[1]
  }
  if (Number(value('offset') ?? 0) !== 0) return 'is a page of a longer one'
  if (value('count') !== undefined && (total === undefined || Number(value('count')) < total))
    return 'is a page of a longer one'
  if (value('limitedExpansion') !== undefined && value('limitedExpansion') !== false) return 'is marked as limited'
  if (value('filter')) return 'holds only what a filter let through'
  return undefined
}

function countCodes(entries: Expansion['contains'] = []): { codes: number; loose: number } {
  let codes = 0
  let loose = 0
  for (const { code, system, contains } of entries) {
    if (code) codes++
    if (code && !system) loose++
    const below = countCodes(contains)
    codes += below.codes
    loose += below.loose
  }
  return { codes, loose }
}
