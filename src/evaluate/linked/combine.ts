import { checkNames } from '../../credentials/credential-format.ts'
import { incomplete, issue } from '../../fhir/error.ts'
import { type Evaluation, leastFavourable } from '../evaluation.ts'
import { personFaults } from '../person.ts'
import type { Check } from '../verify/report.ts'
import type { JudgedFile } from './judge-file.ts'

/** What the files are put together with. */
interface Beside {
  /** Whether a verified certificate holds the link. */
  isSigned: boolean
  /** Whether that has content of its own, which was judged. */
  hasOwnContent: boolean
}

/** Puts the files of a link into its evaluation: status and decision are those of the least favourable, and all are about one person. */
export function combine(evaluation: Evaluation, files: JudgedFile[], { isSigned, hasOwnContent }: Beside): void {
  const { status, decision } = evaluation
  const own: Pick<JudgedFile, 'status' | 'decision' | 'entry'>[] = hasOwnContent
    ? [{ status, decision, entry: { contentType: '' } }]
    : []
  const worst = leastFavourable([...own, ...files])
  // Without a file nothing was said; whoever calls has seen to it.
  if (!worst) return
  evaluation.linked = files.map(({ entry }) => entry)
  evaluation.status = worst.status
  evaluation.decision = worst.decision
  const inner = worst.entry.evaluation
  if (inner && !isSigned) {
    evaluation.checks = inner.checks
    evaluation.issuer = inner.issuer
  } else if (inner && worst.status !== 'VERIFIED') evaluation.checks = failing(evaluation.checks, inner.checks)
  files.forEach((file, at) => {
    const told = file.obstacle ?? remark(file, at + 1)
    if (told) evaluation.issues.push(told)
    if (file.obstacle) evaluation.obstacles.push(file.obstacle)
  })
  if (evaluation.status === 'VERIFIED') checkPerson(evaluation, files, hasOwnContent)
  else clear(evaluation)
  // What else the certificate holds, or a file that was not judged, may say no.
  if (evaluation.decision === 'accepted' && evaluation.obstacles.length > 0) evaluation.decision = 'undetermined'
}

/** What is said of a file whose own evaluation says the rest. */
function remark({ status, decision }: JudgedFile, number: number) {
  const text = `File ${number} behind the link: ${decision} (${status})`
  if (decision === 'unverified') return issue('security', { severity: 'error', text })
  return decision === 'accepted' ? undefined : incomplete(text)
}

/** The check at which a file failed fails for the whole. */
function failing(checks: Check[], inner: Check[]): Check[] {
  const failed = inner.find(({ outcome }) => outcome === 'fail')
  if (!failed) return checks
  const detail = `a file behind the link: ${failed.detail ?? failed.name}`
  const at = checkNames.indexOf(failed.name)
  return checks.map((check) => {
    if (check.name === failed.name) return { name: check.name, outcome: 'fail', detail }
    return checkNames.indexOf(check.name) > at && check.outcome === 'fail'
      ? { name: check.name, outcome: 'skipped' }
      : check
  })
}

/** Nothing is judged for one person by what another one has; who it is, is told when all agree. */
function checkPerson(evaluation: Evaluation, files: JudgedFile[], hasOwnContent: boolean): void {
  // A picture may hold several certificates, of which each tells its own person.
  const inner = files.flatMap(({ entry }) =>
    entry.evaluation ? [entry.evaluation, ...entry.evaluation.evaluations] : [],
  )
  const persons = inner.filter(({ evaluations }) => evaluations.length === 0)
  const subjects = [...(hasOwnContent ? [evaluation] : []), ...persons].map(({ subject }) => subject)
  if (subjects.length < 1) return
  const faults = personFaults(
    subjects.map((subject) => ({ name: subject?.name ?? null, birthDate: subject?.birthDate ?? null })),
  )
  if (faults.length === 0) {
    evaluation.subject = subjects[0]
    return
  }
  const text = 'The files behind the link are not about one person'
  const told = issue('conflict', { severity: 'warning', text })
  evaluation.issues.push(told)
  evaluation.obstacles.push(told)
  evaluation.subject = undefined
}

/** Of what is not verified nothing is shown, though a part of it may be: its own evaluation says so. */
function clear(evaluation: Evaluation): void {
  evaluation.subject = undefined
  evaluation.coreDataSets = []
  evaluation.content = undefined
  evaluation.rules = []
  evaluation.obstacles = []
}
