import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { at } from '../../support/checker/bytes.ts'
import { disagreements, type Judgement, judge } from '../../support/checker/judge.ts'
import { type Case, type Frame, frames, makeCase } from '../../support/generator/cases.ts'
import { type Answer, openWorlds, questionOf, type World } from './worlds.ts'

/** What a run found. */
export interface Report {
  cases: number
  /** How many cases by format, group, decision. */
  figures: Record<'format' | 'group' | 'decision', Map<string, number>>
  findings: Finding[]
}

/** Disagreements of one kind. */
export interface Finding {
  complaint: string
  /** The simplest case of it. */
  description: string
  count: number
  /** With the seed of the run, this number makes the case again. */
  number: number
}

/** Draws cases of a seed and holds the server's answers against the judge. */
export async function runCases({ cases, seed, only }: { cases: number; seed: number; only?: number }): Promise<Report> {
  const drawn = fc.sample(frames, { seed, numRuns: only === undefined ? cases : only + 1 })
  const worlds = await openWorlds()
  const report: Report = {
    cases: 0,
    figures: { format: new Map(), group: new Map(), decision: new Map() },
    findings: [],
  }
  const count = (figure: keyof Report['figures'], name: string) =>
    report.figures[figure].set(name, (report.figures[figure].get(name) ?? 0) + 1)
  try {
    for (const [number, frame] of drawn.entries()) {
      if (only !== undefined && number !== only) continue
      const world = worlds[frame.world]
      const given = makeCase(frame, world.standings)
      const { complaints, answer, judgement } = await tryCase(given, world)
      report.cases++
      count('format', frame.kind)
      count('group', given.group)
      count('decision', answer.status === 200 ? String(decisionOf(answer)) : `HTTP ${answer.status}`)
      for (const complaint of complaints) await note(report, { complaint, number, frame, world })
      if (only !== undefined) show(given, answer, judgement)
    }
  } finally {
    await worlds.request.close()
    await worlds.lists.close()
  }
  report.findings.sort((a, b) => b.count - a.count)
  return report
}

const decisionOf = ({ body }: Answer) =>
  at(
    [at(body, 'parameter') ?? []].flat().find((each) => at(each, 'name') === 'decision'),
    'valueCode',
  )

async function tryCase(
  given: Case,
  world: World,
): Promise<{ complaints: string[]; answer: Answer; judgement: Judgement }> {
  const answer = await world.ask(given)
  const judgement = judge(given.question)
  const complaints = complaintsOf(given, answer, judgement)
  if (answer.status === 200 && ['http', 'ndjson'].includes(given.frame.delivery)) {
    const again = await world.askInProcess(given)
    if (!isDeepStrictEqual(again.body, answer.body)) complaints.push('another answer over HTTP than in process')
  }
  return { complaints, answer, judgement }
}

function complaintsOf({ expectation, question, frame }: Case, answer: Answer, judgement: Judgement): string[] {
  const { status, body } = answer
  if (status >= 500)
    return [`HTTP ${status}: ${String(at(body, 'issue', 0, 'details', 'text') ?? body).split('\n')[0]}`]
  if (expectation === 'client error')
    return status === 400 || status === 404 || status === 422
      ? []
      : [`a wrong question is answered: ${decisionOf(answer)}`]
  // FHIR strings have no control characters: over HTTP such a text is no question.
  if (status === 400 && frame.delivery !== 'process' && [...question.texts.join()].some((each) => each < '\t'))
    return []
  if (status !== 200) return [`HTTP ${status} for a question that can be answered`]
  const { forged, doubts, answers, facts } = judgement
  const found = disagreements(question, body, judgement)
  const reasons = [...forged, ...doubts]
  if (expectation === 'refuse' && reasons.length === 0) found.push('the judge has no objection to what must be refused')
  if (expectation === 'accept') {
    const inTheWay = [...forged, ...(facts?.doubts ?? []).filter((doubt) => !doubt.includes(' is '))]
    if (inTheWay.length > 0) found.push(`the judge objects to what is good: ${inTheWay.join(', ')}`)
    const results = answers.map((each) => each.answer)
    const due = results.includes(false) ? 'rejected' : results.includes(null) ? 'undetermined' : 'accepted'
    if (decisionOf(answer) !== due) found.push(`a good credential is not ${due}`)
  }
  return [...new Set(found)]
}

/** Counts a complaint under the twists that make it alone. */
async function note(
  report: Report,
  { complaint, number, frame, world }: { complaint: string; number: number; frame: Frame; world: World },
): Promise<void> {
  const whole = makeCase(frame, world.standings)
  let simplest = whole
  for (const { name } of whole.twists.length > 1 ? whole.twists : []) {
    const smaller = makeCase(frame, world.standings, [name])
    const again = complaintsOf({ ...smaller, expectation: 'any' }, await world.ask(smaller), judge(smaller.question))
    if (again.includes(complaint)) simplest = smaller
  }
  const key = `${complaint} · ${simplest.twists.map(({ name }) => name).join(' + ') || simplest.standing.name}`
  const known = report.findings.find((each) => each.complaint === complaint && keyOf(each) === key)
  if (known) known.count++
  else report.findings.push({ complaint, description: simplest.description, count: 1, number })
  if (!known) keys.set(report.findings.at(-1) as Finding, key)
}

const keys = new WeakMap<Finding, string>()
const keyOf = (finding: Finding) => keys.get(finding)

function show(given: Case, answer: Answer, judgement: Judgement): void {
  console.log(
    JSON.stringify({ ...given.frame, description: given.description, expectation: given.expectation }, null, 2),
  )
  console.log(JSON.stringify(questionOf(given), null, 2))
  console.log(
    JSON.stringify(
      { forged: judgement.forged, doubts: judgement.doubts, answers: judgement.answers, facts: judgement.facts },
      null,
      2,
    ),
  )
  console.log(JSON.stringify(answer, null, 2))
}
