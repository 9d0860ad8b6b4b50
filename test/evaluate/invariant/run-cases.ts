import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { at } from '../../support/checker/bytes.ts'
import { disagreements, type Judgement, judge } from '../../support/checker/judge.ts'
import {
  type Case,
  drawRecipe,
  everyRecipe,
  type Frame,
  frames,
  makeCase,
  type Recipe,
} from '../../support/generator/cases.ts'
import { type Answer, questionOf, type World, worldOf } from './worlds.ts'

/** What a run found. */
export interface Report {
  cases: number
  /** Cases with a disagreement. */
  failed: number
  /** How many cases by format, group, decision, and formats that were accepted. */
  figures: Record<'format' | 'group' | 'decision' | 'accepted', Map<string, number>>
  findings: Finding[]
}

/** Disagreements of one kind: one complaint about one twist, or about one standing of a key. */
export interface Finding {
  complaint: string
  cause: string
  /** The simplest case of it. */
  description: string
  count: number
  /** With the seed of the run, this number makes the first case again. */
  number: number
}

/** Which cases to run. */
export interface Run {
  /** So many at random; 0 = every twist and every standing once. */
  cases: number
  seed: number
  /** This one alone, printed in full. */
  only?: number
  /** Servers with their trust; default those that take the keys of requests and those of lists. */
  worlds?: Frame['world'][]
}

/** Asks the servers and holds their answers against the judge. */
export async function runCases({ cases, seed, only, worlds: names = ['request', 'lists'] }: Run): Promise<Report> {
  const worlds = new Map<string, World>()
  const figures = { format: new Map(), group: new Map(), decision: new Map(), accepted: new Map() }
  const report: Report = { cases: 0, failed: 0, figures, findings: [] }
  try {
    for (const name of names) worlds.set(name, await worldOf(name))
    for (const [number, recipe] of recipesOf(cases, seed, worlds).entries()) {
      const world = worlds.get(recipe.frame.world)
      if (!world || (only !== undefined && number !== only)) continue
      await runCase(report, { number, recipe, world, isShown: only !== undefined })
    }
  } finally {
    for (const world of worlds.values()) await world.close()
  }
  report.findings.sort((a, b) => b.count - a.count)
  return report
}

function recipesOf(cases: number, seed: number, worlds: Map<string, World>): Recipe[] {
  const standingsOf = (name: string) => worlds.get(name)?.standings ?? []
  if (cases === 0) return [...worlds.keys()].flatMap((name) => everyRecipe(name as Frame['world'], standingsOf(name)))
  return fc.sample(frames, { seed, numRuns: cases }).map((frame) => drawRecipe(frame, standingsOf(frame.world)))
}

interface Running {
  number: number
  recipe: Recipe
  world: World
  isShown: boolean
}

async function runCase(report: Report, { number, recipe, world, isShown }: Running): Promise<void> {
  const given = makeCase(recipe)
  const { complaints, answer, judgement } = await tryCase(given, world)
  const count = (figure: keyof Report['figures'], name: string) =>
    report.figures[figure].set(name, (report.figures[figure].get(name) ?? 0) + 1)
  const decision = decisionOf(answer)
  report.cases++
  if (complaints.length > 0) report.failed++
  count('format', recipe.frame.kind)
  count('group', given.group)
  count('decision', answer.status === 200 ? String(decision) : `HTTP ${answer.status}`)
  if (decision === 'accepted') count('accepted', recipe.frame.kind)
  for (const complaint of complaints) await note(report, complaint, { number, recipe, world })
  if (isShown) show(given, answer, judgement)
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

function complaintsOf(given: Case, { status, body }: Answer, judgement: Judgement): string[] {
  const { expectation, question, frame } = given
  if (status >= 500)
    return [`HTTP ${status}: ${String(at(body, 'issue', 0, 'details', 'text') ?? body).split('\n')[0]}`]
  if (expectation === 'client error') {
    const isRefused = status === 400 || status === 404 || status === 422
    return isRefused ? [] : [`a wrong question is answered: ${decisionOf({ status, body })}`]
  }
  // FHIR strings have no control characters: over HTTP such a text is no question.
  const isNoText = [...question.texts.join()].some((each) => each < '\t')
  if (status === 400 && frame.delivery !== 'process' && isNoText) return []
  if (status !== 200) return [`HTTP ${status} for a question that can be answered`]
  const found = disagreements({ ...question, isRaw: frame.delivery === 'raw' }, body, judgement)
  return [...new Set([...found, ...missedExpectations(given, { status, body }, judgement)])]
}

/** The maker of a case knows what it must get: a second opinion about server and judge. */
function missedExpectations({ expectation }: Case, answer: Answer, judgement: Judgement): string[] {
  const { forged, doubts, contentDoubts, answers } = judgement
  if (expectation === 'refuse' && forged.length + doubts.length === 0)
    return ['the judge has no objection to what must be refused']
  if (expectation !== 'accept') return []
  const inTheWay = [...forged, ...contentDoubts]
  if (inTheWay.length > 0) return [`the judge objects to what is good: ${inTheWay.join(', ')}`]
  const results = answers.map((each) => each.answer)
  const due = results.includes(false) ? 'rejected' : results.includes(null) ? 'undetermined' : 'accepted'
  return decisionOf(answer) === due ? [] : [`a good credential is ${decisionOf(answer)}, not ${due}`]
}

/** Counts a complaint under what makes it alone: no twist at all, or one of them. */
async function note(
  report: Report,
  complaint: string,
  { number, recipe, world }: Omit<Running, 'isShown'>,
): Promise<void> {
  const { twists, standing } = recipe
  let simplest = recipe
  const fewer = twists.length > 1 ? [[], ...twists.map((twist) => [twist])] : twists.length === 1 ? [[]] : []
  for (const kept of fewer) {
    const smaller = { ...recipe, twists: kept }
    const again = complaintsOf(makeCase(smaller), ...(await both(smaller, world)))
    if (again.includes(complaint)) {
      simplest = smaller
      break
    }
  }
  const cause = simplest.twists.map(({ name }) => name).join(' + ') || `key: ${standing.name}`
  const known = report.findings.find((each) => each.complaint === complaint && each.cause === cause)
  if (known) known.count++
  else report.findings.push({ complaint, cause, description: makeCase(simplest).description, count: 1, number })
}

async function both(recipe: Recipe, world: World): Promise<[Answer, Judgement]> {
  const given = makeCase(recipe)
  return [await world.ask(given), judge(given.question)]
}

function show(given: Case, answer: Answer, { facts, forged, doubts, answers, warnings }: Judgement): void {
  const { frame, description, expectation } = given
  for (const each of [
    { frame, description, expectation },
    questionOf(given),
    { forged, doubts, answers, warnings, facts },
    answer,
  ])
    console.log(JSON.stringify(each, null, 2))
}

/** Figures and findings as lines of text. */
export function reportLines({ cases, figures, findings }: Report, seed: number): string[] {
  const lines = Object.entries(figures).map(([name, counts]) => {
    const sorted = [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `${name}: ${sorted.map(([each, count]) => `${each} ${count}`).join(', ')}`
  })
  const found = findings.map(
    ({ complaint, description, count, number }) =>
      `${count} × ${complaint} · ${description} · seed ${seed}, case ${number}`,
  )
  return [`${cases} credentials, seed ${seed}: ${findings.length} kinds of disagreement`, ...lines, ...found]
}
