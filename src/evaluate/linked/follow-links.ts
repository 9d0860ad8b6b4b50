import { checkNames } from '../../credentials/credential-format.ts'
import type { Followed, LinkedFile } from '../../credentials/health-link/follow.ts'
import { notFollowed } from '../../credentials/health-link/health-link.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { type Follow, judgeVerified, type Question, type Verified } from '../single.ts'
import type { Check } from '../verify/report.ts'
import { combine } from './combine.ts'
import { type FileAsker, type JudgedFile, judgeFile, oneTooMany } from './judge-file.ts'

type Failed = Exclude<Followed, { files: LinkedFile[] }>

/** Most credentials that are judged behind all links of one question: as many as it may name itself. */
const MOST_CREDENTIALS = 20

/**
 * Follows the links of a credential and judges every file behind them as a credential of its own: the evaluation comes to what the least
 * favourable of them says. Links of a certificate are followed only when that is verified; a bare link is worth what its files are.
 * One for each question.
 * @param asker on whose account other servers are asked, and how work takes turns
 */
export function followLinks(asker: FileAsker): Follow {
  const budget = { credentials: MOST_CREDENTIALS }
  return async (question, credential) => {
    const followed = await filesBehind(question, credential, asker.client)
    if ('status' in followed) return failed(question, credential, followed)
    const judged = await judgeFiles({ question, asker, budget }, credential, followed.files)
    return conclude(question, credential, judged)
  }
}

/** Every file in its turn: others are answered in between. Once there are enough, the rest is not judged, and that is told. */
async function judgeFiles(
  { question, asker, budget }: { question: Question; asker: FileAsker; budget: { credentials: number } },
  { verification }: Verified,
  files: LinkedFile[],
): Promise<JudgedFile[]> {
  const signed = verification.status === 'VERIFIED' ? verification : undefined
  const judged: JudgedFile[] = []
  for (const file of files) {
    const found =
      budget.credentials > 0
        ? await asker.inTurn(() => judgeFile({ question, asker, signed }, file))
        : [oneTooMany({ question, asker, signed }, file)]
    for (const { entry } of found) budget.credentials -= Math.max(1, entry.evaluation?.evaluations.length ?? 1)
    judged.push(...found)
  }
  return judged
}

async function conclude(question: Question, credential: Verified, judged: JudgedFile[]): Promise<void> {
  const { verification, evaluation } = credential
  const isSigned = verification.status === 'VERIFIED'
  // The links were followed after all.
  const texts = new Set(verification.links.map(notFollowed))
  const isLeft = ({ details }: Issue) => !texts.has(details?.text ?? '')
  evaluation.obstacles = evaluation.obstacles.filter(isLeft)
  evaluation.issues = isSigned ? evaluation.issues.filter(isLeft) : []
  const hasOwnContent = isSigned && verification.inputs.length > 0
  if (hasOwnContent) await judgeVerified(question, credential)
  combine(evaluation, judged, { isSigned, hasOwnContent })
}

/** The files behind all links; the first link that leads to nothing is the answer. */
async function filesBehind(
  { environment, request }: Question,
  { verification }: Verified,
  client: string,
): Promise<Followed> {
  const { passcode, recipient, clock } = request
  const ask = {
    client,
    clock,
    ...(passcode === undefined ? {} : { passcode }),
    ...(recipient === undefined ? {} : { recipient }),
  }
  const files: LinkedFile[] = []
  for (const link of verification.links) {
    const followed = await environment.followLink?.(link, ask)
    if (!followed) return { status: 'UNSUPPORTED_CONTENT', check: 'payload', detail: notFollowed(link) }
    if (!('files' in followed)) return followed
    files.push(...followed.files)
  }
  if (files.length > 0) return { files }
  return { status: 'UNSUPPORTED_CONTENT', check: 'payload', detail: 'there is no file behind the link' }
}

/**
 * A link that led to nothing. A verified certificate stays so where nothing was had; a file that is not what it must be, and a link that
 * has ended, are its own.
 */
async function failed(question: Question, credential: Verified, { status, check, detail, isUnavailable }: Failed) {
  const { verification, evaluation } = credential
  const isSigned = verification.status === 'VERIFIED'
  if (isSigned && isUnavailable) {
    const told = issue('not-found', { severity: 'warning', text: detail })
    evaluation.issues.push(told)
    evaluation.obstacles.push(told)
    return judgeVerified(question, credential)
  }
  evaluation.status = status
  evaluation.decision = 'unverified'
  evaluation.checks = failing(evaluation.checks, { name: check, outcome: 'fail', detail })
  evaluation.issues = [issue('security', { severity: 'error', text: `${check}: ${detail}` })]
  evaluation.obstacles = []
}

/** Checks of which one fails after all, and none before it; what was not made stays so. */
function failing(checks: Check[], failed: Check): Check[] {
  const at = checkNames.indexOf(failed.name)
  return checks.map((check) => {
    if (check.name === failed.name) return failed
    if (check.outcome !== 'fail') return check
    return { name: check.name, outcome: checkNames.indexOf(check.name) < at ? 'pass' : 'skipped' }
  })
}
