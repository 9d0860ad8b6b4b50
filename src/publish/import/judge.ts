/** What of a package may be stored, and as what: the same checks as for a write over REST. */
import { artefactName, byDependency, statusOf, withoutRefusal } from '../../fhir/artefact.ts'
import { isError } from '../../fhir/error.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { Candidate, Gate } from './candidate.ts'
import { createPauses } from './pauses.ts'
import type { ImportEntry } from './report.ts'

const isRule = ({ resource: { resourceType: type } }: Candidate) => type === 'Library' || type === 'PlanDefinition'

/**
 * Judges the resources of one package. What conflicts with what was published, or would take it out of force, is failed and not among
 * those answered; what is not fit to be active is answered as a draft; the entries say so.
 */
export async function judge(candidates: Candidate[], gate: Gate): Promise<Candidate[]> {
  const kept: Candidate[] = []
  const open: Candidate[] = []
  const byName = new Map<string, Resource>()
  const pause = createPauses()
  for (const given of candidates) {
    await pause()
    const candidate = { ...given, resource: withoutRefusal(given.resource) }
    const name = `${candidate.resource.resourceType} ${artefactName(candidate.resource)}`
    const earlier = byName.get(name)
    const found = await gate.compare(candidate.resource, earlier ? [earlier] : [])
    if (found.kind !== 'other' && statusOf(candidate.resource) === 'active') byName.set(name, candidate.resource)
    if (found.kind === 'other') fail(candidate.entry, found.issue)
    else if (found.kind === 'new') open.push(candidate)
    // What is stored already was judged when it was published; what was retired here stays so.
    else if (found.isRetired) Object.assign(candidate.entry, { status: 'unchanged', reason: 'retired on this server' })
    else kept.push(candidate)
  }
  open.sort((a, b) => byDependency(a.resource, b.resource))
  let looking = open
  let beside: Resource[] | undefined
  let others: Resource[] | undefined
  // A refusal may spoil the rules that lean on it: these are looked at until nothing more is refused.
  for (let refused = -1; refused !== 0; looking = open.filter(isRule)) {
    refused = 0
    for (const candidate of looking) {
      if (candidate.entry.isDraft) continue
      await pause()
      beside ??= [...kept, ...open].map((each) => each.resource)
      // Ten thousand rules beside each of ten thousand would take minutes to look through.
      others ??= [...kept, ...open].flatMap((each) => (each.leansOn ? [] : each.resource))
      const seen = candidate.leansOn ? [...candidate.leansOn, ...others] : beside
      const { resource, issues, isRefused } = await gate.admit(candidate.resource, seen)
      if (issues.length > 0) candidate.entry.issues = issues
      if (!isRefused) continue
      refused++
      candidate.resource = resource
      beside = undefined
      others = undefined
      Object.assign(candidate.entry, { isDraft: true, reason: reasonOf(issues) })
    }
  }
  return withoutDisplacing([...kept, ...open], gate)
}

/** One entry that would displace what is in force is refused for itself, and does not undo the others. */
async function withoutDisplacing(candidates: Candidate[], gate: Gate): Promise<Candidate[]> {
  const stored: Candidate[] = []
  const pause = createPauses()
  for (const candidate of candidates) {
    await pause()
    const issue = await gate.displaces(candidate.resource)
    if (issue) fail(candidate.entry, issue)
    else stored.push(candidate)
  }
  return stored
}

function fail(entry: ImportEntry, { details }: Issue): void {
  delete entry.isDraft
  Object.assign(entry, { status: 'failed', isConflict: true, reason: `conflict: ${details?.text ?? ''}` })
}

function reasonOf(issues: Issue[]): string {
  const errors = issues.filter(isError)
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return `stored as draft, not fit to be active: ${errors[0]?.details?.text ?? ''}${more}`
}
