/** A run: what was asked, one question after the other, and how it ended. */
import type { OperationOutcome } from 'fhir/r4.js'
import { ask, type Fault } from '../../api/client.ts'
import { readMap } from '../check.ts'
import type { Part } from '../document/artefacts.ts'
import {
  dataOf,
  type Given,
  kindOf,
  readTransform,
  runQuestion,
  type Transformed,
  transformQuestion,
  verdictQuestion,
} from './questions.ts'
import { type RunOutcome, readRun, readVerdict, type Verdict } from './results.ts'

/** How a run ended. `unverified`: there is nothing to run over; `wrong`: the text could not be run, and why */
export type Ended =
  | { kind: 'rule'; verdict: Verdict | undefined; run: RunOutcome }
  | { kind: 'map'; transformed: Transformed }
  | { kind: 'unverified'; verdict: Verdict }
  | { kind: 'wrong'; outcome: OperationOutcome }
  | { kind: 'fault'; fault: Fault }

const patience = 90_000
const broken: Ended = { kind: 'fault', fault: { kind: 'broken' } }

/** Runs a rule that is not published: a credential is verified and mapped first, and the rule runs over what came out. */
export async function runRule(part: Part, given: Given, signal: AbortSignal): Promise<Ended> {
  const asking = { method: 'POST' as const, patience, signal }
  let data: object | undefined
  let verdict: Verdict | undefined
  const kind = kindOf(given.text)
  if (kind === 'json') data = dataOf(given.text)
  if (kind === 'credential') {
    const reply = await ask('/$evaluate', { ...asking, body: verdictQuestion(given) })
    if (reply.fault) return faultEnd(reply.fault)
    verdict = readVerdict(reply.value)
    if (!verdict) return broken
    if (!verdict.data) return { kind: 'unverified', verdict }
    data = verdict.data
  }
  // The clock of the verdict is the clock of the run: both are about the same moment.
  const clock = given.clock || verdict?.clock || ''
  const question = (explain: boolean) => runQuestion(part, { data, given: { ...given, clock }, explain })
  const explained = await ask('/Library/$evaluate', { ...asking, body: question(true) })
  const isTooMuch = explained.fault?.outcome?.issue.some(({ code }) => code === 'too-costly') === true
  // Reasons cost more than the run itself: what takes too long with them may be answered without.
  const reply = isTooMuch ? await ask('/Library/$evaluate', { ...asking, body: question(false) }) : explained
  if (reply.fault) return faultEnd(reply.fault)
  const run = readRun(reply.value, !isTooMuch)
  return run ? { kind: 'rule', verdict, run } : broken
}

/** Runs a map that is not published over a JSON. */
export async function runMap(part: Part, { text }: Given, signal: AbortSignal): Promise<Ended> {
  const asking = { method: 'POST' as const, patience, signal }
  const map = await readMap(part.text, asking)
  if (map.fault) return faultEnd(map.fault)
  const reply = await ask('/StructureMap/$transform', { ...asking, body: transformQuestion(map.value, text) })
  if (reply.fault) return faultEnd(reply.fault)
  const transformed = readTransform(reply.value)
  return transformed ? { kind: 'map', transformed } : broken
}

const faultEnd = (fault: Fault): Ended =>
  fault.kind === 'refused' && fault.outcome ? { kind: 'wrong', outcome: fault.outcome } : { kind: 'fault', fault }
