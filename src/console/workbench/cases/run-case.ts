/** Runs a case of a rule (docs/rule-tests.md) over the text in the editor, by the public API alone. */
import type { Bundle } from 'fhir/r4.js'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import type { RuleCase } from '../../../rules/cases/case-file.ts'
import { ask, type Fault, type Reply } from '../../api/client.ts'
import { base64Of, type Part } from '../document/artefacts.ts'
import { isOf } from '../document/resource.ts'
import { declaredParameters, parameterOf, runQuestion } from '../try/questions.ts'
import { type RunOutcome, readRun } from '../try/results.ts'
import { type CaseOutcome, judgeCase } from './judge-case.ts'

/** How a case ended. `cannot`: it is of a kind that is not run here, in the case's own words */
export type CaseEnd =
  | { kind: 'judged'; outcome: CaseOutcome; run: RunOutcome }
  | { kind: 'cannot'; what: string }
  | { kind: 'fault'; fault: Fault }

const patience = 90_000
const maps = 'http://vidimus.org/fhir/StructureMap/'

/** Runs one. @param plans the texts of the rule sets */
export async function runCase(
  one: RuleCase,
  { part, plans }: { part: Part; plans: readonly Part[] },
  signal: AbortSignal,
): Promise<CaseEnd> {
  const unfit = unfitOf(one, part)
  if (unfit) return { kind: 'cannot', what: unfit }
  const data = await dataOfCase(one, signal)
  if ('cannot' in data) return { kind: 'cannot', what: data.cannot }
  if (data.fault) return { kind: 'fault', fault: data.fault }
  const parameters = Object.fromEntries(one.parameters.map(({ name, value }) => [name, textOfJson(value)]))
  const given = { text: '', clock: one.clock, jurisdiction: '', parameters }
  const body = runQuestion(part, { data: data.value, given, explain: false })
  const reply = await ask('/Library/$evaluate', { method: 'POST', body, patience, signal })
  if (reply.fault) return { kind: 'fault', fault: reply.fault }
  const run = readRun(reply.value, false)
  if (!run) return { kind: 'fault', fault: { kind: 'broken' } }
  return { kind: 'judged', outcome: judgeCase(one.expect, { run, plans: plans.map(({ text }) => text) }), run }
}

/** What of a case would be left out here: it is said, and the case is not run. */
function unfitOf(one: RuleCase, part: Part): string | undefined {
  if (one.use !== undefined) return `use: ${one.use}`
  if (one.selected) return 'selected'
  if (one.plans.length > 0) return `plans: ${one.plans.map(({ name }) => name).join(', ')}`
  const declared = declaredParameters(part.text)
  const wrong = one.parameters.find(({ name, value }) => {
    const own = declared.find((each) => each.name === name)
    return !own || parameterOf(own, textOfJson(value)) === undefined
  })
  return wrong && `parameters: ${wrong.name}`
}

const textOfJson = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

async function dataOfCase(one: RuleCase, signal: AbortSignal): Promise<Reply<object> | { cannot: string }> {
  const { data } = one
  const headers = new Headers()
  if (data.kind === 'bundle') return { value: data.bundle, headers }
  if (data.kind === 'coreDataSets') return resourcesOf(data.coreDataSets, signal)
  const sets: JsonObject[] = []
  for (const { json } of data.credentials) {
    const format = isJsonObject(json) && typeof json.format === 'string' ? json.format : ''
    const content = isJsonObject(json) ? json.content : undefined
    const isPlain = isJsonObject(json) && Object.keys(json).every((each) => each === 'format' || each === 'content')
    if (format !== 'hcert-dcc' || !isPlain || !isJsonObject(content)) return { cannot: `credential: ${format || '?'}` }
    const made = await transform('HcertDccToCoreDataSet', claimsOf(content, one.clock), signal)
    if (made.fault) return made
    sets.push(...entriesIn(made.value))
  }
  return resourcesOf(sets, signal)
}

/** Claims around a certificate: issued at the clock by a country that is nobody's, for a year. */
function claimsOf(content: JsonObject, clock: string): JsonObject {
  const seconds = Math.floor(new Date(clock).getTime() / 1000)
  return { '1': 'XA', '4': seconds + 31_536_000, '6': seconds, '-260': { '1': content } }
}

/** Core data sets as a rule sees them: the resources that are made of them, and they themselves. */
async function resourcesOf(sets: readonly JsonObject[], signal: AbortSignal): Promise<Reply<object>> {
  const entry: object[] = []
  for (const set of sets) {
    const made = await transform('CoreDataSetToBundle', set, signal)
    if (made.fault) return made
    if (isOf(made.value, 'Bundle')) entry.push(...(made.value.entry ?? []))
    const data = base64Of(JSON.stringify(set))
    entry.push({ resource: { resourceType: 'Binary', contentType: 'application/json', data } })
  }
  return { value: { resourceType: 'Bundle', type: 'collection', entry }, headers: new Headers() }
}

const transform = (map: string, body: JsonObject, signal: AbortSignal) =>
  ask<unknown>(`/StructureMap/$transform?source=${encodeURIComponent(maps + map)}`, {
    method: 'POST',
    contentType: 'application/json',
    body,
    patience,
    signal,
  })

function entriesIn(value: unknown): JsonObject[] {
  const { entry = [] }: Partial<Bundle> = isOf(value, 'Bundle') ? value : {}
  return entry.flatMap(({ resource }) => (resource ? [JSON.parse(JSON.stringify(resource)) as JsonObject] : []))
}
