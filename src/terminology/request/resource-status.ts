import { formatCanonical } from '../../fhir/canonical.ts'
import type { ValueSet } from '../../fhir/types.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { EXTENSION, extensionText } from '../code-system/extensions.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'

/** A status of an artefact that its users are warned of. */
type Warning = 'deprecated' | 'withdrawn' | 'experimental' | 'draft'

/** The status in question, of a code system or value set. */
interface ArtefactStatus {
  status?: string | undefined
  experimental?: boolean | undefined
  standardsStatus?: string | undefined
}

/** Status of a value set. */
function statusOfValueSet(definition: ValueSet): ArtefactStatus {
  return {
    status: definition.status,
    experimental: definition.experimental,
    standardsStatus: extensionText(definition.extension, EXTENSION.standardsStatus),
  }
}

/** What to warn of; draft and experimental only when the set that uses the artefact is not so itself. */
function warningOf(artefact: ArtefactStatus, user: ArtefactStatus | undefined): Warning | undefined {
  if (artefact.standardsStatus === 'deprecated' || artefact.standardsStatus === 'withdrawn')
    return artefact.standardsStatus
  if (artefact.experimental && !user?.experimental) return 'experimental'
  const isDraft = (each: ArtefactStatus | undefined) => each?.status === 'draft' || each?.standardsStatus === 'draft'
  return isDraft(artefact) && !isDraft(user) ? 'draft' : undefined
}

/** A warning about an artefact: what it is, and its canonical. */
export interface ArtefactWarning {
  warning: Warning
  type: 'CodeSystem' | 'ValueSet'
  canonical: string
}

/** Warnings about the root set, its imports and the code systems used. */
export function artefactWarnings(root: CompiledSet | undefined, heads: CodeSystemHead[]): ArtefactWarning[] {
  const warnings: ArtefactWarning[] = []
  const user = root && statusOfValueSet(root.definition)
  const add = (type: ArtefactWarning['type'], warning: Warning, canonical: string) => {
    if (!warnings.some((each) => each.canonical === canonical)) warnings.push({ warning, type, canonical })
  }
  for (const head of heads) {
    const warning = warningOf(head, user)
    if (warning) add('CodeSystem', warning, formatCanonical(head.url, head.version))
  }
  if (!root || !user) return warnings
  const own = warningOf(user, user)
  if (own) add('ValueSet', own, root.canonical)
  for (const { definition, canonical } of contentOf(root).imports) {
    const warning = warningOf(statusOfValueSet(definition), user)
    if (warning) add('ValueSet', warning, canonical)
  }
  return warnings
}

/** The warning about a set that an expansion was based on. */
export function warningOfBase(definition: ValueSet, user: CompiledSet): Warning | undefined {
  return warningOf(statusOfValueSet(definition), statusOfValueSet(user.definition))
}
